import { PassThrough, type Readable } from 'node:stream'
import { configure, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js'
import { sql } from 'kysely'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError, type BlobKey, type MessageId, type TenantId } from '../base/index.ts'
import type { Storage, Tx } from '../storage/index.ts'

// No threads: what mail holds is only packed here, never read.
configure({ useWebWorkers: false })

const MANY_BYTES = 200 * 1024 * 1024

export interface ArchiveWish {
  readonly messageIds: readonly MessageId[]
  readonly password: string
  /** Kept in the audit log. */
  readonly reason: string
  /** The old cipher, which Windows Explorer can open, instead of AES-256. Weak: it hides from scanners, not from people. */
  readonly zipCrypto: boolean
}

interface Found {
  id: MessageId
  subject: string
  sender_address: string | null
  received_at: Date
  size: string | number
  blob_key: BlobKey
}

/**
 * Held messages as they came in, in an archive with a password: `<network message ID>.eml`, one at a time from the store, so that memory
 * holds one message. Each is in the audit log before the first byte is out. Throws AppError `not-in-quarantine`, `bytes-expired`, `too-many`.
 */
export async function archive(
  storage: Pick<Storage, 'tenant' | 'blobs'>,
  tenant: TenantId,
  actor: AuditActor,
  wish: ArchiveWish,
): Promise<Readable> {
  const found = await storage.tenant(tenant, (tx) => messagesOf(tx, actor, wish))
  for (const { id, blob_key } of found) if (!(await storage.blobs.has(tenant, blob_key))) throw bytesExpired(id)
  const out = new PassThrough()
  const zip = new ZipWriter(into(out), {
    password: wish.password,
    ...(wish.zipCrypto ? { zipCrypto: true } : { encryptionStrength: 3 as const }),
  })
  const pack = async (): Promise<void> => {
    for (const { id, blob_key, received_at } of found) {
      const bytes = await storage.blobs.get(tenant, blob_key)
      await zip.add(`${id}.eml`, new Uint8ArrayReader(bytes), { lastModDate: storable(received_at) })
    }
    await zip.close()
  }
  // A message that cannot be read, or a reader who is gone, ends the archive in the middle: half an archive does not open.
  pack().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))))
  return out
}

/** Waits for the reader: no more than one message is in memory. */
const into = (out: PassThrough): WritableStream<Uint8Array> =>
  new WritableStream({
    write: (chunk) =>
      new Promise((done, failed) => {
        out.write(chunk, (error) => (error ? failed(error) : done()))
      }),
    close: () => void out.end(),
  })

/** The archive's format knows no time before 1980. */
const storable = (at: Date): Date =>
  at.getUTCFullYear() < 1980 || at.getUTCFullYear() > 2100 ? new Date(0x12ce97ac000) : at

const bytesExpired = (id: string): AppError =>
  new AppError(
    'bytes-expired',
    `The bytes of message ${id} are not kept any more: its retention has ended.`,
    'Leave it out of the selection.',
    { status: 410 },
  )

async function messagesOf(tx: Tx, actor: AuditActor, wish: ArchiveWish): Promise<readonly Found[]> {
  const ids = [...new Set(wish.messageIds.map((id) => id.toLowerCase()))]
  const { rows } = await sql<Found>`
    select m.id, m.subject, m.sender_address, m.received_at, m.size, m.blob_key from message m
    where m.tenant_id = recourse_tenant() and m.id = any(${ids}::uuid[])
      and exists (select 1 from held_copy h where h.tenant_id = m.tenant_id and h.message_id = m.id)
    order by m.received_at, m.id`.execute(tx)
  const known = new Set<string>(rows.map((r) => r.id))
  const missing = ids.filter((id) => !known.has(id))
  if (missing.length > 0)
    throw new AppError(
      'not-in-quarantine',
      `${missing.length === 1 ? 'Message' : `${missing.length} messages, among them`} ${missing[0]} ${missing.length === 1 ? 'is' : 'are'} not in quarantine and never ${missing.length === 1 ? 'was' : 'were'}.`,
      'Choose messages from the quarantine list.',
      { status: 404 },
    )
  const size = rows.reduce((sum, r) => sum + Number(r.size), 0)
  if (size > MANY_BYTES)
    throw new AppError(
      'too-large',
      `These messages have ${Math.ceil(size / 1024 / 1024)} MB; an archive holds at most ${MANY_BYTES / 1024 / 1024} MB.`,
      'Download fewer at a time.',
      { status: 413 },
    )
  for (const { id, subject, sender_address } of rows) {
    await record(tx, {
      actor,
      action: 'quarantine.download',
      subject: { kind: 'message', id },
      detail: { reason: wish.reason, subject, sender: sender_address },
    })
  }
  return rows
}
