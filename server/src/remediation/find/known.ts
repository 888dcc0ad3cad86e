import { sql } from 'kysely'
import type { DeliveryId, ItemId, MailboxId, MessageId, TenantId } from '../../base/index.ts'
import type { CopyRef } from '../../mailboxes/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { WorkItem } from '../types.ts'

/** Another recipient's copy of a message in the same mailbox (an alias or a list beside the address). */
export interface Sibling {
  readonly messageId: MessageId
  /** Null: nobody has seen it in the mailbox yet. */
  readonly ref: CopyRef | null
}

/** Siblings of these items, the items' own deliveries left out, and those that the same action has dealt with. */
export async function siblingsOf(tx: Tx, tenant: TenantId, items: readonly WorkItem[]): Promise<readonly Sibling[]> {
  const [first] = items
  if (!first) return []
  const rows = await sql<{ message_id: MessageId; ref: CopyRef | null }>`
    select d.message_id, d.ref from delivery d
    where d.tenant_id = ${tenant} and d.mailbox_id = ${first.mailboxId}
      and d.message_id = any(${sql.val([...new Set(items.map((i) => i.messageId))])}::uuid[])
      and d.id <> all(${sql.val(items.map((i) => i.deliveryId))}::uuid[])
      and d.latest_location not in ('dropped', 'failed', 'external')
      and (d.ref is not null or d.handover not in ('none', 'refused'))
      and not exists (select 1 from action_item i where i.tenant_id = d.tenant_id and i.delivery_id = d.id
        and i.action_id = ${first.actionId} and i.state in ('done', 'not-found'))`.execute(tx)
  return rows.rows.map((r) => ({ messageId: r.message_id, ref: r.ref }))
}

/** Of these items, those that were themselves undos: what they took was given back before, and taken once more. */
export async function redone(tx: Tx, tenant: TenantId, items: readonly ItemId[]): Promise<ReadonlySet<ItemId>> {
  const rows = await sql<{
    id: ItemId
  }>`select i.id from action_item i join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
    where i.tenant_id = ${tenant} and i.id = any(${sql.val([...items])}::uuid[]) and a.kind = 'undo'`.execute(tx)
  return new Set(rows.rows.map((r) => r.id))
}

/**
 * Places in a hold from which actions have moved copies of these deliveries on, to where their users could delete them: what is no longer
 * there has not been lost there.
 */
export async function movedOn(
  tx: Tx,
  tenant: TenantId,
  mailbox: MailboxId,
  deliveries: readonly DeliveryId[],
): Promise<readonly CopyRef[]> {
  const rows = await sql<{ ref: CopyRef }>`
    select b.ref from action_item i
      join action a on a.tenant_id = i.tenant_id and a.id = i.action_id and a.kind not in ('undo', 'release')
      join item_copy b on b.tenant_id = i.tenant_id and b.item_id = i.id and b.side = 'before' and b.ref is not null
    where i.tenant_id = ${tenant} and i.delivery_id = any(${sql.val([...deliveries])}::uuid[]) and i.mailbox_id = ${mailbox}
      and i.reverted_by is null and (i.state = 'done' or (i.state = 'not-found' and exists (select 1 from item_copy c
        where c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'after' and c.ref is not null)))`.execute(tx)
  return rows.rows.map((r) => r.ref)
}

/** A copy that is accounted for. */
export interface Placed {
  /** Of those that were asked for. */
  readonly deliveryId: DeliveryId
  readonly ref: CopyRef
}

/**
 * Places to which items of these deliveries have brought copies, where other recipients' copies in the same mailbox are, and where that of
 * two copies is of which somebody has said that it stays: such a copy is accounted for, and is not one that the user has put back.
 */
export async function placedByUs(
  tx: Tx,
  tenant: TenantId,
  mailbox: MailboxId,
  deliveries: readonly DeliveryId[],
): Promise<readonly Placed[]> {
  const rows = await sql<Placed>`
    select i.delivery_id as "deliveryId", c.ref from action_item i join item_copy c on c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'after'
    where i.tenant_id = ${tenant} and i.delivery_id = any(${sql.val([...deliveries])}::uuid[]) and i.mailbox_id = ${mailbox}
      and i.state = 'done' and i.reverted_by is null and c.ref is not null
    union all
    select d.id, o.ref from delivery d join delivery o on o.tenant_id = d.tenant_id and o.message_id = d.message_id
      and o.mailbox_id = d.mailbox_id and o.id <> d.id
    where d.tenant_id = ${tenant} and d.id = any(${sql.val([...deliveries])}::uuid[]) and o.ref is not null
    union all
    select i.delivery_id, (case k.kept when 'source' then w.source->'ref' else w.target->'ref' end)::jsonb
    from action_item i join item_keep k on k.tenant_id = i.tenant_id and k.item_id = i.id
      join item_both w on w.tenant_id = k.tenant_id and w.item_id = k.of_id
    where i.tenant_id = ${tenant} and i.delivery_id = any(${sql.val([...deliveries])}::uuid[]) and i.mailbox_id = ${mailbox}
      and i.undoes is null`.execute(tx)
  return rows.rows
}
