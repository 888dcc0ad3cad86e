import type { ColumnType, Generated } from 'kysely'
import type { EntryId, SubmissionId, TenantId } from '../base/index.ts'
import type { EntryAction, EntryKind, EntryOrigin } from './types.ts'

type Instant = ColumnType<Date, Date | string, Date | string>
/** bigint; read as text by the driver. */
type Count = ColumnType<string, number | undefined, unknown>

export interface ListEntryTable {
  tenant_id: TenantId
  id: EntryId
  /** Grows by one with every change; a verdict names the version that decided it. */
  version: number
  action: EntryAction
  kind: EntryKind
  value: string
  key: string
  origin: EntryOrigin
  submission_id: SubmissionId | null
  note: string
  expires_at: ColumnType<Date | null, Date | string | null, Date | string | null>
  created_by: string
  created_by_name: string
  created_at: Instant
  updated_at: Instant
  removed_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  last_matched_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  matches: Generated<Count>
}

export interface ListEntryVersionTable {
  tenant_id: TenantId
  entry_id: EntryId
  version: number
  change: 'added' | 'edited' | 'renewed' | 'removed'
  at: Instant
  actor_id: string
  actor_name: string
  origin: EntryOrigin
  note: string
  expires_at: ColumnType<Date | null, Date | string | null, Date | string | null>
}

export interface SuspendedSignalTable {
  tenant_id: TenantId
  id: string
  signal_id: string
  version: number | null
  why: string
  suspended_by: string
  suspended_at: Instant
  until: ColumnType<Date | null, Date | null, Date | null>
  undo_id: string | null
  revoked_by: string | null
  revoked_at: ColumnType<Date | null, Date | null | undefined, Date | null>
}

declare module '../storage/schema.ts' {
  interface Database {
    list_entry: ListEntryTable
    list_entry_version: ListEntryVersionTable
    suspended_signal: SuspendedSignalTable
  }
}
