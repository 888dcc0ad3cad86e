import { sql } from 'kysely'
import type { DeliveryId, MailboxId, MessageId, TenantId } from '../../base/index.ts'
import type { CopyRef } from '../../mailboxes/index.ts'
import type { Retention } from '../../organisation/index.ts'
import type { Tx } from '../../storage/index.ts'
import { isOpen } from '../ledger/open.ts'

export type Deleted = 'soft-deleted' | 'hard-deleted'

/** A copy in our hold (or, never delivered, only in our store) whose time is over. */
export interface DueCopy {
  readonly delivery_id: DeliveryId
  readonly message_id: MessageId
  readonly location: Deleted
  /** Where it lies on the mail server; null: it never was in a mailbox. */
  readonly ref: CopyRef | null
  readonly since: Date
}

const DAY_MS = 86_400_000

/** Deleted before then, a copy's time is over. */
export const cuts = (retention: Retention, trusted: Date): Readonly<Record<Deleted, Date>> => ({
  'soft-deleted': new Date(trusted.getTime() - retention.softDeleted * DAY_MS),
  'hard-deleted': new Date(trusted.getTime() - retention.hardDeleted * DAY_MS),
})

/** Somebody is about to do something with it: looked at again when that has ended. */
const BUSY = sql`exists (select 1 from action_item o where o.tenant_id = d.tenant_id and o.delivery_id = d.id and ${isOpen('o')})`

/** When what is in force has put it there. */
const SINCE = sql`(select max(coalesce(i.verified_at, i.updated_at)) from action_item i where i.tenant_id = d.tenant_id
  and i.delivery_id = d.id and i.same_as is null and i.reverted_by is null and i.state in ('done', 'already-there')
  and i.after_location = d.latest_location)`

const overdue = (at: Readonly<Record<Deleted, Date>>) => sql`d.latest_location in ('soft-deleted', 'hard-deleted')
  and ${SINCE} <= case d.latest_location when 'soft-deleted' then ${at['soft-deleted']}::timestamptz
    else ${at['hard-deleted']}::timestamptz end and not ${BUSY}`

/** Copies `d` that were deleted, by the facts: an index on their place would have to be told of every move. */
const DELETED = sql`d.id in (select f.delivery_id from copy_fact f where f.tenant_id = recourse_tenant()
  and f.location in ('soft-deleted', 'hard-deleted'))`

/** Mailboxes with copies whose time is over, and null where such never were in a mailbox of ours. */
export async function dueMailboxes(
  tx: Tx,
  tenant: TenantId,
  at: Readonly<Record<Deleted, Date>>,
): Promise<readonly (MailboxId | null)[]> {
  const rows = await sql<{ mailbox_id: MailboxId | null }>`
    select d.mailbox_id from delivery d where d.tenant_id = ${tenant} and ${DELETED} and ${overdue(at)}
    group by d.mailbox_id order by d.mailbox_id`.execute(tx)
  return rows.rows.map((r) => r.mailbox_id)
}

export async function dueCopies(
  tx: Tx,
  tenant: TenantId,
  mailbox: MailboxId | null,
  at: Readonly<Record<Deleted, Date>>,
  limit: number,
): Promise<readonly DueCopy[]> {
  const rows = await sql<DueCopy>`
    select d.id as delivery_id, d.message_id, d.latest_location as location, d.ref, ${SINCE} as since
    from delivery d where d.tenant_id = ${tenant} and d.mailbox_id is not distinct from ${mailbox}::uuid and ${overdue(at)}
    order by d.id limit ${limit}`.execute(tx)
  return rows.rows
}

/** Further copies of the user's that were taken with these, and lie in the same hold. */
export async function furtherCopies(
  tx: Tx,
  tenant: TenantId,
  mailbox: MailboxId | null,
  ids: readonly DeliveryId[],
): Promise<readonly { readonly message_id: MessageId; readonly ref: CopyRef }[]> {
  const rows = await sql<{ message_id: MessageId; ref: CopyRef }>`
    select i.message_id, c.ref from action_item i
    join item_copy c on c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'after' and c.ref is not null
    where i.tenant_id = ${tenant} and i.delivery_id = any(${[...ids]}::uuid[]) and i.mailbox_id is not distinct from ${mailbox}::uuid
      and i.same_as is not null and i.state = 'done' and i.reverted_by is null and i.expired_at is null
      and i.after_location in ('soft-deleted', 'hard-deleted')`.execute(tx)
  return rows.rows
}

/** Of these copies, those that nobody has laid hands on since they were found to be due. */
export async function stillDue(tx: Tx, tenant: TenantId, ids: readonly DeliveryId[]): Promise<ReadonlySet<DeliveryId>> {
  const rows = await sql<{ id: DeliveryId }>`
    select d.id from delivery d where d.tenant_id = ${tenant} and d.id = any(${[...ids]}::uuid[])
      and d.latest_location in ('soft-deleted', 'hard-deleted') and not ${BUSY} order by d.id for update`.execute(tx)
  return new Set(rows.rows.map((r) => r.id))
}

/** How many copies and how many bytes in the vault are due. */
export async function countDue(
  tx: Tx,
  tenant: TenantId,
  retention: Retention,
  trusted: Date,
): Promise<{ readonly softDeleted: number; readonly hardDeleted: number; readonly vault: number }> {
  const rows = await sql<{ soft: number; hard: number }>`
    select count(*) filter (where d.latest_location = 'soft-deleted')::int as soft,
      count(*) filter (where d.latest_location = 'hard-deleted')::int as hard
    from delivery d where d.tenant_id = ${tenant} and ${DELETED} and ${overdue(cuts(retention, trusted))}`.execute(tx)
  const vault = await sql<{ n: number }>`select count(*)::int as n from vault v
    where v.tenant_id = ${tenant} and ${vaultDue(trusted)}`.execute(tx)
  return { softDeleted: rows.rows[0]?.soft ?? 0, hardDeleted: rows.rows[0]?.hard ?? 0, vault: vault.rows[0]?.n ?? 0 }
}

/** Bytes `v` whose time is over. Those of a copy in one of our holds stay as long as it lies there, whatever was written down. */
export const vaultDue = (trusted: Date) => sql`v.retention_until <= ${trusted}::timestamptz
  and not exists (select 1 from delivery d where d.tenant_id = v.tenant_id and d.id = v.delivery_id
    and (d.latest_location in ('soft-deleted', 'hard-deleted', 'quarantine') or ${BUSY}))`
