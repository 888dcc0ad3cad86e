import { crashPoint } from '../../base/index.ts'
import type { CopyRef, CopyState } from '../../mailboxes/index.ts'
import type { Desk } from '../desk/desk.ts'
import { takes, type WorkItem } from '../types.ts'
import { SAMPLE } from './in-place.ts'
import { movedOn, type Placed, placedByUs, redone } from './known.ts'
import { readCopies, type Seen, sameRef, statesAt, type Want } from './read.ts'
import { nothingSought, type Ready, type Sought, search } from './seek.ts'

const HOLDS = ['quarantine', 'soft-deleted', 'hard-deleted'] as const
type HoldLocation = (typeof HOLDS)[number]

export interface BackItem extends WorkItem {
  readonly sourceRef: CopyRef
}
export const isBack = (item: WorkItem): item is BackItem => item.sourceRef !== null && !takes(item)

/** Where the copies are that an undo gives back, and whether somebody was faster (the conflict table of mailbox-semantics). */
export async function seekBack(desk: Desk, items: readonly BackItem[]): Promise<Sought> {
  const out = nothingSought()
  if (items.length === 0) return out
  crashPoint('undo.before-find')
  const held = await holds(desk, (location) => items.some((i) => i.beforeLocation === location))
  const fromHold = (item: BackItem) => held.has(item.sourceRef.folder)
  const present = await atPlace(desk, items)
  const proven = await prove(desk, items, present, (await hidden(desk)) ? fromHold : () => false)
  crashPoint('undo.after-read')
  const there = await putBackByUser(
    desk,
    items.filter((i) => fromHold(i)),
    held,
  )
  const missing: BackItem[] = []
  for (const item of items) {
    const elsewhere = there.get(item.id)
    const ready = proven.get(item.id)
    if (elsewhere) {
      const unmarked = await unmark(desk, item, elsewhere)
      const why = unmarked
        ? `It had only been marked as deleted in ${elsewhere.copy.ref.folder}; the mark was taken off again.`
        : `It is in ${elsewhere.copy.ref.folder} again already; no second copy was put there.`
      out.ended.push({ item, to: 'already-there', why, seen: unmarked ?? elsewhere })
    } else if (ready) await settle(desk, item, ready, out)
    else if (present.has(item.id)) {
      const why = 'The message at its place has other bytes than the one that was taken.'
      out.ended.push({ item, to: 'ambiguous', why, seen: null })
    } else missing.push(item)
  }
  await lookFor(desk, missing, fromHold, out)
  return out
}

/** Paths of the holds that are asked for. */
async function holds(desk: Desk, wanted: (location: HoldLocation) => boolean = () => true): Promise<Set<string>> {
  const paths = new Set<string>()
  for (const location of HOLDS) if (wanted(location)) paths.add(await desk.pathOf(location))
  return paths
}

/** The original itself, which a server without UIDPLUS could only mark: our mark, so we take it off. Null: not that. */
async function unmark(desk: Desk, item: BackItem, seen: Seen): Promise<Seen | null> {
  const { copy } = seen
  const marked = copy.flags.includes('\\Deleted') && item.wanted !== null && !item.wanted.flags.includes('\\Deleted')
  if (!marked || !sameRef(copy.ref, item.wantedRef)) return null
  const flags = copy.flags.filter((f) => f !== '\\Deleted')
  await (await desk.session()).setFlags(copy.ref, { flags, keywords: copy.keywords }, copy)
  return { ...seen, copy: { ...copy, flags } }
}

const hidden = async (desk: Desk): Promise<boolean> => (await desk.session()).holdHidden()

async function settle(desk: Desk, item: BackItem, ready: Ready, out: Sought): Promise<void> {
  const path = item.target.folder ?? (await desk.pathOf(item.target.location))
  if (ready.copy.ref.folder === path) {
    out.ended.push({ item, to: 'already-there', why: `It is in ${path} already.`, seen: null })
  } else out.ready.push(ready)
}

