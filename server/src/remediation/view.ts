import { sql } from 'kysely'
import type { ActionId, DeliveryId, ItemId, MessageId, TenantId } from '../base/index.ts'
import type { Cause } from '../judgement/index.ts'
import type { Location } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import { countsOf } from './ledger.ts'
import type { ActionState, Counts, ItemState } from './states.ts'
import type { Approval, Person } from './tables.ts'
import type { ActionKind, MoveTarget, StoredState } from './types.ts'

export interface ActionView {
  readonly id: ActionId
  readonly kind: ActionKind
  readonly target: MoveTarget | null
  readonly name: string
  readonly description: string
  readonly state: ActionState
  readonly requestedBy: Person
  readonly approvals: readonly Approval[]
  readonly cause: Cause | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly undoOf: ActionId | null
  /** The newest undo of it that was not rejected. */
  readonly undoneBy: ActionId | null
  readonly counts: Counts
  /** Why it does not go on. */
  readonly problem: string | null
  /** What was tried to prove the way back. */
  readonly proof: readonly string[] | null
}

type Row = Parameters<typeof countsOf>[0] & {
  id: ActionId
  kind: ActionKind
  target: MoveTarget | null
  name: string
  description: string
  state: ActionState
  requested_by: Person
  approvals: readonly Approval[]
  cause: Cause | null
  created_at: Date
  started_at: Date | null
  ended_at: Date | null
  undo_of: ActionId | null
  undone_by: ActionId | null
  problem: string | null
  proof: readonly string[] | null
}

const viewOf = (r: Row): ActionView => ({
  id: r.id,
  kind: r.kind,
  target: r.target,
  name: r.name,
  description: r.description,
  state: r.state,
  requestedBy: r.requested_by,
  approvals: r.approvals,
  cause: r.cause,
  createdAt: r.created_at.toISOString(),
  startedAt: r.started_at?.toISOString() ?? null,
  endedAt: r.ended_at?.toISOString() ?? null,
  undoOf: r.undo_of,
  undoneBy: r.undone_by,
  counts: countsOf(r),
  problem: r.problem,
  proof: r.proof,
})

const undoneBy = sql`(select u.id from action u where u.tenant_id = a.tenant_id and u.undo_of = a.id
  and u.state not in ('rejected', 'expired') order by u.id desc limit 1) as undone_by`

export async function listActions(
  tx: Tx,
  tenant: TenantId,
  page: { readonly limit: number; readonly before: string | null; readonly state?: readonly string[] },
): Promise<{ items: readonly ActionView[]; next: string | null }> {
  const states = page.state && page.state.length > 0 ? [...page.state] : null
  const rows = await sql<Row>`
    select a.*, ${undoneBy} from action a where a.tenant_id = ${tenant}
      and (${page.before}::uuid is null or a.id < ${page.before}::uuid)
      and (${states}::text[] is null or a.state = any(${states}::text[]))
    order by a.id desc limit ${page.limit + 1}`.execute(tx)
  const items = rows.rows.slice(0, page.limit).map(viewOf)
  return { items, next: rows.rows.length > page.limit ? (items.at(-1)?.id ?? null) : null }
}

export async function getAction(tx: Tx, tenant: TenantId, id: ActionId): Promise<ActionView | null> {
  const rows =
    await sql<Row>`select a.*, ${undoneBy} from action a where a.tenant_id = ${tenant} and a.id = ${id}`.execute(tx)
  const [row] = rows.rows
  return row ? viewOf(row) : null
}

/** Actions that have an item for this message, newest first. */
export async function actionsOfMessage(tx: Tx, tenant: TenantId, message: MessageId): Promise<readonly ActionView[]> {
  const rows = await sql<Row>`
    select a.*, ${undoneBy} from action a where a.tenant_id = ${tenant} and a.id in (
      select action_id from action_item where tenant_id = ${tenant} and delivery_id in (
        select id from delivery where tenant_id = ${tenant} and message_id = ${message}))
    order by a.id desc limit 200`.execute(tx)
  return rows.rows.map(viewOf)
}

export interface ItemView {
  readonly id: ItemId
  readonly deliveryId: DeliveryId
  readonly messageId: MessageId
  readonly recipient: string
  readonly subject: string
  readonly state: ItemState
  readonly reason: string | null
  readonly before: ItemPlace | null
  readonly after: ItemPlace | null
  readonly lost: readonly string[]
  readonly verifiedAt: string | null
  readonly attempts: number
  readonly nextAttemptAt: string | null
  readonly undoes: ItemId | null
  readonly sameAs: ItemId | null
  readonly revertedBy: ItemId | null
}

