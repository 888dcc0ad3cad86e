import { crashPoint, type ItemId, uuidv7 } from '../../base/index.ts'
import { type CopyRef, type CopyState, type MoveResult, ProviderError } from '../../mailboxes/index.ts'
import { type Desk, isRefusal } from '../desk/desk.ts'
import { failure } from '../desk/failure.ts'
import type { Ready } from '../find/seek.ts'
import { type Change, Tally, transition } from '../ledger/ledger.ts'
import { pointsOf, type WorkItem } from '../types.ts'
import { insertExtras } from './extras.ts'
import { type Arrival, finish } from './finish.ts'
import type { Target } from './target.ts'
import { type Deposit, deposit } from './vault.ts'

/** Copies that go from one folder to another by one command. */
export interface Group {
  readonly source: string
  readonly target: Target
  readonly ready: readonly Ready[]
}

/** What is written down is made from what was read, and made anew where the connection was dead. */
const AGAIN = { mayRunAgain: true }

/**
 * Bytes durable, intent committed, one MOVE, read back, done committed (mailbox-semantics P1). False: something is left to do.
 * `last`: no other group comes after it.
 */
export async function moveGroup(desk: Desk, group: Group, last: boolean): Promise<boolean> {
  const [first] = group.ready
  if (!first) return true
  const p = pointsOf(first.item)
  const session = await desk.session()
  const position = await session.position(group.target.path)
  if (!position) throw new ProviderError('no-folder', `There is no folder ${group.target.path}.`)
  const place = await desk.placeOf(group.source)
  const before = await Promise.all(group.ready.map((r) => desk.stored(r.copy, r.sha256)))
  crashPoint(`${p}.after-vault`)
  crashPoint(`${p}.before-intent-commit`)
  const { batches, vaults } = await desk.commit(async (tx) => {
    const vaults = new Map<ItemId, string>()
    const deposits: Deposit[] = []
    for (const { item, sha256, bytes } of group.ready) {
      if (!bytes) continue
      const id = uuidv7()
      vaults.set(item.id, id)
      const location = item.target.location
      deposits.push({ id, deliveryId: item.deliveryId, sha256: sha256 ?? '', bytes, location })
    }
    const changes: Change[] = []
    for (const [n, r] of group.ready.entries()) {
      changes.push({
        item: r.item,
        to: 'executing',
        set: {
          via: 'move',
          // An item that began in our store, and delivered its message itself, goes back there.
          ...(r.item.beforeKind === 'store'
            ? {}
            : { before_kind: place.kind, before_location: place.location, before_folder: r.copy.ref.folder }),
          before_ref: r.copy.ref,
          before_state: before[n] ?? null,
          after_folder: group.target.path,
          hold_position: position,
          ...(vaults.has(r.item.id) ? { vault_id: vaults.get(r.item.id) ?? null } : {}),
        },
      })
    }
    const context = desk.context()
    const tally = new Tally()
    const [, batches] = await Promise.all([
      deposit(tx, { storage: desk.deps.storage, now: context.now }, deposits),
      transition(tx, context, changes, tally),
    ])
    await tally.write(tx, context)
    return { batches, vaults }
  }, AGAIN)
  crashPoint(`${p}.after-intent-commit`)
  crashPoint(`${p}.before-move`)
  const begun = group.ready.map((r, n): Ready => {
    const intent = { beforeRef: r.copy.ref, beforeState: before[n] ?? null, holdPosition: position }
    const { item } = r
    const vaultId = vaults.get(item.id) ?? item.vaultId
    return { ...r, item: { ...item, ...intent, vaultId, state: 'executing', batch: batches.get(item.id) ?? null } }
  })
  let result: MoveResult
  try {
    result = await session.move(
      group.source,
      group.ready.map((r) => r.copy.ref.uid),
      group.target.path,
    )
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (error.code === 'unavailable' || error.code === 'timeout')
      throw new ProviderError('unknown', error.message, { cause: error })
    await desk.record(begun.map((r) => failure(desk, r.item, error.message)))
    return false
  }
  crashPoint(`${p}.after-move`)
  return arrived(desk, group.target, begun, result, last)
}

async function arrived(
  desk: Desk,
  target: Target,
  begun: readonly Ready[],
  result: MoveResult,
  last: boolean,
): Promise<boolean> {
  const marked = new Set(result.marked ?? [])
  const arrivals: Arrival[] = []
  const again: Change[] = []
  for (const r of begun) {
    const ref = result.moved.get(r.copy.ref.uid)
    if (!ref) again.push({ item: r.item, to: 'approved', why: 'It was no longer where it was read: looked for again.' })
    else if (marked.has(r.copy.ref.uid)) again.push(partly(r.item, ref))
    else
      arrivals.push({
        item: r.item,
        before: r.copy,
        from: r.copy.ref,
        ref,
        copyHash: r.copyHash,
        sha256: r.sha256,
        note: target.note,
        lost: lostBy(target),
      })
  }
  const clean = await finish(desk, target.path, arrivals, { last: last && again.length === 0 })
  await desk.record(again)
  return clean && again.length === 0
}

const lostBy = (target: Target): readonly string[] => (target.lost === null ? [] : [target.lost])

/** Without UIDPLUS the original can only be marked; what is still in the folder is not remediated. */
export const partly = (item: WorkItem, ref: CopyRef): Change => ({
  item,
  to: 'failed',
  why: 'Copied, and the original marked as deleted; the server cannot remove single messages: it leaves the folder when the user’s program expunges.',
  set: { after_ref: ref, after_folder: ref.folder },
})

/** Copies of the user's that the search found: items of their own, to be taken next. */
export async function recordExtras(desk: Desk, extras: readonly { like: WorkItem; copy: CopyState }[]): Promise<void> {
  if (extras.length === 0) return
  await desk.commit(async (tx) => {
    const tally = new Tally()
    await insertExtras(tx, desk.context(), extras, tally)
    await tally.write(tx, desk.context())
  })
}
