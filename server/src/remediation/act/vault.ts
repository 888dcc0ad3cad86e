import { sql } from 'kysely'
import type { BlobKey, DeliveryId, TenantId } from '../../base/index.ts'
import { getRetention, type Retention } from '../../organisation/index.ts'
import type { Location } from '../../records/index.ts'
import { PREPARED, type Storage, type Tx, uuids, wordColumn } from '../../storage/index.ts'
import type { VaultBytes } from '../find/read.ts'

export interface Deposit {
  /** The new row's. */
  readonly id: string
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

/** Writes down how to build the bytes of these copies; the blobs are durable already. */
export async function deposit(
  tx: Tx,
  { storage, now }: { storage: Storage; now: Date },
  deposits: readonly Deposit[],
): Promise<void> {
  if (deposits.length === 0) return
  const retention = await getRetention(tx)
  const until = deposits.map((d) => retentionUntil(retention, d.location, now).toISOString())
  const written = sql`${sql.raw(PREPARED)}
    insert into vault (tenant_id, id, delivery_id, prefix, blob_key, sha256, size, created_at, retention_until)
    select recourse_tenant(), x.id, x.delivery_id, decode(coalesce(x.prefix, ''), 'hex'), x.blob_key, x.sha256, x.size, ${now}, x.until
    from unnest(${uuids(deposits.map((d) => d.id))}, ${uuids(deposits.map((d) => d.deliveryId))},
      ${wordColumn(deposits.map((d) => d.bytes.prefix.toString('hex')))},
      ${wordColumn(deposits.map((d) => d.bytes.blob.key))}, ${wordColumn(deposits.map((d) => d.sha256))},
      ${deposits.map((d) => d.bytes.prefix.length + d.bytes.blob.size)}::bigint[], ${until}::timestamptz[])
      as x(id, delivery_id, prefix, blob_key, sha256, size, until)`.execute(tx)
  // A message's own blob is used by the message; marking it anew for each of thousands of copies would only make their transactions wait
  // for each other. But the message may just have let go of it: it must still be there, and no sweep passes before our commit.
  const reused = deposits.flatMap((d) => (d.bytes.own ? [] : [d.bytes.blob.key]))
  await Promise.all([written, storage.blobs.reuse(tx, reused)])
  // Last: the sweep waits for these rows while it holds that lock.
  const own = deposits.filter((d) => d.bytes.own).map((d) => d.bytes.blob)
  await storage.blobs.mark(tx, own)
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
