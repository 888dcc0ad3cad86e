import { sql } from 'kysely'
import type { DeliveryId, ItemId, TenantId } from '../base/index.ts'
import type { CopyRef } from '../mailboxes/index.ts'
import type { Tx } from '../storage/index.ts'
import type { WorkItem } from './types.ts'

/**
 * Other recipients of the same message in the same mailbox (an alias beside the address) that this action has not taken yet, and
 * where their copies are. `own` are those that the caller deals with itself.
 */
export async function othersOf(
  tx: Tx,
  tenant: TenantId,
  item: WorkItem,
  own: readonly DeliveryId[],
): Promise<readonly { ref: CopyRef | null }[]> {
  const rows = await sql<{ ref: CopyRef | null }>`
    select ref from delivery where tenant_id = ${tenant} and message_id = ${item.messageId}
      and mailbox_id = ${item.mailboxId} and id <> all(${sql.val([...own])}::uuid[])
      and not exists (select 1 from action_item i where i.tenant_id = ${tenant} and i.action_id = ${item.actionId}
        and i.delivery_id = delivery.id and i.state not in ('approved', 'executing', 'failed'))`.execute(tx)
  return rows.rows
}

/**
 * Places in the user's folders to which other items of these deliveries have brought copies: such a copy is accounted for, and is
 * not one that the user has put back.
 */
export async function placedByUs(
  tx: Tx,
  tenant: TenantId,
  deliveries: readonly DeliveryId[],
): Promise<readonly { item: ItemId; ref: CopyRef }[]> {
  const rows = await sql<{ id: ItemId; after_ref: CopyRef }>`
    select id, after_ref from action_item
    where tenant_id = ${tenant} and delivery_id = any(${sql.val([...deliveries])}::uuid[])
      and state = 'done' and reverted_by is null and after_ref is not null`.execute(tx)
  return rows.rows.map((r) => ({ item: r.id, ref: r.after_ref }))
}
