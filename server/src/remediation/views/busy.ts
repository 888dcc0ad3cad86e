import { sql } from 'kysely'
import type { DeliveryId, TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'

/** Of these copies, those that an action is about to touch or is touching: where they lie is not settled. */
export async function busyCopies(
  tx: Tx,
  tenant: TenantId,
  ids: readonly DeliveryId[],
): Promise<ReadonlySet<DeliveryId>> {
  if (ids.length === 0) return new Set()
  const rows = await sql<{ delivery_id: DeliveryId }>`
    select distinct delivery_id from action_item where tenant_id = ${tenant} and delivery_id = any(${sql.val([...ids])}::uuid[])
      and (state in ('approved', 'executing') or (state = 'failed' and next_attempt_at is not null))`.execute(tx)
  return new Set(rows.rows.map((row) => row.delivery_id))
}
