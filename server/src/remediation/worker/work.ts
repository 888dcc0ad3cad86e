import { sql } from 'kysely'
import { AppError, messageOf } from '../../base/index.ts'
import type { ProviderError } from '../../mailboxes/index.ts'
import type { Tx } from '../../storage/index.ts'
import { appendItems } from '../act/append.ts'
import { deliverItems } from '../act/deliver.ts'
import { type Placed, relocate } from '../act/finish.ts'
import { lookForLate } from '../act/late.ts'
import { moveGroup, recordExtras } from '../act/move.ts'
import { settleItems } from '../act/settle.ts'
import { type Target, targetOf } from '../act/target.ts'
import { type Desk, isRefusal, storedState } from '../desk/desk.ts'
import { failure } from '../desk/failure.ts'
import type { Ended, Ready } from '../find/seek.ts'
import { seekTake } from '../find/seek.ts'
import { isBack, seekBack } from '../find/seek-back.ts'
import { isKeep, keptPlaces, locateKept, seekKept } from '../find/seek-kept.ts'
import { seekSent } from '../find/seek-sent.ts'
import { type Change, markReverted, Tally, transition } from '../ledger/ledger.ts'
import { dueIn } from '../ledger/waiting.ts'
import type { WorkItem } from '../types.ts'
import { loadWork } from './load.ts'

/** Rounds in one mailbox before others get their turn. */
const ROUNDS = 200

/**
 * Works in one mailbox until nothing is left to do there: first what was interrupted, then what waits, batch by batch. Gives back after how many
 * milliseconds it may go on, where the rate of the server or mailbox is used up; else 0.
 * Throws ProviderError `unknown` where something is in doubt that could not be settled now.
 */
export async function workMailbox(desk: Desk): Promise<number> {
  const { pace, monotonic, tuning } = desk.deps
  let looked = false
  for (let round = 0; round < ROUNDS; round++) {
    desk.lease.lost.throwIfAborted()
    const loaded = await load(desk)
    if (loaded.some((i) => i.state === 'executing')) {
      await settleItems(desk, loaded)
      looked = false
      continue
    }
    if (!looked && (await lookForLate(desk))) continue
    looked = true
    if (loaded.length === 0) return 0
    const next = oneEach(loaded)
    const items = next.slice(0, pace.take(desk.home.server, desk.mailbox, next.length, monotonic()))
    if (items.length === 0) return pace.wait(desk.home.server, desk.mailbox, monotonic())
    const done = await workBatch(desk, items)
    // Whoever adds to this mailbox meanwhile wakes the workers himself.
    if (done && items.length === loaded.length && loaded.length < tuning.batch) return 0
  }
  return 0
}

const load = (desk: Desk): Promise<readonly WorkItem[]> => {
  const { storage, clock, tuning } = desk.deps
  const work = (tx: Tx) => loadWork(tx, desk.tenant, desk.mailbox, clock(), tuning.batch)
  return storage.tenant(desk.tenant, work, { mayRunAgain: true })
}

/** Of several actions on one copy the oldest goes first, alone: the next one finds the copy where that has put it. */
function oneEach(items: readonly WorkItem[]): readonly WorkItem[] {
  const first = new Map<string, string>()
  for (const item of items) if (!first.has(item.deliveryId)) first.set(item.deliveryId, item.actionId)
  return items.filter((i) => first.get(i.deliveryId) === i.actionId)
}

/** True when every item came to its end; false: look again. */
async function workBatch(desk: Desk, items: readonly WorkItem[]): Promise<boolean> {
  try {
    return await runBatch(desk, items)
  } catch (error) {
    // Somebody cancelled what we were about to begin: nothing was done with it.
    if (error instanceof AppError && error.code === 'items-moved-on') return false
    if (!isRefusal(error)) throw error
    await desk.leave()
    // What was begun before the refusal is settled in the next round; the rest is tried again later.
    const open = await load(desk)
    if (open.some((i) => i.state === 'executing')) return false
    const rest = new Set(open.map((i) => i.id))
    await desk.record(items.filter((i) => rest.has(i.id)).map((i) => failure(desk, i, reasonOf(error))))
    return false
  }
}

