import { sql } from 'kysely'
import type { DeliveryId } from '../base/index.ts'
import { type Tx, uuids } from '../storage/index.ts'

/** Where a copy is now, as its fact has to say. */
export interface Fact {
  readonly id: DeliveryId
  readonly received_at: Date
  readonly action: string
  readonly location: string
}

/**
 * Not a prepared statement: planned with the bounds, it opens only the partitions between them. What was received and which copies as lists
 * too: both are in the key, so that (from PostgreSQL 17 on) only these rows are read and not all that were received at that time. A copy has one
 * fact, so no list has to be joined: of two that the planner thinks are short it compares each with each.
 */
export async function changeFacts(tx: Tx, rows: readonly Fact[]): Promise<void> {
  const key = (row: Fact) => JSON.stringify([row.location, row.action])
  for (const part of Map.groupBy(rows, key).values()) await changeAlike(tx, part)
}

/** Copies that are at one kind of place now, and were treated alike. */
async function changeAlike(tx: Tx, rows: readonly Fact[]): Promise<void> {
  const [first] = rows
  if (!first) return
  const times = [...new Set(rows.map((row) => row.received_at.getTime()))].sort((a, b) => a - b)
  const all = times.map((time) => new Date(time).toISOString())
  await sql`update copy_fact set location = ${first.location}, action = ${first.action}, rev = rev + 1
    where tenant_id = (select recourse_tenant()) and received_at between ${all[0]} and ${all.at(-1)}
      and received_at = any(${all}::timestamptz[]) and delivery_id = any(${uuids(rows.map((r) => r.id))})
      and (location, action) is distinct from (${first.location}, ${first.action})`.execute(tx)
}
