import { type RawBuilder, sql } from 'kysely'
import type { DeliveryId, MailboxId, MessageId, TenantId } from '../../base/index.ts'
import type { CopyRef } from '../../mailboxes/index.ts'
import { type CopyRefJson, setHandover } from '../../records/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import type { KnownFolder, WatchedMailbox } from './types.ts'

export interface NewCopy {
  readonly folderId: string
  readonly uid: number
  readonly mailboxId: MailboxId
  readonly deliveryId: DeliveryId | null
  readonly serverId: string | null
  readonly likeness: string
  readonly marks: number
}

export async function saveFolder(tx: Tx, { tenant, id: mailbox }: WatchedMailbox, folder: KnownFolder): Promise<void> {
  const values = {
    path: folder.path,
    folder_id: folder.folderId,
    uid_validity: folder.uidValidity,
    uid_next: folder.uidNext,
    backfill_before: folder.backfillBefore,
    first_uid_next: folder.firstUidNext,
    messages: folder.messages,
    modseq: folder.modseq,
  }
  await tx
    .insertInto('watched_folder')
    .values({ tenant_id: tenant, id: folder.id, mailbox_id: mailbox, ...values })
    .onConflict((on) => on.columns(['tenant_id', 'id']).doUpdateSet(values))
    .execute()
}

/** Folders that are gone, once none of their copies is waited for any more. */
export async function forgetFolders(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await sql`delete from watched_folder f where f.id = any(${[...ids]}::uuid[])
    and not exists (select 1 from watched_copy c where c.tenant_id = f.tenant_id and c.folder_id = f.id)`.execute(tx)
}

export async function noteMissing(tx: Tx, folder: string, uids: readonly number[] | 'all', now: Date): Promise<void> {
  const some = uids === 'all' ? null : [...uids]
  if (some?.length === 0) return
  await sql`update watched_copy set missing_since = ${now} where folder_id = ${folder} and missing_since is null
    and (${some}::bigint[] is null or uid = any(${some}::bigint[]))`.execute(tx)
}

export async function addCopies(tx: Tx, copies: readonly NewCopy[]): Promise<void> {
  if (copies.length === 0) return
  await sql`
    insert into watched_copy (tenant_id, folder_id, uid, mailbox_id, delivery_id, server_id, likeness, marks)
    select recourse_tenant(), x."folderId", x.uid, x."mailboxId", x."deliveryId", x."serverId", x.likeness, x.marks
    from json_to_recordset(${jsonText(copies)}::json) as x("folderId" uuid, uid bigint, "mailboxId" uuid, "deliveryId" uuid,
      "serverId" text, likeness text, marks smallint)
    on conflict (tenant_id, folder_id, uid) do update set delivery_id = excluded.delivery_id, missing_since = null`.execute(
    tx,
  )
}

/** Rows of copies that are no more: those of a delivery that are missing, and those named. */
export async function dropCopies(
  tx: Tx,
  mailbox: MailboxId,
  deliveries: readonly DeliveryId[],
  named: readonly { readonly folderId: string; readonly uid: number }[] = [],
): Promise<void> {
  if (deliveries.length > 0)
    await sql`delete from watched_copy where mailbox_id = ${mailbox} and delivery_id = any(${[...deliveries]}::uuid[])
      and missing_since is not null`.execute(tx)
  if (named.length > 0)
    await sql`delete from watched_copy c using json_to_recordset(${jsonText(named)}::json) as x("folderId" uuid, uid bigint)
      where c.tenant_id = recourse_tenant() and c.folder_id = x."folderId" and c.uid = x.uid`.execute(tx)
}

export interface ChangedMarks {
  readonly deliveryId: DeliveryId
  readonly messageId: MessageId
  readonly before: number
  readonly now: number
}

