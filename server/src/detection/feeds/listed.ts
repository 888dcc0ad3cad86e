import type { EntityKind, EntityRef } from '../../judgement/pure.ts'
import { parseIp } from '../../lists/pure.ts'
import { canonicalUrl } from '../../mail/pure.ts'
import { unwrap } from '../rewriters.ts'
import { hostOf, isInternal } from './keys.ts'
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
      return [...new Set([value, unwrap(value)])].flatMap((url) => page(feeds, url))
    case 'sender-domain':
      return feeds.host(value)
    case 'sender-ip':
      return isInternal(value) ? [] : feeds.ip(value)
    case 'file-hash':
      return feeds.file(value)
    default:
      return []
  }
}

function page(feeds: FeedLookup, url: string): FeedHit[] {
  const canonical = canonicalUrl(url)
  // The other reading of an address with a backslash is an entity, but no address.
  if (canonical === null || !URL.canParse(canonical)) return []
  const host = hostOf(canonical)
  return [...feeds.url(canonical), ...feeds.host(host), ...(parseIp(host) === null ? [] : feeds.ip(host))]
}
