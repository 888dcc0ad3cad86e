import { type RawBuilder, sql } from 'kysely'
import { type ActionId, AppError, type ItemId, type MailboxId, type TenantId } from '../../base/index.ts'
import type { CopyRef } from '../../mailboxes/index.ts'
import type { Location } from '../../records/index.ts'
import { emit, type Tx } from '../../storage/index.ts'
import type { HoldPosition, PlaceKind, StoredState, Via } from '../types.ts'
import { batchesOf, closeBatches, moveItems, openBatches, writeBatches, writeHistory, writeSeen } from './rows.ts'
import {
  actionState,
  COUNTER,
  type Counts,
  type Decision,
  hasEnded,
  type ItemState,
  mayComeLate,
  mayFollow,
} from './states.ts'
import { forgetEnded, letWait } from './waiting.ts'

/** What a transition writes beside the state; a field that is left out stays as it is. */
export interface Fields {
  readonly via?: Via
  readonly before_kind?: PlaceKind
  readonly before_location?: Location
  readonly before_folder?: string | null
  readonly before_ref?: CopyRef | null
  readonly before_state?: StoredState | null
  readonly after_location?: Location
  readonly after_folder?: string | null
  readonly after_ref?: CopyRef | null
  readonly after_state?: StoredState | null
  readonly hold_position?: HoldPosition
  readonly vault_id?: string | null
  readonly restorable?: boolean
  readonly lost?: readonly string[]
  readonly next_attempt_at?: string
  readonly verified_at?: string
}

/** Items that were begun together: their intent is one row. */
export interface Batch {
  readonly id: string
  /** How many items it has. */
  readonly size: number
}

/** An item as far as a change needs to know it; what was begun knows its batch and how its copy looked before. */
export interface Changing {
  readonly id: ItemId
  readonly actionId: ActionId
  readonly state: ItemState
  readonly mailboxId?: MailboxId | null
  readonly batch?: Batch | null
  readonly beforeRef?: CopyRef | null
  readonly beforeState?: StoredState | null
}

export interface Change {
  readonly item: Changing
  readonly to: ItemState
  readonly why?: string | null
  readonly set?: Fields
  /** The attempt that runs goes on with a second intent: it does not count twice. */
  readonly goesOn?: boolean
  /** The mail server has carried out what had been given up. */
  readonly late?: boolean
}

export interface LedgerContext {
  readonly tenant: TenantId
  readonly now: Date
  /** Person, `worker`, or whatever moved the items. */
  readonly who: string
  /** Of the mailbox's lease; null where no mailbox is touched. */
  readonly epoch: number | null
  /** How long a new action waits for approval; default: seven days. */
  readonly pendingMs?: number
}

/**
 * Moves items from state to state, with what they looked like and the history. Refuses an illegal step (a fault of ours), and a step
 * from a state in which an item no longer is (somebody else was faster): then nothing of the transaction happens. Counts go to `tally`,
 * to be written last; without one they are written at once. Gives back the batches of items that begin.
 */
export async function transition(
  tx: Tx,
  context: LedgerContext,
  changes: readonly Change[],
  tally?: Tally,
): Promise<ReadonlyMap<ItemId, Batch>> {
  if (changes.length === 0) return new Map()
  for (const { item, to, late } of changes) {
    if (!mayFollow(item.state, to) && !(late && mayComeLate(item.state, to)))
      throw new Error(`an item may not go from ${item.state} to ${to}`)
  }
  const opened = openBatches(changes)
  const batches = batchesOf(opened)
  // Nothing here needs the answer to another: they travel together, in this order.
  const [, moved] = await Promise.all([
    writeBatches(tx, context, opened),
    moveItems(tx, context, changes, batches),
    writeHistory(tx, context, changes),
    writeSeen(tx, changes),
    closeBatches(tx, changes),
  ])
  if (moved !== changes.length) {
    const message = 'Some items are no longer in the state they were in.'
    throw new AppError('items-moved-on', message, 'Look at the action again.', { status: 409 })
  }
  const own = tally ?? new Tally()
  for (const [actionId, part] of Map.groupBy(changes, (c) => c.item.actionId)) own.add(actionId, deltaOf(part))
  if (!tally) await own.write(tx, context)
  return batches
}

/**
 * Changes of actions' counts that a transaction gathers. An action's row is locked by its counts until the commit, and workers in other
 * mailboxes wait for it, so they are written last, in the order of the actions' ids (two that wait for each other would be stuck).
 */
