import { type CopyState, type CopyWithBytes, readable, type UnreadableCopies } from '../../mailboxes/index.ts'
import type { Desk } from '../desk/desk.ts'
import type { WorkItem } from '../types.ts'
import { sha256 } from './identity.ts'
import { headerIds, plainId } from './message-id.ts'
import { split } from './message-parts.ts'
import { nothingSought, type Sought } from './seek.ts'

/**
 * Senders' own copies in Sent: candidates by the message's own id, proved by the bytes. What is not proved is left untouched, and so is
 * a message of which several identical copies lie there.
 */
export async function seekSent(desk: Desk, items: readonly WorkItem[]): Promise<Sought> {
  const out = nothingSought()
  if (items.length === 0) return out
  const sent = (await desk.folders()).filter((f) => f.use === 'sent').map((f) => f.path)
  const found = sent.length === 0 ? [] : await candidates(desk, items, sent)
  const byId = Map.groupBy(found, (c) => plainId(c.internetMessageId))
  for (const item of items) {
    const near = byId.get(plainId(item.delivery.internetMessageId)) ?? []
    const raw = near.length > 0 ? await received(desk, item) : null
    const proven: { copy: CopyState; bytes: Buffer }[] = []
    const unreadable: string[] = []
    for (const copy of near) {
      const bytes = await bytesOf(desk, copy, (error) => unreadable.push(error.message))
      if (bytes && raw && isSentCopy(bytes, raw)) proven.push({ copy, bytes })
    }
    const [mine] = proven
    if (mine && proven.length === 1) {
      const blob = await desk.deps.storage.blobs.put(desk.tenant, mine.bytes)
      const kept = { prefix: Buffer.alloc(0), blob, own: true }
      out.ready.push({
        item,
        copy: mine.copy,
        sha256: sha256(mine.bytes),
        copyHash: null,
        bytes: item.vaultId === null ? kept : null,
      })
    } else out.ended.push({ item, ...missing(near.length, proven.length, unreadable[0]), seen: null })
  }
  return out
}

function missing(
  near: number,
  proven: number,
  unreadable: string | undefined,
): { to: 'ambiguous' | 'not-found'; why: string } {
  if (proven > 1)
    return { to: 'ambiguous', why: `${proven} copies of it lie in the sender’s Sent: they were left untouched.` }
  if (unreadable !== undefined)
    return {
      to: 'ambiguous',
      why: `What lies in the sender’s Sent cannot be read, and was left untouched: ${unreadable}.`,
    }
  if (near > 0)
    return {
      to: 'ambiguous',
      why: 'A message with its ID is in the sender’s Sent, but it says something else: left untouched.',
    }
  return { to: 'not-found', why: 'The sender has no copy of it in Sent.' }
}

async function candidates(
  desk: Desk,
  items: readonly WorkItem[],
  folders: readonly string[],
): Promise<readonly CopyState[]> {
  const session = await desk.session()
  return await session.find({
    networkMessageIds: [],
    serverIds: [],
    internetMessageIds: headerIds(items.map((i) => i.delivery.internetMessageId)),
    folders,
  })
}

async function bytesOf(desk: Desk, copy: CopyState, note: (error: UnreadableCopies) => void): Promise<Buffer | null> {
  const session = await desk.session()
  const read: CopyWithBytes[] = []
  for await (const one of readable(session.read(copy.ref.folder, [copy.ref.uid]), note)) read.push(one)
  return read[0]?.bytes ?? null
}

/** The message as it was received; null where its bytes are kept no longer. */
async function received(desk: Desk, { delivery }: WorkItem): Promise<Buffer | null> {
  const { blobs } = desk.deps.storage
  return (await blobs.has(desk.tenant, delivery.blobKey)) ? await blobs.get(desk.tenant, delivery.blobKey) : null
}

/** Bcc (RFC 5322, section 3.6.3) and what mail programs note for themselves in what they have sent. */
const AT_HOME = /^(bcc|x-mozilla-[^:]*|x-uidl?|status|x-status|x-keywords)[ \t]*:/i

/**
 * Whether what lies in Sent is what was received: the same body to the last byte, and every header field of it stands in the message in
 * the same order. On its way a message only gains fields; Bcc and what mail programs note for themselves stay at home. Pure.
 */
export function isSentCopy(sent: Buffer, message: Buffer): boolean {
  const mine = split(sent)
  const theirs = split(message)
  if (!mine.body.equals(theirs.body)) return false
  const named = mine.fields.filter((f) => !AT_HOME.test(f))
  if (!named.some((f) => /^message-id:/i.test(f))) return false
  let at = 0
  for (const field of named) {
    while (at < theirs.fields.length && theirs.fields[at] !== field) at++
    if (at++ >= theirs.fields.length) return false
  }
  return true
}
