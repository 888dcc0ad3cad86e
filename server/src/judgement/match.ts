import {
  contains,
  type EntryRule,
  isBelow,
  pairMatches,
  parseIp,
  parseNetwork,
  splitUrl,
  urlMatches,
} from '../lists/pure.ts'
import { compareEntities } from './entities.ts'
import type { EntityRef } from './types.ts'

export interface Match {
  readonly entry: EntryRule
  /** All entities of the message that fall under the entry, sorted. */
  readonly entities: readonly EntityRef[]
}

/**
 * Which of these entries match, in order of precedence (§8.5: blocks first; file, URL, sender, domain, address), then by
 * id. `now` is an ISO instant; an entry matters until the instant of its expiry, exclusive.
 */
export function matchEntries(entities: readonly EntityRef[], entries: readonly EntryRule[], now: string): Match[] {
  const at = Date.parse(now)
  const found: Match[] = []
  for (const entry of entries) {
    if (entry.expiresAt !== null && Date.parse(entry.expiresAt) <= at) continue
    const hit = entities.filter((entity) => matches(entry, entity))
    if (hit.length > 0) found.push({ entry, entities: hit.sort(compareEntities) })
  }
  return found.sort((a, b) => compareEntries(a.entry, b.entry))
}

const KIND_ORDER = ['file-hash', 'url', 'url-domain', 'sender', 'sender-domain', 'spoof', 'sender-ip']

export function compareEntries(a: EntryRule, b: EntryRule): number {
  if (a.action !== b.action) return a.action === 'block' ? -1 : 1
  const kind = KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind)
  if (kind !== 0) return kind
  return a.id < b.id ? -1 : a.id > b.id ? 1 : a.version - b.version
}

/** Whether an entry is about this entity, by the rules of its kind (`lists/patterns.ts`). */
export function matches(entry: EntryRule, entity: EntityRef): boolean {
  switch (entry.kind) {
    case 'sender':
    case 'file-hash':
      return entity.kind === entry.kind && entity.value === entry.value
    case 'sender-domain':
      return entity.kind === 'sender-domain' && senderDomainMatches(entry.value, entity.value)
    case 'url':
      return entity.kind === 'url' && urlMatches(entry.value, entity.value, reading(entry))
    case 'url-domain':
      return urlDomainMatches(entry.value, entity)
    case 'sender-ip':
      return entity.kind === 'sender-ip' && ipMatches(entry.value, entity.value)
    case 'spoof':
      return entity.kind === 'spoof' && pairMatches(entry.value, entity.value)
  }
}

const reading = (entry: EntryRule) => ({ action: entry.action, deeper: entry.origin === 'submission' })

/** §6.1: `contoso.com` is that domain only; `*.contoso.com` its sub-domains only; `*.tld` all of it. */
function senderDomainMatches(value: string, domain: string): boolean {
  return value.startsWith('*.') ? isBelow(domain, value.slice(2)) : domain === value
}

/** Ours (the product has no such kind): the domain with all its sub-domains, whatever the path. */
function urlDomainMatches(value: string, entity: EntityRef): boolean {
  if (entity.kind !== 'url' && entity.kind !== 'url-domain') return false
  const host = entity.kind === 'url' ? splitUrl(entity.value).host : entity.value
  const readings = host.includes('\\') ? [host, host.slice(0, host.indexOf('\\'))] : [host]
  return readings.some((h) => h === value || isBelow(h, value))
}

function ipMatches(value: string, address: string): boolean {
  const network = parseNetwork(value)
  const ip = parseIp(address)
  return network !== null && ip !== null && contains(network, ip)
}
