import { type RawBuilder, sql } from 'kysely'
import { AppError, type DeliveryId, type TenantId } from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import { copiesMatching } from '../../records/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import { isOpen } from '../ledger/open.ts'
import type { ActionRequest, Selection } from '../types.ts'
import { boundByVerdict } from '../undo/verdicts.ts'
import { decisionTable } from './possible.ts'

/**
 * Which copies a selection names, as a query for their ids. Nothing of it comes into our memory, however many they are. Throws
 * AppError `no-action`, `bad-filter`.
 */
export async function chosen(tx: Tx, tenant: TenantId, select: Selection): Promise<RawBuilder<unknown>> {
  if ('filter' in select) {
    const { deliveryIds, messageIds } = select.except ?? {}
    const left = [
      ...(deliveryIds?.length ? [sql`and x.id <> all(${[...deliveryIds]}::uuid[])`] : []),
      ...(messageIds?.length ? [sql`and x.message_id <> all(${[...messageIds]}::uuid[])`] : []),
    ]
    const matching = copiesMatching(tx, select.filter).select(['d.id', 'd.message_id'])
    return sql`select x.id from (${matching}) x where true ${sql.join(left, sql` `)}`
  }
  if ('deliveryIds' in select) {
    return sql`select id from delivery where tenant_id = ${tenant} and id = any(${[...select.deliveryIds]}::uuid[])`
  }
  if ('actionId' in select) {
    const known = await sql`select 1 from action where tenant_id = ${tenant} and id = ${select.actionId}`.execute(tx)
    if (known.rows.length === 0)
      throw new AppError('no-action', 'There is no such action.', 'Look at the list of actions.', { status: 404 })
    const only = select.itemIds
      ? sql`and id = any(${[...select.itemIds]}::uuid[])`
      : select.waiting
        ? sql`and state = 'planned'`
        : sql``
    return sql`select delivery_id as id from action_item where tenant_id = ${tenant} and action_id = ${select.actionId} ${only}`
  }
  const recipients = select.recipients?.map((r) => r.toLowerCase())
  const only = recipients ? sql`and recipient_key = any(${recipients}::text[])` : sql``
  return sql`select id from delivery where tenant_id = ${tenant} and message_id = any(${[...select.messageIds]}::uuid[]) ${only}`
}

export interface Scope {
  /** Only copies that are in quarantine, or only such as are not: one wish may need an action for each. */
  readonly only?: 'quarantine' | 'elsewhere'
  /** Take action refuses what has its own door: other moves out of quarantine, and what was hard-deleted. */
  readonly door?: 'take'
}

/**
 * What an action would do with each chosen copy, as the query `k` (id, message_id, mailbox_id, recipient, location, folder, is, reason,
 * target_kind, target_location, target_folder, target_folder_id, first, back_of, vault_id, back_date), from recorded state only. The decisions
 * are the pure `classify`, tabulated; the database joins copies to them.
 */
export function classified(
  tenant: TenantId,
  request: ActionRequest,
  ids: RawBuilder<unknown>,
  options: Scope & { readonly automation: boolean },
): RawBuilder<unknown> {
  const release = request.kind === 'release'
  const rules = jsonText(decisionTable(request.kind, request.target ?? null, options.door ?? null))
  const wanted = request.recipients?.map((r) => r.toLowerCase())
  const conditions = [
    ...(wanted ? [sql`and d.recipient_key = any(${wanted}::text[])`] : []),
    ...(options.only ? [sql`and (d.latest_location = 'quarantine') = ${options.only === 'quarantine'}`] : []),
  ]
  return sql`
    sel as materialized (${ids}),
    ${release ? releases(tenant) : sql``}
    rules as (select * from json_to_recordset(${rules}::json) as x(location text, in_mailbox boolean, delivered boolean,
      released boolean, "is" text, reason text, target_kind text, target_location text)),
    ${COPIES_ONCE}
      where d.tenant_id = ${tenant} and d.id in (select id from sel) ${sql.join(conditions, sql` `)}
    ),
    k as (
      select d.id, d.message_id, d.mailbox_id, d.recipient, d.latest_location as location, d.latest_folder as folder,
        case when g.blocked is null or r.is <> 'actionable' then r.is else 'impossible' end as is,
        case when g.blocked is null or r.is <> 'actionable' then r.reason else g.blocked end as reason,
        ${release ? sql`case when k1.item is null then r.target_kind else 'folder' end` : sql`r.target_kind`} as target_kind,
        ${release ? sql`coalesce(k1.before_location, r.target_location)` : sql`r.target_location`} as target_location,
        ${release ? sql`k1.before_folder` : sql`null::text`} as target_folder,
        ${release ? sql`k1.folder_id` : sql`null::text`} as target_folder_id,
        d.first,
        ${release ? sql`k1.item` : sql`null::uuid`} as back_of,
        ${release ? sql`k1.vault_id` : sql`null::uuid`} as vault_id,
        ${release ? sql`k1.internal_date` : sql`null::text`} as back_date
      from d
      ${release ? sql`left join released rel on rel.delivery_id = d.id left join taken k1 on k1.delivery_id = d.id` : sql``}
      left join lateral (select ${stands(tenant, request, options.automation, release)} as blocked) g on true
      join rules r on r.location = d.latest_location and r.in_mailbox = d.in_mailbox and r.delivered = d.delivered
        and r.released = ${release ? sql`coalesce(rel.done, false)` : sql`false`}
    )`
}

