import { crashPoint } from '../../base/index.ts'
import type { CopyState } from '../../mailboxes/index.ts'
import type { Desk } from '../desk/desk.ts'
import type { WorkItem } from '../types.ts'
import { inPlace } from './in-place.ts'
import { type Sibling, siblingsOf } from './known.ts'
import { headerIds, plainId } from './message-id.ts'
import { readCopies, type Seen, sameRef, type Unreadable, type VaultBytes, type Want } from './read.ts'

/** A copy that may be moved now. */
export interface Ready {
  readonly item: WorkItem
  readonly copy: CopyState
  readonly sha256: string | null
  readonly copyHash: string | null
  readonly bytes: VaultBytes | null
}

/** An item that ends without being moved. */
export interface Ended {
  readonly item: WorkItem
  readonly to: 'already-there' | 'not-found' | 'skipped' | 'ambiguous'
  readonly why: string
  /** Where it was seen. */
  readonly seen: Seen | null
}

/** Another copy of an item's message, made by the user: an item of its own. */
export interface Extra {
  readonly like: WorkItem
  readonly copy: CopyState
}

export interface Sought {
  readonly ready: Ready[]
  readonly ended: Ended[]
  readonly extras: Extra[]
  /** Their hold copy is gone: back from the vault. */
  readonly fromVault: WorkItem[]
}

export const nothingSought = (): Sought => ({ ready: [], ended: [], extras: [], fromVault: [] })

/** By what a copy may be found: the server's id, our header, the message's own id. Candidates, never proofs. */
const idsOf = (items: readonly WorkItem[]) => ({
  networkMessageIds: [...new Set(items.map((i) => i.messageId))],
  serverIds: [...new Set(items.flatMap((i) => (i.sourceRef ?? i.delivery.ref)?.serverId ?? []))],
  internetMessageIds: headerIds(items.map((i) => i.delivery.internetMessageId)),
})

/** Looks for copies of these items and proves them by their bytes. `folders` absent: all that the user sees, and the hold it is thought to be in. */
export async function search(
  desk: Desk,
  items: readonly WorkItem[],
  folders?: readonly string[],
  unreadable?: Unreadable,
): Promise<readonly Seen[]> {
  if (items.length === 0) return []
  const session = await desk.session()
  const query = idsOf(items)
  const found = [...(await session.find(folders ? { ...query, folders } : query))]
  if (!folders) {
    const holds = await holdsOf(desk, items)
    if (holds.length > 0) found.push(...(await session.find({ ...query, folders: holds })))
  }
  return readCopies(desk, match(items, found), unreadable ? { unreadable } : {})
}

async function holdsOf(desk: Desk, items: readonly WorkItem[]): Promise<string[]> {
  const paths = new Set<string>()
  for (const item of items) {
    const { location } = item.delivery
    if (location === 'quarantine' || location === 'soft-deleted' || location === 'hard-deleted') {
      paths.add(await desk.pathOf(location))
    }
  }
  return [...paths]
}

function match(items: readonly WorkItem[], copies: readonly CopyState[]): Want[] {
  const byNetwork = Map.groupBy(items, (i): string => i.messageId)
  const byServer = Map.groupBy(items, (i) => (i.sourceRef ?? i.delivery.ref)?.serverId ?? null)
  const byInternet = Map.groupBy(items, (i) => plainId(i.delivery.internetMessageId))
  return copies.flatMap((copy) => {
    const hit = new Set<WorkItem>()
    if (copy.networkMessageId !== null) for (const i of byNetwork.get(copy.networkMessageId) ?? []) hit.add(i)
    if (copy.ref.serverId !== null) for (const i of byServer.get(copy.ref.serverId) ?? []) hit.add(i)
    if (copy.internetMessageId !== null)
      for (const i of byInternet.get(plainId(copy.internetMessageId)) ?? []) hit.add(i)
    return [...hit].map((item) => ({ item, ref: copy.ref, size: copy.size }))
  })
}

