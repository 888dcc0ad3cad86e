import { cut, formatNetwork, parseIp } from './ip.ts'
import { isBelow, parents } from './patterns.ts'

/**
 * Spoofed sender pairs (allow-block-list §6.2): who is written as the sender, and who has sent it. An entry names an address, a domain or
 * `*`, and a domain, a network or `*`; a message has one pair for each thing that is known of its sending server.
 */
export interface SpoofPair {
  readonly user: string
  readonly infrastructure: string
}

/** The only networks that a pair may name: the product knows /24; /64 is ours, the least that an IPv6 site gets. */
export const PAIR_PREFIX = { 4: 24, 6: 64 } as const

export const formatPair = ({ user, infrastructure }: SpoofPair): string => `${user}, ${infrastructure}`

/** A quoted local part may hold a comma, what has sent it holds none. Without a comma nothing has sent it. */
export function readPair(value: string): SpoofPair {
  const at = value.includes(',') ? value.lastIndexOf(',') : value.length
  return { user: value.slice(0, at).trim(), infrastructure: value.slice(at + 1).trim() }
}

/** The network by which a pair names the server with this address; null when it is no address. */
export function sendingNetwork(address: string): string | null {
  const ip = parseIp(address)
  return ip === null ? null : formatNetwork(cut(ip, PAIR_PREFIX[ip.family]))
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)

/** Only the combination matches; a domain of the sending server stands for all below it (lists #69), one of the sender for itself. */
export function pairMatches(entry: string, pair: string): boolean {
  const wanted = readPair(entry)
  const { user, infrastructure } = readPair(pair)
  return (
    ['*', user, domainOf(user)].includes(wanted.user) &&
    (wanted.infrastructure === '*' ||
      wanted.infrastructure === infrastructure ||
      isBelow(infrastructure, wanted.infrastructure))
  )
}

/** Every value under which an entry for this pair of a message can be stored. */
export function pairKeys(pair: string): string[] {
  const { user, infrastructure } = readPair(pair)
  const origins = infrastructure.includes('/') ? [infrastructure] : parents(infrastructure)
  return ['*', user, domainOf(user)]
    .flatMap((u) => ['*', ...origins].map((o) => formatPair({ user: u, infrastructure: o })))
    .filter((key) => key !== '*, *')
}
