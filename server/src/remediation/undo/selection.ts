import { type RawBuilder, sql } from 'kysely'
import {
  type ActionId,
  AppError,
  type DeliveryId,
  type ItemId,
  type MessageId,
  type TenantId,
} from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import { askedInstant, copiesMatching, type MessageFilter } from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { ActionState } from '../ledger/states.ts'
import { type ActionFacts, actionsById, actionsWhere } from './actions.ts'
import { openUndos } from './facts.ts'
import { furtherCopies, redoing } from './redos.ts'

/** A cause by its id; without a version: in all its versions. */
export interface CauseRef {
  readonly id: string
  readonly version?: number
}

/** What is to be taken back. Every part narrows; at least one must be given. */
export interface UndoSelection {
  /** What these actions did. An undo among them is redone. */
  readonly actions?: readonly ActionId[]
  /** Only these items. */
  readonly items?: readonly ItemId[]
  readonly deliveryIds?: readonly DeliveryId[]
  readonly messageIds?: readonly MessageId[]
  readonly filter?: MessageFilter
  readonly entry?: CauseRef
  readonly signal?: CauseRef
  readonly policy?: CauseRef
  readonly submission?: string
  /** Who asked for the action or approved it: user id, or name. */
  readonly person?: string
  /** ISO instants: done from then on, and before. */
  readonly from?: string
  readonly to?: string
}

/** The selection, looked up: which actions, and how to tell their items. */
export interface Chosen {
  /** Ended, so that what they did can be taken back. */
  readonly actions: readonly ActionFacts[]
  /** Match as well, but have not ended. */
  readonly running: readonly ActionFacts[]
  /** The causes that were named. */
  readonly causes: readonly NamedCause[]
  /** Condition on an item `i`: selected, in force, and of those actions. */
  readonly condition: RawBuilder<boolean>
}

export interface NamedCause {
  readonly kind: Cause['kind']
  readonly id: string
  readonly version: number | null
}

export function causesOf(s: UndoSelection): readonly NamedCause[] {
  const one = (kind: Cause['kind'], ref: CauseRef | undefined): NamedCause[] =>
    ref ? [{ kind, id: ref.id, version: ref.version ?? null }] : []
  const submission = s.submission === undefined ? undefined : { id: s.submission }
  return [
    ...one('entry', s.entry),
    ...one('signal', s.signal),
    ...one('policy', s.policy),
    ...one('submission', submission),
  ]
}

const narrowing: readonly (keyof UndoSelection)[] = [
  'actions',
  'items',
  'deliveryIds',
  'messageIds',
  'filter',
  'entry',
  'signal',
  'policy',
  'submission',
  'person',
  'from',
  'to',
]

/** Throws AppError `nothing-selected` or `bad-window` for a selection that selects everything or nothing. */
export function checkSelection(s: UndoSelection): void {
  if (!narrowing.some((key) => s[key] !== undefined)) {
    throw new AppError(
      'nothing-selected',
      'It is not said what is to be undone.',
      'Name actions, messages, a cause (entry, signal, policy, submission, person) or a time.',
    )
  }
  const [from, to] = [instant('from', s.from), instant('to', s.to)]
  if (from !== null && to !== null && from.getTime() >= to.getTime()) {
    throw new AppError('bad-window', 'The time window ends before it begins.', 'Give from before to.')
  }
}

const instant = (name: string, text: string | undefined): Date | null =>
  text === undefined ? null : askedInstant(name, text, 'bad-window')

/** Looks the selection up. Reads actions only, whose number is small beside that of their items. */
export async function choose(tx: Tx, tenant: TenantId, s: UndoSelection): Promise<Chosen> {
  checkSelection(s)
  const causes = causesOf(s)
  const found = await Promise.all(causes.map((c) => byCause(tx, tenant, c)))
  const all = await candidates(tx, tenant, s, found)
  const begun = all.filter((a) => a.state !== 'pending-approval')
  const actions = begun.filter((a) => a.left === 0)
  const ids = actions.map((a) => a.id)
  const redos = await redoing(tx, tenant, await openUndos(tx, tenant), ids)
  const again = await actionsById(tx, tenant, redos)
  const running = [...begun.filter((a) => a.left > 0), ...again.filter((a) => a.state !== 'pending-approval')]
  const selected = selectedBy(tx, tenant, s, { actions: ids, found })
  const doubts = await doubted(tx, tenant, actions)
  const taken = sql`e.reverted_by is null and (e.state = 'done' or ${doubtful('e')})`
  const further = ids.length === 0 ? [] : await furtherCopies(tx, tenant, selected, taken)
  return { actions, running, causes, condition: inForce(tenant, selected, doubts, further) }
}

