import { setTimeout as pause } from 'node:timers/promises'
import type { CopyRef, CopyState, Doubt, Settled } from '../../mailboxes/index.ts'
import type { Desk } from '../desk/desk.ts'
import { type Seen, sameRef } from '../find/read.ts'
import { search } from '../find/seek.ts'
import { noteBoth } from '../ledger/both.ts'
import { type Change, transition } from '../ledger/ledger.ts'
import type { HoldPosition, StoredState, WorkItem } from '../types.ts'
import { finishDelivery } from './deliver.ts'
import { type Arrival, finish } from './finish.ts'
import { giveUp, sayLate } from './late.ts'
import { partly } from './move.ts'
import { guessed, nowhere } from './nowhere.ts'
import { saidOf } from './target.ts'
import { type Found, twoOf } from './two-copies.ts'

const LOOK_MS = 1000

/**
 * Items that were begun and not finished: by a process that was killed, a lost connection, a lost lease. Nothing is repeated; each item is
 * looked for and goes on from where it is found (✂3, ✂6, ✂8).
 */
export async function settleItems(desk: Desk, items: readonly WorkItem[]): Promise<void> {
  const via = Map.groupBy(items, (i) => i.via ?? 'move')
  for (const part of Map.groupBy(via.get('move') ?? [], doubtKey).values()) await settleMove(desk, part)
  await settleAppends(desk, via.get('append') ?? [])
  await settleDeliveries(desk, via.get('deliver') ?? [])
}

const doubtKey = (i: WorkItem): string =>
  JSON.stringify([i.beforeRef?.folder, i.beforeRef?.uidValidity, i.holdPosition])

async function settleMove(desk: Desk, items: readonly WorkItem[]): Promise<void> {
  const [first] = items
  const source = first?.beforeRef?.folder
  const target = first?.holdPosition
  if (source === undefined || !target) throw new Error('an executing item without its before and its position')
  const before = new Map(items.map((i) => [i, copyOf(i)]))
  // Where one of both is a hold, only we bring mail there and take it out.
  const shared = first?.target.kind === 'folder' && first.beforeKind !== 'hold'
  const doubt: Doubt = { source, items: [...before.values()], target, shared }
  const settled = await (await desk.session()).settle(doubt)
  const arrivals: Arrival[] = []
  const changes: Change[] = []
  const both: Found[] = []
  const gone: WorkItem[] = []
  const idle: WorkItem[] = []
  for (const item of items) {
    const was = before.get(item)
    const now: Settled | undefined = was && settled.get(was.ref.uid)
    if (!was || !now || now.at === 'neither') gone.push(item)
    else if (now.at === 'source') idle.push(item)
    else if (now.at === 'both') both.push({ item, source: now.state, target: now.target })
    else if (now.marked) changes.push(partly(item, now.state.ref))
    else arrivals.push(arrival(item, was, now.state))
  }
  const perhaps =
    gone.length > 0 && (await tookIn(desk, target)) ? guessed(items, target) : new Map<WorkItem, CopyRef>()
  await finish(desk, target.folder, arrivals)
  await sayLate(
    desk,
    arrivals.map((a) => a.item),
  )
  await desk.record(changes)
  await recordBoth(desk, both)
  await giveUp(desk, idle, { position: target, shared })
  const missing = gone.map((item) => {
    const ref = perhaps.get(item)
    return { item, came: null, ...(ref ? { perhaps: ref } : {}) }
  })
  await desk.record(await nowhere(desk, missing, 'It is in neither of both places'))
}

/** Whether anything can have come to this folder since its position was written down; asked before somebody makes the folder anew. */
async function tookIn(desk: Desk, then: HoldPosition): Promise<boolean> {
  const now = await (await desk.session()).position(then.folder)
  return now === null || now.uidValidity !== then.uidValidity || now.uidNext > then.uidNext
}

/** One of two copies whose origin nobody knows is never removed, and none of them is called ours; an analyst may say which one stays. */
async function recordBoth(desk: Desk, both: readonly Found[]): Promise<void> {
  if (both.length === 0) return
  const two = await twoOf(desk, both)
  await desk.commit(async (tx) => {
    await transition(tx, desk.context(), both.map(inBoth))
    await noteBoth(tx, two)
  })
}

