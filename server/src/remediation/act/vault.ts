import { sql } from 'kysely'
import { type BlobKey, type DeliveryId, type TenantId, uuidv7 } from '../../base/index.ts'
import { getRetention, type Retention } from '../../organisation/index.ts'
import type { Location } from '../../records/index.ts'
import { PREPARED, type Storage, type Tx, uuids, wordColumn } from '../../storage/index.ts'
import type { VaultBytes } from '../find/read.ts'

export interface Deposit {
  readonly deliveryId: DeliveryId
  readonly sha256: string
  readonly bytes: VaultBytes
  /** Where the copy goes: retention depends on it. */
  readonly location: Location
}

const DAY_MS = 86_400_000

/** What is in a hold keeps its bytes as long as it lies there, and from then on as long as this. */
export function retentionUntil(retention: Retention, location: Location, now: Date): Date {
  const kept =
    location === 'soft-deleted'
      ? retention.softDeleted
      : location === 'hard-deleted'
        ? retention.hardDeleted
        : retention.moved
  return new Date(now.getTime() + kept * DAY_MS)
}

/** Writes down how to build the bytes of these copies; the blobs are durable already. Gives back the IDs in their order. */
export async function deposit(
  tx: Tx,
  context: { storage: Storage; tenant: TenantId; now: Date },
  deposits: readonly Deposit[],
): Promise<readonly string[]> {
  if (deposits.length === 0) return []
  const { storage, now } = context
  const retention = await getRetention(tx)
  const ids = deposits.map(() => uuidv7())
  const until = deposits.map((d) => retentionUntil(retention, d.location, now).toISOString())
  await sql`${sql.raw(PREPARED)}
    insert into vault (tenant_id, id, delivery_id, prefix, blob_key, sha256, size, created_at, retention_until)
    select recourse_tenant(), x.id, x.delivery_id, decode(coalesce(x.prefix, ''), 'hex'), x.blob_key, x.sha256, x.size, ${now}, x.until
    from unnest(${uuids(ids)}, ${uuids(deposits.map((d) => d.deliveryId))},
      ${wordColumn(deposits.map((d) => d.bytes.prefix.toString('hex')))},
      ${wordColumn(deposits.map((d) => d.bytes.blob.key))}, ${wordColumn(deposits.map((d) => d.sha256))},
      ${deposits.map((d) => d.bytes.prefix.length + d.bytes.blob.size)}::bigint[], ${until}::timestamptz[])
      as x(id, delivery_id, prefix, blob_key, sha256, size, until)`.execute(tx)
  // A message's own blob is used by the message; marking it anew for each of thousands of copies would only make their transactions wait
  // for each other. But the message may just have let go of it: it must still be there, and no sweep passes before our commit.
  await storage.blobs.reuse(
    tx,
    deposits.flatMap((d) => (d.bytes.own ? [] : [d.bytes.blob.key])),
  )
  // Last: the sweep waits for these rows while it holds that lock.
  const own = deposits.filter((d) => d.bytes.own).map((d) => d.bytes.blob)
  await storage.blobs.mark(tx, own)
  return ids
}

/** The exact bytes of a copy as it was taken. Throws AppError `blob-missing` or `blob-damaged`; null: nothing was kept. */
export async function withdraw(storage: Storage, tenant: TenantId, id: string): Promise<Buffer | null> {
  const row = await storage.tenant(tenant, (tx) =>
    sql<{ prefix: Buffer; blob_key: BlobKey }>`
      select prefix, blob_key from vault where tenant_id = ${tenant} and id = ${id}`.execute(tx),
  )
  const [found] = row.rows
  return found ? Buffer.concat([found.prefix, await storage.blobs.get(tenant, found.blob_key)]) : null
}
