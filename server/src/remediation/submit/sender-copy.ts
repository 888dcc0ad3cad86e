import { type RawBuilder, sql } from 'kysely'
import { type ActionId, madeAt, type TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger/ledger.ts'

/**
 * Whose Sent may hold the message: an address of ours, or an alias that leads to one. Only where our own domain was proved by
 * authentication (`internal`): in inbound mail anybody may have written our name into From.
 */
const owners = (tenant: TenantId): RawBuilder<unknown> => sql`
  select b.id, b.address from mailbox b where b.tenant_id = ${tenant} and b.removed_at is null
    and b.kind <> 'secops' and b.address = m.sender_address
  union all
  select b.id, b.address from mail_alias a join mailbox b on b.tenant_id = a.tenant_id and b.address = a.target and b.removed_at is null
    and b.kind <> 'secops'
    where a.tenant_id = ${tenant} and a.address = m.sender_address`

const may = sql`m.direction in ('internal', 'outbound') and m.internet_message_id is not null`

/** How many copies in their senders' Sent an action on these copies would look for. */
export async function senderCopies(tx: Tx, tenant: TenantId, ids: RawBuilder<unknown>): Promise<number> {
  const found = await sql<{ n: number }>`
    select count(*)::int as n from message m
    where m.tenant_id = ${tenant} and ${may}
      and m.id in (select d.message_id from delivery d where d.tenant_id = ${tenant} and d.id in (${ids}))
      and exists (${owners(tenant)})`.execute(tx)
  return found.rows[0]?.n ?? 0
}

/**
 * An item for each message's copy in its sender's Sent, beside the item of the message's first copy. It goes where the user can recover
 * it, whatever happens to the recipients' copies (explorer #79). Gives back how many.
 */
export async function insertSenderCopies(
  tx: Tx,
  context: LedgerContext,
  action: ActionId,
  state: 'planned' | 'approved',
): Promise<number> {
  const { tenant, now } = context
  const made = await sql<{ n: number }>`
    with x as (
      select distinct on (i.message_id) i.id as like_id, i.delivery_id, i.message_id, b.id as mailbox_id, b.address
      from action_item i join message m on m.tenant_id = i.tenant_id and m.id = i.message_id and ${may}
      join lateral (${owners(tenant)}) b on true
      where i.tenant_id = ${tenant} and i.action_id = ${action} and i.state in ('planned', 'approved')
        and not exists (select 1 from action_item o where o.tenant_id = i.tenant_id and o.message_id = i.message_id
          and o.sender_copy and o.action_id = i.action_id)
      order by i.message_id, i.id
    ), n as (
      select count(*) as before from action_item where tenant_id = ${tenant} and action_id = ${action}
    ), i as (
      insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, reason, same_as,
        sender_copy, target_kind, target_location, layered, updated_at)
      select ${tenant}, recourse_item_id(${madeAt(action)}, n.before + row_number() over (order by x.message_id)), ${action},
        x.delivery_id, x.message_id, x.mailbox_id, x.address, ${state}, null, x.like_id, true, 'hold', 'soft-deleted', true,
        ${now}::timestamptz
      from x, n returning id, mailbox_id
    ), q as (
      insert into item_due (tenant_id, item_id, action_id, mailbox_id)
      select ${tenant}, i.id, ${action}, i.mailbox_id from i where ${state === 'approved'}
    )
    select count(*)::int as n from i`.execute(tx)
  return made.rows[0]?.n ?? 0
}
