import { messageOf } from '../base/index.ts'
import type { StorageLog } from '../storage/index.ts'
import { isLoop } from './loops.ts'
import { reply, TRY_LATER } from './reply.ts'
import type { Acceptor, Envelope, Reply } from './types.ts'

/** One reply for each recipient, whatever the acceptor does: what it throws or forgets is 451, so that the MTA keeps the message. */
export async function repliesTo(
  envelope: Envelope,
  got: Reply | Buffer,
  { options, acceptor, log }: { options: Parameters<typeof isLoop>[1]; acceptor: Acceptor; log: StorageLog },
): Promise<readonly Reply[]> {
  const all = (r: Reply) => envelope.recipients.map(() => r)
  if (!Buffer.isBuffer(got)) return all(got)
  if (isLoop(got, options)) return all(reply(554, '5.4.6', 'Mail loop: this message was here before, or too often'))
  try {
    const replies = await acceptor.message(envelope, got)
    if (replies.length === envelope.recipients.length) return replies
    log.error({ wanted: envelope.recipients.length, got: replies.length }, 'wrong number of replies')
  } catch (error) {
    const { peer, ident } = envelope
    log.error({ peer, ident, error: messageOf(error) }, 'message could not be taken')
  }
  return all(TRY_LATER)
}