export interface ItemPlace {
  readonly location: Location | null
  readonly folder: string | null
  readonly flags: readonly string[]
  readonly keywords: readonly string[]
  readonly internalDate: string | null
  readonly size: number | null
}

interface ItemRow {
  id: ItemId
  delivery_id: DeliveryId
  message_id: MessageId
  recipient: string
  subject: string
  state: ItemState
  reason: string | null
  before_location: Location | null
  before_folder: string | null
  before_state: StoredState | null
  after_location: Location | null
  after_folder: string | null
  after_state: StoredState | null
  lost: readonly string[] | null
  verified_at: Date | null
  attempts: number
  next_attempt_at: Date | null
  undoes: ItemId | null
  same_as: ItemId | null
  reverted_by: ItemId | null
}

const placeOf = (location: Location | null, folder: string | null, state: StoredState | null): ItemPlace | null =>
  location === null && folder === null
    ? null
    : {
        location,
        folder,
        flags: state?.flags ?? [],
        keywords: state?.keywords ?? [],
        internalDate: state?.internalDate ?? null,
        size: state?.size ?? null,
      }

export async function listItems(
  tx: Tx,
  tenant: TenantId,
  action: ActionId,
  page: { readonly limit: number; readonly after: string | null; readonly state?: readonly string[] },
): Promise<{ items: readonly ItemView[]; next: string | null }> {
  const states = page.state && page.state.length > 0 ? [...page.state] : null
  const rows = await sql<ItemRow>`
    select i.*, m.subject, b.state as before_state, c.state as after_state
    from action_item i join message m on m.tenant_id = i.tenant_id and m.id = i.message_id
    left join item_copy b on b.tenant_id = i.tenant_id and b.item_id = i.id and b.side = 'before'
    left join item_copy c on c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'after'
    where i.tenant_id = ${tenant} and i.action_id = ${action}
      and (${page.after}::uuid is null or i.id > ${page.after}::uuid)
      and (${states}::text[] is null or i.state = any(${states}::text[]))
    order by i.id limit ${page.limit + 1}`.execute(tx)
  const items = rows.rows.slice(0, page.limit).map(
    (r): ItemView => ({
      id: r.id,
      deliveryId: r.delivery_id,
      messageId: r.message_id,
      recipient: r.recipient,
      subject: r.subject,
      state: r.state,
      reason: r.reason,
      before: placeOf(r.before_location, r.before_folder, r.before_state),
      after: placeOf(r.after_location, r.after_folder, r.after_state),
      lost: r.lost ?? [],
      verifiedAt: r.verified_at?.toISOString() ?? null,
      attempts: r.attempts,
      nextAttemptAt: r.next_attempt_at?.toISOString() ?? null,
      undoes: r.undoes,
      sameAs: r.same_as,
      revertedBy: r.reverted_by,
    }),
  )
  return { items, next: rows.rows.length > page.limit ? (items.at(-1)?.id ?? null) : null }
}

export interface Transition {
  readonly at: string
  readonly who: string
  readonly from: ItemState | null
  readonly to: ItemState
  readonly why: string | null
}

/** The history of one item, oldest first; it begins with the state in which the item was written down. */
export async function transitionsOf(tx: Tx, tenant: TenantId, item: ItemId): Promise<readonly Transition[]> {
  const born = await sql<{ at: Date; by: Person; state: ItemState; reason: string | null }>`
    select a.created_at as at, a.requested_by as by, i.state, i.reason from action_item i
    join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
    where i.tenant_id = ${tenant} and i.id = ${item}`.execute(tx)
  const [first] = born.rows
  if (!first) return []
  const rows = await sql<{
    at: Date
    who: string
    from_state: ItemState
    to_state: ItemState
    why: string | null
  }>`select at, who, from_state, to_state, why from item_transition where tenant_id = ${tenant} and item_id = ${item}
    order by seq`.execute(tx)
  const began = rows.rows[0]
  const why = began ? null : first.reason
  return [
    { at: first.at.toISOString(), who: first.by.name, from: null, to: began?.from_state ?? first.state, why },
    ...rows.rows.map((r) => ({ at: r.at.toISOString(), who: r.who, from: r.from_state, to: r.to_state, why: r.why })),
  ]
}
