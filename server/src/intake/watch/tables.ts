import type { ColumnType } from 'kysely'
import type { DeliveryId, MailboxId, TenantId } from '../../base/index.ts'

/** 64-bit integers come from the database as text. */
type Big = ColumnType<string, number, number>

export interface WatchedFolderTable {
  tenant_id: TenantId
  id: string
  mailbox_id: MailboxId
  path: string
  folder_id: string | null
  uid_validity: string
  uid_next: Big
  backfill_before: ColumnType<string | null, number | null, number | null>
  first_uid_next: Big
  messages: Big
  modseq: string | null
}

export interface WatchedCopyTable {
  tenant_id: TenantId
  folder_id: string
  uid: Big
  mailbox_id: MailboxId
  /** Null: not ours to judge (drafts, the user's own sent mail). */
  delivery_id: DeliveryId | null
  server_id: string | null
  likeness: string
  marks: number
  missing_since: ColumnType<Date | null, Date | null, Date | null>
}

declare module '../../storage/schema.ts' {
  interface Database {
    watched_folder: WatchedFolderTable
    watched_copy: WatchedCopyTable
  }
}