/** The copy at its recorded place, where UIDVALIDITY, the server's id and the size agree. */
async function atPlace(desk: Desk, items: readonly BackItem[]): Promise<Map<string, CopyState>> {
  const found = new Map<string, CopyState>()
  for (const [folder, part] of Map.groupBy(items, (i) => i.sourceRef.folder)) {
    const byUid = Map.groupBy(part, (i) => i.sourceRef.uid)
    const refs = part.map((i) => i.sourceRef)
    for (const copy of await statesAt(desk, folder, refs)) {
      for (const item of byUid.get(copy.ref.uid) ?? []) if (isSame(item, copy)) found.set(item.id, withIds(copy, item))
    }
  }
  return found
}

/** The ids that the message says of itself are part of its bytes, so they are what they were. */
const withIds = (copy: CopyState, { sourceState }: BackItem): CopyState =>
  sourceState === null
    ? copy
    : {
        ...copy,
        networkMessageId: copy.networkMessageId ?? sourceState.networkMessageId,
        internetMessageId: copy.internetMessageId ?? sourceState.internetMessageId,
      }

function isSame(item: BackItem, copy: CopyState): boolean {
  const { sourceRef, sourceState } = item
  if (copy.ref.uidValidity !== sourceRef.uidValidity) return false
  if (sourceRef.serverId !== null && copy.ref.serverId !== sourceRef.serverId) return false
  return sourceState === null || sourceState.size === copy.size
}

async function prove(
  desk: Desk,
  items: readonly BackItem[],
  present: ReadonlyMap<string, CopyState>,
  sampled: (item: BackItem) => boolean,
): Promise<Map<string, Ready>> {
  const ready = new Map<string, Ready>()
  const wants: Want[] = []
  let n = 0
  // In a hold that users cannot reach; the others are known by UID, id and size.
  for (const item of items) {
    const copy = present.get(item.id)
    if (!copy) continue
    // Without the server's id another message of this size would do.
    if (item.vaultId !== null && copy.ref.serverId !== null && sampled(item) && n++ % SAMPLE !== 0) {
      ready.set(item.id, { item, copy, sha256: item.sourceState?.sha256 ?? null, copyHash: null, bytes: null })
    } else wants.push({ item, ref: copy.ref, size: copy.size })
  }
  for (const seen of await readCopies(desk, wants)) if (seen.proven) ready.set(seen.item.id, seen)
  return ready
}

/** Copies that the user put into the target, the Inbox, the archive or the trash while we held ours. */
async function putBackByUser(
  desk: Desk,
  items: readonly BackItem[],
  held: ReadonlySet<string>,
): Promise<Map<string, Seen>> {
  if (items.length === 0) return new Map()
  const folders = await desk.folders()
  const places = new Set(folders.filter((f) => f.use && f.use !== 'sent' && f.use !== 'drafts').map((f) => f.path))
  for (const { target } of items) {
    if (target.folder !== null && folders.some((f) => f.path === target.folder)) places.add(target.folder)
    const followed = folders.find((f) => f.id !== null && f.id === target.folderId)
    if (followed) places.add(followed.path)
  }
  const seen = (await search(desk, items, [...places])).filter((s) => s.proven)
  if (seen.length === 0) return new Map()
  const deliveries = [...new Set(seen.map((s) => s.item.deliveryId))]
  const undone = seen.flatMap((s) => s.item.undoes ?? [])
  const { ours, again } = await desk.deps.storage.tenant(desk.tenant, async (tx) => ({
    ours: await placedByUs(tx, desk.tenant, desk.mailbox, deliveries),
    again: await redone(tx, desk.tenant, undone),
  }))
  // A redo takes what was given back and no other copies: one that lies elsewhere the user may have made before, beside what was taken.
  const made = ({ item, copy }: Seen) =>
    item.undoes !== null && again.has(item.undoes) && copy.ref.folder !== item.target.folder
  const strange = seen.filter((s) => !ours.some((o) => sameRef(o.ref, s.copy.ref)) && !made(s))
  const users = await withoutStrayed(
    desk,
    strange,
    ours.filter((o) => !held.has(o.ref.folder)),
  )
  return new Map(users.map((s) => [s.item.id, s]))
}

/**
 * A further copy of the message that an undo gave back before, and that its user has moved since, is not one that he has put back in the place of
 * the one that we still hold: as many as are no longer where we had put them are taken for those.
 */