/** Keeps the marks; gives back what changed on copies that somebody may have an opinion on. */
export async function setMarks(
  tx: Tx,
  marks: readonly { readonly folderId: string; readonly uid: number; readonly marks: number }[],
): Promise<ChangedMarks[]> {
  if (marks.length === 0) return []
  const rows = await sql<{ delivery_id: DeliveryId; message_id: MessageId; before: number; now: number }>`
    with x as (select * from json_to_recordset(${jsonText(marks)}::json) as x("folderId" uuid, uid bigint, marks smallint)),
    old as (
      select c.folder_id, c.uid, c.delivery_id, c.marks as before, x.marks as now from watched_copy c
      join x on c.tenant_id = recourse_tenant() and c.folder_id = x."folderId" and c.uid = x.uid and c.marks <> x.marks for update of c
    ), u as (
      update watched_copy c set marks = old.now from old
      where c.tenant_id = recourse_tenant() and c.folder_id = old.folder_id and c.uid = old.uid
    )
    select old.delivery_id, d.message_id, old.before, old.now from old
    join delivery d on d.tenant_id = recourse_tenant() and d.id = old.delivery_id`.execute(tx)
  return rows.rows.map((r) => ({ deliveryId: r.delivery_id, messageId: r.message_id, before: r.before, now: r.now }))
}

export interface WatchedCopy {
  readonly folderId: string
  readonly uid: number
  readonly deliveryId: DeliveryId | null
  readonly ref: CopyRef
}

/** Missing since before `before`, and after `after`. */
export const overdueCopies = (tx: Tx, mailbox: MailboxId, after: Date | null, before: Date): Promise<WatchedCopy[]> =>
  copiesWhere(
    tx,
    sql`c.mailbox_id = ${mailbox} and c.missing_since < ${before} and (${after}::timestamptz is null or c.missing_since > ${after})
      order by c.folder_id, c.uid limit 5000`,
  )

/** Copies of these deliveries that are in their folders. */
export const otherCopies = (tx: Tx, mailbox: MailboxId, ids: readonly DeliveryId[]): Promise<WatchedCopy[]> =>
  copiesWhere(
    tx,
    sql`c.mailbox_id = ${mailbox} and c.delivery_id = any(${[...ids]}::uuid[]) and c.missing_since is null
      order by c.folder_id, c.uid`,
  )

async function copiesWhere(tx: Tx, which: RawBuilder<unknown>): Promise<WatchedCopy[]> {
  const rows = await sql<{
    folder_id: string
    uid: string
    delivery_id: DeliveryId | null
    server_id: string | null
    path: string
    server_folder: string | null
    uid_validity: string
  }>`
    select c.folder_id, c.uid, c.delivery_id, c.server_id, f.path, f.folder_id as server_folder, f.uid_validity
    from watched_copy c join watched_folder f on f.tenant_id = c.tenant_id and f.id = c.folder_id where ${which}`.execute(
    tx,
  )
  return rows.rows.map((r) => ({
    folderId: r.folder_id,
    uid: Number(r.uid),
    deliveryId: r.delivery_id,
    ref: {
      folder: r.path,
      folderId: r.server_folder,
      uidValidity: r.uid_validity,
      uid: Number(r.uid),
      serverId: r.server_id,
    },
  }))
}

/** A delivery's copy was seen for the first time, just where it had been put: its identity is noted, nothing is told. */
export const watchedAt = (tx: Tx, deliveryId: DeliveryId, ref: CopyRefJson): Promise<void> =>
  setHandover(tx, [{ deliveryId, ref }])

/** Recorded places follow a folder that got another name. */
export async function copiesInFolder(tx: Tx, tenant: TenantId, mailbox: MailboxId, path: string) {
  const rows = await sql<{ id: DeliveryId; ref: CopyRefJson | null }>`
    select id, ref from delivery where tenant_id = ${tenant} and mailbox_id = ${mailbox} and latest_location = 'folder'
      and latest_folder = ${path}`.execute(tx)
  return rows.rows
}
