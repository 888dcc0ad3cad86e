import type { EntityRef } from '../judgement/index.ts'
import { canonicalUrl, type ParsedMail, type UrlPlace } from '../mail/pure.ts'
import { domainOf, isWithin, siteOf } from './hosts.ts'
import { unwrap } from './rewriters.ts'

/** A link as a person would follow it: past services that security products put in front. */
export interface Link {
  readonly place: UrlPlace
  readonly anchor: string | null
  /** As written in the message. */
  readonly written: string
  readonly url: URL
  /** Lower case, without the root's dot. */
  readonly host: string
  readonly site: string
  readonly entities: readonly EntityRef[]
}

const MOST = 200
const known = new WeakMap<ParsedMail, readonly Link[]>()

/** What can be followed: links, addresses in text, forms, in files and codes; not pictures and not headers. Each once. */
export function linksOf(mail: ParsedMail): readonly Link[] {
  const before = known.get(mail)
  if (before !== undefined) return before
  const links = new Map<string, Link>()
  for (const found of mail.urls) {
    if (found.place === 'image' || found.place === 'header' || links.size >= MOST) continue
    const link = linkOf(found.url, found.place, found.anchor)
    if (link === null) continue
    const same = links.get(link.url.href)
    if (same === undefined || (same.place !== 'link' && link.place === 'link')) links.set(link.url.href, link)
  }
  const all = [...links.values()]
  known.set(mail, all)
  return all
}

function linkOf(written: string, place: UrlPlace, anchor: string | null): Link | null {
  const parsed = URL.parse(absolute(unwrap(written)))
  if (parsed === null || !/^(https?|ftp):$/.test(parsed.protocol) || parsed.hostname === '') return null
  const host = parsed.hostname.replace(/\.$/, '').replace(/^\[|\]$/g, '')
  const canonical = canonicalUrl(written)
  return {
    place,
    anchor,
    written,
    url: parsed,
    host,
    site: siteOf(host),
    entities: canonical === null ? [] : [{ kind: 'url', value: canonical }],
  }
}

const absolute = (url: string): string =>
  url.startsWith('//') ? `https:${url}` : /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `http://${url}`

/** In the text of a person or program that writes addresses out, and not made to be clicked on. */
export const isBare = (link: Link): boolean => link.place === 'text'

/**
 * Many ways to go: newsletters and digests. A lure has one, and what is odd about one link of thirty is the newsletter's way to count. Bounded, because
 * anybody can add links.
 */
export const digestShare = (mail: ParsedMail): number => {
  const links = linksOf(mail).filter((l) => l.place === 'link').length
  return links > 24 ? 0.3 : links > 10 ? 0.5 : 1
}

/** Sites that the message comes from: of its senders and of what signed it. */
export function senderSites(mail: ParsedMail): ReadonlySet<string> {
  const addresses = [...mail.from, ...(mail.sender === null ? [] : [mail.sender])]
  return new Set([
    ...addresses.flatMap(({ address }) => (address === null ? [] : [siteOf(domainOf(address))])),
    ...mail.authentication.dkim.flatMap((d) => (d.result === 'pass' && d.domain !== null ? [siteOf(d.domain)] : [])),
  ])
}

/** Links about the mailing itself: leaving it, its terms, its sender's pages in networks. Nobody is lured by them. */
export const isHousekeeping = (link: Link): boolean =>
  /unsub|opt-?out|opt_out|preferenc|abmeld|austrag|desabonn|désabonn|desinscri|désinscri|descadastr|cancelar|darse-?de-?baja|baja\b|disiscri|cancella|afmeld|uitschrijv|wypisz|avregistr|afmeld|manage|settings|privacy|datenschutz|impressum|terms|view in browser|webversion|online version/i.test(
    `${link.anchor ?? ''} ${link.url.pathname}`,
  ) || isWithin(link.host, SOCIAL)

const SOCIAL =
  'facebook.com twitter.com x.com instagram.com linkedin.com youtube.com pinterest.com tiktok.com apps.apple.com play.google.com itunes.apple.com w3.org'.split(
    ' ',
  )

/** The text of an address with its percent signs read, twice: the second time is how they are hidden. Never throws. */
export function percentDecoded(text: string): string {
  let now = text.slice(0, 2_000)
  for (let i = 0; i < 2 && now.includes('%'); i++)
    now = now.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return now
}
