import { sql } from 'kysely'
import type { DeliveryId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'

/** Of these copies those that are held, with their expiry: whatever else is kept of them must live as long. */
export async function keptUntil(tx: Tx, ids: readonly DeliveryId[]): Promise<ReadonlyMap<DeliveryId, Date>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<{ delivery_id: DeliveryId; expires_at: Date }>`
    select delivery_id, expires_at from held_copy where tenant_id = recourse_tenant() and state in ('held', 'denied')
      and delivery_id = any(${[...ids]}::uuid[])`.execute(tx)
  return new Map(rows.map((r) => [r.delivery_id, r.expires_at]))
}
