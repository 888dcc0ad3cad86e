import type { EntityKind, EntityRef } from '../../judgement/pure.ts'
import { parseIp } from '../../lists/pure.ts'
import { canonicalUrl } from '../../mail/pure.ts'
import { unwrap } from '../rewriters.ts'
import type { FeedHit, FeedLookup } from './types.ts'

/** Entities of messages that feeds may list. */
export const LISTED_KINDS: readonly EntityKind[] = ['url', 'sender-domain', 'sender-ip', 'file-hash']

/**
 * Names of the feeds that list one of these entities. What the analysis of feeds finds in a message is found in its entities too, except
 * behind rewriters whose addresses the canonical form has changed.
 */
export function feedsListing(feeds: FeedLookup, entities: readonly EntityRef[]): ReadonlySet<string> {
  return new Set(entities.flatMap((e) => hits(feeds, e)).map(({ feed }) => feed.name))
}

function hits(feeds: FeedLookup, { kind, value }: EntityRef): FeedHit[] {
  switch (kind) {
    case 'url':
      return [...new Set([value, unwrap(value)])].flatMap((url) => {
        const canonical = canonicalUrl(url)
        // The other reading of an address with a backslash is an entity, but no address.
        return canonical === null || !URL.canParse(canonical) ? [] : hitsOfPage(feeds, canonical).map((p) => p.hit)
      })
    case 'sender-domain':
      return feeds.host(value)
    case 'sender-ip':
      return hitsOfServer(feeds, value)
    case 'file-hash':
      return feeds.file(value)
    default:
      return []
  }
}

/** `host`: where it is a whole domain that is listed, the host that it was found by. */
export interface PageHit {
  readonly hit: FeedHit
  readonly host?: string
}

/** What is listed of a page: itself, the domains above it, the address that stands for its host. */
export function hitsOfPage(feeds: FeedLookup, canonical: string): PageHit[] {
  const host = new URL(canonical).hostname.replace(/^\[|\]$/g, '')
  return [
    ...feeds.url(canonical).map((hit) => ({ hit })),
    ...feeds.host(host).map((hit) => ({ hit, host })),
    ...(parseIp(host) === null ? [] : feeds.ip(host).map((hit) => ({ hit }))),
  ]
}

/** Servers next door say nothing about a sender. */
export const hitsOfServer = (feeds: FeedLookup, ip: string): FeedHit[] => (isInternal(ip) ? [] : feeds.ip(ip))

/** Feeds of networks that nobody may use hold these, too; for us they are the servers next door. */
const isInternal = (ip: string): boolean =>
  /^(?:::ffff:)?(?:10\.|127\.|0\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/i.test(
    ip,
  ) || /^(?:::1$|f[cd]|fe[89ab])/i.test(ip)
