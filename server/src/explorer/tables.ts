import type { ColumnType } from 'kysely'
import type { TenantId } from '../base/index.ts'
import type { MessageFilter } from '../records/index.ts'

type Instant = ColumnType<Date, Date | string, Date | string>

export interface SavedQueryTable {
  tenant_id: TenantId
  id: string
  name: string
  name_key: string
  filter: ColumnType<MessageFilter, string, string>
  days: number | null
  tracked: boolean
  author: string
  created_at: Instant
  updated_at: Instant
  last_run_at: ColumnType<Date | null, Date | null | undefined, Date | null>
}

declare module '../storage/schema.ts' {
  interface Database {
    saved_query: SavedQueryTable
  }
}