export class Tally {
  readonly #deltas = new Map<ActionId, Delta>()

  add(id: ActionId, delta: Delta): void {
    const sum: Delta = { ...this.#deltas.get(id) }
    for (const key of Object.keys(delta) as (keyof Counts)[]) sum[key] = (sum[key] ?? 0) + (delta[key] ?? 0)
    this.#deltas.set(id, sum)
  }

  async write(tx: Tx, context: LedgerContext): Promise<void> {
    const deltas = [...this.#deltas].sort(([a], [b]) => (a < b ? -1 : 1))
    this.#deltas.clear()
    await Promise.all(deltas.map(([id, delta]) => count(tx, context, id, delta)))
  }
}

export type Delta = { -readonly [K in keyof Counts]?: number }

function deltaOf(changes: readonly Change[]): Delta {
  const delta: { -readonly [K in keyof Counts]?: number } = {}
  const add = (key: keyof Counts, n: number) => {
    delta[key] = (delta[key] ?? 0) + n
  }
  for (const { item, to, set } of changes) {
    add(COUNTER[item.state], -1)
    add(COUNTER[to], 1)
    if (item.state === 'failed') add('retrying', -1)
    if (to === 'failed' && set?.next_attempt_at !== undefined) add('retrying', 1)
    if (set?.verified_at !== undefined) add('verified', 1)
    if ((to === 'ambiguous' || to === 'failed') && set?.after_ref) add('doubtful', 1)
  }
  return delta
}

const COUNT_COLUMNS = {
  total: 'n_total',
  planned: 'n_planned',
  approved: 'n_approved',
  executing: 'n_executing',
  done: 'n_done',
  alreadyThere: 'n_already_there',
  notFound: 'n_not_found',
  skipped: 'n_skipped',
  ambiguous: 'n_ambiguous',
  failed: 'n_failed',
  verified: 'n_verified',
  retrying: 'n_retrying',
  doubtful: 'n_doubtful',
  reverted: 'n_reverted',
} as const satisfies Record<keyof Counts, string>

const COUNTS = sql.join(Object.values(COUNT_COLUMNS).map((name) => sql.ref(name)))

type CountRow = { readonly [K in (typeof COUNT_COLUMNS)[keyof Counts]]: number }

export const countsOf = (row: CountRow): Counts => ({
  total: row.n_total,
  planned: row.n_planned,
  approved: row.n_approved,
  executing: row.n_executing,
  done: row.n_done,
  alreadyThere: row.n_already_there,
  notFound: row.n_not_found,
  skipped: row.n_skipped,
  ambiguous: row.n_ambiguous,
  failed: row.n_failed,
  verified: row.n_verified,
  retrying: row.n_retrying,
  reverted: row.n_reverted,
  doubtful: row.n_doubtful,
})

/** Adds to an action's counts and computes its status anew from them; tells upward when the status changed. */
export async function count(tx: Tx, context: LedgerContext, id: ActionId, delta: Delta): Promise<void> {
  const parts = (Object.keys(COUNT_COLUMNS) as (keyof Counts)[])
    .filter((key) => (delta[key] ?? 0) !== 0)
    .map((key) => sql`${sql.ref(COUNT_COLUMNS[key])} = ${sql.ref(COUNT_COLUMNS[key])} + ${delta[key]}`)
  const set = parts.length > 0 ? sql.join(parts) : sql`n_total = n_total`
  const found = await sql<CountRow & { state: string; decision: Decision; started_at: Date | null }>`
    update action set ${set} where tenant_id = ${context.tenant} and id = ${id}
    returning state, decision, started_at, ${COUNTS}`.execute(tx)
  const row = found.rows[0]
  if (!row) throw new Error(`no action ${id}`)
  const state = actionState(countsOf(row), row.decision)
  if (state === row.state) return
  await tx
    .updateTable('action')
    .set({
      state,
      ended_at: hasEnded(state) ? context.now : null,
      ...(row.started_at === null && state !== 'queued' && state !== 'pending-approval'
        ? { started_at: context.now }
        : {}),
    })
    .where('tenant_id', '=', context.tenant)
    .where('id', '=', id)
    .execute()
  await emit(tx, { kind: 'action.changed', data: { actionId: id, state } })
}

interface Undoing {
  readonly id: ItemId
  /** The item that it takes back. */
  readonly undoes: ItemId | null
}

/**
 * Items of an undo took effect: what they take back is no longer in force. Taking back an undo puts in force again what it had
 * taken back, and so on up the chain, level by level.
 */
export async function markReverted(tx: Tx, items: readonly Undoing[], tally: Tally): Promise<void> {
  let level = items.filter((i) => i.undoes !== null)
  for (let inForce = true; level.length > 0; inForce = !inForce) {
    const by = level.map((i) => i.id)
    const of = level.flatMap((i) => i.undoes ?? [])
    // The items of this level are (or are not) in force now; mark what each of them takes back.
    const marked = await sql<{ id: ItemId; action_id: ActionId; undoes: ItemId | null }>`
      update action_item o set reverted_by = ${inForce ? sql`x.by_id` : sql`null`}
      from (select * from unnest(${by}::uuid[], ${of}::uuid[]) as u(by_id, of_id)
        union all select t.item_id, t.of_id from item_together t
          where t.tenant_id = recourse_tenant() and t.item_id = any(${by}::uuid[])) as x
      where o.tenant_id = recourse_tenant() and o.id = x.of_id
        and o.id = any(${of}::uuid[] || array(select of_id from item_together
          where tenant_id = recourse_tenant() and item_id = any(${by}::uuid[])))
        and ${inForce ? sql`o.reverted_by is null` : sql`o.reverted_by = x.by_id`}
      returning o.id, o.action_id, o.undoes`.execute(tx)
    for (const [actionId, rows] of Map.groupBy(marked.rows, (r) => r.action_id)) {
      tally.add(actionId, { reverted: inForce ? rows.length : -rows.length })
    }
    level = marked.rows.filter((r) => r.undoes !== null)
  }
}

/** Handed to the mail store, and to be moved on from its Inbox: to stop here would leave it where nobody wanted it. */
export const HALF_RELEASED = sql<boolean>`(via is not distinct from 'move' and before_kind is not distinct from 'store')`

/** Every item of an action that is in one of these states (and fulfils `only`), at once: approval, rejection, cancelling. Gives back how many. */
export async function transitionAll(
  tx: Tx,
  context: LedgerContext,
  actionId: ActionId,
  from: readonly ItemState[],
  to: ItemState,
  why: string | null,
  only: RawBuilder<unknown> = sql`true`,
): Promise<number> {
  for (const state of from) if (!mayFollow(state, to)) throw new Error(`an item may not go from ${state} to ${to}`)
  const moved = await sql<{ was: ItemState; n: number; retrying: number }>`
    with x as (
      select id, mailbox_id, state, next_attempt_at from action_item
      where tenant_id = ${context.tenant} and action_id = ${actionId} and state = any(${sql.val([...from])}::text[])
        and ${only}
      order by id for update
    ), u as (
      update action_item i set state = ${to}, reason = ${why}, next_attempt_at = null, updated_at = ${context.now}
      from x where i.tenant_id = ${context.tenant} and i.id = x.id
      returning i.id, i.mailbox_id
    ), q as (${letWait(context.tenant, actionId, sql`select id, mailbox_id from u where ${to === 'approved'}`)}
    ), e as (
      delete from item_due d using u where d.tenant_id = ${context.tenant} and d.item_id = u.id
    ), t as (
      insert into item_history (tenant_id, action_id, mailbox_id, at, who, from_state, to_state, why, items)
      select ${context.tenant}, ${actionId}, x.mailbox_id, ${context.now}, ${context.who}, x.state, ${to}, ${why},
        array_agg(x.id order by x.id) from x group by x.mailbox_id, x.state
    )
    select state as was, count(*)::int as n, count(next_attempt_at)::int as retrying from x group by state`.execute(tx)
  if (to !== 'approved') await forgetEnded(tx, { action: actionId })
  const delta: { -readonly [K in keyof Counts]?: number } = {}
  for (const { was, n, retrying } of moved.rows) {
    delta[COUNTER[was]] = (delta[COUNTER[was]] ?? 0) - n
    delta[COUNTER[to]] = (delta[COUNTER[to]] ?? 0) + n
    if (was === 'failed') delta.retrying = (delta.retrying ?? 0) - retrying
  }
  await count(tx, context, actionId, delta)
  return moved.rows.reduce((sum, r) => sum + r.n, 0)
}
