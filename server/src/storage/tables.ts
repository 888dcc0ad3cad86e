import type { ColumnType, Generated } from 'kysely'
import type { BlobKey, TenantId } from '../base/index.ts'

export interface TenantTable {
  tenant_id: TenantId
  name: string
  created_at: Generated<Date>
}

/** Which migration files were applied; about the database, not about a tenant. */
export interface SchemaMigrationTable {
  room: string
  number: number
  name: string
  checksum: string
  applied_at: ColumnType<Date, never, never>
}

export interface OutboxTable {
  tenant_id: TenantId
  /** xid8: the transaction that emitted it. */
  xid: Generated<string>
  seq: Generated<number>
  id: string
  kind: string
  data: ColumnType<unknown, string, never>
  at: Generated<Date>
}

export interface OutboxProgressTable {
  tenant_id: TenantId
  subscriber: string
  xid: Generated<string>
  seq: Generated<number>
  attempts: Generated<number>
  retry_at: Date | null
  last_error: string | null
  seen_at: Generated<Date>
}

export interface LeaseTable {
  tenant_id: TenantId
  resource: string
  epoch: number
  holder: string | null
  expires_at: Date
  deadline_ms: number
  process: number | null
  server_start: string | null
  gone_at: Date | null
}

export interface TenantKeyTable {
  tenant_id: TenantId
  wrapped: Buffer
  created_at: Generated<Date>
}

export interface BlobTable {
  tenant_id: TenantId
  key: BlobKey
  size: number
  marked_at: Generated<Date>
}

declare module './schema.ts' {
  interface Database {
    tenant: TenantTable
    schema_migration: SchemaMigrationTable
    outbox: OutboxTable
    outbox_progress: OutboxProgressTable
    lease: LeaseTable
    tenant_key: TenantKeyTable
    blob: BlobTable
  }
}
