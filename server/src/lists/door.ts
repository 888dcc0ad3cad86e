import type { EntryId, SubmissionId } from '../base/index.ts'
import type { EntryAction, EntryKind, EntryRule } from './types.ts'

export type EntryState = 'active' | 'expired' | 'removed'

export interface Entry extends EntryRule {
  readonly id: EntryId
  readonly submissionId: SubmissionId | null
  readonly note: string
  readonly createdBy: string
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Who made the last change. */
  readonly modifiedBy: string
  /** When it last changed a verdict; null = never. */
  readonly lastMatchedAt: Date | null
  /** How many verdicts it has changed. */
  readonly matches: number
  readonly state: EntryState
}

/** One state of an entry's history. */
export interface EntryVersion {
  readonly version: number
  readonly change: 'added' | 'edited' | 'renewed' | 'removed'
  readonly at: Date
  readonly actor: string
  readonly expiresAt: Date | null
  readonly note: string
}

export interface NewEntry {
  readonly action: EntryAction
  readonly kind: EntryKind
  /** As a person types it; stored in normal form. */
  readonly value: string
  /** Days from now; null = never (blocks and IP entries only). Absent: 30, for IP entries never. */
  readonly expiresInDays?: number | null
  readonly note?: string
  /** Made by this submission: the entry then reaches further (§3.2). The caller has made sure that it exists. */
  readonly submissionId?: SubmissionId | null
}

/** Who did it; an `Actor` fits. */
export interface EntryActor {
  readonly user: string
  readonly name: string
}
