import { sql } from 'kysely'
import type { DeliveryId, MailboxId, MessageId, TenantId } from '../base/index.ts'
import type { Threat } from '../judgement/index.ts'
import type { Location } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import { expiresAt } from './retention.ts'

/** *Release status* of one recipient's copy. */
export type ReleaseStatus = 'needs-review' | 'released' | 'deleted' | 'elsewhere'

export interface HeldRecipient {
  readonly deliveryId: DeliveryId
  readonly recipient: string
  readonly mailboxId: MailboxId | null
  readonly status: ReleaseStatus
  readonly location: Location
  /** When it came into quarantine; null: not there now. */
  readonly heldSince: string | null
  readonly expiresAt: string | null
  /** Last release, and by whom. */
  readonly releasedAt: string | null
  readonly releasedBy: string | null
  /** It was taken out of a mailbox, so a release puts it back where it was; false: it never was in one. */
  readonly taken: boolean
}

export interface HeldMessage {
  readonly messageId: MessageId
  readonly internetMessageId: string | null
  readonly subject: string
  readonly senderName: string
  readonly sender: string | null
  readonly receivedAt: string
  readonly size: number
  /** *Quarantine reason*: the threat of the current verdict. */
  readonly reason: Threat
  /** The first of its copies to expire. */
  readonly expiresAt: string | null
  readonly recipients: readonly HeldRecipient[]
}

interface MessageRow {
  id: MessageId
  internet_message_id: string | null
  subject: string
  sender_name: string
  sender_address: string | null
  received_at: Date
  size: string | number
  threat: Threat
}

interface CopyRow {
  id: DeliveryId
  message_id: MessageId
  recipient: string
  mailbox_id: MailboxId | null
  latest_location: Location
  in_mailbox: boolean
  held_at: Date | null
  released_at: Date | null
  released_by: string | null
}

export interface HeldQuery {
  readonly limit: number
  readonly before: { readonly at: Date; readonly id: string } | null
  /** `held`: somebody still waits for it. `released`: it was released to somebody, and stays listed (quarantine #13). */
  readonly status: 'held' | 'released' | 'all'
}

/** Messages of which copies are or were in quarantine, newest first. */
export async function heldMessages(tx: Tx, tenant: TenantId, query: HeldQuery): Promise<readonly HeldMessage[]> {
  const held = sql`exists (select 1 from delivery d where d.tenant_id = m.tenant_id and d.message_id = m.id
    and d.latest_location = 'quarantine')`
  const released = sql`exists (select 1 from message_event e where e.tenant_id = m.tenant_id and e.message_id = m.id
    and e.kind = 'released')`
  const which = { held, released, all: sql`(${held} or ${released})` }[query.status]
  const { before } = query
  const older = before ? sql`and (m.received_at, m.id) < (${before.at}::timestamptz, ${before.id}::uuid)` : sql``
  const messages = await sql<MessageRow>`
    select m.id, m.internet_message_id, m.subject, m.sender_name, m.sender_address, m.received_at, m.size, m.threat
    from message m where m.tenant_id = ${tenant} and ${which} ${older}
    order by m.received_at desc, m.id desc limit ${query.limit}`.execute(tx)
  const copies = await copiesOf(
    tx,
    tenant,
    messages.rows.map((m) => m.id),
  )
  const byMessage = Map.groupBy(copies, (c) => c.message_id)
  return messages.rows.map((m) => heldMessage(m, byMessage.get(m.id) ?? []))
}

async function copiesOf(tx: Tx, tenant: TenantId, ids: readonly MessageId[]): Promise<readonly CopyRow[]> {
  const rows = await sql<CopyRow>`
    select d.id, d.message_id, d.recipient, d.mailbox_id, d.latest_location, d.ref is not null as in_mailbox,
      (select max(e.at) from message_event e where e.tenant_id = d.tenant_id and e.message_id = d.message_id
        and e.kind in ('quarantined', 'restored') and (e.delivery_id = d.id or e.delivery_id is null)) as held_at,
      r.at as released_at, r.actor as released_by
    from delivery d
    left join lateral (select e.at, e.actor from message_event e where e.tenant_id = d.tenant_id
      and e.message_id = d.message_id and e.delivery_id = d.id and e.kind = 'released' order by e.at desc limit 1) r on true
    where d.tenant_id = ${tenant} and d.message_id = any(${sql.val([...ids])}::uuid[])
    order by d.recipient, d.id`.execute(tx)
  return rows.rows
}

function heldMessage(m: MessageRow, copies: readonly CopyRow[]): HeldMessage {
  const recipients = copies.map((c) => heldRecipient(m, c))
  const ends = recipients.flatMap((r) => r.expiresAt ?? []).sort()
  return {
    messageId: m.id,
    internetMessageId: m.internet_message_id,
    subject: m.subject,
    senderName: m.sender_name,
    sender: m.sender_address,
    receivedAt: m.received_at.toISOString(),
    size: Number(m.size),
    reason: m.threat,
    expiresAt: ends[0] ?? null,
    recipients,
  }
}

function heldRecipient(m: MessageRow, c: CopyRow): HeldRecipient {
  const here = c.latest_location === 'quarantine'
  const since = here ? (c.held_at ?? m.received_at) : null
  return {
    deliveryId: c.id,
    recipient: c.recipient,
    mailboxId: c.mailbox_id,
    status: statusOf(c),
    location: c.latest_location,
    heldSince: since?.toISOString() ?? null,
    expiresAt: since ? expiresAt(m.threat, since).toISOString() : null,
    releasedAt: c.released_at?.toISOString() ?? null,
    releasedBy: c.released_by,
    taken: here && c.in_mailbox,
  }
}

function statusOf(c: CopyRow): ReleaseStatus {
  if (c.latest_location === 'quarantine') return 'needs-review'
  if (c.latest_location === 'soft-deleted' || c.latest_location === 'hard-deleted') return 'deleted'
  return c.released_at ? 'released' : 'elsewhere'
}
