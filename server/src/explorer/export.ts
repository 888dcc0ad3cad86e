import { type CsvColumn, csvParts, type DeliveryId, type TenantId } from '../base/index.ts'
import { type AdditionalAction, additionalActions, copiesMatching, type MessageFilter } from '../records/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import { afterRow, writeCursor } from './list.ts'
import { EXPORT_COLUMNS, type ExportColumn } from './query-schemas.ts'

/** Rows of an export, as of the original. */
const MOST_ROWS = 200_000
const PART = 2000

type Found = Awaited<ReturnType<typeof part>>['items'][number]

const domainOf = (address: string | null): string | null => address?.split('@').slice(1).at(-1)?.toLowerCase() ?? null

const COLUMNS: Readonly<Record<ExportColumn, CsvColumn<Found>>> = {
  date: ['Date', (r) => r.received_at.toISOString()],
  subject: ['Subject', (r) => r.subject],
  recipient: ['Recipient', (r) => r.recipient],
  recipientDomain: ['Recipient domain', (r) => domainOf(r.recipient)],
  senderAddress: ['Sender address', (r) => r.sender_address],
  senderName: ['Sender display name', (r) => r.sender_name],
  senderDomain: ['Sender domain', (r) => r.sender_domain],
  ip: ['Sender IP', (r) => r.client_ip],
  mailFrom: ['Sender mail from address', (r) => r.mail_from],
  mailFromDomain: ['Sender mail from domain', (r) => domainOf(r.mail_from)],
  additional: ['Additional actions', (r) => r.done.join('; ')],
  action: ['Delivery action', (r) => r.action],
  location: ['Latest delivery location', (r) => r.latest_location],
  folder: ['Latest folder', (r) => r.latest_folder],
  originalLocation: ['Original delivery location', (r) => r.original_location],
  threat: ['Threat type', (r) => r.threat],
  technology: ['Detection technology', (r) => r.technology],
  direction: ['Directionality', (r) => r.direction],
  attachments: ['Attachment count', (r) => r.attachment_count],
  urls: ['URL count', (r) => r.url_count],
  size: ['Email size', (r) => r.size],
  internetMessageId: ['Internet message ID', (r) => r.internet_message_id],
  messageId: ['Network message ID', (r) => r.message_id],
}

async function part(tx: Tx, filter: MessageFilter, cursor: string | null) {
  let query = copiesMatching(tx, filter)
    .select(['d.id', 'd.message_id', 'd.recipient', 'd.action', 'd.latest_location', 'd.latest_folder'])
    .select(['d.original_location', 'm.received_at', 'm.subject', 'm.sender_address', 'm.sender_name'])
    .select(['m.sender_domain', 'm.client_ip', 'm.mail_from', 'm.threat', 'm.technology', 'm.direction'])
    .select(['m.attachment_count', 'm.url_count', 'm.size', 'm.internet_message_id'])
  if (cursor !== null) {
    const after = afterRow(cursor)
    query = query.where((eb) =>
      eb(eb.refTuple('m.received_at', 'd.id'), '<', eb.tuple(after.at, after.id as DeliveryId)),
    )
  }
  const found = await query
    .orderBy('m.received_at', 'desc')
    .orderBy('d.id', 'desc')
    .limit(PART + 1)
    .execute()
  const rows = found.slice(0, PART)
  const done = await additionalActions(
    tx,
    rows.map((row) => row.id),
  )
  const none: readonly AdditionalAction[] = []
  const last = rows.at(-1)
  return {
    items: rows.map((row) => ({ ...row, done: done.get(row.id) ?? none })),
    next: found.length > PART && last ? writeCursor(last.received_at, last.id) : null,
  }
}

/** A line for each recipient copy that matches, newest first, up to 200,000; `columns`: only these, in this order. */
export const messagesCsv = (
  storage: Pick<Storage, 'tenant'>,
  tenant: TenantId,
  filter: MessageFilter,
  columns: readonly ExportColumn[] = EXPORT_COLUMNS,
): AsyncGenerator<string> =>
  csvParts(
    [...new Set(columns)].map((name) => COLUMNS[name]),
    MOST_ROWS,
    (cursor) => storage.tenant(tenant, (tx) => part(tx, filter, cursor)),
  )
