import type { MailContext, ParsedMail } from '../mail/index.ts'
import type { SenderHistory } from '../records/index.ts'
import type { FeedLookup } from './feeds/index.ts'

/** One of the organisation's own people, with every address of theirs. */
export interface Person {
  readonly name: string
  readonly addresses: readonly string[]
  /** *Protected user*: impersonating them alone is reason enough to hold a message. */
  readonly protected: boolean
}

/** What the analyses need to know of the organisation; data, so that gathering stays free of I/O. */
export interface OrganisationFacts {
  /** Our own domains, without sub-domains. */
  readonly domains: readonly string[]
  /** Domains of others that are worth imitating to us: partners, banks. */
  readonly protectedDomains: readonly string[]
  readonly people: readonly Person[]
  /** Domains whose ARC seals are believed: mailing lists and forwarders of ours. Absent = nobody's. */
  readonly trustedArcSealers?: readonly string[]
}

export interface SignalInput {
  readonly mail: ParsedMail
  readonly context: MailContext
  readonly organisation: OrganisationFacts
  /** What the organisation's records know of the sender at this moment; absent where there are none, as in `recourse scan`. */
  readonly history?: SenderHistory
  /** What the feeds of known-bad things list; absent = there are none. */
  readonly feeds?: FeedLookup
  /** The moment of the judgement; absent = nothing is judged by time. */
  readonly now?: Date
}
