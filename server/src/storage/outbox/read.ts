import { sql } from 'kysely'
import type { Tx } from '../schema.ts'

/** A place in the order of events: after (xid, seq). */
export interface Position {
  readonly xid: string
  readonly seq: number
}

export interface StoredEvent extends Position {
  readonly id: string
  readonly kind: string
  readonly data: unknown
}

/**
 * Events after a position in their order. Only those of transactions older than every open one: a transaction with a smaller number
 * may still commit, and its events must not be passed over.
 */
export async function eventsAfter(
  tx: Tx,
  after: Position,
  kinds: readonly string[] | null,
  limit: number,
): Promise<StoredEvent[]> {
  const some = kinds === null ? sql`true` : sql`kind = any(${kinds}::text[])`
  const found = await sql<StoredEvent>`
    select o.xid::text as xid, o.seq, o.id, o.kind, o.data from outbox o
    where o.tenant_id = recourse_tenant() and (o.xid, o.seq) > (${after.xid}::xid8, ${after.seq}::bigint)
      and o.xid < pg_snapshot_xmin(pg_current_snapshot()) and ${some}
    order by o.xid, o.seq limit ${limit}`.execute(tx)
  return found.rows
}

/** Everything before this has been committed or never will be. */
export async function horizon(tx: Tx): Promise<string> {
  const found = await sql<{ xid: string }>`select pg_snapshot_xmin(pg_current_snapshot())::text as xid`.execute(tx)
  return found.rows[0]?.xid ?? '0'
}

/** Subscribers that have events to come, visible already or soon, and are not waiting for a retry. */
export async function waiting(tx: Tx, subscribers: readonly { name: string; kinds: readonly string[] }[]) {
  const found = await sql<{ name: string }>`
    select s.name from json_to_recordset(${JSON.stringify(subscribers)}::json) as s(name text, kinds json)
    left join outbox_progress p on p.tenant_id = recourse_tenant() and p.subscriber = s.name
    where (p.retry_at is null or p.retry_at <= clock_timestamp()) and exists (
      select from outbox o where o.tenant_id = recourse_tenant()
        and (o.xid, o.seq) > (coalesce(p.xid, '0'), coalesce(p.seq, 0))
        and o.kind in (select json_array_elements_text(s.kinds)))`.execute(tx)
  return found.rows.map((row) => row.name)
}

/** Transaction number of events that come from a database before this one; no transaction of ours has it. */
const BEFORE = '1'

/**
 * After a restore into a new database, transaction numbers begin anew and the stored ones lie in its future: events would wait for
 * them. Then all that is stored becomes "before", in its order, and subscribers begin with the first event that they have not had.
 */
export async function rebase(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('recourse outbox ' || recourse_tenant()))`.execute(tx)
  const ahead = await sql<{ ahead: boolean }>`select exists (
      select from outbox where xid >= pg_snapshot_xmax(pg_current_snapshot())
      union all
      select from outbox_progress where xid >= pg_snapshot_xmax(pg_current_snapshot())) as ahead`.execute(tx)
  if (!ahead.rows[0]?.ahead) return
  await sql`update outbox_progress p set xid = ${BEFORE}::xid8, seq = coalesce(
      (select min(o.seq) - 1 from outbox o where o.tenant_id = p.tenant_id and (o.xid, o.seq) > (p.xid, p.seq)),
      (select max(o.seq) from outbox o where o.tenant_id = p.tenant_id), 0)`.execute(tx)
  await sql`update outbox set xid = ${BEFORE}::xid8`.execute(tx)
}
