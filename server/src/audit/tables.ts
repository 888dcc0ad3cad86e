import type { ColumnType, Generated } from 'kysely'
import type { TenantId } from '../base/index.ts'

export interface AuditEntryTable {
  tenant_id: TenantId
  id: string
  /** Place in the chain and hashes are given at commit. */
  seq: ColumnType<number | null, never, never>
  at: Generated<Date>
  actor_id: string
  actor_name: string
  action: string
  subject_kind: string | null
  subject_id: string | null
  detail: ColumnType<Record<string, unknown>, string, never>
  prev_hash: ColumnType<string | null, never, never>
  hash: ColumnType<string | null, never, never>
}

/** End of a tenant's chain; kept by the database itself. */
export interface AuditHeadTable {
  tenant_id: TenantId
  seq: number
  hash: string
}

declare module '../storage/schema.ts' {
  interface Database {
    audit_entry: AuditEntryTable
    audit_head: AuditHeadTable
  }
}
