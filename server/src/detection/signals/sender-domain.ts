import type { Signal } from '../../judgement/index.ts'
import { hostParts, isWithin } from '../hosts.ts'
import { SHARED_SENDERS } from '../knowledge/mail-providers.ts'
import { CHEAP_TLDS } from '../knowledge/tlds.ts'
import { points } from '../reading.ts'
import { listOf, senderDomainOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'
import { looksRandom } from './from-oddity.ts'

/**
 * The sender's domain looks made to be thrown away: a cheap suffix, random letters, many hyphens or levels, a name that every customer of a
 * host gets. Many honest people have such a domain: alone it convicts nobody.
 */
export function senderDomain({ mail, organisation }: SignalInput): Signal[] {
  const domain = senderDomainOf(mail)
  if (domain === null || domain.startsWith('[') || listOf(mail)?.shown || isWithin(domain, organisation.domains))
    return []
  const { label, suffix, domain: site } = hostParts(domain)
  const found: { what: string; weight: number }[] = []
  const add = (weight: number, what: string) => found.push({ weight, what })
  const cheap = CHEAP_TLDS.get(suffix.slice(suffix.lastIndexOf('.') + 1))
  if (cheap !== undefined) add(cheap, `ends in .${suffix}`)
  if (looksRandom(label)) add(1.5, `${label} is made of random letters`)
  else if (/\d{3,}/.test(label) || (label.match(/\d/g) ?? []).length >= 3) add(0.7, `${label} has many digits`)
  if ((label.match(/-/g) ?? []).length >= 2) add(1, `${label} has many hyphens`)
  if (label.startsWith('xn--') || /[^a-z0-9-]/i.test(label)) add(0.8, `${label} is written in other letters`)
  if (label.length > 25) add(0.7, 'its name is very long')
  const above = domain.slice(0, Math.max(0, domain.length - site.length - 1))
  if (above.split('.').length >= 3) add(0.6, 'it has many levels')
  if (above.split('.').some((part) => looksRandom(part))) add(1.3, 'a level is made of random letters')
  if (isWithin(domain, SHARED_SENDERS)) add(2, 'every customer of a host gets such a name')
  if (found.length === 0) return []
  found.sort((a, b) => b.weight - a.weight)
  return [
    {
      id: 'sender-domain',
      version: 1,
      weight: points(found.reduce((sum, f, i) => sum + f.weight * 0.6 ** i, 0)),
      threat: 'spam',
      technology: 'content',
      summary: `The sender’s domain ${domain} looks made to be thrown away: ${found
        .slice(0, 3)
        .map((f) => f.what)
        .join(', ')}`,
      evidence: { domain, found },
      entities: [{ kind: 'sender-domain', value: domain }],
    },
  ]
}