interface Found {
  /** Actions that were made because of it, or because of an action that was. */
  readonly actions: readonly string[]
  /** Sets of a verdict's causes that it belongs to. */
  readonly sets: readonly string[]
  readonly bySet: readonly string[]
}

async function byCause(tx: Tx, tenant: TenantId, cause: NamedCause): Promise<Found> {
  const { kind, id, version } = cause
  const direct = await sql<{ id: string }>`
    with recursive d as (
      select id from action where tenant_id = ${tenant} and cause->>'kind' = ${kind} and cause->>'id' = ${id}
        and (${version}::int is null or (cause->>'version')::int = ${version}) and kind <> 'undo'
      union
      select a.id from action a join d on a.cause->>'kind' = 'action' and a.cause->>'id' = d.id::text
      where a.tenant_id = ${tenant} and a.kind <> 'undo'
    ) select id from d`.execute(tx)
  const sets = await sql<{ id: string; action_id: string }>`
    select c.id, a.action_id from cause_set c
    join action_cause_set a on a.tenant_id = c.tenant_id and a.cause_set = c.id
    where c.tenant_id = ${tenant} and c.kind = ${kind} and c.cause_id = ${id}
      and (${version}::int is null or c.version = ${version})`.execute(tx)
  return {
    actions: direct.rows.map((r) => r.id),
    sets: [...new Set(sets.rows.map((r) => r.id))],
    bySet: [...new Set(sets.rows.map((r) => r.action_id))],
  }
}

async function candidates(
  tx: Tx,
  tenant: TenantId,
  s: UndoSelection,
  found: readonly Found[],
): Promise<readonly ActionFacts[]> {
  const conditions: RawBuilder<unknown>[] = []
  for (const f of found) conditions.push(sql`a.id = any(${[...f.actions, ...f.bySet]}::uuid[])`)
  if (s.actions) conditions.push(sql`a.id = any(${[...s.actions]}::uuid[])`)
  // An undo is taken back only when it is named: else taking back all that somebody did would redo what he has undone.
  else conditions.push(sql`a.kind in ('move', 'soft-delete', 'hard-delete', 'quarantine', 'release')`)
  if (s.person !== undefined) conditions.push(byPerson(s.person))
  if (s.to !== undefined) conditions.push(sql`a.created_at < ${s.to}::timestamptz`)
  if (s.from !== undefined) conditions.push(sql`(a.ended_at is null or a.ended_at >= ${s.from}::timestamptz)`)
  const messages = onMessages(tx, tenant, s)
  if (messages) {
    conditions.push(sql`a.id in (select i.action_id from action_item i where i.tenant_id = ${tenant} and ${messages})`)
  }
  return actionsWhere(tx, tenant, conditions)
}

const byPerson = (person: string): RawBuilder<unknown> => sql`(a.requested_by->>'id' = ${person}
  or lower(a.requested_by->>'name') = lower(${person}) or exists (select 1 from jsonb_array_elements(a.approvals) p
    where p->>'decision' = 'approved' and (p->>'id' = ${person} or lower(p->>'name') = lower(${person}))))`

/** The item `i` (or another name) ended without being done, but with a copy in our hold, or perhaps: `seekBack` decides what has become of it. */
const doubtful = (item: 'i' | 'e'): RawBuilder<unknown> => {
  const of = (column: string) => sql.ref(`${item}.${column}`)
  return sql`(${of('state')} in ('ambiguous', 'failed', 'skipped') and ${of('next_attempt_at')} is null
    and exists (select 1 from item_copy c where c.tenant_id = ${of('tenant_id')} and c.item_id = ${of('id')} and c.side = 'after'
      and c.ref is not null))`
}

