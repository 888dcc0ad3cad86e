import { sql } from 'kysely'
import type { ActionId, DeliveryId, ItemId, MailboxId, MessageId, TenantId } from '../../base/index.ts'
import type { Location } from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import { type KeptBy, keptBy, type OneOfTwo } from '../ledger/both.ts'
import type { ItemState } from '../ledger/states.ts'
import type { Person } from '../ledger/tables.ts'
import type { StoredState } from '../types.ts'

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
  /** The sender's own copy in Sent. */
  readonly senderCopy: boolean
  /** In doubt, with two copies in folders that the user reaches: either may be chosen to stay. */
  readonly both: Both | null
  readonly class: ResultClass
}

export interface Both {
  /** Where the message was, and where it should have gone. */
  readonly source: ItemPlace
  readonly target: ItemPlace
  readonly decided: KeptBy | null
}

/** How an item ended, as the action log tells it. */
export const RESULT_CLASSES = [
  'open',
  'success',
  'already-there',
  'not-found',
  'not-actionable',
  'in-doubt',
  'failed',
] as const
export type ResultClass = (typeof RESULT_CLASSES)[number]

/** The class of item `i`. */
export const classOf = sql<ResultClass>`case when i.state in ('planned', 'approved', 'executing') then 'open'
  when i.state = 'failed' and i.next_attempt_at is not null then 'open'
  when i.state = 'done' then 'success' when i.state = 'skipped' then 'not-actionable' when i.state = 'ambiguous' then 'in-doubt'
  else i.state end`

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
  sender_copy: boolean
  both_source: OneOfTwo | null
  both_target: OneOfTwo | null
  kept_by: KeptBy | null
  class: ResultClass
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

export const placeOfCopy = ({ ref, state, location }: OneOfTwo): ItemPlace => ({
  location,
  folder: ref.folder,
  flags: state.flags,
  keywords: state.keywords,
  internalDate: state.internalDate,
  size: state.size,
})

const bothOf = ({ both_source, both_target, kept_by }: ItemRow): Both | null =>
  both_source && both_target
    ? { source: placeOfCopy(both_source), target: placeOfCopy(both_target), decided: kept_by }
    : null

export interface ItemQuery {
  readonly limit: number
  readonly after: string | null
  readonly state?: readonly string[]
  readonly class?: readonly string[]
  /** Text in recipient or subject. */
  readonly q?: string
}

const someOf = (values: readonly string[] | undefined): string[] | null =>
  values && values.length > 0 ? [...values] : null

export async function listItems(
  tx: Tx,
  tenant: TenantId,
  action: ActionId,
  page: ItemQuery,
): Promise<{ items: readonly ItemView[]; next: string | null }> {
  const states = someOf(page.state)
  const classes = someOf(page.class)
  const text = page.q ? `%${page.q.replace(/[\\%_]/g, '\\$&')}%` : null
  const rows = await sql<ItemRow>`
    select i.*, ${classOf} as class, m.subject, b.state as before_state, c.state as after_state, w.source as both_source,
      w.target as both_target, case when w.item_id is not null then ${keptBy} end as kept_by
    from action_item i join message m on m.tenant_id = i.tenant_id and m.id = i.message_id
    left join item_copy b on b.tenant_id = i.tenant_id and b.item_id = i.id and b.side = 'before'
    left join item_copy c on c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'after'
    left join item_both w on w.tenant_id = i.tenant_id and w.item_id = i.id and i.state = 'ambiguous'
    where i.tenant_id = ${tenant} and i.action_id = ${action}
      and (${page.after}::uuid is null or i.id > ${page.after}::uuid)
      and (${states}::text[] is null or i.state = any(${states}::text[]))
      and (${classes}::text[] is null or ${classOf} = any(${classes}::text[]))
      and (${text}::text is null or i.recipient ilike ${text} or m.subject ilike ${text})
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
      senderCopy: r.sender_copy,
      both: bothOf(r),
      class: r.class,
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
  const born = await sql<{
    at: Date
    by: Person
    state: ItemState
    reason: string | null
    action_id: ActionId
    mailbox_id: MailboxId | null
  }>`
    select a.created_at as at, a.requested_by as by, i.state, i.reason, i.action_id, i.mailbox_id from action_item i
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
  }>`select at, who, from_state, to_state, why from item_history where tenant_id = ${tenant} and action_id = ${first.action_id}
      and (mailbox_id = ${first.mailbox_id} or mailbox_id is null) and ${item}::uuid = any(items)
    order by seq`.execute(tx)
  const began = rows.rows[0]
  const why = began ? null : first.reason
  return [
    { at: first.at.toISOString(), who: first.by.name, from: null, to: began?.from_state ?? first.state, why },
    ...rows.rows.map((r) => ({ at: r.at.toISOString(), who: r.who, from: r.from_state, to: r.to_state, why: r.why })),
  ]
}
