import type { MailContext, ParsedMail } from '../mail/index.ts'

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
}

export interface SignalInput {
  readonly mail: ParsedMail
  readonly context: MailContext
  readonly organisation: OrganisationFacts
}
