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

/**
 * Not a prepared statement: planned with the bounds, it opens only the partitions between them. What was received and which copies as lists
 * too: both are in the key, so that (from PostgreSQL 17 on) only these rows are read and not all that were received at that time.
 */
export async function changeFacts(tx: Tx, rows: readonly Fact[]): Promise<void> {
  const [only] = rows
  if (!only) return
  if (rows.length === 1) {
    await sql`update copy_fact set location = ${only.location}, action = ${only.action}, rev = rev + 1
      where tenant_id = recourse_tenant() and received_at = ${only.received_at} and delivery_id = ${only.id}
        and (location, action) is distinct from (${only.location}, ${only.action})`.execute(tx)
    return
  }
  const times = [...new Set(rows.map((row) => row.received_at.getTime()))].sort((a, b) => a - b)
  const all = times.map((time) => new Date(time).toISOString())
  const ids = uuids(rows.map((r) => r.id))
  await sql`update copy_fact f set location = c.location, action = c.action, rev = f.rev + 1
    from unnest(${ids}, ${rows.map((r) => r.received_at.toISOString())}::timestamptz[],
      ${wordColumn(rows.map((r) => r.location))}, ${wordColumn(rows.map((r) => r.action))}) as c(id, received_at, location, action)
    where f.tenant_id = (select recourse_tenant()) and f.received_at between ${all[0]} and ${all.at(-1)}
      and f.received_at = any(${all}::timestamptz[]) and f.delivery_id = any(${ids}) and f.received_at = c.received_at and f.delivery_id = c.id
      and (f.location, f.action) is distinct from (c.location, c.action)`.execute(tx)
}