async function withoutStrayed(
  desk: Desk,
  strange: readonly Seen[],
  placed: readonly Placed[],
): Promise<readonly Seen[]> {
  if (strange.length === 0 || placed.length === 0) return strange
  const deliveries = [...new Set(placed.map((p) => p.deliveryId))]
  const taken = await desk.deps.storage.tenant(desk.tenant, (tx) => movedOn(tx, desk.tenant, desk.mailbox, deliveries))
  const left = placed.filter((p) => !taken.some((ref) => sameRef(ref, p.ref)))
  const gone = new Map<string, number>()
  for (const [folder, part] of Map.groupBy(left, (p) => p.ref.folder)) {
    const refs = part.map((p) => p.ref)
    const there = await statesAt(desk, folder, refs)
    for (const { deliveryId, ref } of part)
      if (!there.some((copy) => sameRef(copy.ref, ref))) gone.set(deliveryId, (gone.get(deliveryId) ?? 0) + 1)
  }
  const copies = Map.groupBy(strange, (s) => `${s.item.deliveryId} ${s.copy.ref.folder} ${s.copy.ref.uid}`)
  return [...copies.values()].flatMap((same) => {
    const delivery = same[0]?.item.deliveryId ?? ''
    const strayed = gone.get(delivery) ?? 0
    if (strayed === 0) return same
    gone.set(delivery, strayed - 1)
    return []
  })
}

/** Not at its recorded place: moved or deleted by the user, the folder numbered anew, or the hold lost. */
async function lookFor(
  desk: Desk,
  items: readonly BackItem[],
  fromHold: (item: BackItem) => boolean,
  out: Sought,
): Promise<void> {
  if (items.length === 0) return
  const session = await desk.session()
  const sources = [...new Set(items.map((i) => i.sourceRef.folder))]
  const ids = new Set(items.map((i) => i.sourceRef.folderId))
  const renamed = (await desk.folders()).filter((f) => f.id !== null && ids.has(f.id)).map((f) => f.path)
  const near = await search(desk, items, await existing(session, [...new Set([...sources, ...renamed])]))
  const far = await search(desk, items)
  const left = await desk.deps.storage.tenant(desk.tenant, (tx) =>
    movedOn(tx, desk.tenant, desk.mailbox, [...new Set(items.map((i) => i.deliveryId))]),
  )
  for (const item of items) {
    const atSource = near.find((s) => s.item === item && s.proven)
    if (atSource && cameAndWent(item, atSource) && !fromHold(item)) await leftByUser(desk, item, atSource, out)
    else if (atSource) await settle(desk, item, atSource, out)
    else {
      const seen = far.find((s) => s.item === item && s.proven) ?? null
      const lost = seen === null && fromHold(item) && !left.some((ref) => sameRef(ref, item.sourceRef))
      if (lost) out.fromVault.push(item)
      else await leftByUser(desk, item, seen, out)
    }
  }
}

/** Tried before, and since then it has left the place and come back there: that was its user, after our move or before it. */
const cameAndWent = ({ attempts, sourceRef }: BackItem, { copy: { ref } }: Seen): boolean =>
  attempts > 0 &&
  ref.folder === sourceRef.folder &&
  ref.uidValidity === sourceRef.uidValidity &&
  ref.uid !== sourceRef.uid

async function existing(session: Awaited<ReturnType<Desk['session']>>, paths: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const path of paths) if (await session.position(path)) found.push(path)
  return found
}

async function leftByUser(desk: Desk, item: BackItem, seen: Seen | null, out: Sought): Promise<void> {
  if (!seen) {
    const why = 'The user has deleted it since; its bytes are in the vault until their retention ends.'
    out.ended.push({ item, to: 'not-found', why, seen: null })
    return
  }
  const { folder } = seen.copy.ref
  const wanted = item.target.folder ?? (await desk.pathOf(item.target.location))
  if (folder === wanted)
    out.ended.push({ item, to: 'already-there', why: `The user has put it back in ${folder}.`, seen })
  else {
    const who = (await holds(desk)).has(folder) ? 'An action' : 'The user'
    out.ended.push({ item, to: 'skipped', why: `${who} has moved it to ${folder} since; it was left there.`, seen })
  }
}
