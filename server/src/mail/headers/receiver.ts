import { BlockList, isIP } from 'node:net'
import type { MailContext } from '../types.ts'
import { parseAuthHeader } from './auth-header.ts'
import { registrableDomain } from './domains.ts'
import { rawHeaderValue, readHeaders } from './headers.ts'
import { type Hop, parseReceived } from './received.ts'

/** Bytes in which `receivedContext` looks for headers. */
export const RECEIVED_BYTES = 256 * 1024
/** Hops at the top that are looked at for the receiver. */
const MAX_HOPS = 20

/** One receiver under several names. */
const SAME: Readonly<Record<string, string>> = {
  'office365.com': 'outlook.com',
  'exchangelabs.com': 'outlook.com',
  'office365.us': 'outlook.com',
  'googlemail.com': 'google.com',
  'gmail.com': 'google.com',
  'proton.me': 'protonmail.ch',
}
/** Receivers whose Authentication-Results name no server. */
const NAMELESS: ReadonlySet<string> = new Set(['outlook.com'])

const LOCAL = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  LOCAL.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  LOCAL.addSubnet(net, bits, 'ipv6')

/** An address of a network of one's own, of this machine, or of none. */
export const isLocalIp = (ip: string): boolean => LOCAL.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')

/** Names that are no one's: of a machine or a network at home. */
const PRIVATE = /(?:^|\.)(?:local|localdomain|localhost|internal|intranet|intra|lan|home|corp|private)$/

function organisationOf(host: string | null): string | null {
  if (host === null || !host.includes('.') || isIP(host) !== 0 || PRIVATE.test(host)) return null
  const domain = registrableDomain(host) ?? host.split('.').slice(-2).join('.')
  return SAME[domain] ?? domain
}

/**
 * What a stored message shows of how it was received, for mail that did not come through our own gateway: envelope sender,
 * client, and which Authentication-Results are the receiver's.
 *
 * The receiver is the `by` host of the topmost Received header; hops of this machine and of names without a public domain
 * are passed over. Its hops reach down to the first that another domain's server wrote. An Authentication-Results header
 * counts when it stands above that one, and names a server of the receiver's domain (or none, where the receiver is one
 * that never names itself). Senders can write such headers too, but a receiver removes those in its own name
 * (RFC 8601 §5), and below its hops nothing is believed. Without a Received header nothing is.
 */
export function receivedContext(raw: Buffer): MailContext {
  const found = readHeaders(raw, RECEIVED_BYTES)
  let receiver: string | null = null
  let boundary: Hop | null = null
  let mailFrom: string | null = null
  const names: string[] = []
  let hops = 0
  for (const line of found.lines) {
    if (line.name === 'return-path' && boundary === null && mailFrom === null)
      mailFrom = bareAddress(rawHeaderValue(raw, line, 1_000))
    else if (line.name === 'authentication-results') names.push(parseAuthHeader(rawHeaderValue(raw, line)).server)
    else if (line.name === 'received') {
      const hop = parseReceived(rawHeaderValue(raw, line))
      const by = organisationOf(hop.by)
      if (++hops > MAX_HOPS || (receiver !== null && by !== null && by !== receiver)) break
      receiver ??= by
      if (receiver !== null && (by !== null || boundary === null)) boundary = hop
    }
  }
  const foreign = names.findIndex((n) => !isReceivers(n, receiver))
  const believed = foreign === -1 ? names.length : foreign
  return {
    mailFrom,
    clientIp: boundary?.ip != null && !isLocalIp(boundary.ip) ? boundary.ip : null,
    helo: boundary?.helo ?? null,
    clientName: boundary?.ip != null && !isLocalIp(boundary.ip) ? boundary.rdns : null,
    trustedAuthserv: [...new Set(names.slice(0, believed))],
    trustedResults: believed,
  }
}

const isReceivers = (server: string, receiver: string | null): boolean =>
  receiver !== null && (server === '' ? NAMELESS.has(receiver) : organisationOf(server) === receiver)

function bareAddress(value: string): string | null {
  const inside = (/<([^<>]*)>/.exec(value)?.[1] ?? value).trim()
  return /^[^\s<>]{1,256}@[^\s<>@]{1,255}$/.test(inside) ? inside : null
}
