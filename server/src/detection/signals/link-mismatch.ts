import type { EntityRef, Signal } from '../../judgement/index.ts'
import { canonicalUrl, type UrlFound } from '../../mail/pure.ts'
import { genuineBulk, hostParts, isWithin, siteOf } from '../hosts.ts'
import { isRewriter, unwrap } from '../rewriters.ts'
import type { SignalInput } from '../types.ts'

/**
 * A link shows one site as its text and leads to another. Newsletters do that all day, because their senders count
 * clicks; so a plain mismatch is a weak sign, and what the shown text *promises* decides: a sign-in page, or ourselves.
 */
export function linkMismatch({ mail, organisation }: SignalInput): Signal[] {
  const bulk = genuineBulk(mail)
  const ours = [...organisation.domains, ...organisation.protectedDomains]
  const found = mail.urls
    .map((url) => mismatch(url, ours, bulk))
    .filter((m) => m !== null)
    .sort((a, b) => b.weight - a.weight || (a.target < b.target ? -1 : 1))
  const [worst] = found
  if (worst === undefined) return []
  // Whoever allows one of several bad links has not allowed the others: all that could convict are named.
  const counted = found.filter((m) => m.weight >= Math.min(worst.weight, STRONG))
  return [
    {
      id: 'link-mismatch',
      version: 1,
      weight: worst.weight,
      threat: 'phish',
      technology: 'url-analysis',
      summary: `A link shows ${worst.shown} but leads to ${worst.host}${worst.why}`,
      evidence: { links: found.slice(0, 20).map(({ shown, target, weight }) => ({ shown, target, weight })), bulk },
      entities: entitiesOf(counted.map((m) => m.target)),
    },
  ]
}

/** From here on a finding convicts by itself. */
const STRONG = 4

interface Mismatch {
  readonly shown: string
  readonly host: string
  readonly target: string
  readonly weight: number
  readonly why: string
}

function mismatch(url: UrlFound, ours: readonly string[], bulk: boolean): Mismatch | null {
  if (url.place !== 'link' || url.anchor === null || url.host === '') return null
  const shown = shownUrl(url.anchor)
  const target = canonicalUrl(url.url)
  if (shown === null || target === null) return null
  // What a security product put in front shows nothing; what it carries does.
  const behind = URL.parse(unwrap(url.url))?.hostname.replace(/\.$/, '') ?? url.host
  const host = behind === '' || isRewriter(behind) ? url.host : behind
  const from = siteOf(shown.host)
  if (from === siteOf(host) || isRewriter(host) || carries(target, from)) return null
  return { shown: shown.text, host, target, ...weigh(shown, { ...url, host }, ours, bulk) }
}

function weigh(shown: Shown, url: UrlFound, ours: readonly string[], bulk: boolean): { weight: number; why: string } {
  // Our own newsletter provider counts clicks on our own pages, and is allowed to send in our name.
  if (isWithin(shown.host, ours)) return { weight: bulk ? 3 : 8, why: ', under the name of a domain that we trust' }
  if (hostParts(url.host).isIp) return { weight: 7, why: ', a bare IP address' }
  if (SIGN_IN.test(shown.text)) return { weight: 6, why: ', and the text promises a sign-in or account page' }
  return bulk ? { weight: 0, why: ', as newsletters that count clicks do' } : { weight: 2, why: '' }
}

const SIGN_IN =
  /\b(log-?in|log-?on|sign-?in|sso|oauth|auth|password|passwort|webmail|account|verify|verification|secure|unlock|2fa|mfa)\b/i

interface Shown {
  readonly text: string
  readonly host: string
}

/** The site that a link's text names; null when the text is not, as a whole, an address. */
export function shownUrl(anchor: string): Shown | null {
  const text = anchor.trim().replace(/^[<("'\s]+|[>)"'.,;:!\s]+$/g, '')
  if (text.length > 500) return null
  const match = /^(https?:\/\/|www\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+)(?::\d+)?(?:[/?#]\S*)?$/i.exec(text)
  if (match === null) return null
  const host = (match[1]?.toLowerCase() === 'www.' ? `www.${match[2]}` : (match[2] ?? '')).toLowerCase()
  // `report.pdf`, `node.js` and names of things are no addresses: without scheme or www the text needs a path.
  if (match[1] === undefined && !/[/?]/.test(text)) return null
  return { text: text.slice(0, 200), host }
}

/** A redirector that carries the shown site in its path or query leads where it says. */
const carries = (target: string, site: string): boolean => {
  const behind = target.replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  let text = behind
  for (let i = 0; i < 2; i++) {
    if (new RegExp(`(^|[^a-z0-9-])${site.replaceAll('.', '\\.')}([^a-z0-9.-]|$)`, 'i').test(text)) return true
    text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  return false
}

const entitiesOf = (targets: readonly string[]): EntityRef[] =>
  [...new Set(targets)].sort().map((value) => ({ kind: 'url', value }))