async function doubted(tx: Tx, tenant: TenantId, actions: readonly ActionFacts[]): Promise<readonly string[]> {
  const rows = await sql<{ id: string }>`
    select i.id from action_item i
    where i.tenant_id = ${tenant} and ${doubtful('i')}
      and i.action_id in (select id from action where tenant_id = ${tenant} and n_doubtful > 0
        and id = any(${actions.map((a) => a.id)}::uuid[]))`.execute(tx)
  return rows.rows.map((r) => r.id)
}

function onMessages(tx: Tx, tenant: TenantId, s: UndoSelection): RawBuilder<boolean> | null {
  const all: RawBuilder<unknown>[] = []
  if (s.deliveryIds) all.push(sql`i.delivery_id = any(${[...s.deliveryIds]}::uuid[])`)
  if (s.messageIds) {
    all.push(sql`i.delivery_id in (select id from delivery where tenant_id = ${tenant}
      and message_id = any(${[...s.messageIds]}::uuid[]))`)
  }
  if (s.filter) all.push(sql`i.delivery_id in (${copiesMatching(tx, s.filter).select('d.id')})`)
  return all.length === 0 ? null : sql<boolean>`${sql.join(all, sql` and `)}`
}

/** Condition on an item `i`: named, in force or not. */
function selectedBy(
  tx: Tx,
  tenant: TenantId,
  s: UndoSelection,
  known: { actions: readonly ActionId[]; found: readonly Found[] },
): RawBuilder<boolean> {
  const all: RawBuilder<unknown>[] = [sql`i.tenant_id = ${tenant} and i.action_id = any(${[...known.actions]}::uuid[])`]
  // An action that a verdict started has items of other causes too.
  for (const f of known.found) {
    if (f.sets.length > 0) {
      all.push(sql`(i.action_id = any(${[...f.actions]}::uuid[]) or i.cause_set = any(${[...f.sets]}::uuid[]))`)
    }
  }
  if (s.items) all.push(sql`i.id = any(${[...s.items]}::uuid[])`)
  const messages = onMessages(tx, tenant, s)
  if (messages) all.push(messages)
  if (s.from !== undefined) all.push(sql`coalesce(i.verified_at, i.updated_at) >= ${s.from}::timestamptz`)
  if (s.to !== undefined) all.push(sql`coalesce(i.verified_at, i.updated_at) < ${s.to}::timestamptz`)
  return sql<boolean>`${sql.join(all, sql` and `)}`
}

/** …and in force, with the further copies that a redo has taken. */
function inForce(
  tenant: TenantId,
  selected: RawBuilder<boolean>,
  doubts: readonly string[],
  further: readonly ItemId[],
): RawBuilder<boolean> {
  const state =
    doubts.length === 0 ? sql`i.state = 'done'` : sql`(i.state = 'done' or i.id = any(${[...doubts]}::uuid[]))`
  const own = sql<boolean>`${selected} and i.reverted_by is null and ${state}`
  return further.length === 0
    ? own
    : sql<boolean>`((${own}) or (i.tenant_id = ${tenant} and i.id = any(${[...further]}::uuid[])))`
}

/** None of the actions that were named has done anything: they do not exist, or wait for approval. */
export async function refuseUnended(
  tx: Tx,
  tenant: TenantId,
  chosen: Chosen,
  actions: readonly ActionId[],
): Promise<void> {
  if (chosen.actions.length + chosen.running.length > 0) return
  const rows = await sql<{ name: string; state: ActionState }>`select name, state from action
    where tenant_id = ${tenant} and id = any(${[...actions]}::uuid[])`.execute(tx)
  const [row] = rows.rows
  if (!row) throw new AppError('no-action', 'There is no such action.', 'Look at the list of actions.', { status: 404 })
  if (row.state !== 'pending-approval') return
  throw new AppError(
    'still-running',
    `“${row.name}” has not ended: its state is ${row.state}.`,
    'Cancel it, or wait until it has ended.',
    { status: 409 },
  )
}
