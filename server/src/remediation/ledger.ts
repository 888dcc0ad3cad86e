import { sql } from 'kysely'
import { type ActionId, AppError, type ItemId, type TenantId } from '../base/index.ts'
import type { CopyRef } from '../mailboxes/index.ts'
import type { Location } from '../records/index.ts'
import { emit, jsonText, type Tx } from '../storage/index.ts'
import { actionState, COUNTER, type Counts, type Decision, type ItemState, mayFollow } from './states.ts'
import type { HoldPosition, PlaceKind, StoredState, Via } from './types.ts'

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

export interface Change {
  readonly item: { readonly id: ItemId; readonly actionId: ActionId; readonly state: ItemState }
  readonly to: ItemState
  readonly why?: string | null
  readonly set?: Fields
}

export interface LedgerContext {
  readonly tenant: TenantId
  readonly now: Date
  /** Person, `worker`, or whatever moved the items. */
  readonly who: string
  /** Of the mailbox's lease; null where no mailbox is touched. */
  readonly epoch: number | null
}

const COLUMNS = `via text, before_kind text, before_location text, before_folder text, before_ref jsonb, before_state jsonb,
  after_location text, after_folder text, after_ref jsonb, after_state jsonb, hold_position jsonb, vault_id uuid,
  restorable boolean, lost jsonb, next_attempt_at timestamptz, verified_at timestamptz`
const KEPT = COLUMNS.split(',').map((c) => c.trim().split(' ')[0] ?? '')
const KEEP = KEPT.filter((c) => c !== 'next_attempt_at').map((c) => `${c} = coalesce(x.${c}, i.${c})`)

/**
 * Moves items from state to state: one statement for the items and their history, one or two for each action's counts and
 * status. Refuses an illegal step (a fault of ours), and a step from a state in which an item no longer is (somebody else was faster): then nothing of the transaction happens.
 */
export async function transition(tx: Tx, context: LedgerContext, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return
  for (const { item, to } of changes) {
    if (!mayFollow(item.state, to)) throw new Error(`an item may not go from ${item.state} to ${to}`)
  }
  const rows = changes.map(({ item, to, why, set }) => ({
    id: item.id,
    from_state: item.state,
    to_state: to,
    why: why ?? null,
    ...set,
  }))
  const moved = await sql<{ n: number }>`
    with x as (
      select * from json_to_recordset(${jsonText(rows)}::json) as x(
        id uuid, from_state text, to_state text, why text, ${sql.raw(COLUMNS)})
    ), u as (
      update action_item i set state = x.to_state, reason = x.why, ${sql.raw(KEEP.join(', '))},
        next_attempt_at = x.next_attempt_at, epoch = coalesce(${context.epoch}::bigint, i.epoch),
        attempts = i.attempts + (x.to_state = 'executing' or (x.to_state = 'failed' and x.from_state = 'approved'))::int,
        updated_at = ${context.now}
      from x where i.tenant_id = ${context.tenant} and i.id = x.id and i.state = x.from_state
      returning i.id, i.action_id
    ), t as (
      insert into item_transition (tenant_id, item_id, action_id, at, who, from_state, to_state, why)
      select ${context.tenant}, x.id, u.action_id, ${context.now}, ${context.who}, x.from_state, x.to_state, x.why
      from x join u on u.id = x.id
    )
    select count(*)::int as n from u`.execute(tx)
  if (moved.rows[0]?.n !== changes.length) {
    throw new AppError(
      'items-moved-on',
      'Some items are no longer in the state they were in.',
      'Look at the action again.',
      {
        status: 409,
      },
    )
  }
  const byAction = Map.groupBy(changes, (c) => c.item.actionId)
  // In the order of their IDs, so that two mailboxes with items of the same actions cannot wait for each other.
  for (const [actionId, part] of [...byAction].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await count(tx, context, actionId, deltaOf(part))
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
  reverted: 'n_reverted',
} as const satisfies Record<keyof Counts, string>

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
})

const ENDED = new Set([
  'completed',
  'partially-completed',
  'failed',
  'rejected',
  'expired',
  'undone',
  'partially-undone',
])