/**
 * The copies with what the rules ask of them, before they meet the rules: joined together, the planner would look up each copy once for each
 * of the rules, of which it thinks that few apply.
 */
const COPIES_ONCE = sql`d as materialized (
      select d.tenant_id, d.id, d.message_id, d.mailbox_id, d.recipient, d.latest_location, d.latest_folder,
        d.mailbox_id is not null as in_mailbox, d.ref is not null or d.handover not in ('none', 'refused') as delivered,
        d.ref is null and d.handover = 'none' as first
      from delivery d`

/** Of copy `d`: it lies in a mailbox of the security team, to whom others report. What lies there is evidence (design, section 6). */
export const isEvidence = sql<boolean>`exists (select 1 from mailbox s where s.tenant_id = d.tenant_id and s.id = d.mailbox_id
  and s.kind = 'secops')`
const EVIDENCE = 'It lies in a mailbox of the security team: evidence is not touched.'

/** Why a copy must not be taken whatever its place says; null = nothing stands in the way. */
function stands(tenant: TenantId, request: ActionRequest, automation: boolean, release: boolean): RawBuilder<unknown> {
  if (release) return sql`case when rel.open then 'A release to this recipient is under way.' end`
  const evidence = sql`case when ${isEvidence} then ${EVIDENCE} end`
  const { cause } = request
  if (!automation) return evidence
  // Without a cause of its own it is the message's verdict that makes automation act.
  const bound = cause
    ? sql`guard.cause_kind = ${cause.kind} and guard.cause_id = ${cause.id} and guard.cause_version = ${cause.version}`
    : boundByVerdict
  return sql`coalesce(${evidence},
    (select 'It was taken back from this cause before: automation does not take it again.' from guard where
      guard.tenant_id = ${tenant} and guard.delivery_id = d.id and ${bound} limit 1))`
}

/** What was released already or is being released, and the way back of what was taken from a folder: by who took it last, whoever asked first. */
const releases = (tenant: TenantId): RawBuilder<unknown> => sql`
  released as (
    select i.delivery_id, bool_or(i.state <> 'done') as open, bool_and(i.state = 'done') as done
    from action_item i join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
    where i.tenant_id = ${tenant} and i.delivery_id in (select id from sel) and a.kind = 'release'
      and (${isOpen('i')} or (i.state = 'done' and i.reverted_by is null))
    group by i.delivery_id
  ),
  taken as (
    select distinct on (i.delivery_id) i.id as item, i.delivery_id, i.before_location, i.before_folder, i.vault_id,
      b.ref->>'folderId' as folder_id, b.state->>'internalDate' as internal_date
    from action_item i
    left join item_copy b on b.tenant_id = i.tenant_id and b.item_id = i.id and b.side = 'before'
    where i.tenant_id = ${tenant} and i.delivery_id in (select id from sel) and i.state = 'done'
      and i.same_as is null and i.reverted_by is null and i.before_kind = 'folder'
      and i.after_location in ('quarantine', 'soft-deleted', 'hard-deleted')
    order by i.delivery_id, coalesce(i.verified_at, i.updated_at) desc, i.id desc
  ),`

/** Of these copies, those that automation may not take for this cause in this version. */
export async function guardedBy(
  tx: Tx,
  tenant: TenantId,
  ids: readonly DeliveryId[],
  cause: Cause,
): Promise<ReadonlySet<DeliveryId>> {
  const rows = await sql<{ delivery_id: DeliveryId }>`
    select delivery_id from guard where tenant_id = ${tenant} and delivery_id = any(${sql.val([...ids])}::uuid[])
      and cause_kind = ${cause.kind} and cause_id = ${cause.id} and cause_version = ${cause.version}`.execute(tx)
  return new Set(rows.rows.map((r) => r.delivery_id))
}
