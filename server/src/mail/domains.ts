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

/** Domain part of an address in lower case and punycode without the root's dot; null when it is no host name. */
export function addressDomain(address: string | null): string | null {
  if (address === null) return null
  const domain = address.slice(address.lastIndexOf('@') + 1).replace(/\.$/, '')
  if (domain.startsWith('[')) return domain.toLowerCase()
  return domainToASCII(domain) || null
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

/** The form in which lists and entities compare addresses: lower case, domain in punycode; null when it is none. */
export function normaliseAddress(address: string): string | null {
  const at = address.lastIndexOf('@')
  if (at < 1 || address.length > 512) return null
  const domain = addressDomain(address)
  return domain === null ? null : `${address.slice(0, at).toLowerCase()}@${domain}`
}
