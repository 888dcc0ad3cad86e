import type { ColumnType } from 'kysely'
import type { MessageId, SubmissionId, TenantId } from '../base/index.ts'
import type { Placement, Threat } from '../judgement/index.ts'

export type SubmittedAs = 'user' | 'analyst'
export type Opinion = 'should-not-have-been-blocked' | 'should-have-been-blocked'
/** What the submitter takes it for, where it should have been blocked. */
export type ClaimedThreat = 'phish' | 'spam' | 'malware'

/** A verdict in brief, as it was when the submission was made. */
export interface VerdictBrief {
  readonly threat: Threat
  readonly placement: Placement
  readonly engine: number
  readonly policy: string
}

type Json<T> = ColumnType<T, string, never>

export interface SubmissionTable {
  tenant_id: TenantId
  id: SubmissionId
  message_id: MessageId
  submitted_as: SubmittedAs
  opinion: Opinion
  threat: ClaimedThreat | null
  reason: string | null
  /** The recipient who had the trouble; null = the message as such. */
  recipient: string | null
  by_id: string
  by_name: string
  at: ColumnType<Date, Date | string, never>
  result: string
  result_detail: string
  was: Json<VerdictBrief>
  today: Json<VerdictBrief>
}

declare module '../storage/schema.ts' {
  interface Database {
    submission: SubmissionTable
  }
}
