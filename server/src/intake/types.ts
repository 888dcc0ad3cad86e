import type { MailboxId, MessageId, TenantId } from '../base/index.ts'
import type { OrganisationFacts } from '../detection/index.ts'
import type { DecidePolicy, Direction, EntityRef } from '../judgement/index.ts'
import type { EntryRule } from '../lists/index.ts'
import type { ParseOutcome } from '../mail/index.ts'
import type { MailboxAccount, MailboxProvider, SystemFlag } from '../mailboxes/index.ts'
import type { SenderHistory } from '../records/index.ts'
import type { Client, Reply } from '../transport/index.ts'

/** A mailbox that a recipient address stands for. */
export interface Target {
  readonly mailboxId: MailboxId
  /** Its own address, for the next hop. */
  readonly address: string
  /** Its name at the provider. */
  readonly login: string
}

export type Resolution =
  /** No domain of any tenant: mail for it is not relayed. */
  | { readonly kind: 'not-ours' }
  | { readonly kind: 'unknown'; readonly tenant: TenantId }
  | ({ readonly kind: 'known'; readonly tenant: TenantId } & Leads)

/** Where an address leads: one mailbox, or the members of a group. */
export interface Leads {
  readonly targets: readonly Target[]
  /**
   * Addresses of others that an alias or group leads to. We stand between the MTA and the mail store and do not relay:
   * the MTA must expand those. Recorded as refused, so that nobody misses it silently.
   */
  readonly external: readonly string[]
}

/** Who a recipient is. A domain belongs to one tenant. */
export interface Directory {
  resolve(address: string): Promise<Resolution>
}

/** What judging needs of a tenant, read once per message. */
export interface TenantView {
  readonly facts: OrganisationFacts
  /** The one for everybody… */
  readonly policy: DecidePolicy
  /** …and that of the mailbox with this address; absent = there are no others. */
  readonly policyOf?: (mailbox: string, direction: Direction) => DecidePolicy
  /** What the mailboxes' own lists say about the sender, by their address. */
  readonly senderLists?: ReadonlyMap<string, 'safe' | 'blocked'>
  /** What the records know of the sender before this message; absent where there are none. */
  readonly history?: SenderHistory
  /** List entries that may match one of the message's entities; more than match is no harm. */
  readonly entries: readonly EntryRule[]
}

/** Recipients of one message in groups that share a policy. */
export type SplitRecipients = (
  tenant: TenantId,
  parsed: ParseOutcome,
  recipients: Incoming['recipients'],
  entities: readonly EntityRef[],
) => Promise<readonly Incoming['recipients'][]>

/** `mailboxes`: addresses of those whom the message is for. */
export type ViewOf = (
  tenant: TenantId,
  entities: readonly EntityRef[],
  now: Date,
  mailboxes: readonly string[],
) => Promise<TenantView>

/** Where a mailbox lives; null = it does not exist (any more). */
export type HomeOf = (
  tenant: TenantId,
  mailbox: MailboxId,
) => Promise<{ readonly provider: MailboxProvider; readonly account: MailboxAccount } | null>

/** One message as it comes in, for recipients of one tenant. */
export interface Incoming {
  readonly source: 'gateway' | 'import'
  readonly protocol: 'lmtp' | 'smtp'
  readonly mailFrom: string | null
  readonly client: Client
  readonly receivedAt: Date
  readonly smtpUtf8: boolean
  /** Recognises the same attempt made again; SHA-256 (hex) of the bytes is given. */
  readonly attemptKey: (sha256: string) => string
  readonly recipients: readonly ({ readonly address: string } & Leads)[]
  /** Import: how the copy lay in its mailbox. */
  readonly flags?: readonly SystemFlag[]
  /** Import: the folder it lay in, segments joined by `/`; null = Inbox. What is judged junk goes to Junk all the same. */
  readonly folder?: string | null
}

export interface Taken {
  readonly messageId: MessageId
  /** The attempt was known. */
  readonly duplicate: boolean
  /** What the MTA is told, in the order of the recipients. */
  readonly replies: readonly Reply[]
}

/** A step of the pipeline, for measurements. */
export type Stage = 'blob' | 'parse' | 'judge' | 'record' | 'hand-over' | 'settle'
