import type { SystemFlag } from '../../mailboxes/index.ts'

/** One message of an import, as it lay in its source. */
export interface SourceMail {
  readonly kind: 'mail'
  /** Stays the same when the same source is read again: what the journal remembers. */
  readonly id: string
  readonly raw: Buffer
  readonly flags: readonly SystemFlag[]
  /** Folder in segments joined by `/`; null = the Inbox or unknown. */
  readonly folder: string | null
  readonly receivedAt: Date | null
}

/** Something that could not be read; the rest goes on. */
export interface SourceProblem {
  readonly kind: 'problem'
  readonly id: string
  readonly why: string
}

export type SourceItem = SourceMail | SourceProblem

/** Larger ones are named as a problem: nothing takes them further on. */
export const MAX_MESSAGE = 100 * 1024 * 1024
