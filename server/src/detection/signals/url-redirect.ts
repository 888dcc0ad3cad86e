import type { EntityRef, Signal } from '../../judgement/index.ts'
import { normaliseAddress, type ParsedMail } from '../../mail/pure.ts'
import { type Finding, signalOf } from '../findings.ts'
import { genuineBulk, isWithin, siteOf } from '../hosts.ts'
import { REDIRECTORS } from '../knowledge/url-services.ts'
import { digestShare, isHousekeeping, type Link, linksOf, percentDecoded, senderSites } from '../links.ts'
import { isRewriter } from '../rewriters.ts'
import type { SignalInput } from '../types.ts'

/**
 * A link that goes somewhere else than its host says: through the open redirector of a well-known site, with a whole address in
 * its query; or one that already knows who will click: the reader's address in it fills in the sign-in page. Newsletters carry
 * addresses to unsubscribe; those links are left out.
 */
export function urlRedirect({ mail }: SignalInput): Signal[] {
  const sites = senderSites(mail)
  const readers = readersOf(mail)
  const bulk = genuineBulk(mail)
  const share = digestShare(mail)
  const found = linksOf(mail).flatMap((link) => {
    if (link.place === 'text') return []
    const own = sites.has(link.site) || isHousekeeping(link)
    const [carried, known] = own ? [null, null] : [nested(link, sites, bulk), reader(link, readers, bulk)]
    return [redirector(link), carried, known].filter((f) => f !== null)
  })
  const best = new Map<string, Finding>()
  for (const f of found) {
    const before = best.get(f.kind)
    if (before === undefined || f.weight > before.weight)
      best.set(f.kind, { ...f, entities: [...(before?.entities ?? []), ...(f.entities ?? [])] })
  }
  const weighed = [...best.values()].map((f) => ({ ...f, weight: f.weight * (f.weight >= 3 ? 1 : share) }))
  return signalOf({ id: 'url-redirect', threat: 'phish', technology: 'url-analysis', lead: 'A link', most: 7 }, weighed)
}

type Kind = Finding & { readonly kind: string; readonly entities: readonly EntityRef[] }

function redirector(link: Link): Kind | null {
  const rest = `${link.url.pathname}${link.url.search}`
  const match = REDIRECTORS.find(([host, path]) => host.test(link.host) && path.test(rest))
  if (match === undefined) return null
  const target = innerAddress(link)
  if (target !== null && siteOf(target.hostname) === link.site) return null
  return {
    kind: 'redirector',
    weight: match[2],
    what: `goes through ${link.host}${target === null ? '' : ` to ${target.hostname}`}`,
    entities: link.entities,
  }
}

/** A whole address inside the query or path, which leads neither to the link's own site nor to the sender's. */
function nested(link: Link, sites: ReadonlySet<string>, bulk: boolean): Kind | null {
  const target = innerAddress(link)
  if (target === null || isRewriter(link.host)) return null
  const site = siteOf(target.hostname)
  if (site === link.site || sites.has(site)) return null
  return {
    kind: 'nested',
    weight: bulk ? 0.4 : 1.2,
    what: `of ${link.host} carries another address, ${target.hostname}`,
    entities: link.entities,
  }
}

function innerAddress(link: Link): URL | null {
  const rest = `${link.url.pathname}${link.url.search}${link.url.hash}`.slice(1)
  const text = percentDecoded(rest)
  const written =
    /https?:\/{1,2}[^\s"'<>&]{4,1000}/i.exec(text)?.[0] ?? /(?:^|[=/])(aHR0c[A-Za-z0-9+/_-]{10,1000})/.exec(rest)?.[1]
  if (written === undefined) return null
  const plain = written.startsWith('aHR0c') ? Buffer.from(written, 'base64').toString('latin1') : written
  return URL.parse(plain.replace(/^(https?):\/(?!\/)/i, '$1://'))
}

function readersOf(mail: ParsedMail): readonly string[] {
  const all = [...mail.to, ...mail.cc]
    .slice(0, 20)
    .flatMap(({ address }) => (address === null ? [] : [normaliseAddress(address) ?? address.toLowerCase()]))
  return [...new Set(all)].filter((a) => a.length >= 6)
}

/** The reader's address, as it is or packed, in the link: worst behind `#`, where only the page's own script reads it. */
function reader(link: Link, readers: readonly string[], bulk: boolean): Kind | null {
  const hash = percentDecoded(link.url.hash).toLowerCase()
  const rest = percentDecoded(`${link.url.pathname}${link.url.search}`).toLowerCase()
  const packed = `${link.url.pathname}${link.url.search}${link.url.hash}`
  const kind = 'reader'
  for (const address of readers) {
    const base64 = [address, address.toUpperCase()].map((a) => Buffer.from(a).toString('base64').replace(/=+$/, ''))
    const hidden = base64.some((b) => packed.includes(b))
    if (hash.includes(address) || (hidden && base64.some((b) => link.url.hash.includes(b))))
      return {
        kind,
        weight: 5,
        what: `to ${link.host} carries the reader's address behind its #`,
        entities: link.entities,
      }
    if (hidden)
      return {
        kind,
        weight: bulk ? 0.5 : 2.5,
        what: `to ${link.host} carries the reader's address, packed`,
        entities: link.entities,
      }
    if (rest.includes(address))
      return {
        kind,
        weight: bulk ? 0.2 : 1.5,
        what: `to ${link.host} carries the reader's address`,
        entities: link.entities,
      }
  }
  // A place that is left for it, or anybody's.
  if (/^#[a-z0-9._%+-]{1,64}@[a-z0-9.-]+\.[a-z]{2,}$/i.test(hash) && !isWithin(link.host, HASH_ROUTED))
    return { kind, weight: 3, what: `to ${link.host} carries somebody's address behind its #`, entities: link.entities }
  return null
}

const HASH_ROUTED = ['mail.google.com', 'groups.google.com', 'matrix.to', 'outlook.office.com']
