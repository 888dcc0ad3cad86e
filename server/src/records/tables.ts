import type { ColumnType, Generated } from 'kysely'
import type { BlobKey, DeliveryId, MailboxId, MessageId, TenantId, VerdictId } from '../base/index.ts'
import type { EntityKind, Signal, Technology, Threat, Verdict } from '../judgement/index.ts'
import type { ParsedMail } from '../mail/index.ts'
import type { Location } from './locations.ts'
import type { CopyRefJson } from './types.ts'

type Json<T> = ColumnType<T, string, string>
type Instant = ColumnType<Date, Date | string, Date | string>

/** *delivery action* of the field, plus what is not decided yet. */
export type DeliveryAction = 'delivered' | 'junked' | 'blocked' | 'pending'

/** One per accepted message. */
export interface MessageTable {
  tenant_id: TenantId
  id: MessageId
  received_at: Instant
  direction: 'inbound' | 'internal' | 'outbound'
  /** `mailbox`: found in a mailbox that is watched. */
  source: 'gateway' | 'import' | 'mailbox'
  internet_message_id: string | null
  subject: string
  sender_name: string
  /** From header's first address, lower-case; null when none could be read. */
  sender_address: string | null
  sender_domain: string | null
  mail_from: string | null
  client_ip: string | null
  size: number
  blob_key: BlobKey
  /** SHA-256 hex of the raw bytes as received. */
  sha256: string
  parse_state: 'parsed' | 'unparsable'
  parse_error: string | null
  mail: Json<Omit<ParsedMail, 'text'>>
  /** First 2,000 characters of the visible text, for search and lists. */
  snippet: string
  verdict_id: VerdictId
  threat: Threat
  /** Identity of a delivery attempt, to recognise an MTA's retry; unique per tenant when not null. */
  attempt_key: string | null
  /** The attempt of which this message is the part for one group of recipients; null: it is the whole one. */
  attempt: string | null
  /** Of the current verdict. */
  technology: Generated<Technology>
  url_count: Generated<number>
  attachment_count: Generated<number>
}

/** One per recipient copy. */
export interface DeliveryTable {
  tenant_id: TenantId
  id: DeliveryId
  message_id: MessageId
  /** As in the envelope. */
  recipient: string
  /** In lower case, for filters. */
  recipient_key: string
  /** Null when the recipient is not one of our mailboxes. */
  mailbox_id: MailboxId | null
  action: DeliveryAction
  original_location: Location
  latest_location: Location
  /** Folder path when location is `folder`, else null. */
  latest_folder: string | null
  /** Provider's identity (CopyRef), null until the copy has been found in its mailbox. */
  ref: Json<CopyRefJson | null>
  /** SHA-256 hex of the exact bytes handed to the next hop (our headers included, CRLF); the copy ends with these bytes. */
  sent_sha256: string | null
  sent_size: number | null
  /** Bytes that our gateway put in front of the message: needed to build what was sent from the blob. */
  sent_prefix: string | null
  /** SHA-256 hex over the copy in the mailbox with CRLF line ends; known once it was read. */
  copy_hash: string | null
  handover: 'none' | 'handing-over' | 'handed-over' | 'possibly-twice' | 'refused'
  handover_detail: string | null
  updated_at: Instant
}

/** The timeline. Append-only. */
export interface MessageEventTable {
  tenant_id: TenantId
  id: string
  message_id: MessageId
  delivery_id: DeliveryId | null
  at: Instant
  /** received, judged, delivered, junked, quarantined, released, moved, soft-deleted, hard-deleted, restored, reported, re-judged… */
  kind: string
  /** Who or what: person, policy, action. */
  actor: string
  summary: string
  detail: Json<Record<string, unknown>>
}

/** Append-only; `message.verdict_id` names the current one. */
export interface VerdictTable {
  tenant_id: TenantId
  id: VerdictId
  message_id: MessageId
  at: Instant
  verdict: Json<Verdict>
  signals: Json<readonly Signal[]>
  /** What decide was given besides signals: entities, authentication, policy and its version, recipients. */
  inputs: Json<Record<string, unknown>>
}

export interface EntityTable {
  tenant_id: TenantId
  kind: EntityKind
  /** SHA-256 of the value, first 16 bytes hex; values can be long. */
  hash: string
  message_id: MessageId
  value: string
  received_at: Instant
}

/** Narrow, one row per copy, partitioned by day of receipt: filters, histograms and plans read this. */
export interface CopyFactTable {
  tenant_id: TenantId
  delivery_id: DeliveryId
  message_id: MessageId
  received_at: Instant
  threat: Threat
  action: DeliveryAction
  location: Location
  mailbox_id: MailboxId | null
  sender_domain: string | null
  direction: 'inbound' | 'internal' | 'outbound'
  rev: Generated<number>
}

declare module '../storage/schema.ts' {
  interface Database {
    message: MessageTable
    delivery: DeliveryTable
    message_event: MessageEventTable
    verdict: VerdictTable
    entity: EntityTable
    copy_fact: CopyFactTable
  }
}
