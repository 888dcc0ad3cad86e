import type { ArcSet, Authentication, HeaderLine } from '../types.ts'
import { parseAuthHeader, propertyDomain } from './auth-header.ts'
import { aligned } from './domains.ts'

const MOST = 10

/**
 * With the sets of the ARC chain (RFC 8617), where a server that is believed or we ourselves found the chain valid: its seals cover the sets
 * below, so what each says stands there as its sealer wrote it. Whether a sealer is believed is not decided here.
 */
export function withSeals(
  found: Authentication,
  headers: readonly HeaderLine[],
  domain: string | null,
): Authentication {
  if (found.arc !== 'pass') return found
  const sealed = setsOf(headers, domain)
  return sealed.length === 0 ? found : { ...found, sealed }
}

/** Newest first, without gaps; empty where a set is not complete or stands twice. */
function setsOf(headers: readonly HeaderLine[], domain: string | null): ArcSet[] {
  const seals = byInstance(headers, 'arc-seal', /(?:^|;)\s*i\s*=\s*(\d{1,2})\s*(?:;|$)/)
  const results = byInstance(headers, 'arc-authentication-results', /^\s*i\s*=\s*(\d{1,2})\s*;/)
  if (seals === null || results === null || seals.size === 0) return []
  const sets: ArcSet[] = []
  for (let i = Math.max(...seals.keys()); i >= 1 && sets.length < MOST; i--) {
    const sealer = /(?:^|;)\s*d\s*=\s*([^\s;]{1,253})/.exec(seals.get(i) ?? '')?.[1]
    const said = results.get(i)
    if (sealer === undefined || said === undefined) return []
    sets.push(setOf(sealer.toLowerCase(), said.replace(/^[^;]*;/, ''), domain))
  }
  return sets
}

/** Null when an instance stands twice: which of them was checked is not known. */
function byInstance(headers: readonly HeaderLine[], name: string, instance: RegExp): Map<number, string> | null {
  const found = new Map<number, string>()
  for (const header of headers) {
    if (header.name.toLowerCase() !== name) continue
    const i = Number(instance.exec(header.value)?.[1] ?? 0)
    if (found.has(i)) return null
    if (i > 0) found.set(i, header.value)
  }
  return found
}

function setOf(sealer: string, said: string, domain: string | null): ArcSet {
  const { results } = parseAuthHeader(said)
  const one = (method: string) => results.find((r) => r.method === method)
  const [spfSaid, dmarcSaid] = [one('spf'), one('dmarc')]
  const spf = {
    result: spfSaid?.result ?? ('none' as const),
    domain: propertyDomain(spfSaid, 'smtp.mailfrom', 'smtp.mail', 'smtp.helo'),
  }
  const dkim = results
    .filter((r) => r.method === 'dkim' && r.result !== 'none')
    .slice(0, 10)
    .map((r) => ({ result: r.result, domain: propertyDomain(r, 'header.d', 'header.i') }))
  const dmarc = { result: dmarcSaid?.result ?? ('none' as const), domain: propertyDomain(dmarcSaid, 'header.from') }
  // A list may have put another address into From: what was proved is then of somebody else.
  const proved =
    domain !== null &&
    ((dmarc.result === 'pass' && dmarc.domain === domain) ||
      (spf.result === 'pass' && aligned(spf.domain, domain)) ||
      dkim.some((d) => d.result === 'pass' && aligned(d.domain, domain)))
  return { sealer, spf, dkim, dmarc, aligned: proved }
}
