import type { DeliveryId, MailboxId, MessageId, VerdictId } from '../base/index.ts'
import type { EntityRef, Signal, Verdict } from '../judgement/index.ts'
import type { ParseOutcome } from '../mail/index.ts'
import type { BlobRef } from '../storage/index.ts'
import type { Location } from './locations.ts'
import type { DeliveryAction, DeliveryTable, MessageTable } from './tables.ts'
import type { CopyRefJson } from './types.ts'

export type Handover = DeliveryTable['handover']

export interface NewDelivery {
  readonly id: DeliveryId
  readonly recipient: string
  readonly mailboxId: MailboxId | null
  readonly action: DeliveryAction
  /** Original and latest location at once. */
  readonly location: Location
  readonly folder?: string | null
  readonly ref?: CopyRefJson | null
  readonly handover: Handover
  readonly handoverDetail?: string | null
  readonly sentSha256?: string | null
  readonly sentSize?: number | null
  readonly sentPrefix?: string | null
  readonly copyHash?: string | null
}

export interface Judgement {
  readonly verdict: Verdict
  readonly signals: readonly Signal[]
  /** What decide was given besides signals. */
  readonly inputs: Record<string, unknown>
}

export interface NewMessage extends Judgement {
  readonly id: MessageId
  /** Time of receipt, or the given one of an import; more than a day ahead of now is taken as now. */
  readonly receivedAt: Date
  readonly direction: MessageTable['direction']
  readonly source: MessageTable['source']
  readonly mailFrom: string | null
  readonly clientIp: string | null
  /** Already put; mark it in the same transaction. */
  readonly blob: BlobRef
  readonly parsed: ParseOutcome
  readonly attemptKey: string | null
  /** The attempt, where this is the part of it for one group of recipients only. */
  readonly attempt?: string
  readonly deliveries: readonly NewDelivery[]
  readonly entities: readonly EntityRef[]
  /** What has happened so far, oldest first; `received` and `judged` are written without being named. */
  readonly events?: readonly Omit<NewEvent, 'messageId'>[]
}

export interface Received {
  readonly messageId: MessageId
  readonly verdictId: VerdictId
  /** True when this attempt was known: nothing was written, `messageId` is the earlier one's. */
  readonly duplicate: boolean
}

export interface NewEvent {
  readonly messageId: MessageId
  readonly deliveryId?: DeliveryId | null
  /** Default: now, by the database's clock. */
  readonly at?: Date
  readonly kind: string
  readonly actor: string
  readonly summary: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** What is told of every copy that `locate` or `setHandover` changes. */
export interface EventText {
  readonly kind: string
  readonly actor: string
  readonly summary: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** Where a copy is now. What is not named stays as it is. */
export interface Relocation {
  readonly deliveryId: DeliveryId
  readonly location: Location
  /** Folder path when location is `folder`, else null. */
  readonly folder: string | null
  readonly ref: CopyRefJson | null
  readonly copyHash?: string
  readonly action?: DeliveryAction
  /** Added to the event's detail for this copy. */
  readonly detail?: Readonly<Record<string, unknown>>
}

export interface HandoverChange {
  readonly deliveryId: DeliveryId
  /** Absent: as it is. */
  readonly handover?: Handover
  readonly handoverDetail?: string
  readonly action?: DeliveryAction
  /** Original and latest location. */
  readonly location?: Location
  readonly ref?: CopyRefJson
  readonly sentSha256?: string
  readonly sentSize?: number
  readonly sentPrefix?: string
  readonly copyHash?: string
}

/** A message of an attempt that was begun, and whose copies it has: of mailboxes, and of addresses that are none of ours. */
export interface BegunMessage {
  readonly messageId: MessageId
  readonly mailboxes: readonly MailboxId[]
  readonly outside: readonly string[]
}
