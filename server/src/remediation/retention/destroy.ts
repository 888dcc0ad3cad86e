import type { MessageId } from '../../base/index.ts'
import { type CopyRef, type CopyState, type MailboxSession, ProviderError } from '../../mailboxes/index.ts'

export interface Lying {
  readonly message_id: MessageId
  readonly ref: CopyRef
}

/**
 * Destroys exactly these copies in our hold. Each must be where it was written down to be, and be what it was; in a hold that the server
 * has numbered anew it is looked for by its ids, and left alone (and told of) where more are found than are due.
 */
export async function destroyCopies(
  session: MailboxSession,
  copies: readonly Lying[],
  warn: (about: object, message: string) => void,
): Promise<void> {
  for (const [folder, part] of Map.groupBy(copies, (c) => c.ref.folder)) {
    const position = await session.position(folder)
    if (!position) continue
    const here = part.filter((c) => c.ref.uidValidity === position.uidValidity)
    const there = await session.state(
      folder,
      here.map((c) => c.ref.uid),
    )
    const wanted = new Map(here.map((c) => [c.ref.uid, c]))
    const sure = there.filter((s) => isSame(s, wanted.get(s.ref.uid)))
    if (sure.length < there.length) {
      warn(
        { folder, copies: there.length - sure.length },
        'what lies where an expired copy should be is another message: left there',
      )
    }
    const moved = part.filter((c) => c.ref.uidValidity !== position.uidValidity)
    const found = await renumbered(session, folder, moved, warn)
    const uids = [...sure, ...found].map((s) => s.ref.uid)
    if (uids.length > 0) await session.destroy(folder, uids)
    const still = await session.state(folder, uids, { ids: false })
    if (still.length > 0) throw new ProviderError('refused', `${still.length} copies are still in ${folder}.`)
  }
}

const isSame = (state: CopyState, copy: Lying | undefined): boolean =>
  copy !== undefined &&
  (state.networkMessageId === null || state.networkMessageId === copy.message_id) &&
  (copy.ref.serverId === null || state.ref.serverId === copy.ref.serverId)

async function renumbered(
  session: MailboxSession,
  folder: string,
  copies: readonly Lying[],
  warn: (about: object, message: string) => void,
): Promise<readonly CopyState[]> {
  if (copies.length === 0) return []
  const found = await session.find({
    networkMessageIds: [...new Set(copies.map((c) => c.message_id))],
    serverIds: copies.flatMap((c) => c.ref.serverId ?? []),
    folders: [folder],
  })
  const due = Map.groupBy(copies, (c): string => c.message_id)
  const ours = [...Map.groupBy(found, (s) => s.networkMessageId)].flatMap(([id, states]) =>
    id !== null && states.length <= (due.get(id)?.length ?? 0) ? states : [],
  )
  if (ours.length < found.length) {
    warn(
      { folder, copies: found.length - ours.length },
      'expired copies cannot be told from others in a hold that was numbered anew: left there',
    )
  }
  return ours
}
