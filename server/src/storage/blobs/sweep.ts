import { sql } from 'kysely'
import { AppError, type TenantId } from '../../base/index.ts'
import type { Tx } from '../schema.ts'
import type { Storage } from '../types.ts'
import type { BlobFiles } from './files.ts'

/** A column that holds keys of blobs. */
export interface Use {
  readonly table: string
  readonly column: string
}

/**
 * Removes files that nothing names and nobody has marked within the grace period. Columns named `blob_key` or `…_blob_key` count as
 * uses by themselves, so that a forgotten registration cannot destroy mail.
 */
export async function sweep(
  storage: Pick<Storage, 'tenant'>,
  files: BlobFiles,
  registered: readonly Use[],
  tenant: TenantId,
  graceMs: number,
): Promise<number> {
  const uses = await storage.tenant(tenant, (tx) => allUses(tx, registered))
  if (uses.length === 0)
    throw new AppError(
      'sweep-blind',
      'No table is known to use blobs: nothing can be swept.',
      'Report this as a defect.',
    )
  const before = Date.now() - graceMs
  let removed = 0
  for await (const old of files.olderThan(tenant, before)) {
    const unused = await storage.tenant(tenant, (tx) => notUsed(tx, uses, old))
    for (const key of unused) if (await removeOne(storage, files, uses, { tenant, key, graceMs })) removed++
  }
  await files.sweepTemporary(before)
  return removed
}

async function allUses(tx: Tx, registered: readonly Use[]): Promise<Use[]> {
  const found = await sql<Use>`select c.table_name as table, c.column_name as column from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
      and (c.column_name = 'blob_key' or c.column_name like '%\\_blob\\_key')`.execute(tx)
  return [...new Map([...found.rows, ...registered].map((use) => [`${use.table}.${use.column}`, use])).values()]
}

async function notUsed(tx: Tx, uses: readonly Use[], keys: readonly string[]): Promise<string[]> {
  const left = new Set(keys)
  for (const { table, column } of uses) {
    const found = await sql<{ key: string }>`select distinct ${sql.ref(column)}::text as key from ${sql.table(table)}
      where tenant_id = recourse_tenant() and ${sql.ref(column)} = any(${[...left]}::text[])`.execute(tx)
    for (const row of found.rows) left.delete(row.key)
  }
  return [...left]
}

/** Holds the blob's row while the file goes, so that a transaction that marks it waits and then sees that it is gone. */
async function removeOne(
  storage: Pick<Storage, 'tenant'>,
  files: BlobFiles,
  uses: readonly Use[],
  { tenant, key, graceMs }: { tenant: TenantId; key: string; graceMs: number },
): Promise<boolean> {
  return await storage.tenant(tenant, async (tx) => {
    // Whoever reuses a blob holds this lock until his row can be seen.
    await sql`select pg_advisory_xact_lock(hashtextextended('recourse blobs ' || recourse_tenant(), 0))`.execute(tx)
    await sql`insert into blob (tenant_id, key, size, marked_at) values (recourse_tenant(), ${key}, 0, '-infinity')
      on conflict do nothing`.execute(tx)
    const row = await sql<{ old: boolean }>`select marked_at <= now() - ${graceMs} * interval '1 ms' as old from blob
      where tenant_id = recourse_tenant() and key = ${key} for update`.execute(tx)
    const file = await files.look(tenant, key)
    const young = file !== null && file.mtimeMs >= Date.now() - graceMs
    if (!row.rows[0]?.old || young || (await notUsed(tx, uses, [key])).length === 0) {
      await sql`delete from blob where tenant_id = recourse_tenant() and key = ${key} and marked_at = '-infinity'`.execute(
        tx,
      )
      return false
    }
    await files.remove(tenant, key)
    await sql`delete from blob where tenant_id = recourse_tenant() and key = ${key}`.execute(tx)
    return file !== null
  })
}
