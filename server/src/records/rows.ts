import { createHash } from 'node:crypto'
import { type DeliveryId, type MessageId, uuidv7, type VerdictId } from '../base/index.ts'
import type { EntityRef } from '../judgement/index.ts'
import type { ParsedMail } from '../mail/index.ts'
import { plainText } from '../storage/index.ts'
import type { NewEvent, NewMessage } from './door.ts'

/** Longest text that goes into an indexed or listed column; the whole is in `mail`. */
const SHORT = 1000
const SNIPPET = 2000

/** SHA-256 of an entity's value, first 16 bytes, hex: values can be long, and an index row must be short. */
export const entityHash = (value: string): string =>
  createHash('sha256').update(plainText(value)).digest('hex').slice(0, 32)

const short = (text: string | null): string | null => (text === null ? null : text.slice(0, SHORT))

/** Only what `tables.ts` names, as JSON by column name; `tenant_id` is filled in by the statement. */
export function messageRow(message: NewMessage, at: Date, verdictId: VerdictId): Record<string, unknown> {
  const { text, ...mail } = message.parsed.mail
  const from = mail.from[0]
  const address = from?.address?.toLowerCase() ?? null
  return {
    id: message.id,
    received_at: at,
    direction: message.direction,
    source: message.source,
    internet_message_id: short(mail.internetMessageId),
    subject: mail.subject.slice(0, SHORT),
    sender_name: (from?.name ?? '').slice(0, SHORT),
    sender_address: short(address),
    sender_domain: short(domainOf(address)),
    mail_from: short(message.mailFrom),
    client_ip: message.clientIp,
    size: message.blob.size,
    blob_key: message.blob.key,
    sha256: message.blob.sha256,
    parse_state: message.parsed.kind,
    parse_error: message.parsed.kind === 'unparsable' ? message.parsed.why : null,
    mail: mail satisfies Omit<ParsedMail, 'text'>,
    snippet: text.replace(/\s+/g, ' ').trim().slice(0, SNIPPET),
    verdict_id: verdictId,
    threat: message.verdict.threat,
    attempt_key: message.attemptKey,
    attempt: message.attempt ?? null,
    technology: message.verdict.technology,
    url_count: mail.urls.length,
    attachment_count: mail.attachments.length,
  }
}

const domainOf = (address: string | null): string | null => {
  const at = address?.lastIndexOf('@') ?? -1
  return address !== null && at >= 0 ? address.slice(at + 1) || null : null
}

export function deliveryRows(message: Pick<NewMessage, 'id' | 'deliveries'>, at: Date): Record<string, unknown>[] {
  return message.deliveries.map((d) => ({
    id: d.id,
    message_id: message.id,
    recipient: d.recipient,
    recipient_key: d.recipient.toLowerCase(),
    mailbox_id: d.mailboxId,
    action: d.action,
    original_location: d.location,
    latest_location: d.location,
    latest_folder: d.folder ?? null,
    ref: d.ref ?? null,
    sent_sha256: d.sentSha256 ?? null,
    sent_size: d.sentSize ?? null,
    sent_prefix: d.sentPrefix ?? null,
    copy_hash: d.copyHash ?? null,
    handover: d.handover,
    handover_detail: d.handoverDetail ?? null,
    updated_at: at,
  }))
}

/** Each entity once: a URL that occurs twice is one row. */
export function entityRows(entities: readonly EntityRef[]): { kind: string; hash: string; value: string }[] {
  const rows = entities.map(({ kind, value }) => ({ kind, hash: entityHash(value), value: plainText(value) }))
  return [...new Map(rows.map((row) => [`${row.kind} ${row.hash}`, row])).values()]
}

/** `received` and `judged`, then what the caller adds. */
export function eventRows(message: NewMessage, at: Date): Record<string, unknown>[] {
  const { verdict } = message
  const placed = verdict.placement === 'deliver' ? 'deliver' : verdict.placement
  const received: Omit<NewEvent, 'messageId'> = {
    kind: 'received',
    actor: message.source,
    at,
    summary: `Received for ${message.deliveries.length} ${message.deliveries.length === 1 ? 'recipient' : 'recipients'}`,
    detail: { mailFrom: message.mailFrom, clientIp: message.clientIp, size: message.blob.size },
  }
  const judged: Omit<NewEvent, 'messageId'> = {
    kind: 'judged',
    actor: `policy ${verdict.policy}`,
    at,
    summary: verdict.threat === 'none' ? 'Judged clean: deliver' : `Judged ${verdict.threat}: ${placed}`,
    detail: {
      threat: verdict.threat,
      technology: verdict.technology,
      placement: verdict.placement,
      score: verdict.score,
    },
  }
  return [received, judged, ...(message.events ?? [])].map((event) => eventRow(message.id, event, at))
}

export function eventRow(
  messageId: MessageId,
  event: Omit<NewEvent, 'messageId'>,
  now: Date,
): Record<string, unknown> & { message_id: MessageId; delivery_id: DeliveryId | null } {
  return {
    id: uuidv7(),
    message_id: messageId,
    delivery_id: event.deliveryId ?? null,
    at: event.at ?? now,
    kind: event.kind,
    actor: event.actor,
    summary: event.summary,
    detail: event.detail ?? {},
  }
}