/** Where the copies are that an action takes: at their last known place, else wherever the user has put them. */
export async function seekTake(desk: Desk, items: readonly WorkItem[]): Promise<Sought> {
  const out = nothingSought()
  if (items.length === 0) return out
  crashPoint('remediation.before-find')
  const known = items.flatMap((item) => {
    const ref = item.sourceRef ?? item.delivery.ref
    return ref ? [{ item, ref }] : []
  })
  const unreadable: Unreadable = new Map()
  const unread = await inPlace(desk, known)
  const sure = new Set(unread.map((s) => s.item.id))
  const read = await readCopies(
    desk,
    known.filter((k) => !sure.has(k.item.id)),
    { unreadable },
  )
  const atPlace = new Map([...unread, ...read.filter((s) => s.proven)].map((s) => [s.item.id, s]))
  const rest = items.filter((i) => !atPlace.has(i.id))
  const found = await search(desk, rest, undefined, unreadable)
  crashPoint('remediation.after-read')
  for (const seen of atPlace.values()) await settleOn(desk, seen.item, seen, out)
  if (rest.length === 0) return out
  const others = Map.groupBy(await siblingsIn(desk, rest), (o) => o.messageId)
  const byMessage = Map.groupBy(found, (s) => s.item.messageId)
  const taken = Map.groupBy(atPlace.values(), (s) => s.item.messageId)
  for (const [id, group] of Map.groupBy(rest, (i) => i.messageId)) {
    const known = {
      found: byMessage.get(id) ?? [],
      siblings: others.get(id) ?? [],
      taken: taken.get(id) ?? [],
      unreadable,
    }
    await resolve(desk, group, known, out)
  }
  return out
}

const siblingsIn = (desk: Desk, items: readonly WorkItem[]): Promise<readonly Sibling[]> =>
  desk.deps.storage.tenant(desk.tenant, (tx) => siblingsOf(tx, desk.tenant, items), { mayRunAgain: true })

/** What was found of one message. */
interface Known {
  readonly found: readonly Seen[]
  readonly siblings: readonly Sibling[]
  readonly taken: readonly Seen[]
  readonly unreadable: Unreadable
}

async function settleOn(desk: Desk, item: WorkItem, seen: Seen, out: Sought): Promise<void> {
  const path = item.target.folder ?? (await desk.pathOf(item.target.location))
  if (seen.copy.ref.folder === path) {
    out.ended.push({ item, to: 'already-there', why: `It is in ${path} already.`, seen })
  } else if (isFromGate(item) && seen.copy.ref.folder !== (await desk.pathOf('junk'))) {
    const why = `The user has moved it to ${seen.copy.ref.folder}: it was left there.`
    out.ended.push({ item, to: 'skipped', why, seen })
  } else if (item.onlyUnread && seen.copy.flags.includes('\\Seen')) {
    out.ended.push({ item, to: 'skipped', why: 'Its user has read it: what is read is left where it is.', seen })
  } else out.ready.push(seen)
}

/** Taken by no action: an undo by cause moves it out of Junk, where the gate had it put, and from nowhere else. */
const isFromGate = ({ actionKind, undoes, beforeLocation }: WorkItem): boolean =>
  actionKind === 'undo' && undoes === null && beforeLocation === 'junk'

