import type { DeliveryId, MailboxId, MessageId, TenantId } from '../../base/index.ts'
import type { CopyRef, CopyState, SpecialUse } from '../../mailboxes/index.ts'
import type { Location } from '../../records/index.ts'

export interface WatchedMailbox {
  readonly tenant: TenantId
  readonly id: MailboxId
  /** Its own address: the recipient of what is found there. */
  readonly address: string
}

/** A folder as it was looked at last. */
export interface KnownFolder {
  readonly id: string
  readonly path: string
  readonly folderId: string | null
  readonly uidValidity: string
  readonly uidNext: number
  readonly backfillBefore: number | null
  readonly firstUidNext: number
  readonly messages: number
  readonly modseq: string | null
}

/** A copy of a round that was not known before. */
export interface Arrival {
  readonly state: CopyState
  readonly folder: KnownFolder
  readonly use: SpecialUse | null
  /** It was there before watching began. */
  readonly backlog: boolean
}

/** What records know of a copy in this mailbox. */
export interface KnownDelivery {
  readonly id: DeliveryId
  readonly messageId: MessageId
  readonly location: Location
  readonly folder: string | null
  readonly ref: CopyRef | null
  /** It was handed over, or found in the mailbox: not held before it came there. */
  readonly arrived: boolean
  /** Remediation works on it at this moment, or is about to: its place is not settled. */
  readonly busy: boolean
}
