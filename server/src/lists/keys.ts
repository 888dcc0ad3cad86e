import { cut, formatNetwork, parseIp } from './ip.ts'
import { embeddedHosts, parents, pathHosts, splitUrl, urlPattern } from './patterns.ts'
import { pairKeys } from './spoof.ts'
import type { EntryKind } from './types.ts'

/**
 * Entries are found by equality only: an entry stores one key, an entity asks with every key under which an entry that
 * matches it could be stored. (Complete: a property test compares it with matching every entry.)
 */
export interface LookupKey {
  readonly kind: EntryKind
  readonly key: string
}

/** What an entry is stored and looked up under: of a URL its host, of a pattern of domains the domain. */
export function keyOf(kind: EntryKind, value: string): string {
  if (kind === 'url') return urlPattern(value).host
  return kind === 'sender-domain' ? value.replace(/^\*\./, '') : value
}

export interface Entity {
  readonly kind: string
  readonly value: string
}

/** All keys under which an entry about one of these entities can be stored, each once. */
export function lookupKeys(entities: readonly Entity[]): LookupKey[] {
  const seen = new Map<string, LookupKey>()
  for (const entity of entities)
    for (const key of keysOf(entity)) {
      seen.set(`${key.kind} ${key.key}`, key)
    }
  return [...seen.values()]
}

function keysOf({ kind, value }: Entity): LookupKey[] {
  switch (kind) {
    case 'sender':
    case 'file-hash':
      return [{ kind, key: value }]
    case 'sender-domain':
      return parents(value).map((key) => ({ kind, key }))
    case 'url':
      return urlKeys(value)
    case 'url-domain':
      return parents(value).map((key) => ({ kind: 'url-domain', key }))
    case 'sender-ip':
      return ipKeys(value)
    case 'spoof':
      return pairKeys(value).map((key) => ({ kind: 'spoof', key }))
    default:
      return []
  }
}

function urlKeys(url: string): LookupKey[] {
  const { host, rest } = splitUrl(url)
  const written = host.includes('\\') ? [host, host.slice(0, host.indexOf('\\'))] : [host]
  const own = written.flatMap((h) => (parseIp(h) === null ? parents(h) : [h]))
  const embedded = embeddedHosts(rest).flatMap(parents)
  return [
    ...[...own, ...embedded, ...pathHosts(rest)].map((key) => ({ kind: 'url' as const, key })),
    ...own.map((key) => ({ kind: 'url-domain' as const, key })),
  ]
}

function ipKeys(value: string): LookupKey[] {
  const ip = parseIp(value)
  if (ip === null) return []
  const [from, to] = ip.family === 4 ? [24, 32] : [32, 128]
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    kind: 'sender-ip',
    key: formatNetwork(cut(ip, from + i)),
  }))
}
