import { getPublicSuffix } from 'tldts'
import { canonicalHost, cut, formatNetwork, parents, parseIp, parseNetwork, splitUrl } from '../../lists/pure.ts'
import { canonicalUrl } from '../../mail/pure.ts'
import type { FeedKind } from './types.ts'

/** Wider networks are a slip of the feed, or would speak about half the world. */
const WIDEST = { 4: 8, 6: 16 } as const
const MAX_URL = 2048

/** The form in which an entry is kept, and asked for; null for what is no entry of that kind. */
export function entryKey(kind: FeedKind, written: string): string | null {
  switch (kind) {
    case 'url':
      return urlEntry(written)
    case 'domain':
      return domainEntry(written)
    case 'ip': {
      const network = parseNetwork(written)
      return network === null || network.prefix < WIDEST[network.family] ? null : formatNetwork(network)
    }
    case 'sha256':
      return /^[0-9a-f]{64}$/i.test(written) ? written.toLowerCase() : null
  }
}

/** Without scheme, user, port and fragment, in lower case: as the list of URLs compares them. */
function urlEntry(written: string): string | null {
  if (written.length > MAX_URL || !/^(?:(?:https?|ftp):\/\/|[^\s/:@]+\.[^\s/:@]+)/i.test(written)) return null
  const canonical = canonicalUrl(/^(?:https?|ftp):/i.test(written) ? written : `http://${written}`)
  if (canonical === null) return null
  const { host, rest } = splitUrl(canonical)
  return host.includes('.') || host.includes(':') ? host + plainEnd(rest) : null
}

/** `/a/` and `/a` are one page, in feeds and for most servers. */
const plainEnd = (rest: string): string => rest.replace(/\/(?=\?|$)/, '')

/**
 * Keys of the entries that mean this URL (canonical): the page with its query, and the page with any. An entry without a path means the
 * start page of its host and no other; the whole of a host is for feeds of domains to name.
 */
export function urlKeys(canonical: string): string[] {
  const { host, rest } = splitUrl(canonical)
  const whole = plainEnd(rest)
  const query = whole.indexOf('?')
  const ends = query < 0 ? [whole] : [whole, whole.slice(0, query)]
  // A backslash: some clients take what stands before it for the host, some the whole.
  const hosts = host.includes('\\') ? [host, host.slice(0, host.indexOf('\\'))] : [host]
  return hosts.flatMap((h) => ends.map((end) => h + end))
}

function domainEntry(written: string): string | null {
  const host = canonicalHost(written.replace(/^\*?\./, ''))
  if (host === null || host.length > 253 || !host.includes('.')) return null
  if (parseIp(host) !== null) return host
  // Nobody owns a public suffix: it would speak about strangers.
  return getPublicSuffix(host, { allowPrivateDomains: true }) === host ? null : host
}

/** The domain itself and every one above: an entry holds for all below it. */
export const hostKeys = (host: string): string[] => (parseIp(host) === null ? parents(host) : [host])

/** Of all networks around an address, those whose size the feed knows (`4/24`). */
export function ipKeys(address: string, sizes: ReadonlySet<string>): string[] {
  const ip = parseIp(address)
  if (ip === null) return []
  return [...sizes]
    .flatMap((size) => {
      const [family, prefix] = size.split('/').map(Number)
      return family === ip.family && prefix !== undefined ? [prefix] : []
    })
    .sort((a, b) => b - a)
    .map((prefix) => formatNetwork(cut(ip, prefix)))
}

/** `4/24`, `6/128`. */
export function sizeOf(key: string): string {
  const network = parseNetwork(key)
  return network === null ? '' : `${network.family}/${network.prefix}`
}
