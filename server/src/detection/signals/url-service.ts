import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { SERVICES, type Service, serviceOf } from '../knowledge/url-services.ts'
import { isBare, isHousekeeping, type Link, linksOf, senderSites } from '../links.ts'
import { listOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * What the message wants opened lies where anybody can put it: a free page, a form, a stored file, behind a short address. Companies link to
 * their own pages; what they keep elsewhere is rarely what they ask to open. Half the weight for addresses written out in text.
 */
export function urlService({ mail }: SignalInput): Signal[] {
  const sites = senderSites(mail)
  const list = listOf(mail)?.shown === true
  const links = linksOf(mail).filter((l) => !sites.has(l.site) && !isHousekeeping(l))
  const best = new Map<Service, Finding>()
  for (const link of links) {
    const found = serviceOf(link.host, link.url.pathname) ?? wildcard(link)
    if (found === null) continue
    const { says, weight } = SERVICES[found.service]
    const share = (isBare(link) ? 0.5 : 1) * (list ? 0.3 : 1)
    const before = best.get(found.service)
    best.set(found.service, {
      what: `${link.host.slice(0, 80)}, ${says}`,
      weight: Math.max(before?.weight ?? 0, weight * share),
      entities: [...(before?.entities ?? []), ...link.entities],
    })
  }
  // A message that has but one place to go and keeps it there means it.
  const only = links.length > 0 && new Set(links.map((l) => l.site)).size === 1
  const found = [...best.values()].map((f) => (only ? { ...f, weight: f.weight * 1.4 } : f))
  return signalOf(
    { id: 'url-service', threat: 'phish', technology: 'url-analysis', lead: 'A link leads to', most: 6 },
    found,
  )
}

/** Names that a provider makes by region: `bucket.s3-eu-west-1.amazonaws.com`. */
function wildcard({ host }: Link): { service: Service } | null {
  if (/(^|[.-])s3[.-][a-z0-9-]*\.?amazonaws\.com$/.test(host)) return { service: 'storage' }
  if (/\.(?:objects|storage)\.[a-z0-9.-]*(?:cloud|bucket)/.test(host)) return { service: 'storage' }
  return /(^|[.-])ipfs[.-]/.test(host) ? { service: 'ipfs' } : null
}
