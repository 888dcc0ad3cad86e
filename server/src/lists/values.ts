import { domainToASCII } from 'node:url'
import { getPublicSuffix } from 'tldts'
import { AppError } from '../base/pure.ts'
import { normaliseAddress } from '../mail/pure.ts'
import { formatIp, formatNetwork, parseIp, parseNetwork } from './ip.ts'
import { MAX_LABELS, urlPattern } from './patterns.ts'
import { formatPair, PAIR_PREFIX, readPair } from './spoof.ts'
import type { EntryAction, EntryKind } from './types.ts'

/**
 * The normal form of an entry's value: what is stored, shown and matched. Throws AppError `bad-value` naming what is
 * wrong with it (allow-block-list §6; where that sheet leaves a choice, the comment says ours).
 */
export function normalValue(kind: EntryKind, action: EntryAction, text: string): string {
  const value = text.trim()
  if (value === '') throw bad(kind, value, 'it is empty', 'Type a value.')
  switch (kind) {
    case 'sender':
      return sender(kind, value)
    case 'sender-domain':
      return domain(kind, action, value)
    case 'url-domain':
      return plainDomain(kind, action, value)
    case 'url':
      return url(action, value)
    case 'file-hash':
      return hash(value)
    case 'sender-ip':
      return network(action, value)
    case 'spoof':
      return pair(action, value)
  }
}

/** Lower case, Punycode, no trailing dot; null when it is no host name. */
export function canonicalHost(text: string): string | null {
  // The conversion is a URL parser's: it would cut `a.com/b` and read `1` as an IP address.
  if (/[^\p{L}\p{N}\p{M}._-]/u.test(text.trim())) return null
  const ascii = domainToASCII(text.trim().replace(/\.$/, '').toLowerCase())
  return LABELS.test(ascii) && ascii.length <= 253 ? ascii : null
}

/** A host that an entry may name: see `MAX_LABELS`. */
function entryHost(text: string): string | null {
  const host = canonicalHost(text)
  return host === null || host.split('.').length > MAX_LABELS ? null : host
}

/** Null when it is not an address. */
export function canonicalIp(text: string): string | null {
  const ip = parseIp(text)
  return ip === null ? null : formatIp(ip)
}

const LABELS = /^[a-z0-9_](?:[a-z0-9_-]{0,62}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}[a-z0-9_])?)*$/

function bad(kind: EntryKind, value: string, why: string, cure: string): AppError {
  return new AppError('bad-value', `${value.slice(0, 300)} is not a ${kind} for an entry: ${why}.`, cure)
}

