import { domainToUnicode } from 'node:url'
import { parse } from 'tldts'
import { addressDomain, type ParsedMail } from '../mail/pure.ts'

export interface HostParts {
  /** Registrable domain, or the host itself where there is none. */
  readonly domain: string
  /** Its own label in Unicode: `contoso` of `mail.contoso.co.uk`. */
  readonly label: string
  readonly suffix: string
  readonly isIp: boolean
}

/**
 * Where one organisation ends: public and private suffixes, and the last label where the suffix is unknown (internal and
 * reserved names end somewhere too).
 */
export function hostParts(host: string): HostParts {
  const before = known.get(host)
  if (before !== undefined) return before
  const parts = takeApart(host)
  if (known.size >= 2_000) known.clear()
  if (host.length <= 253) known.set(host, parts)
  return parts
}

/** Several analyses ask for the same hosts, and mail has the same hosts again and again. */
const known = new Map<string, HostParts>()

function takeApart(host: string): HostParts {
  const found = parse(host, { allowPrivateDomains: true })
  const domain = found.domain ?? host
  return {
    domain,
    label: domainToUnicode(found.domainWithoutSuffix ?? host) || host,
    suffix: found.publicSuffix ?? '',
    isIp: found.isIp === true,
  }
}

export const siteOf = (host: string): string => hostParts(host).domain

export const isWithin = (host: string, domains: readonly string[]): boolean =>
  domains.some((d) => host === d || host.endsWith(`.${d}`))

/** Domain of the one From address; null when there is none, or more than one. */
export function fromDomainOf(mail: ParsedMail): string | null {
  const [only] = mail.from
  if (mail.from.length !== 1 || mail.fromHeaders !== 1 || only?.address == null) return null
  return domainOf(only.address)
}

/** In lower case and punycode, as organisations, lists and feeds have it. */
export function domainOf(address: string): string {
  const written = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  return addressDomain(address) ?? written.replace(/\.$/, '')
}

export const headerOf = (mail: ParsedMail, name: string): string | null => firstOf(mail.headers).get(name) ?? null

/** Headers of a message by name in lower case, the first of each: a dozen analyses ask for some. */
const firsts = new WeakMap<ParsedMail['headers'], ReadonlyMap<string, string>>()

function firstOf(headers: ParsedMail['headers']): ReadonlyMap<string, string> {
  const before = firsts.get(headers)
  if (before !== undefined) return before
  const first = new Map<string, string>()
  for (const { name, value } of headers) {
    const lower = name.toLowerCase()
    if (!first.has(lower)) first.set(lower, value)
  }
  firsts.set(headers, first)
  return first
}

/** Sent through a mailing list, which changes mail and so breaks SPF and DKIM of the author. */
export const throughList = (mail: ParsedMail): boolean =>
  headerOf(mail, 'list-id') !== null || headerOf(mail, 'list-post') !== null

/** Sent to many who can unsubscribe, by somebody whose name is proven. */
export const genuineBulk = (mail: ParsedMail): boolean =>
  mail.authentication.aligned && headerOf(mail, 'list-unsubscribe') !== null
