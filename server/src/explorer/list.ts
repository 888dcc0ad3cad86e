import { AppError, type DeliveryId, instantOf, type MessageId } from '../base/index.ts'
import { type AdditionalAction, additionalActions, type MessageFilter, messagesMatching } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import type { CopyRow, MessageRow } from './schemas.ts'

/** Copies shown in a row; the rest is counted. */
const COPIES = 20

/** Received instant and id of the last row. Throws AppError `bad-cursor`. */
export function afterRow(cursor: string): { readonly at: Date; readonly id: string } {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ')
  const date = instantOf(at)
  if (date && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return { at: date, id }
  throw new AppError('bad-cursor', 'This cursor was not given by a list.', 'Begin again without cursor.')
}

export const writeCursor = (at: Date, id: string): string =>
  Buffer.from(`${at.toISOString()} ${id}`, 'latin1').toString('base64url')

const COLUMNS = [
  'm.id',
  'm.received_at',
  'm.subject',
  'm.snippet',
  'm.sender_name',
  'm.sender_address',
  'm.sender_domain',
  'm.mail_from',
  'm.client_ip',
  'm.internet_message_id',
  'm.direction',
  'm.threat',
  'm.technology',
  'm.size',
  'm.url_count',
  'm.attachment_count',
] as const

/** One page of messages, newest first. Throws AppError `bad-filter`, `bad-cursor`. */
export async function listMessages(
  tx: Tx,
  filter: MessageFilter,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{ items: MessageRow[]; next: string | null }> {
  let query = messagesMatching(tx, filter).select(COLUMNS)
  if (page.cursor !== undefined) {
    const after = afterRow(page.cursor)
    query = query.where((eb) =>
      eb(eb.refTuple('m.received_at', 'm.id'), '<', eb.tuple(after.at, after.id as MessageId)),
    )
  }
  const found = await query
    .orderBy('m.received_at', 'desc')
    .orderBy('m.id', 'desc')
    .limit(page.limit + 1)
    .execute()
  const rows = found.slice(0, page.limit)
  const last = rows.at(-1)
  const next = found.length > page.limit && last ? writeCursor(last.received_at, last.id) : null
  return { items: await withCopies(tx, rows), next }
}

/** One message as the list shows it; null when there is none. */
export async function messageRow(tx: Tx, id: MessageId): Promise<MessageRow | null> {
  const found = await tx.selectFrom('message as m').select(COLUMNS).where('m.id', '=', id).execute()
  return (await withCopies(tx, found))[0] ?? null
}

type Found = Awaited<ReturnType<typeof selected>>[number]
const selected = (tx: Tx) => tx.selectFrom('message as m').select(COLUMNS).execute()

async function withCopies(tx: Tx, found: readonly Found[]): Promise<MessageRow[]> {
  const ids = found.map((row) => row.id)
  if (ids.length === 0) return []
  const copies = await tx
    .selectFrom('delivery')
    .select(['id', 'message_id', 'recipient', 'mailbox_id', 'action', 'original_location', 'latest_location'])
    .select('latest_folder')
    .where('message_id', 'in', ids)
    .orderBy('id')
    .execute()
  const reports = await tx
    .selectFrom('message_event')
    .select('message_id')
    .distinct()
    .where('kind', '=', 'reported')
    .where('message_id', 'in', ids)
    .execute()
  const reported = new Set(reports.map((row) => row.message_id))
  const byMessage = Map.groupBy(copies, (copy) => copy.message_id)
  const shown = [...byMessage].flatMap(([, all]) => all.slice(0, COPIES))
  const done = await additionalActions(
    tx,
    shown.map((copy) => copy.id),
  )
  return found.map((row) => ({
    id: row.id,
    receivedAt: row.received_at.toISOString(),
    subject: row.subject,
    snippet: row.snippet.slice(0, 200),
    senderName: row.sender_name,
    senderAddress: row.sender_address,
    senderDomain: row.sender_domain,
    mailFrom: row.mail_from,
    clientIp: row.client_ip,
    internetMessageId: row.internet_message_id,
    direction: row.direction,
    threat: row.threat,
    technology: row.technology,
    size: row.size,
    urls: row.url_count,
    attachments: row.attachment_count,
    reported: reported.has(row.id),
    copies: (byMessage.get(row.id) ?? []).slice(0, COPIES).map((copy) => copyRow(copy, done)),
    copyCount: byMessage.get(row.id)?.length ?? 0,
  }))
}

interface FoundCopy {
  readonly id: DeliveryId
  readonly recipient: string
  readonly mailbox_id: string | null
  readonly action: CopyRow['action']
  readonly original_location: CopyRow['originalLocation']
  readonly latest_location: CopyRow['latestLocation']
  readonly latest_folder: string | null
}

export const copyRow = (copy: FoundCopy, done: ReadonlyMap<DeliveryId, readonly AdditionalAction[]>): CopyRow => ({
  id: copy.id,
  recipient: copy.recipient,
  mailboxId: copy.mailbox_id,
  action: copy.action,
  originalLocation: copy.original_location,
  latestLocation: copy.latest_location,
  latestFolder: copy.latest_folder,
  additionalActions: [...(done.get(copy.id) ?? [])],
})
