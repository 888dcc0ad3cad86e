import type { ColumnType, Generated } from 'kysely'
import type { TenantId } from '../base/index.ts'

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

declare module './schema.ts' {
  interface Database {
    tenant: TenantTable
    schema_migration: SchemaMigrationTable
  }
}
