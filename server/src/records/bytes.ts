import { sql } from 'kysely'
import type { MessageId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'

/**
 * Lets go of the bytes of messages that nobody can get any more: every copy has expired, or never was with us. The sweep takes the file
 * when nothing else names it; reading such a message says that its retention has ended. Returns how many let go.
 */
export async function forgetBytes(tx: Tx, ids: readonly MessageId[]): Promise<number> {
  if (ids.length === 0) return 0
  const done = await sql<{ id: MessageId }>`
    update message m set blob_key = '' where m.tenant_id = recourse_tenant() and m.id = any(${[...ids]}::uuid[]) and m.blob_key <> ''
      and not exists (select 1 from delivery d where d.tenant_id = m.tenant_id and d.message_id = m.id
        and d.latest_location not in ('dropped', 'external', 'failed'))
    returning m.id`.execute(tx)
  return done.rows.length
}

/** Messages `c` that came before, were delivered and found without a threat, and have their bytes: no copy of them is held or deleted. */
const cleanBefore = (before: Date) => sql`c.tenant_id = recourse_tenant() and c.threat = 'none' and c.blob_key <> ''
  and c.received_at < ${before}::timestamptz
  and not exists (select 1 from delivery d where d.tenant_id = c.tenant_id and d.message_id = c.id
    and (d.latest_location in ('quarantine', 'soft-deleted', 'hard-deleted', 'unknown') or d.handover = 'handing-over'))`

/**
 * Lets go of the bytes of messages that came before `before`, were delivered and found without a threat. What the vault has of them stays.
 * Returns how many let go; call it until none is left.
 */
export async function forgetCleanBytes(tx: Tx, before: Date, limit: number): Promise<number> {
  const done = await sql<{ id: MessageId }>`
    update message m set blob_key = '' where m.tenant_id = recourse_tenant() and m.id in (
      select c.id from message c where ${cleanBefore(before)}
      order by c.received_at limit ${limit} for update skip locked)
    returning m.id`.execute(tx)
  return done.rows.length
}

/** How many messages `forgetCleanBytes` would take the bytes of. */
export async function countCleanBytes(tx: Tx, before: Date): Promise<number> {
  const found = await sql<{ n: number }>`select count(*)::int as n from message c where ${cleanBefore(before)}`.execute(
    tx,
  )
  return found.rows[0]?.n ?? 0
}
