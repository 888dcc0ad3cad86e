import type { CopyRef } from '../../mailboxes/index.ts'
import { locate, type Relocation } from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { Desk } from '../desk/desk.ts'
import { takes, type WorkItem } from '../types.ts'
import { differences } from './message-parts.ts'
import { readCopies, type Seen, sameRef, statesAt, type Unreadable } from './read.ts'
import { type Ended, nothingSought, type Sought, search } from './seek.ts'

/** Takes one of two copies away, and no other. */
export interface KeepItem extends WorkItem {
  readonly keeps: CopyRef
  readonly sourceRef: CopyRef
}
export const isKeep = (item: WorkItem): item is KeepItem =>
  item.keeps !== null && item.sourceRef !== null && takes(item)

/**
 * Of two copies the one that somebody did not choose: taken only where both are there and have the same bytes, both read now. Nothing else
 * is looked for, so that the one that stays is never taken in its place.
 */
export async function seekKept(desk: Desk, items: readonly KeepItem[]): Promise<Sought> {
  const out = nothingSought()
  for (const item of items) {
    const unreadable: Unreadable = new Map()
    const kept = await copyAt(desk, item, item.keeps, false, unreadable)
    const mine = await copyAt(desk, item, item.sourceRef, true, unreadable)
    const why = unreadable.get(item.id)
    const end =
      mine && kept
        ? await refusal(desk, item, mine, kept)
        : why === undefined
          ? await absent(desk, item, mine, kept)
          : unread(item, mine, kept, why)
    if (end) out.ended.push(end)
    else if (mine) out.ready.push(mine)
  }
  return out
}

/** At its place; or, where it has left it and come back since, the only one of the message in that folder. */
async function copyAt(
  desk: Desk,
  item: KeepItem,
  ref: CopyRef,
  keep: boolean,
  unreadable: Unreadable,
): Promise<Seen | null> {
  const [there] = await readCopies(desk, [{ item, ref }], { keep, unreadable })
  if (there) return there
  const near = (await search(desk, [item], [ref.folder], unreadable)).filter((s) => s.proven)
  return near.length === 1 ? (near[0] ?? null) : null
}

const left = (item: KeepItem, why: string): Ended => ({
  item,
  to: 'skipped',
  why: `${why} Nothing was removed.`,
  seen: null,
})

/** It is there, so nobody has decided anything: when it can be read again, somebody may. */
function unread(item: KeepItem, mine: Seen | null, kept: Seen | null, why: string): Ended {
  const folders = [mine ? [] : item.sourceRef.folder, kept ? [] : item.keeps.folder].flat().join(' or ')
  const end = left(item, `The copy in ${folders} cannot be read: ${why}.`)
  return { ...end, to: 'ambiguous' }
}

/** Why the copy must not be taken although both are there; null: it may. */
async function refusal(desk: Desk, item: KeepItem, mine: Seen, kept: Seen): Promise<Ended | null> {
  const [here, there] = [mine.copy.ref.folder, kept.copy.ref.folder]
  if (mine.sha256 !== kept.sha256) {
    const [a, b] = [await bytesOf(desk, mine.copy.ref), await bytesOf(desk, kept.copy.ref)]
    const what = a && b ? `: they differ in ${differences(a, b)}` : ''
    return left(item, `The copy in ${here} is not the same as the one in ${there}${what}.`)
  }
  if (!mine.proven) return left(item, `What lies in ${here} and ${there} is not the message that was delivered.`)
  if (kept.copy.flags.includes('\\Deleted'))
    return left(item, `The copy in ${there}, which is to stay, is marked as deleted by the user.`)
  return null
}

async function bytesOf(desk: Desk, ref: CopyRef): Promise<Buffer | null> {
  for await (const copy of (await desk.session()).read(ref.folder, [ref.uid])) return copy.bytes
  return null
}

/** One of them, or both, are no longer where they were: somebody else has decided, and nothing is taken. */
async function absent(desk: Desk, item: KeepItem, mine: Seen | null, kept: Seen | null): Promise<Ended> {
  const [here, there] = [item.sourceRef.folder, item.keeps.folder]
  const end = (to: Ended['to'], why: string): Ended => ({ item, to, why, seen: null })
  if (mine)
    return end('not-found', `The copy in ${there}, which was to stay, is gone: the one in ${here} was not touched.`)
  if (!kept) return end('not-found', `Neither the copy in ${here} nor the one in ${there} is there any more.`)
  const others = (await search(desk, [item])).filter((s) => s.proven && !sameRef(s.copy.ref, kept.copy.ref))
  const [other] = others
  if (other) return left(item, `The user has moved the copy in ${here} to ${other.copy.ref.folder} since.`)
  return end('already-there', `The copy in ${here} is gone already: only the one in ${there} is left.`)
}

/** Where the deliveries of items that have ended well are now: at the copies that stay. Those that are recorded there are left out. */
export async function keptPlaces(desk: Desk, items: readonly WorkItem[]): Promise<readonly KeptPlace[]> {
  const places: KeptPlace[] = []
  for (const item of items.filter(isKeep)) {
    if (sameRef(item.delivery.ref, item.keeps)) continue
    const { location, folder } = await desk.placeOf(item.keeps.folder)
    const at = { deliveryId: item.deliveryId, location, folder: location === 'folder' ? folder : null }
    places.push({ item, to: { ...at, ref: { ...item.keeps } } })
  }
  return places
}

export interface KeptPlace {
  readonly item: KeepItem
  readonly to: Relocation
}

export async function locateKept(tx: Tx, places: readonly KeptPlace[]): Promise<void> {
  for (const { item, to } of places) {
    const { actionId, actionName, actor } = item
    await locate(tx, [to], { kind: 'moved', actor, summary: actionName, detail: { actionId, to: to.location } })
  }
}

/** The user has removed the one that was to stay while the other one was taken: said, so that somebody takes that back. */
export async function lostMeanwhile(desk: Desk, items: readonly WorkItem[]): Promise<ReadonlyMap<string, string>> {
  const said = new Map<string, string>()
  for (const item of items.filter(isKeep)) {
    const there = await statesAt(desk, item.keeps.folder, [item.keeps])
    if (there.some((c) => sameRef(c.ref, item.keeps))) continue
    const unreadable: Unreadable = new Map()
    if ((await copyAt(desk, item, item.keeps, false, unreadable)) || unreadable.has(item.id)) continue
    said.set(
      item.id,
      `The copy in ${item.keeps.folder}, which was to stay, has gone meanwhile: undo this to have one again.`,
    )
  }
  return said
}
