import { formatIp, parseIp } from './ip.ts'

/**
 * The wildcard syntax of URL entries (allow-block-list §6.4). The forms, with `contoso.com` as host:
 *
 * | written | matches |
 * |---|---|
 * | `contoso.com` | allow: that host without a path; block: host, sub-domains, any path, and the host inside another URL |
 * | `contoso.com/a` | allow: exactly that; block: that path with any query |
 * | `contoso.com/*`, `contoso.com/a/*` | that host, something below the path |
 * | `*.contoso.com`, `*.contoso.com/*` | sub-domains without a path · with one (block only) |
 * | `~contoso.com`, `~contoso.com~` | host and sub-domains without a path · with or without one (block only) |
 * | `*.tld/*` | everything in that top-level domain (block only) |
 */
export interface UrlPattern {
  readonly form: 'exact' | 'below' | 'subdomains' | 'subdomains-below' | 'tilde' | 'tilde-any' | 'tld'
  readonly host: string
  /** With leading slash, without trailing one; empty for none. */
  readonly path: string
}

/** Reads a normal value; what does not follow the grammar is refused by `normalValue`, not here. */
export function urlPattern(value: string): UrlPattern {
  if (value.startsWith('~')) {
    const any = value.endsWith('~')
    return { form: any ? 'tilde-any' : 'tilde', host: value.slice(1, any ? -1 : undefined), path: '' }
  }
  const wild = value.startsWith('*.')
  const { host, rest } = splitUrl(wild ? value.slice(2) : value)
  if (wild && rest === '/*' && !host.includes('.')) return { form: 'tld', host, path: '' }
  if (wild) return { form: rest === '/*' ? 'subdomains-below' : 'subdomains', host, path: '' }
  if (rest.endsWith('/*')) return { form: 'below', host, path: rest.slice(0, -2) }
  return { form: 'exact', host, path: rest === '/' ? '' : rest }
}

/** A percent-encoded letter, digit, `-`, `.`, `_` or `~`; not one whose percent sign may be the text of another. */
const UNRESERVED = /(?<!%[0-9a-f]?)%(?:2d|2e|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/g

/** What stands for itself as well (RFC 3986, 6.2.2.2): servers do not tell the two apart. Of and in lower case. */
const unreserved = (text: string): string =>
  text.replace(UNRESERVED, (found) => String.fromCharCode(Number.parseInt(found.slice(1), 16)).toLowerCase())

/**
 * Host and everything behind it, of a URL with or without scheme; lower case, nothing percent-encoded that need not be. The path `/` alone
 * counts as none.
 */
export function splitUrl(url: string): { host: string; rest: string } {
  const plain = url
    .toLowerCase()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
    .replace(/#.*$/s, '')
  const at = plain.search(/[/?]/)
  const authority = at < 0 ? plain : plain.slice(0, at)
  const host = withoutPort(authority.replace(/^.*@/s, ''))
  const behind = at < 0 ? '' : unreserved(plain.slice(at))
  const rest = behind.startsWith('?') ? `/${behind}` : behind
  return { host, rest: rest === '/' ? '' : rest }
}

function withoutPort(authority: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(authority)
  const host = bracketed?.[1] ?? authority.replace(/^([^:]*):\d*$/, '$1').replace(/\.$/, '')
  return host.includes(':') ? (formatted(host) ?? host) : host
}

const formatted = (host: string): string | null => {
  const ip = parseIp(host)
  return ip === null ? null : formatIp(ip)
}

/** Does this URL fall under the entry? `deeper` widens an exact allow to deeper paths (made by a submission, §3.3). */
export function urlMatches(value: string, url: string, as: { action: 'allow' | 'block'; deeper: boolean }): boolean {
  const pattern = urlPattern(value)
  const { host: written, rest } = splitUrl(url)
  // A backslash: some clients take what stands before it for the host, some the whole.
  return hostsOf(written).some((host) => matchesHost(pattern, host, rest, as))
}

const hostsOf = (written: string): string[] =>
  written.includes('\\') ? [written, written.slice(0, written.indexOf('\\'))] : [written]

function matchesHost(p: UrlPattern, host: string, rest: string, as: { action: 'allow' | 'block'; deeper: boolean }) {
  const same = host === p.host
  const below = isBelow(host, p.host)
  switch (p.form) {
    case 'exact':
      return exactMatches(p, host, rest, as)
    case 'below':
      return same && rest.startsWith(`${p.path}/`) && rest.length > p.path.length + 1
    case 'subdomains':
      return below && rest === ''
    case 'subdomains-below':
      return below && rest !== ''
    case 'tilde':
      return (same || below) && rest === ''
    case 'tilde-any':
      return same || below || pathHosts(rest).includes(p.host)
    case 'tld':
      return same || below
  }
}

function exactMatches(p: UrlPattern, host: string, rest: string, as: { action: 'allow' | 'block'; deeper: boolean }) {
  const same = host === p.host
  if (as.action === 'allow') {
    if (!same) return false
    return rest === p.path || (as.deeper && rest.startsWith(p.path) && /^([/?]|$)/.test(rest.slice(p.path.length)))
  }
  if (p.path !== '') return same && (rest === p.path || (!p.path.includes('?') && rest.startsWith(`${p.path}?`)))
  if (isAddress(p.host)) return same && rest === ''
  return same || isBelow(host, p.host) || embeddedHosts(rest).some((h) => h === p.host || isBelow(h, p.host))
}

/** A subdomain, at whatever depth; not the domain itself. Both in canonical form. */
export const isBelow = (host: string, parent: string): boolean => host.endsWith(`.${parent}`)

export const isAddress = (host: string): boolean => parseIp(host) !== null

/**
 * Host names inside a URL's path or query, where redirectors carry their target. Not those behind an `@`: a recipient's
 * own address in a tracking link says nothing about where it leads.
 */
export function embeddedHosts(rest: string): string[] {
  const decoded = rest.replace(/%2f/gi, '/').replace(/%3a/gi, ':').replace(/%40/gi, '@')
  const found = decoded.matchAll(/(?<![a-z0-9.@_-])[a-z0-9_-]+(?:\.[a-z0-9_-]+)+/g)
  return [...new Set([...found].map((m) => m[0]))].slice(0, 20)
}

/** Labels of the longest host that an entry may name, so that a hostile URL cannot ask by thousands of keys. */
export const MAX_LABELS = 10

/** `a.b.c` → `a.b.c`, `b.c`, `c`: every name under which an entry could have been made. */
export function parents(host: string): string[] {
  const labels = host.split('.').slice(-MAX_LABELS)
  return labels.map((_, i) => labels.slice(i).join('.')).filter((h) => h !== '')
}

/** Parts of a path that may be a host, for the form `~host~`. */
export const pathHosts = (rest: string): string[] =>
  [...new Set(rest.split(/[/?]/).filter((s) => s.includes('.')))].slice(0, 20)
