import { sql } from 'kysely'
import type { DeliveryId } from '../base/index.ts'
import { type Tx, uuids, wordColumn } from '../storage/index.ts'

/** Where a copy is now, as its fact has to say. */
export interface Fact {
  readonly id: DeliveryId
  readonly received_at: Date
  readonly action: string
  readonly location: string
}

/** Not a prepared statement: planned with the bounds, it opens only the partitions between them. */
export async function changeFacts(tx: Tx, rows: readonly Fact[]): Promise<void> {
  const [only] = rows
  if (!only) return
  if (rows.length === 1) {
    await sql`update copy_fact set location = ${only.location}, action = ${only.action}, rev = rev + 1
      where tenant_id = recourse_tenant() and received_at = ${only.received_at} and delivery_id = ${only.id}
        and (location, action) is distinct from (${only.location}, ${only.action})`.execute(tx)
    return
  }
  const times = rows.map((row) => row.received_at.getTime())
  const first = new Date(times.reduce((a, b) => Math.min(a, b)))
  const last = new Date(times.reduce((a, b) => Math.max(a, b)))
  await sql`update copy_fact f set location = c.location, action = c.action, rev = f.rev + 1
    from unnest(${uuids(rows.map((r) => r.id))}, ${rows.map((r) => r.received_at.toISOString())}::timestamptz[],
      ${wordColumn(rows.map((r) => r.location))}, ${wordColumn(rows.map((r) => r.action))}) as c(id, received_at, location, action)
    where f.tenant_id = recourse_tenant() and f.received_at between ${first} and ${last}
      and f.received_at = c.received_at and f.delivery_id = c.id
      and (f.location, f.action) is distinct from (c.location, c.action)`.execute(tx)
}
