import { domainToASCII } from 'node:url'
import { parse } from 'tldts'

/**
 * Registrable domain by the public suffix list, private suffixes included (`user.github.io` is one's own domain), in
 * punycode and lower case; null for IP addresses, single labels and unknown suffixes.
 */
export function registrableDomain(host: string): string | null {
  const found = parse(host, { allowPrivateDomains: true, detectSpecialUse: false })
  return found.domain !== null && (found.isIcann === true || found.isPrivate === true) ? found.domain : null
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const NOT_IN_A_DOMAIN = /[\x00-\x20\x7f!-,/:-@[-^`{-~]/

/** What every reading of a host leaves as it is: ASCII labels, none of them encoded, the last one no number. */
const SIMPLE_HOST = /^(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)*[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/

/** Domain part of an address in lower case and punycode without the root's dot; null when it is no host name. */
export function addressDomain(address: string | null): string | null {
  if (address === null) return null
  const domain = address.slice(address.lastIndexOf('@') + 1).replace(/\.$/, '')
  const lower = domain.toLowerCase()
  if (domain.startsWith('[') || (lower.length <= 253 && SIMPLE_HOST.test(lower))) return lower
  // domainToASCII reads like the host of a URL: it would cut `trusted.com#.evil.com` at the `#` and make `1` an address.
  if (NOT_IN_A_DOMAIN.test(domain)) return null
  const ascii = domainToASCII(domain)
  return ascii === '' || /^[\d.]+$/.test(ascii) || NOT_IN_A_DOMAIN.test(ascii) ? null : ascii
}

/** Relaxed alignment (RFC 7489 §3.1): the same registrable domain; without one, the same name. */
export function aligned(a: string | null, b: string | null): boolean {
  if (a === null || b === null || a === '' || b === '') return false
  const left = a.toLowerCase()
  const right = b.toLowerCase()
  if (left === right) return true
  const registrable = registrableDomain(left)
  return registrable !== null && registrable === registrableDomain(right)
}

const ATOMS = /^[^\s"(),.:;<>@[\\\]\p{Cc}]+(?:\.[^\s"(),.:;<>@[\\\]\p{Cc}]+)*$/u

/** `"ann"` is `ann`: what is quoted without need is the same mailbox (RFC 5321, 4.1.2). */
export function plainLocal(local: string): string {
  if (!/^".*"$/s.test(local)) return local
  const inner = local.slice(1, -1).replace(/\\(.)/g, '$1')
  return ATOMS.test(inner) ? inner : local
}

/** In front of the address, for servers of long ago (RFC 5322, 4.4); no part of it. */
const ROUTE = /^@[^\s:"<>]+:(?=.)/

const COMMENT = /\([^()@]*\)/g

/** The form in which lists and entities compare addresses: lower case, domain in punycode; null when it is none. */
export function normaliseAddress(written: string): string | null {
  const address = written.replace(ROUTE, '')
  const at = address.lastIndexOf('@')
  if (at < 1 || address.length > 512) return null
  const domain = addressDomain(address)
  const local = plainLocal(address.slice(0, at))
  const bare = local.startsWith('"') ? local : local.replace(COMMENT, '')
  return domain === null || bare === '' ? null : `${bare.toLowerCase()}@${domain}`
}

/**
 * The only address in a From that is written as few programs read it, with spaces and comments between its parts (RFC 5322, 4.4), whatever stands
 * in front of its bracket; null where there is none. For what must not be passed by in such a way.
 */
export function looseAddress(raw: string): string | null {
  const inner = /<([^<>]*)>[^<>]*$/.exec(raw)?.[1] ?? raw
  const bare = inner.trim().replace(ROUTE, '')
  if (QUOTED_LOCAL.test(bare)) return normaliseAddress(bare.replace(/\s*@\s*(?=[^@]*$)/, '@'))
  const plain = bare.replace(COMMENT, '').trim()
  if (plain.split('@').length !== 2 || /["<>(),;:]/.test(plain)) return null
  const joined = plain.replace(/\s*([@.])\s*/g, '$1')
  return /\s/.test(joined) ? null : normaliseAddress(joined)
}

const QUOTED_LOCAL = /^"(?:[^"\\]|\\.)*"\s*@[^@"<>(),;:]+$/