/** Items of one message in one mailbox, none at its recorded place (usually one; an alias may make it two). */
async function resolve(desk: Desk, items: readonly WorkItem[], known: Known, out: Sought): Promise<void> {
  const { found: mine, siblings: others } = known
  const claimed = [...others.flatMap((o) => o.ref ?? []), ...known.taken.map((s) => s.copy.ref)]
  const proven = distinct(mine.filter((s) => s.proven)).filter((s) => !claimed.some((c) => sameRef(c, s.copy.ref)))
  const copies = await orderCopies(desk, items, proven)
  if (copies.length === 0) {
    for (const item of items)
      out.ended.push(
        absent(
          item,
          mine.some((s) => !s.proven),
          known.unreadable.get(item.id),
        ),
      )
    return
  }
  // Another recipient's copy that nobody has seen yet is among them.
  const unseen = others.filter((o) => o.ref === null).length
  const extras = copies.slice(items.length, Math.max(items.length, copies.length - unseen))
  if (extras.length > 0 && !extras.every((e) => isOurs(e, copies))) {
    const why = `${copies.length} messages have exactly these bytes and nothing tells which of them was delivered: all were left untouched.`
    for (const item of items) out.ended.push({ item, to: 'ambiguous', why, seen: null })
    return
  }
  for (const [item, seen] of paired(items, copies)) {
    if (seen) await settleOn(desk, item, { ...seen, item }, out)
    else out.ended.push({ item, to: 'not-found', why: 'There is one copy less than recipients here.', seen: null })
  }
  const [like] = items
  const path = like && (like.target.folder ?? (await desk.pathOf(like.target.location)))
  if (like && !isFromGate(like))
    for (const e of extras) if (e.copy.ref.folder !== path) out.extras.push({ like, copy: e.copy })
}

function absent(item: WorkItem, other: boolean, unreadable: string | undefined): Ended {
  const why = other
    ? 'A message with its ID is there, but with other bytes: it was left untouched.'
    : 'It is in none of the folders: the user has deleted it.'
  if (unreadable === undefined) return { item, to: other ? 'ambiguous' : 'not-found', why, seen: null }
  return { item, to: 'ambiguous', why: `It cannot be read, and was left untouched: ${unreadable}.`, seen: null }
}

/** The copy that the mail store addressed to the item's recipient (Delivered-To), else the next. */
function paired(items: readonly WorkItem[], copies: readonly Seen[]): (readonly [WorkItem, Seen | undefined])[] {
  const left = [...copies]
  const addressed = (item: WorkItem) => (s: Seen) =>
    s.bytes?.prefix.toString('latin1').toLowerCase().includes(item.recipient.toLowerCase())
  return items.map((item) => {
    const at = copies.length > 1 ? left.findIndex(addressed(item)) : 0
    return [item, left.splice(Math.max(at, 0), 1)[0]] as const
  })
}

/** The user's copy carries our header, or the server's id of the one that does. */
const isOurs = (seen: Seen, copies: readonly Seen[]): boolean =>
  seen.copy.networkMessageId === seen.item.messageId ||
  copies.some((c) => c !== seen && c.copy.ref.serverId !== null && c.copy.ref.serverId === seen.copy.ref.serverId)

function distinct(seen: readonly Seen[]): Seen[] {
  return seen.filter((s, n) => seen.findIndex((o) => sameRef(o.copy.ref, s.copy.ref)) === n)
}

/** What is not where it should go comes first: a copy that is there already must not hide one that is not. */
async function orderCopies(desk: Desk, items: readonly WorkItem[], copies: readonly Seen[]): Promise<Seen[]> {
  const [item] = items
  if (!item || copies.length < 2) return [...copies]
  const path = item.target.folder ?? (await desk.pathOf(item.target.location))
  const elsewhere = copies.filter((c) => c.copy.ref.folder !== path)
  return [...elsewhere, ...copies.filter((c) => c.copy.ref.folder === path)]
}

/** Copies found beside those that were taken: not other recipients' of the same mailbox, and not at the target anyway. */
export async function unclaimed(
  desk: Desk,
  own: readonly WorkItem[],
  like: WorkItem,
  extras: readonly Seen[],
): Promise<readonly Seen[]> {
  if (extras.length === 0) return []
  const path = like.target.folder ?? (await desk.pathOf(like.target.location))
  const siblings = await siblingsIn(desk, own)
  const free = extras.filter(
    (e) => e.copy.ref.folder !== path && !siblings.some((o) => o.ref !== null && sameRef(o.ref, e.copy.ref)),
  )
  return free.slice(0, Math.max(0, free.length - siblings.filter((o) => o.ref === null).length))
}
