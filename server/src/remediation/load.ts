import { sql } from 'kysely'
import type { ActionId, BlobKey, DeliveryId, ItemId, MailboxId, MessageId, TenantId } from '../base/index.ts'
import type { CopyRef } from '../mailboxes/index.ts'
import type { Location } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import type { ActionParams } from './tables.ts'
import type { ActionKind, HoldPosition, PlaceKind, StoredState, Via, WorkItem } from './types.ts'

/** Mailboxes that have something to do now, those that were interrupted first. */
export async function dueMailboxes(tx: Tx, tenant: TenantId, now: Date, limit: number): Promise<readonly MailboxId[]> {
  const rows = await sql<{ mailbox_id: MailboxId }>`
    select i.mailbox_id from action_item i join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
    where i.tenant_id = ${tenant} and i.state in ('approved', 'executing') and i.mailbox_id is not null
      and (i.state = 'executing' or (a.proven and (a.blocked_until is null or a.blocked_until <= ${now})))
    group by i.mailbox_id order by bool_or(i.state = 'executing') desc, min(i.id::text) limit ${limit}`.execute(tx)
  return rows.rows.map((r) => r.mailbox_id)
}

/** When the next failed item is to be tried again or a held-back action looked at; null = nothing waits. */
export async function nextDue(tx: Tx, tenant: TenantId): Promise<Date | null> {
  const rows = await sql<{ at: Date | null }>`
    select least(
      (select min(next_attempt_at) from action_item
        where tenant_id = ${tenant} and state = 'failed' and next_attempt_at is not null),
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
    select id, action_id from action_item
    where tenant_id = ${tenant} and state = 'failed' and next_attempt_at <= ${now}
    order by next_attempt_at limit ${limit} for update skip locked`.execute(tx)
  return rows.rows.map((r) => ({ id: r.id, actionId: r.action_id }))
}

interface WorkRow {
  id: ItemId
  action_id: ActionId
  kind: ActionKind
  name: string
  params: ActionParams
  requested_by: { name: string }
  delivery_id: DeliveryId
  message_id: MessageId
  mailbox_id: MailboxId
  recipient: string
  state: 'approved' | 'executing'
  attempts: number
  via: Via | null
  undoes: ItemId | null
  same_as: ItemId | null
  target_kind: PlaceKind
  target_location: Location
  target_folder: string | null
  target_folder_id: string | null
  source_ref: CopyRef | null
  source_state: StoredState | null
  wanted: StoredState | null
  before_location: Location | null
  before_ref: CopyRef | null
  before_state: StoredState | null
  after_folder: string | null
  hold_position: HoldPosition | null
  vault_id: string | null
  ref: CopyRef | null
  latest_location: Location
  latest_folder: string | null
  sent_sha256: string | null
  sent_size: string | number | null
  sent_prefix: string | null
  copy_hash: string | null
  handover: string
  sha256: string
  size: string | number
  blob_key: BlobKey
  internet_message_id: string | null
  mail_from: string | null
}

const workItem = (r: WorkRow): WorkItem => ({
  id: r.id,
  actionId: r.action_id,
  actionKind: r.kind,
  actionName: r.name,
  actor: r.requested_by.name,
  deliveryId: r.delivery_id,
  messageId: r.message_id,
  mailboxId: r.mailbox_id,
  recipient: r.recipient,
  state: r.state,
  attempts: r.attempts,
  via: r.via,
  undoes: r.undoes,
  sameAs: r.same_as,
  target: { kind: r.target_kind, location: r.target_location, folder: r.target_folder, folderId: r.target_folder_id },
  folderGone: r.params.folderGone ?? 'recreate',
  sourceRef: r.source_ref,
  sourceState: r.source_state,
  wanted: r.wanted,
  beforeLocation: r.before_location,
  beforeRef: r.before_ref,
  beforeState: r.before_state,
  afterFolder: r.after_folder,
  holdPosition: r.hold_position,
  vaultId: r.vault_id,
  delivery: {
    ref: r.ref,
    location: r.latest_location,
    folder: r.latest_folder,
    sentSha256: r.sent_sha256,
    sentSize: r.sent_size === null ? null : Number(r.sent_size),
    sentPrefix: r.sent_prefix,
    copyHash: r.copy_hash,
    handover: r.handover,
    messageSha256: r.sha256,
    messageSize: Number(r.size),
    blobKey: r.blob_key,
    internetMessageId: r.internet_message_id,
    mailFrom: r.mail_from,
  },
})

/**
 * Items of one mailbox: everything that was interrupted (what shares a doubt is settled together), else the next that wait, in the
 * order of their actions.
 */
export async function loadWork(
  tx: Tx,
  tenant: TenantId,
  mailbox: MailboxId,
  now: Date,
  limit: number,
): Promise<readonly WorkItem[]> {
  const rows = await sql<WorkRow>`
    with begun as materialized (
      select * from action_item where tenant_id = ${tenant} and mailbox_id = ${mailbox} and state = 'executing'
    ), waiting as (
      select i.* from action_item i join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
      where i.tenant_id = ${tenant} and i.mailbox_id = ${mailbox} and i.state = 'approved'
        and a.proven and (a.blocked_until is null or a.blocked_until <= ${now}) and not exists (select 1 from begun)
      order by i.id limit ${limit}
    ), i as materialized (select * from begun union all select * from waiting)
    select i.*, a.kind, a.name, a.params, a.requested_by,
      d.ref, d.latest_location, d.latest_folder, d.sent_sha256, d.sent_size, d.sent_prefix, d.copy_hash, d.handover,
      m.sha256, m.size, m.blob_key, m.internet_message_id, m.mail_from
    from i
    join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
    join delivery d on d.tenant_id = i.tenant_id and d.id = i.delivery_id
    join message m on m.tenant_id = i.tenant_id and m.id = i.message_id
    order by i.id`.execute(tx)
  return rows.rows.map(workItem)
}
