import { crashPoint } from '../../base/index.ts'
import { type CopyRef, type CopyState, sameFlags, sameInstant } from '../../mailboxes/index.ts'
import { addEvents, locate, type Relocation } from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import { type Desk, storedState } from '../desk/desk.ts'
import { readCopies, statesAt } from '../find/read.ts'
import { type Extra, unclaimed } from '../find/seek.ts'
import { keptPlaces, locateKept, lostMeanwhile } from '../find/seek-kept.ts'
import { type Change, markReverted, Tally, transition } from '../ledger/ledger.ts'
import { looksFurther, type Place, pointsOf, type WorkItem } from '../types.ts'
import { insertExtras } from './extras.ts'
import { type Missing, nowhere } from './nowhere.ts'

/** A copy that has come to its target, still to be read back. */
export interface Arrival {
  readonly item: WorkItem
  /** As it was before it was moved. */
  readonly before: CopyState
  /** Where it must have left; null: it came from nowhere in the mailbox. */
  readonly from: CopyRef | null
  readonly ref: CopyRef
  readonly copyHash: string | null
  readonly sha256: string | null
  readonly note: string | null
  readonly lost: readonly string[]
}

interface Checked extends Arrival {
  readonly after: CopyState
}

/**
 * Reads back what was moved, looks for what is still reachable, and only then says done (P1 steps 6 to 8). True: that was all.
 * `last`: nothing else is to be done in this mailbox now.
 */
export async function finish(
  desk: Desk,
  path: string,
  arrivals: readonly Arrival[],
  options: { last?: boolean } = {},
): Promise<boolean> {
  const [first] = arrivals
  if (!first) return true
  const p = pointsOf(first.item)
  const found = await statesAt(
    desk,
    path,
    arrivals.map((a) => a.ref),
  )
  const states = new Map(found.map((s) => [s.ref.uid, s]))
  const checked: Checked[] = []
  const changes: Change[] = []
  const vanished: Missing[] = []
  for (const arrival of arrivals) {
    const { networkMessageId, internetMessageId } = arrival.before
    const state = states.get(arrival.ref.uid)
    const after = state && { ...state, networkMessageId, internetMessageId }
    if (!after) vanished.push({ item: arrival.item, came: arrival.ref })
    else if (after.size !== arrival.before.size || !sameInstant(after.internalDate, arrival.before.internalDate)) {
      changes.push(differs(arrival, after))
    } else checked.push({ ...arrival, ...(await repaired(desk, arrival, after)) })
  }
  changes.push(...(await nowhere(desk, vanished, `It had come to ${path} and is not there any more`)))
  // A take looks through all of the user's folders, the source among them.
  const left = await stillThere(
    desk,
    checked.filter((c) => !looksFurther(c.item)),
  )
  const place = await desk.placeOf(path)
  const items = checked.map((c) => c.item)
  const lost = await lostMeanwhile(desk, items)
  for (const c of checked) {
    const note = lost.get(c.item.id) ?? c.note
    changes.push(done(desk, { ...c, note }, place, left.get(c.item.id)))
  }
  const stays = await keptPlaces(
    desk,
    items.filter((i) => !left.has(i.id) && !lost.has(i.id)),
  )
  const extras = await reachable(desk, path, checked)
  crashPoint(`${p}.after-readback`)
  crashPoint(`${p}.before-done-commit`)
  if (options.last && extras.length === 0) await desk.rest()
  // Lost with the database, what a MOVE did is found out again by its intent (✂4), and it is not done twice.
  const foundAgain = arrivals.every((a) => a.from !== null)
  const outcome = async (tx: Tx) => {
    const ended = checked.filter((c) => !left.has(c.item.id))
    const placed = ended.map(
      (c): Placed => ({ item: c.item, ref: c.after.ref, copyHash: c.copyHash, place, lost: c.lost }),
    )
    const tally = new Tally()
    await Promise.all([
      relocate(tx, placed),
      transition(tx, desk.context(), changes, tally),
      markReverted(
        tx,
        ended.map((c) => c.item),
        tally,
      ),
    ])
    await locateKept(tx, stays)
    await insertExtras(tx, desk.context(), extras, tally)
    await tally.write(tx, desk.context())
  }
  await desk.commit(outcome, { foundAgain, mayRunAgain: true })
  crashPoint(`${p}.after-done-commit`)
  return checked.length === arrivals.length && extras.length === 0
}

const differs = ({ item, ref }: Arrival, after: CopyState): Change => ({
  item,
  to: 'ambiguous',
  why: `What was read back from ${ref.folder} has another size or date than what was moved there.`,
  set: { after_ref: after.ref, after_folder: ref.folder },
})

/**
 * Flags that came along are what the user last had. Only a keyword that the server forgot the name of (A31) is our damage,
 * and is put right from what is written down.
 */
async function repaired(
  desk: Desk,
  arrival: Arrival,
  after: CopyState,
): Promise<{ after: CopyState; lost: readonly string[] }> {
  const damaged = (c: CopyState) => c.keywords.some((k) => /^unknown-\d+$/.test(k))
  if (!damaged(after)) return { after, lost: arrival.lost }
  const known = damaged(arrival.before) ? arrival.item.wanted : arrival.before
  if (!known) return { after, lost: [...arrival.lost, 'keywords whose names the server has lost'] }
  const wanted = { flags: after.flags, keywords: known.keywords }
  const { lost } = await (await desk.session()).setFlags(after.ref, wanted)
  return { after: { ...after, keywords: known.keywords }, lost: [...arrival.lost, ...lost] }
}

