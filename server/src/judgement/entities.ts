import { domainToASCII } from 'node:url'
import { canonicalAddress, canonicalHost, canonicalIp, splitUrl } from '../lists/index.ts'
import type { MailContext, ParsedMail } from '../mail/index.ts'
import type { EntityKind, EntityRef } from './types.ts'

/**
 * Everything in a message that lists match, clusters group by and Explorer pivots on; each once, sorted, so that the
 * order of parts and headers changes nothing. Several From addresses give several senders.
 */
export function entitiesOf(mail: ParsedMail, context: MailContext): EntityRef[] {
  const found = new Map<string, EntityRef>()
  const add = (kind: EntityKind, value: string | null): void => {
    if (value !== null && value !== '') found.set(`${kind} ${value}`, { kind, value })
  }
  for (const from of mail.from) {
    const address = from.address === null ? null : canonicalAddress(from.address)
    add('sender', address)
    add('sender-domain', address?.slice(address.lastIndexOf('@') + 1) ?? null)
  }
  for (const url of mail.urls) {
    const value = canonicalUrl(url.url)
    if (value === null) continue
    add('url', value)
    add('url-domain', url.domain === null ? splitUrl(value).host : canonicalHost(url.domain))
  }
  for (const attachment of mail.attachments) add('file-hash', attachment.sha256.toLowerCase())
  add('sender-ip', context.clientIp === null ? null : canonicalIp(context.clientIp))
  add('subject-fingerprint', mail.fingerprints.subject)
  add('body-fingerprint', mail.fingerprints.body)
  return [...found.values()].sort(compareEntities)
}

export const compareEntities = (a: EntityRef, b: EntityRef): number =>
  a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.value < b.value ? -1 : a.value > b.value ? 1 : 0

/**
 * A web address in normal form: scheme and host in lower case, Punycode, no user name, default port or fragment. The
 * path keeps its case. Null for what is no web address (`mailto:`, `cid:`, garbage). At most 2,048 characters.
 */
export function canonicalUrl(text: string): string | null {
  const written = text.trim()
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(written) && !/^[^/:]+:\d+(\/|$)/.test(written)
  const whole = absolute ? written : `http://${written.replace(/^\/\//, '')}`
  if (!/^(https?|ftp):/i.test(whole)) return null
  const backslashed = /^([a-z]+:\/\/)([^/?#]*\\[^?#]*)/i.exec(whole)
  // Clients disagree on what the host of such a URL is, so it stays as written; the matcher tries both readings.
  if (backslashed) return whole.replace(/#.*$/s, '').toLowerCase().slice(0, 2048)
  try {
    const url = new URL(whole)
    url.hash = ''
    url.username = ''
    url.password = ''
    const host = url.hostname.replace(/\.$/, '')
    if (host === '') return null
    if (domainToASCII(host) !== host && !host.startsWith('[')) return null
    url.hostname = host
    return url.href.slice(0, 2048)
  } catch {
    return null
  }
}
