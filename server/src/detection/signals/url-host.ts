import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { hostParts } from '../hosts.ts'
import { CHEAP_TLDS } from '../knowledge/tlds.ts'
import { digestShare, isBare, type Link, linksOf, senderSites } from '../links.ts'
import { disguised } from '../names.ts'
import { listOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'
import { looksRandom } from './from-oddity.ts'

/**
 * A link whose host no honest sender would write: a bare number, a user name that poses as the host, letters of other alphabets, a port, random
 * letters. Addresses written out in a discussion are weighed half: people do write about their machines.
 */
export function urlHost({ mail, organisation }: SignalInput): Signal[] {
  const sites = senderSites(mail)
  const list = listOf(mail)?.shown === true
  const digest = (1 + digestShare(mail)) / 2
  const found = linksOf(mail).flatMap((link) => {
    if (sites.has(link.site) || organisation.domains.includes(link.site)) return []
    const share = (isBare(link) ? 0.6 : 1) * (list ? 0.4 : digest)
    return oddities(link).map((f) => ({ ...f, weight: f.weight * share, entities: link.entities }))
  })
  return signalOf(
    { id: 'url-host', threat: 'phish', technology: 'url-analysis', lead: 'A link leads to', most: 8 },
    strongestEach(found),
  )
}

/** Ten links of one kind are one finding. */
function strongestEach(found: readonly (Finding & { kind: string })[]): Finding[] {
  const best = new Map<string, Finding>()
  for (const f of found) {
    const before = best.get(f.kind)
    if (before === undefined) best.set(f.kind, f)
    else
      best.set(f.kind, {
        ...(f.weight > before.weight ? f : before),
        entities: [...(before.entities ?? []), ...(f.entities ?? [])],
      })
  }
  return [...best.values()]
}

function oddities(link: Link): (Finding & { kind: string })[] {
  const out: (Finding & { kind: string })[] = []
  const add = (kind: string, weight: number, what: string) => out.push({ kind, weight, what })
  const { host, url, written } = link
  const parts = hostParts(host)
  if (parts.isIp) {
    if (!isPrivate(host)) {
      const plain = written.includes(host)
      add(
        'ip',
        plain ? 3.5 : 6,
        plain ? `${host}, a number instead of a name` : `${host}, a number that is written so that nobody reads it`,
      )
    }
    return out
  }
  if (url.username !== '' && url.username.includes('.'))
    add('user', 6, `${host} behind the user name ${url.username.slice(0, 60)}`)
  else if (url.username !== '' && !url.protocol.startsWith('ftp')) add('user', 2.5, `${host} with a user name in front`)
  if (host.includes('xn--')) unicode(parts.label, host, add)
  if (url.port !== '' && !/^(8080|8443|8000|3000|5000|9090)$/.test(url.port))
    add('port', 1.8, `port ${url.port} of ${host}`)
  const above = host
    .slice(0, Math.max(0, host.length - parts.domain.length))
    .split('.')
    .filter((l) => l !== '' && l !== 'www')
  if (above.length >= 4) add('deep', 1.2, `${host.slice(0, 80)}, ${above.length} names in front of its domain`)
  if (looksRandom(parts.label) || above.some((l) => l.length >= 10 && looksRandom(l)))
    add('random', 1, `${host.slice(0, 80)}, made of random letters`)
  if (parts.label.split('-').length > 3) add('hyphens', 0.8, `${host.slice(0, 80)}, words held together by hyphens`)
  const cheap = CHEAP_TLDS.get(parts.suffix)
  if (cheap !== undefined) add('tld', cheap, `.${parts.suffix}, where names cost nothing`)
  if (/^[a-z]+:\/\/[^/?#]*(\\|%[0-9a-f]{2})|^https?:(?:\/{3,}|\/?[^/\s])/i.test(written))
    add('written', 3, `${host} in a form that programs read differently`)
  return out
}

function unicode(label: string, host: string, add: (kind: string, weight: number, what: string) => void): void {
  if (disguised(label)) add('letters', 6, `${label} (${host}), letters that only look like Latin ones`)
  else if (/\p{Script=Latin}/u.test(label)) add('letters', 1, `${label} (${host}), letters with marks`)
}

/** Machines at home and in the office: nobody outside is reached there. */
const isPrivate = (ip: string): boolean =>
  /^(10\.|127\.|0\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|192\.0\.2\.|::1$|f[cd]|fe80)/i.test(ip)