function reasonOf(error: ProviderError): string {
  switch (error.code) {
    case 'gone':
      return `The mailbox is gone: ${error.message}`
    case 'denied':
      return `The mail server refuses our login or a right: ${error.message}`
    case 'unavailable':
    case 'timeout':
      return `The mail server cannot be reached: ${error.message}`
    default:
      return messageOf(error)
  }
}

async function runBatch(desk: Desk, all: readonly WorkItem[]): Promise<boolean> {
  const late = all.filter((i) => i.passedBy !== null)
  await recordEnded(desk, late.map(passedBy))
  const items = late.length > 0 ? all.filter((i) => i.passedBy === null) : all
  const stored = items.filter(isStored)
  await recordOnly(
    desk,
    stored.filter((i) => i.target.kind !== 'folder'),
  )
  await deliverItems(
    desk,
    stored.filter((i) => i.target.kind === 'folder'),
  )
  await recordEnded(desk, items.filter(isOvertaken).map(overtaken))
  const mail = items.filter((i) => !isStored(i) && !isOvertaken(i)).map(inMailbox)
  const back = mail.filter(isBack)
  const takes = mail.filter((i) => !isBack(i))
  const kept = takes.filter(isKeep)
  const others = takes.filter((i) => !i.senderCopy && !isKeep(i))
  const sent = takes.filter((i) => i.senderCopy)
  let done = stored.length === 0
  const found = [
    await seekTake(desk, others),
    await seekSent(desk, sent),
    await seekKept(desk, kept),
    await seekBack(desk, back),
  ]
  const left = found.some((s) => s.extras.length + s.fromVault.length > 0) || items.length >= desk.deps.tuning.batch
  for (const [n, sought] of found.entries()) {
    if (sought.extras.length + sought.fromVault.length > 0) done = false
    await recordEnded(desk, sought.ended)
    await recordExtras(desk, sought.extras)
    const groups = [...(await grouped(desk, sought.ready))]
    const more = left || found.slice(n + 1).some((s) => s.ready.length > 0)
    for (const group of groups) done = (await moveGroup(desk, group, !more && group === groups.at(-1))) && done
    await appendItems(desk, sought.fromVault)
  }
  return done
}

/**
 * Never was in a mailbox: only our blob has it. Asked when the item is worked on, not when it was planned: a release may have come in
 * between. After a hand-over whose answer was lost it may be there; then `deliverItems` looks before it sends again.
 */
function isStored({ sourceRef, target, delivery, senderCopy }: WorkItem): boolean {
  if (senderCopy) return false
  const kept = ['quarantine', 'soft-deleted', 'hard-deleted'].includes(delivery.location)
  const doubted = ['handing-over', 'possibly-twice'].includes(delivery.handover) && target.kind === 'folder'
  const never = delivery.handover === 'none' || delivery.handover === 'refused'
  return sourceRef === null && delivery.ref === null && kept && (never || doubted)
}

/** An undo that would only change our record of what has been handed over since. */
const isOvertaken = (i: WorkItem): boolean => i.target.kind === 'store' && i.actionKind === 'undo' && !isStored(i)

const passedBy = (item: WorkItem): Ended => {
  const why = `“${item.passedBy}” was decided later and has been done: its place stands.`
  return { item, to: 'skipped', why, seen: null }
}

const overtaken = (item: WorkItem): Ended => {
  const why = 'It has been handed to the mailbox since: undo that instead.'
  return { item, to: 'skipped', why, seen: null }
}

/** Planned when it was only stored, but in a mailbox by now: taken out of there. */
const inMailbox = (i: WorkItem): WorkItem =>
  i.target.kind === 'store' ? { ...i, target: { ...i.target, kind: 'hold' } } : i

