import { canonicalHost, canonicalIp, formatPair, sendingNetwork, splitUrl } from '../lists/pure.ts'
import {
  canonicalUrl,
  filesIn,
  isLocalIp,
  looseAddress,
  type MailContext,
  normaliseAddress,
  type ParsedMail,
} from '../mail/pure.ts'
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
    const address = senderOf(from.address) ?? looseAddress(from.address ?? from.raw)
    add('sender', address)
    add('sender-domain', address?.slice(address.lastIndexOf('@') + 1) ?? null)
  }
  for (const url of mail.urls) {
    const value = canonicalUrl(url.url)
    if (value === null) continue
    add('url', value)
    add('url', otherReading(url.url))
    add('url-domain', url.domain === null ? splitUrl(value).host : canonicalHost(url.domain))
  }
  for (const attachment of mail.attachments) for (const { sha256 } of filesIn(attachment)) add('file-hash', sha256)
  add('sender-ip', context.clientIp === null ? null : canonicalIp(context.clientIp))
  for (const pair of spoofPairs(mail, context)) add('spoof', pair)
  add('subject-fingerprint', mail.fingerprints.subject)
  add('body-fingerprint', mail.fingerprints.body)
  add('structure-fingerprint', mail.fingerprints.structure ?? null)
  add('url-fingerprint', mail.fingerprints.urls ?? null)
  add('image-fingerprint', mail.fingerprints.image ?? null)
  return [...found.values()].sort(compareEntities)
}

/** Signatures of a message that are looked at: a sender can write any number. */
const MOST_SIGNERS = 5

/**
 * Of a sender whom somebody has looked at and nobody could prove (allow-block-list §6.2): the name of the server that sent it, the domains
 * that have signed it, its network. Of several senders none: whose they were could not be told.
 */
function spoofPairs(mail: ParsedMail, context: MailContext): string[] {
  const { source, aligned, dkim } = mail.authentication
  const [first, another] = mail.from
  const user = senderOf(first?.address ?? null)
  if (source === 'none' || aligned || user === null || another !== undefined) return []
  const signers = dkim.filter((d) => d.result === 'pass').slice(0, MOST_SIGNERS)
  const { ip, name } = sendingServer(context)
  const names = [name, ...signers.map((d) => d.domain)].map((host) => (host === null ? null : canonicalHost(host)))
  const servers = [...names, ip === null ? null : sendingNetwork(ip)]
  return servers.flatMap((infrastructure) => (infrastructure === null ? [] : [formatPair({ user, infrastructure })]))
}

/** Not the MTA beside us: all mail comes from there. */
const sendingServer = ({ clientIp, clientName }: MailContext) =>
  clientIp === null || isLocalIp(clientIp) ? { ip: null, name: null } : { ip: clientIp, name: clientName ?? null }

/**
 * Null for what only looks like an address: `a@trusted.com/b.evil.com` must not become `a@trusted.com`, or an allow entry would be
 * open to whoever writes that.
 */
function senderOf(written: string | null): string | null {
  if (written === null) return null
  const host = canonicalHost(written.slice(written.lastIndexOf('@') + 1))
  const address = normaliseAddress(written)
  return host !== null && address?.endsWith(`@${host}`) ? address : null
}

/** By kind, then by value: the order in which entities are stored and shown. */
export const compareEntities = (a: EntityRef, b: EntityRef): number =>
  a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.value < b.value ? -1 : a.value > b.value ? 1 : 0

/**
 * Clients disagree on the host of a URL with a backslash in its authority: some end it there, as the canonical form does,
 * some take the whole. So the other reading is an entity too.
 */
function otherReading(url: string): string | null {
  return /^([a-z]+:\/\/)?[^/?#\\]*\\[^?#]*/i.test(url) ? url.toLowerCase().replace(/#.*$/s, '').slice(0, 2048) : null
}
