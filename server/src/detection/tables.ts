import type { ColumnType, Generated } from 'kysely'
import type { MessageId, TenantId } from '../base/index.ts'
import type { Class } from './engines/classifier/index.ts'

export interface ClassifierLessonTable {
  tenant_id: TenantId
  message_hash: string
  class: Class
  kin: string | null
  places: Buffer
  message_id: MessageId | null
  cause_kind: string
  cause_id: string
  by: string
  at: Generated<Date>
}

export interface ClassifierModelTable {
  tenant_id: TenantId
  wanted: ColumnType<string, number, number>
  fitted: ColumnType<string, number, number>
  version: string
  bytes: Buffer | null
  fitted_at: Generated<Date>
}

export interface EnginePendingTable {
  tenant_id: TenantId
  message_id: MessageId
  engines: string[]
  attempts: Generated<number>
  next_at: Generated<Date>
  created_at: Generated<Date>
  last_error: string | null
}

export interface BrakeLossTable {
  tenant_id: TenantId
  source_kind: 'signal' | 'entry'
  source_id: string
  source_version: number
  sender: string
  at: Date
}

export interface BrakeNoticeTable {
  tenant_id: TenantId
  id: string
  source_kind: 'signal' | 'entry'
  source_id: string
  source_version: number
  why: string
  senders: string[]
  at: Date
  suspended: boolean
  suspension_id: string | null
  closed_by: string | null
  closed_at: Date | null
}

declare module '../storage/schema.ts' {
  interface Database {
    classifier_lesson: ClassifierLessonTable
    classifier_model: ClassifierModelTable
    engine_pending: EnginePendingTable
    brake_loss: BrakeLossTable
    brake_notice: BrakeNoticeTable
  }
}
