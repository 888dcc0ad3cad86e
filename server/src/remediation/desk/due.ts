import { type RawBuilder, sql } from 'kysely'
import type { ActionId, ItemId, MailboxId, TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'

/** Nothing waits longer than this; whatever seems to was written down by a clock that has been set back since. */
export const LONGEST_WAIT_MS = 3_600_000

/** The time has come, by a clock that may have been set back. */
export const reached = (
  at: RawBuilder<unknown>,
  now: Date,
): RawBuilder<boolean> => sql<boolean>`(${at} <= ${now}::timestamptz
  or ${at} > ${new Date(now.getTime() + LONGEST_WAIT_MS)}::timestamptz)`

/** Mailboxes that have something to do now: something that waits, or that was interrupted. */
export async function dueMailboxes(tx: Tx, tenant: TenantId, now: Date, limit: number): Promise<readonly MailboxId[]> {
  const rows = await sql<{ mailbox_id: MailboxId }>`
    select q.mailbox_id, min(q.first::text) as first from (
        select mailbox_id, action_id, item_id as first from item_due where tenant_id = ${tenant} and retry_at is null
        union all select mailbox_id, action_id, first from action_due where tenant_id = ${tenant}
      ) q join action a on a.tenant_id = ${tenant} and a.id = q.action_id
    where a.proven and (a.blocked_until is null or ${reached(sql`a.blocked_until`, now)})
    group by q.mailbox_id
    union all
    select l.mailbox_id, min(l.item_id::text) from item_late l where l.tenant_id = ${tenant} and ${reached(sql`l.look_at`, now)}
    group by l.mailbox_id
    order by first limit ${limit}`.execute(tx)
  return [...new Set(rows.rows.map((r) => r.mailbox_id))]
}

/** When the next failed item is to be tried again or a held-back action looked at; null = nothing waits. */
export async function nextDue(tx: Tx, tenant: TenantId, now: Date): Promise<Date | null> {
  const rows = await sql<{ at: Date | null }>`
    select least(
      (select min(retry_at) from item_due where tenant_id = ${tenant} and retry_at is not null),
      (select min(look_at) from item_late where tenant_id = ${tenant} and look_at > ${now}::timestamptz),
      (select min(blocked_until) from action
        where tenant_id = ${tenant} and blocked_until is not null and state in ('queued', 'running'))) as at`.execute(
    tx,
  )
  return rows.rows[0]?.at ?? null
}

export interface RetryRow {
  readonly id: ItemId
  readonly actionId: ActionId
}

export async function dueRetries(tx: Tx, tenant: TenantId, now: Date, limit: number): Promise<readonly RetryRow[]> {
  const rows = await sql<{ id: ItemId; action_id: ActionId }>`
    select i.id, i.action_id from action_item i
    where i.tenant_id = ${tenant} and i.state = 'failed' and i.id in (
      select item_id from item_due where tenant_id = ${tenant} and ${reached(sql`retry_at`, now)} order by retry_at limit ${limit})
    order by i.id for update skip locked`.execute(tx)
  return rows.rows.map((r) => ({ id: r.id, actionId: r.action_id }))
}
