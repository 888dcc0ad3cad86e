import { type Hop, normaliseAddress, type ParsedMail, parseReceived } from '../mail/pure.ts'
import { domainOf, headerOf, isWithin, siteOf } from './hosts.ts'
import { belongsTo, ownerOf } from './knowledge/brands.ts'
import { FREE_MAIL } from './knowledge/mail-providers.ts'

/** Many analyses ask the same of a message: it is found out once. */
function once<T>(find: (mail: ParsedMail) => T): (mail: ParsedMail) => T {
  const known = new WeakMap<ParsedMail, { readonly value: T }>()
  return (mail) => {
    const before = known.get(mail)
    if (before !== undefined) return before.value
    const value = find(mail)
    known.set(mail, { value })
    return value
  }
}

/** The hops that Received headers tell of, topmost first; the lower ones may be invented. */
export const hopsOf = once((mail): readonly Hop[] =>
  mail.headers
    .filter((h) => h.name.toLowerCase() === 'received')
    .slice(0, 8)
    .map((h) => parseReceived(h.value)),
)

/** The first From address in comparable form; null when there is none. */
export const senderOf = once((mail): string | null => {
  const first = mail.from.find((f) => f.address !== null)?.address
  return first == null ? null : normaliseAddress(first)
})

export const senderDomainOf = (mail: ParsedMail): string | null => {
  const sender = senderOf(mail)
  return sender === null ? null : domainOf(sender)
}

export const isFreeMail = (domain: string): boolean => FREE_MAIL.has(domain)

/** DMARC, SPF or DKIM prove a domain that belongs to a company everybody knows, and where not anybody gets a mailbox. */
export function isEstablished(mail: ParsedMail): boolean {
  if (!mail.authentication.aligned) return false
  const domain = senderDomainOf(mail)
  if (domain === null || isFreeMail(domain) || isWithin(domain, OPEN)) return false
  const owner = ownerOf(domain)
  return owner !== null && belongsTo(domain, owner)
}

/** Belong to a known company, and carry what its customers write. */
const OPEN = [
  'onmicrosoft.com',
  'sharepointonline.com',
  'amazonaws.com',
  'amazonses.com',
  'sendgrid.net',
  'twilio.com',
  'gov.br',
  'gov.uk',
  'wetransfer.com',
  'docusign.net',
  'dropbox.com',
  'intuit.com',
]

export interface List {
  /** Domain of the List-Id, or of the list's address. */
  readonly domain: string
  /** A server of that domain handed the message over, or its DKIM signature was checked: not only said. */
  readonly shown: boolean
}

/**
 * The mailing list that a message came through: it names one, people can write to it, and its servers are among those that
 * handled the message. Newsletters name a list, too, but nobody can post to them.
 */
export const listOf = once((mail): List | null => {
  const id = headerOf(mail, 'list-id') ?? headerOf(mail, 'x-mailing-list') ?? headerOf(mail, 'mailing-list')
  const post = headerOf(mail, 'list-post')
  const manager =
    headerOf(mail, 'x-mailman-version') ??
    headerOf(mail, 'x-beenthere') ??
    headerOf(mail, 'list-owner') ??
    headerOf(mail, 'mailing-list')
  if (id === null && post === null) return null
  if (
    post === null &&
    manager === null &&
    !/\bsubscribe\b/i.test(headerOf(mail, 'list-subscribe') ?? '') &&
    headerOf(mail, 'x-mailing-list') === null
  )
    return null
  const said = [
    /<?([a-z0-9._-]+\.[a-z]{2,})>?\s*$/i.exec(id ?? '')?.[1],
    /mailto:[^@>\s]+@([a-z0-9.-]+)/i.exec(post ?? '')?.[1],
    /@([a-z0-9.-]+)/i.exec(id ?? '')?.[1],
  ]
  const domains = said.flatMap((d) => (d === undefined ? [] : [siteOf(d.toLowerCase())]))
  const [domain] = domains
  if (domain === undefined) return null
  const ofServers = [...new Set(domains)].map(
    (d) => new RegExp(`\\b(?:from|by)\\s+(?:[a-z0-9.-]+\\.)?${d.replaceAll('.', '\\.')}\\b`, 'i'),
  )
  const handled = mail.headers.some(
    (h) => h.name.toLowerCase() === 'received' && ofServers.some((pattern) => pattern.test(h.value)),
  )
  const bounces = mail.returnPath !== null && domains.includes(siteOf(domainOf(mail.returnPath)))
  const signed = mail.authentication.dkim.some(
    (d) => d.result === 'pass' && d.domain !== null && domains.includes(siteOf(d.domain)),
  )
  return { domain, shown: signed || handled || bounces }
})