/** What goes from one folder to one folder, and of which the same is to be said. */
async function grouped(desk: Desk, ready: readonly Ready[]) {
  const groups = new Map<string, { source: string; target: Target; ready: Ready[] }>()
  for (const [, part] of Map.groupBy(ready, (r) => `${r.item.target.location}\n${r.item.target.folder ?? ''}`)) {
    // Named before the move: the hold must know every keyword of the batch (A31).
    const keywords = [...new Set(part.flatMap((r) => r.copy.keywords))]
    let made: Target | null = null
    for (const r of part) {
      const holds = r.item.target.kind === 'hold' && r === part[0] ? keywords : []
      const target: Target = made ?? (await targetOf(desk, r.item, holds))
      if (target.made) made = target
      const key = `${r.copy.ref.folder}\n${target.path}\n${target.note ?? ''}`
      const group = groups.get(key) ?? { source: r.copy.ref.folder, target, ready: [] }
      group.ready.push(r)
      groups.set(key, group)
    }
  }
  return groups.values()
}

/** Items that end without being moved; what was seen at its target counts as read back. */
async function recordEnded(desk: Desk, ended: readonly Ended[]): Promise<void> {
  if (ended.length === 0) return
  const there = ended.filter((e) => e.to === 'already-there')
  const placed: Placed[] = []
  for (const { item, seen } of there) {
    if (seen) {
      const place = await desk.placeOf(seen.copy.ref.folder)
      placed.push({ item, ref: seen.copy.ref, copyHash: seen.copyHash, place, lost: [] })
    }
  }
  const stays = await keptPlaces(
    desk,
    there.map((e) => e.item),
  )
  const changes = ended.map(({ item, to, why, seen }): Change => {
    if (!seen || to !== 'already-there') return { item, to, why }
    const set = {
      after_location: item.target.location,
      after_folder: seen.copy.ref.folder,
      after_ref: seen.copy.ref,
      after_state: storedState(seen.copy, seen.sha256, null),
      verified_at: desk.deps.clock().toISOString(),
    }
    return { item, to, why, set }
  })
  await desk.commit(async (tx) => {
    const tally = new Tally()
    await transition(tx, desk.context(), changes, tally)
    await markReverted(
      tx,
      there.map((e) => e.item),
      tally,
    )
    await relocate(tx, placed)
    await locateKept(tx, stays)
    await tally.write(tx, desk.context())
  })
}

/** Never delivered and not to be: our record changes, and the blob is proven to be there. */
async function recordOnly(desk: Desk, items: readonly WorkItem[]): Promise<void> {
  if (items.length === 0) return
  const { storage, clock } = desk.deps
  const missing = new Set<string>()
  for (const key of new Set(items.map((i) => i.delivery.blobKey))) {
    if (!(await storage.blobs.has(desk.tenant, key))) missing.add(key)
  }
  const there = items.filter((i) => !missing.has(i.delivery.blobKey))
  await desk.commit(async (tx) => {
    const context = desk.context()
    const tally = new Tally()
    const lost = items.filter((i) => missing.has(i.delivery.blobKey))
    await transition(
      tx,
      context,
      lost.map((item) => ({ item, to: 'not-found', why: 'Its bytes are no longer kept.' })),
      tally,
    )
    await transition(
      tx,
      context,
      there.map(
        (item): Change => ({
          item,
          to: 'executing',
          set: { via: 'record', before_kind: 'store', before_location: item.delivery.location },
        }),
      ),
      tally,
    )
    await transition(
      tx,
      context,
      there.map(
        (item): Change => ({
          item: { ...item, state: 'executing' },
          to: 'done',
          set: { after_location: item.target.location, verified_at: clock().toISOString() },
        }),
      ),
      tally,
    )
    await markReverted(tx, there, tally)
    await relocate(
      tx,
      there.map((item) => ({
        item,
        ref: null,
        copyHash: null,
        place: { location: item.target.location, folder: null },
        lost: [],
      })),
    )
    await tally.write(tx, context)
  })
}

/** Every doubt is shown with what comes next, while the server cannot be asked. */
export async function noteDoubt(desk: Desk, why: string): Promise<void> {
  await desk.deps.storage.tenant(desk.tenant, (tx) =>
    sql`update action_item set reason = ${`In doubt: ${why} It is looked at again as soon as the server answers.`}
      where tenant_id = ${desk.tenant} and state = 'executing' and id in (select item_id from (${dueIn(desk.mailbox)}) w)`.execute(
      tx,
    ),
  )
}