/** Adds to an action's counts and computes its status anew from them; tells upward when the status changed. */
export async function count(tx: Tx, context: LedgerContext, id: ActionId, delta: Delta): Promise<void> {
  const parts = (Object.keys(COUNT_COLUMNS) as (keyof Counts)[])
    .filter((key) => (delta[key] ?? 0) !== 0)
    .map((key) => sql`${sql.ref(COUNT_COLUMNS[key])} = ${sql.ref(COUNT_COLUMNS[key])} + ${delta[key]}`)
  const set = parts.length > 0 ? sql.join(parts) : sql`n_total = n_total`
  const found = await sql<CountRow & { state: string; decision: Decision; started_at: Date | null }>`
    update action set ${set} where tenant_id = ${context.tenant} and id = ${id} returning *`.execute(tx)
  const row = found.rows[0]
  if (!row) throw new Error(`no action ${id}`)
  const state = actionState(countsOf(row), row.decision)
  if (state === row.state) return
  await tx
    .updateTable('action')
    .set({
      state,
      ended_at: ENDED.has(state) ? context.now : null,
      ...(row.started_at === null && state !== 'queued' && state !== 'pending-approval'
        ? { started_at: context.now }
        : {}),
    })
    .where('tenant_id', '=', context.tenant)
    .where('id', '=', id)
    .execute()
  await emit(tx, { kind: 'action.changed', data: { actionId: id, state } })
}

/**
 * Items of an undo took effect: what they take back is no longer in force. Taking back an undo puts in force again what it had
 * taken back, and so on up the chain, level by level.
 */
export async function markReverted(tx: Tx, context: LedgerContext, undoItems: readonly ItemId[]): Promise<void> {
  let level: readonly ItemId[] = undoItems
  for (let inForce = true; level.length > 0; inForce = !inForce) {
    // The items of this level are (or are not) in force now; mark what each of them takes back.
    const marked = await sql<{ id: ItemId; action_id: ActionId }>`
      update action_item o set reverted_by = ${inForce ? sql`u.id` : sql`null`}
      from action_item u
      where u.tenant_id = ${context.tenant} and u.id = any(${sql.val([...level])}::uuid[]) and u.undoes is not null
        and o.tenant_id = ${context.tenant} and o.id = u.undoes
        and ${inForce ? sql`o.reverted_by is null` : sql`o.reverted_by = u.id`}
      returning o.id, o.action_id`.execute(tx)
    const byAction = Map.groupBy(marked.rows, (r) => r.action_id)
    for (const [actionId, rows] of [...byAction].sort(([a], [b]) => (a < b ? -1 : 1))) {
      await count(tx, context, actionId, { reverted: inForce ? rows.length : -rows.length })
    }
    level = marked.rows.map((r) => r.id)
  }
}

/** Every item of an action that is in one of these states, at once: approval, rejection, cancelling. Gives back how many. */
export async function transitionAll(
  tx: Tx,
  context: LedgerContext,
  actionId: ActionId,
  from: readonly ItemState[],
  to: ItemState,
  why: string | null,
): Promise<number> {
  for (const state of from) if (!mayFollow(state, to)) throw new Error(`an item may not go from ${state} to ${to}`)
  const moved = await sql<{ was: ItemState; n: number; retrying: number }>`
    with x as (
      select id, state, next_attempt_at from action_item
      where tenant_id = ${context.tenant} and action_id = ${actionId} and state = any(${sql.val([...from])}::text[])
      order by id for update
    ), u as (
      update action_item i set state = ${to}, reason = ${why}, next_attempt_at = null, updated_at = ${context.now}
      from x where i.tenant_id = ${context.tenant} and i.id = x.id
    ), t as (
      insert into item_transition (tenant_id, item_id, action_id, at, who, from_state, to_state, why)
      select ${context.tenant}, x.id, ${actionId}, ${context.now}, ${context.who}, x.state, ${to}, ${why} from x
    )
    select state as was, count(*)::int as n, count(next_attempt_at)::int as retrying from x group by state`.execute(tx)
  const delta: { -readonly [K in keyof Counts]?: number } = {}
  for (const { was, n, retrying } of moved.rows) {
    delta[COUNTER[was]] = (delta[COUNTER[was]] ?? 0) - n
    delta[COUNTER[to]] = (delta[COUNTER[to]] ?? 0) + n
    if (was === 'failed') delta.retrying = (delta.retrying ?? 0) - retrying
  }
  await count(tx, context, actionId, delta)
  return moved.rows.reduce((sum, r) => sum + r.n, 0)
}
