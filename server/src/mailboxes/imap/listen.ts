import type { Listening } from '../provider.ts'
import type { Connection } from './connection.ts'
import type { Untagged } from './imapflow.ts'
import { type Arg, atom, atoms } from './wire.ts'

/** RFC 2177: a server may end a session that idles for 30 minutes; middleboxes forget one much sooner. */
const RENEW_MS = 4 * 60_000
export const QUIET_MS = 3 * RENEW_MS

interface News {
  news(): void
  ended(): void
}

/** NOTIFY where the server has it: one connection tells of all folders. Else IDLE in the Inbox. */
export async function listen(connection: Connection, on: News): Promise<Listening | null> {
  let told = false
  const ended = () => {
    if (!told) on.ended()
    told = true
  }
  connection.onClose(ended)
  const all = connection.has('NOTIFY')
  if (!all && !connection.has('IDLE')) {
    await connection.logout()
    return null
  }
  const stop = new AbortController()
  let busy = false
  const tell = () => {
    if (!busy) on.news()
  }
  const handlers: Untagged = { STATUS: tell, LIST: tell, EXISTS: tell, EXPUNGE: tell, FETCH: tell, VANISHED: tell }
  try {
    // What the commands of listening itself bring is no news.
    busy = true
    if (all) await notify(connection)
    else await connection.select('INBOX')
    busy = false
  } catch (error) {
    connection.close()
    throw error
  }
  connection.unasked(handlers)
  void keepOn(connection, stop.signal).catch(() => connection.close())
  return {
    scope: all ? 'all' : 'inbox',
    close: async () => {
      told = true
      stop.abort()
      await connection.logout()
    },
  }
}

const EVENTS = atoms(['MessageNew', 'MessageExpunge', 'FlagChange', 'MailboxName'])

/** Events of all personal folders; the server tells them whenever they happen, as counters of the folder (RFC 5465 §5.1). */
async function notify(connection: Connection): Promise<void> {
  const personal: Arg[] = [atom('PERSONAL'), EVENTS]
  await connection.run('NOTIFY', [atom('SET'), personal], { doing: 'asking for news of all folders' })
}

/** A server tells news at once only while the connection idles; and whoever says nothing for long is forgotten. */
async function keepOn(connection: Connection, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && connection.alive) {
    const renew = AbortSignal.any([stop, AbortSignal.timeout(RENEW_MS)])
    if (connection.has('IDLE')) await connection.idle(renew)
    else await connection.run('NOOP', [], { doing: 'keeping a connection', millis: 30_000 }).then(() => pause(renew))
  }
}

const pause = (until: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (until.aborted) resolve()
    else until.addEventListener('abort', () => resolve(), { once: true })
  })