/** Items whose copy is still at its source: moved by nobody, or twice. */
async function stillThere(desk: Desk, checked: readonly Checked[]): Promise<Map<string, CopyRef>> {
  const left = new Map<string, CopyRef>()
  for (const [folder, part] of Map.groupBy(checked, (c) => c.from?.folder ?? null)) {
    if (folder === null) continue
    const uids = new Map(part.map((c) => [c.from?.uid, c]))
    for (const state of await statesAt(
      desk,
      folder,
      part.flatMap((c) => c.from ?? []),
    )) {
      const c = uids.get(state.ref.uid)
      if (c && c.from?.uidValidity === state.ref.uidValidity) left.set(c.item.id, state.ref)
    }
  }
  return left
}

function done(desk: Desk, c: Checked, place: Place, left: CopyRef | undefined): Change {
  const set = {
    after_location: place.location,
    after_folder: c.after.ref.folder,
    after_ref: c.after.ref,
    after_state: storedState(c.after, c.sha256, null),
  }
  if (left) {
    const why = `It is in ${c.after.ref.folder} and still in ${left.folder} too.`
    return { item: c.item, to: 'ambiguous', why, set }
  }
  const changed = !sameFlags(c.after, c.before)
  const wanted = c.item.wanted
  const users = wanted !== null && !sameFlags(c.after, wanted) && c.lost.length === 0
  const why = [c.note, changed || users ? 'The flags are as the user last set them.' : null].filter((w) => w !== null)
  return {
    item: c.item,
    to: 'done',
    why: why.length > 0 ? why.join(' ') : null,
    set: {
      ...set,
      verified_at: desk.deps.clock().toISOString(),
      ...(c.lost.length > 0 ? { lost: c.lost, restorable: false } : {}),
    },
  }
}

/** Copies by a race or by the user, in reach still: not remediated yet, so they become items (P1 step 7). */
async function reachable(desk: Desk, path: string, checked: readonly Checked[]): Promise<readonly Extra[]> {
  const taken = checked.filter((c) => looksFurther(c.item) && !c.item.senderCopy)
  if (taken.length === 0) return []
  const session = await desk.session()
  const found = await session.find({
    networkMessageIds: [...new Set(taken.map((c) => c.item.messageId))],
    serverIds: [...new Set(taken.flatMap((c) => c.after.ref.serverId ?? []))],
  })
  const others = found.filter((f) => f.ref.folder !== path)
  if (others.length === 0) return []
  const byNetwork = Map.groupBy(taken, (c): string => c.item.messageId)
  const byServer = Map.groupBy(taken, (c) => c.after.ref.serverId)
  const wants = others.flatMap((copy) => {
    const [c] = [...(byServer.get(copy.ref.serverId) ?? []), ...(byNetwork.get(copy.networkMessageId ?? '') ?? [])]
    return c ? [{ item: c.item, ref: copy.ref }] : []
  })
  const proven = (await readCopies(desk, wants, { keep: false })).filter((s) => s.proven)
  const extras: Extra[] = []
  for (const [, part] of Map.groupBy(proven, (s) => s.item.messageId)) {
    const [like] = part
    if (!like) continue
    const own = taken.filter((c) => c.item.messageId === like.item.messageId).map((c) => c.item)
    for (const s of await unclaimed(desk, own, like.item, part)) extras.push({ like: like.item, copy: s.copy })
  }
  return extras
}

const EVENT: Record<string, string> = {
  'soft-delete': 'soft-deleted',
  'hard-delete': 'hard-deleted',
  quarantine: 'quarantined',
  release: 'released',
  undo: 'restored',
  move: 'moved',
}

export interface Placed {
  readonly item: WorkItem
  readonly ref: CopyRef | null
  readonly copyHash: string | null
  readonly place: { readonly location: Relocation['location']; readonly folder: string | null }
  readonly lost: readonly string[]
}

/** Tells `records` where the copies are now; a further copy of the user's is not where the delivery is. */
export async function relocate(tx: Tx, placed: readonly Placed[]): Promise<void> {
  await tellOfOther(tx, placed)
  const main = placed.filter((p) => p.item.sameAs === null)
  for (const part of Map.groupBy(main, (p) => `${p.item.actionId} ${p.place.location}`).values()) {
    const [first] = part
    if (!first) continue
    const { actionKind, actionName, actionId, actor } = first.item
    const relocations = part.map(
      (p): Relocation => ({
        deliveryId: p.item.deliveryId,
        location: p.place.location,
        folder: p.place.location === 'folder' ? p.place.folder : null,
        ref: p.ref === null ? null : { ...p.ref },
        ...(p.copyHash === null ? {} : { copyHash: p.copyHash }),
        ...(p.lost.length > 0 ? { detail: { lost: p.lost } } : {}),
      }),
    )
    await locate(tx, relocations, {
      kind: EVENT[actionKind] ?? 'moved',
      actor,
      summary: actionName,
      detail: { actionId, to: first.place.location },
    })
  }
}

/** Of two copies the one that was not chosen: taken, or given back; the timeline has no other line of it. */
async function tellOfOther(tx: Tx, placed: readonly Placed[]): Promise<void> {
  const others = placed.filter(({ item }) => item.sameAs !== null && item.keeps !== null)
  await addEvents(
    tx,
    others.map(({ item: { messageId, deliveryId, actionKind, actionName, actionId, actor }, place, lost }) => ({
      ...{ messageId, deliveryId, actor, summary: actionName },
      kind: EVENT[actionKind] ?? 'moved',
      detail: { actionId, to: place.location, ...(lost.length > 0 ? { lost } : {}) },
    })),
  )
}