const inBoth = ({ item, source, target }: Found): Change => ({
  item,
  to: 'ambiguous',
  why: `It is in ${source.ref.folder}, and there is a copy in ${target.ref.folder} since: nobody can tell whether the user made it or a move that was cut off. Both were left: say which one stays, or act anew, which finds both.`,
})

function arrival(item: WorkItem, before: CopyState, now: CopyState): Arrival {
  // What would have been said without the doubt is said all the same.
  const { note, lost } = item.holdPosition ? saidOf(item, item.holdPosition) : { note: null, lost: null }
  return {
    item,
    before,
    from: before.ref,
    ref: now.ref,
    copyHash: null,
    sha256: item.beforeState?.sha256 ?? null,
    note,
    lost: lost === null ? [] : [lost],
  }
}

function copyOf(item: WorkItem): CopyState {
  const { beforeRef: ref, beforeState: state } = item
  if (!ref || !state) throw new Error(`item ${item.id} is executing without its before`)
  return copyFrom(ref, state)
}

const copyFrom = (ref: CopyState['ref'], state: StoredState): CopyState => ({
  ref,
  flags: state.flags,
  keywords: state.keywords,
  internalDate: new Date(state.internalDate),
  size: state.size,
  networkMessageId: state.networkMessageId,
  internetMessageId: state.internetMessageId,
})

/**
 * What is not there may still come, where a dead predecessor has asked for it: looked for until no command of his can run any more, for a
 * second APPEND or hand-over would be a second copy. (A second MOVE of the same UIDs is none.)
 */
async function searchOut(
  desk: Desk,
  items: readonly WorkItem[],
  folders?: readonly string[],
): Promise<readonly Seen[]> {
  for (;;) {
    const seen = (await search(desk, items, folders)).filter((s) => s.proven)
    const left = desk.lease.echoUntil - performance.now()
    if (left <= 0 || items.every((i) => seen.some((s) => s.item === i))) return seen
    // A lease that is lost meanwhile is found out by the next search.
    await pause(Math.min(left, LOOK_MS), undefined, { signal: desk.lease.lost }).catch(() => {})
  }
}

/** Put back from the vault, answer unknown: there since the position that was written down, or not at all. */
async function settleAppends(desk: Desk, items: readonly WorkItem[]): Promise<void> {
  for (const [folder, part] of Map.groupBy(items, (i) => i.holdPosition?.folder ?? '')) {
    const seen = (await searchOut(desk, part, [folder])).filter(isSince)
    const taken: Seen[] = []
    const arrivals: Arrival[] = []
    const changes: Change[] = []
    for (const item of part) {
      const mine = seen.find((s) => s.item === item && !taken.some((t) => sameRef(t.copy.ref, s.copy.ref)))
      if (!mine) changes.push({ item, to: 'approved', why: 'Looked at again: it had not been put back.' })
      else {
        taken.push(mine)
        const back = arrival(item, mine.copy, mine.copy)
        const lost = [...back.lost, 'it was put back from the vault: another id than before']
        arrivals.push({ ...back, from: null, sha256: mine.sha256, lost })
      }
    }
    await finish(desk, folder, arrivals)
    await desk.record(changes)
  }
}

function isSince({ item, copy }: Seen): boolean {
  const position = item.holdPosition
  return !position || position.uidValidity !== copy.ref.uidValidity || copy.ref.uid >= position.uidNext
}

/** Handed to the mail store, answer unknown: in the mailbox by our header, or to be handed over again. */
async function settleDeliveries(desk: Desk, items: readonly WorkItem[]): Promise<void> {
  if (items.length === 0) return
  const seen = await searchOut(desk, items)
  for (const item of items) {
    const mine = seen.find((s) => s.item === item)
    if (mine) await finishDelivery(desk, item, mine)
    else await desk.record([{ item, to: 'approved', why: 'Looked at again: it had not arrived.' }])
  }
}