function sender(kind: EntryKind, value: string): string {
  const text = decodeLocal(value)
  if (/\s/.test(text.replace(/"[^"]*"/g, ''))) throw bad(kind, value, 'it holds a space', 'One address an entry.')
  const host = canonicalHost(text.slice(text.lastIndexOf('@') + 1))
  const address = normaliseAddress(text)
  const local = address?.slice(0, address.lastIndexOf('@')) ?? ''
  const odd = !local.startsWith('"') && /["(),:;<>[\\\]]/.test(local)
  if (address !== null && !odd && host?.includes('.') && parseIp(host) === null && address.endsWith(`@${host}`))
    return address
  throw bad(kind, value, 'it is no full address', 'Write name@domain; for a whole domain use a sender-domain entry.')
}

/** Special characters of a local part may be written percent-encoded (§6.1): `%22bad%2B%20attacker%22@…`. */
function decodeLocal(value: string): string {
  const at = value.lastIndexOf('@')
  try {
    return at < 0 ? value : decodeURIComponent(value.slice(0, at)) + value.slice(at)
  } catch {
    return value // a percent sign that encodes nothing belongs to the address
  }
}

function domain(kind: EntryKind, action: EntryAction, value: string): string {
  if (!value.startsWith('*')) return plainDomain(kind, action, value)
  if (action === 'allow')
    throw bad(kind, value, 'an allow entry takes no wildcard', 'Name the domain; make one entry for each sub-domain.')
  const host = entryHost(value.slice(2))
  if (value.startsWith('*.') && host !== null) return `*.${host}`
  throw bad(kind, value, 'the wildcard stands for whole labels in front', 'Write *.contoso.com or *.tld.')
}

function plainDomain(kind: EntryKind, action: EntryAction, value: string): string {
  if (value.includes('@')) throw bad(kind, value, 'it is an address', 'Use a sender entry for one address.')
  if (/[/:*~?#]/.test(value))
    throw bad(kind, value, 'it is more than a domain', 'Write contoso.com; for paths and wildcards use a url entry.')
  const host = entryHost(value)
  if (host === null || !host.includes('.') || parseIp(host) !== null)
    throw bad(kind, value, 'it is no domain name', 'Write a domain with at least one dot, such as contoso.com.')
  refuseSuffix(kind, action, value, host)
  return host
}

/** Nobody owns a public suffix: such an entry would speak about strangers, or about nothing. */
function refuseSuffix(kind: EntryKind, action: EntryAction, value: string, host: string): void {
  const suffix = getPublicSuffix(host, { allowPrivateDomains: false })
  if (suffix !== host) return
  const cure = action === 'block' ? ` To block all of it, write *.${host} (sender-domain) or *.${host}/* (url).` : ''
  throw bad(kind, value, 'it is a public suffix under which anyone may register', `Name a registered domain.${cure}`)
}

function hash(value: string): string {
  const hex = value.toLowerCase()
  if (/^[0-9a-f]{64}$/.test(hex)) return hex
  const known = ({ 32: 'MD5', 40: 'SHA-1' } as Record<number, string>)[hex.length]
  const why = known && /^[0-9a-f]+$/.test(hex) ? `it looks like ${known}` : `it has ${hex.length} characters`
  throw bad('file-hash', value, why, 'Give the SHA-256 of the file: 64 hexadecimal digits.')
}

// Ours: wide ranges stay where routing is decided. IPv4 as in the product's connection filter (/24 to /32); IPv6 for a
// block up to what one provider gets (/32), for an allow what one organisation gets (/48).
const WIDEST = { block: { 4: 24, 6: 32 }, allow: { 4: 24, 6: 48 } } as const

function network(action: EntryAction, value: string): string {
  const net = parseNetwork(value)
  if (net === null)
    throw bad('sender-ip', value, 'it is no address', 'Write 192.0.2.7, 192.0.2.0/24, 2001:db8::1 or 2001:db8::/48.')
  const widest = WIDEST[action][net.family]
  if (net.prefix < widest)
    throw bad('sender-ip', value, `/${net.prefix} is too wide to ${action}`, `At most /${widest} for IPv${net.family}.`)
  return formatNetwork(net)
}

/** §6.2: who is written as the sender, a comma, who has sent it. */
function pair(action: EntryAction, value: string): string {
  const { user, infrastructure } = readPair(value)
  if (user === '' || infrastructure === '')
    throw bad('spoof', value, 'it is no pair', 'Write sender and sending server: contoso.com, fabrikam.com.')
  if (user === '*' && infrastructure === '*')
    throw bad('spoof', value, 'both sides are a wildcard', 'Name the sender, the sending server or both.')
  return formatPair({ user: spoofedUser(action, user), infrastructure: sendingServer(action, infrastructure) })
}

const spoofedUser = (action: EntryAction, user: string): string =>
  user === '*' ? user : user.includes('@') ? sender('spoof', user) : plainDomain('spoof', action, user)

function sendingServer(action: EntryAction, server: string): string {
  if (server === '*') return server
  const net = parseNetwork(server)
  if (net === null) return plainDomain('spoof', action, server)
  if (net.prefix === PAIR_PREFIX[net.family]) return formatNetwork(net)
  const cure = 'Write 192.0.2.0/24 or 2001:db8::/64, or the domain of the server’s name.'
  throw bad('spoof', server, `a server is named by its /${PAIR_PREFIX[net.family]}`, cure)
}

/** §6.4. Each refusal names the rule that the value breaks. */
function url(action: EntryAction, value: string): string {
  const no = (why: string, cure: string): never => {
    throw bad('url', value, why, cure)
  }
  if (value.length > 250) no('it is longer than 250 characters', 'Shorten it with a wildcard: contoso.com/path/*.')
  if (/['"\s]/.test(value)) no('quotes and spaces are not allowed', 'Write it without them.')
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) no('it has a scheme', 'Leave out https:// and the like.')
  if (/[^\x21-\x7e]/.test(value.split(/[/?]/)[0] ?? ''))
    no('its host is not ASCII', 'Write the host in Punycode: xn--….')
  if (value.includes('@')) no('it holds a user name or an address', 'Leave out everything up to the @.')
  // The root's dot says nothing.
  const lower = value.toLowerCase().replace(/^([^/?]*[^/?.])\.(?=[/?]|~?$)/, '$1')
  const wildcard = /^[*~]/.test(lower)
  checkWildcards(lower, no)
  const pattern = urlPattern(lower)
  checkHost(pattern.host, lower, pattern.form === 'tld', no)
  if (action === 'allow' && wildcard)
    no('an allow entry takes no * or ~ in front', 'Name the host; a path may end in /*.')
  if (pattern.form !== 'tld') refuseSuffix('url', action, value, pattern.host)
  return pattern.form === 'exact' ? lower.replace(/\/+$/, '') : lower
}

type Refuse = (why: string, cure: string) => never

function checkWildcards(value: string, no: Refuse): void {
  const [, middle = ''] = /^(?:\*\.|~)?(.*?)(?:\/\*|~)?$/s.exec(value) ?? []
  if (/[*~]/.test(middle))
    no('a wildcard stands where none may', 'Allowed are *. or ~ in front, and /* (or ~ after ~host) at the end.')
  if (value.endsWith('~') && (!value.startsWith('~') || value.includes('/')))
    no('~ at the end needs ~ in front and no path', 'Write ~contoso.com~.')
  if (/^(\*\.|~)[^/]*\/(?!\*$)/.test(value))
    no('a wildcard in front takes no path', 'Write *.contoso.com/* for any path.')
  if (value.startsWith('~') && value.includes('/')) no('~ takes no path', 'Write ~contoso.com~ for any path.')
}

const FILE_NAME = /\.(pdf|docx?|xlsx?|pptx?|html?|exe|dll|js|vbs|jpe?g|png|gif|txt|rtf|iso|lnk|rar|7z)$/

function checkHost(host: string, value: string, tld: boolean, no: Refuse): void {
  const authority = value.replace(/^(\*\.|~)/, '').split(/[/?]/)[0] ?? ''
  if (parseIp(host) !== null) {
    if (/\]:|^[\d.]+:/.test(authority)) no('it has a port', 'Leave out the port.')
    if (/^[*~]/.test(value)) no('a wildcard does not go with an IP address', 'Write 1.2.3.4 or 1.2.3.4/*.')
    return
  }
  if (/:/.test(authority)) no('it has a port', 'Leave out the port.')
  const labels = host.split('.')
  if (entryHost(host) !== host) no('its host is no host name', 'Write a host such as contoso.com.')
  if (tld) return
  if (labels.length < 2 || (labels.at(-1)?.length ?? 0) < 2)
    no('its host needs a dot, something before it and two characters after it', 'Write a host such as contoso.com.')
  if (!value.includes('/') && FILE_NAME.test(host)) no('it is a file name', 'Write the host, or use a file-hash entry.')
}
