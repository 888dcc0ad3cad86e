import type { DNSResolver } from 'mailauth'
import type { Address, Authentication, MailContext } from '../types.ts'
import { authResult, type MethodResult, propertyDomain, reasonOf, trustedResults } from './auth-header.ts'
import { addressDomain, aligned } from './domains.ts'

export const NO_AUTHENTICATION: Authentication = {
  source: 'none',
  spf: { result: 'none', domain: null },
  dkim: [],
  dmarc: { result: 'none', domain: null, policy: null },
  arc: 'none',
  aligned: false,
}

/** The one domain of the one From header; null when there is none or more than one: then nothing can be aligned. */
export function fromDomain(from: readonly Address[], fromHeaders: number): string | null {
  const [only] = from
  return fromHeaders === 1 && from.length === 1 && only !== undefined ? addressDomain(only.address) : null
}

type Facts = Omit<Authentication, 'aligned'>

/** Relaxed alignment of what passed with the From domain (RFC 7489 §3.1). */
function withAlignment(facts: Facts, domain: string | null): Authentication {
  const dmarcPassed = facts.dmarc.result === 'pass' && (facts.dmarc.domain === null || facts.dmarc.domain === domain)
  const spf = facts.spf.result === 'pass' && aligned(facts.spf.domain, domain)
  const dkim = facts.dkim.some((d) => d.result === 'pass' && aligned(d.domain, domain))
  return { ...facts, aligned: domain !== null && (dmarcPassed || spf || dkim) }
}

const because = (reason: string | null | undefined) => (reason ? { reason } : {})

function policyOf(dmarc: MethodResult | undefined): string | null {
  const stated = dmarc?.properties.get('policy.published-domain-policy') ?? dmarc?.properties.get('policy.dmarc')
  return (stated ?? /\bp=([a-z]{4,10})/i.exec(dmarc?.comment ?? '')?.[1] ?? null)?.toLowerCase() ?? null
}

/**
 * What the topmost trusted Authentication-Results headers say; null when there are none.
 * `values` are the unfolded values of all of them, topmost first.
 */
export function fromTrustedHeaders(
  values: readonly string[],
  trusted: readonly string[],
  domain: string | null,
): Authentication | null {
  const results = trustedResults(values, trusted)
  if (results.length === 0) return null
  const one = (method: string) => results.find((r) => r.method === method)
  const spf = one('spf')
  const dmarc = one('dmarc')
  const dkim = results.filter((r) => r.method === 'dkim' && r.result !== 'none').slice(0, 50)
  const facts: Facts = {
    source: 'trusted-header',
    spf: {
      result: spf?.result ?? 'none',
      domain: propertyDomain(spf, 'smtp.mailfrom', 'smtp.mail', 'smtp.helo'),
      ...because(spf?.reason),
    },
    dkim: dkim.map((r) => ({
      result: r.result,
      domain: propertyDomain(r, 'header.d', 'header.i'),
      selector: r.properties.get('header.s') ?? null,
      ...because(r.reason),
    })),
    dmarc: { result: dmarc?.result ?? 'none', domain: propertyDomain(dmarc, 'header.from'), policy: policyOf(dmarc) },
    arc: one('arc')?.result ?? 'none',
  }
  return withAlignment(facts, domain)
}

/** Large, and only who asks DNS needs it. */
const library = () => import('mailauth')

/** So that no message waits for the library. */
export const prepareToCheck = async (): Promise<void> => void (await library())

/** All questions of one message together; well below the deadline, so that a dead name server spoils no message. */
const DNS_BUDGET_MS = 5_000

/** The resolver, until the time for this message is used up; then every question fails at once. */
function withBudget(resolver: DNSResolver): DNSResolver {
  const until = performance.now() + DNS_BUDGET_MS
  return (name, type) =>
    new Promise((resolve, reject) => {
      const fail = () => reject(Object.assign(new Error('DNS took too long'), { code: 'ETIMEOUT' }))
      const left = until - performance.now()
      if (left <= 0) return fail()
      const timer = setTimeout(fail, left)
      resolver(name, type)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
}

/** SPF, DKIM, DMARC and ARC checked by ourselves with the resolver given; a failing check is `temperror`. */
export async function checkOurselves(
  raw: Buffer,
  context: MailContext,
  resolver: DNSResolver,
  domain: string | null,
): Promise<Authentication> {
  // Before the time for DNS begins to run.
  const { authenticate } = await library()
  const options = {
    resolver: withBudget(resolver),
    disableBimi: true,
    mta: 'recourse',
    ...(context.clientIp === null ? {} : { ip: context.clientIp }),
    ...(context.helo === null ? {} : { helo: context.helo }),
    ...(context.mailFrom === null ? {} : { sender: context.mailFrom }),
  }
  const found = await authenticate(raw, options)
  const { spf, dmarc, arc } = found
  const facts: Facts = {
    source: 'own-check',
    spf: spf
      ? {
          result: authResult(spf.status.result),
          domain: spf.domain || null,
          ...because(reasonOf(spf.status.comment)),
        }
      : NO_AUTHENTICATION.spf,
    dkim: found.dkim.results
      .filter((r) => r.status.result !== 'none')
      .slice(0, 50)
      .map((r) => ({
        result: authResult(r.status.result),
        domain: r.signingDomain?.toLowerCase() ?? null,
        selector: r.selector ?? null,
        ...because(reasonOf(r.status.comment)),
      })),
    dmarc: dmarc
      ? { result: authResult(dmarc.status.result), domain: dmarc.status.header?.from ?? null, policy: dmarc.p || null }
      : NO_AUTHENTICATION.dmarc,
    arc: arc ? authResult(arc.status.result) : 'none',
  }
  return withAlignment(facts, domain)
}
