import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { BRAND_LABELS, belongsTo } from '../knowledge/brands.ts'
import { type Link, linksOf, senderSites } from '../links.ts'
import { latin } from '../names.ts'
import { isRewriter } from '../rewriters.ts'
import { listOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'
import { brandLikeness } from './brand-impersonation.ts'

/**
 * A link's host is made to be taken for a company's that everybody knows, or its path names one while the host is somebody else's. Half of
 * what a sender's domain of the same kind weighs: people do link to shops that sell a brand.
 */
export function urlBrand({ mail }: SignalInput): Signal[] {
  const sites = senderSites(mail)
  const list = listOf(mail)?.shown === true
  const found = new Map<string, Finding>()
  for (const link of linksOf(mail)) {
    if (sites.has(link.site) || isRewriter(link.host)) continue
    const claim = byHost(link) ?? byPath(link)
    if (claim === null) continue
    const before = found.get(link.site)
    const weight = claim.weight * (list ? 0.4 : 1)
    if (before === undefined || before.weight < weight)
      found.set(link.site, { ...claim, weight, entities: [...(before?.entities ?? []), ...link.entities] })
  }
  return signalOf({ id: 'url-brand', threat: 'phish', technology: 'impersonation-domain', lead: 'A link', most: 8 }, [
    ...found.values(),
  ])
}

function byHost(link: Link): Finding | null {
  const alike = brandLikeness(link.host)
  if (alike === null) return null
  return {
    what: `to ${link.host.slice(0, 80)} imitates ${alike.brand.name} (${alike.how})`,
    weight: alike.weight * 0.6,
  }
}

/** `…/paypal/signin`: the path speaks for a company, and of signing in or paying. */
function byPath(link: Link): Finding | null {
  const path = latin(link.url.pathname.toLowerCase())
  if (path.length < 4 || !ASKS.test(path)) return null
  const words = path.split(/[^a-z0-9]+/)
  for (const word of words) {
    const brand = word.length >= 4 ? BRAND_LABELS.get(word) : undefined
    if (brand !== undefined && !belongsTo(link.host, brand))
      return { what: `to ${link.host.slice(0, 80)} names ${brand.name} in its path`, weight: 1.5 }
  }
  return null
}

const ASKS =
  /log-?in|sign-?in|log-?on|verif|secure|account|update|confirm|auth|webmail|password|billing|payment|wallet|unlock|recover|index\.php|\.html?$/
