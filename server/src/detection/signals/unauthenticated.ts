import type { Signal } from '../../judgement/index.ts'
import type { Authentication } from '../../mail/index.ts'
import { isWithin } from '../hosts.ts'
import { points } from '../reading.ts'
import { vouchedFor } from '../sealed.ts'
import { listOf, senderDomainOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * Somebody looked and nothing proves the sender: no SPF, no DKIM, no DMARC, or only of a domain that is not the one shown. Honest
 * senders of today prove themselves one way or the other, because large providers refuse them otherwise. Where a check failed outright
 * `authentication-failure` says more; where nobody looked, nothing is said.
 */
export function unauthenticated({ mail, organisation }: SignalInput): Signal[] {
  const auth = mail.authentication
  const domain = senderDomainOf(mail)
  if (auth.source === 'none' || auth.aligned || listOf(mail)?.shown) return []
  // Our own systems may send without.
  if (domain !== null && isWithin(domain, organisation.domains)) return []
  const { weight, why } = missing(auth, domain)
  const sealed = vouchedFor(mail, organisation)
  const genuine = sealed?.aligned === true
  return [
    {
      id: 'unauthenticated',
      version: 1,
      weight: genuine ? 0 : points(weight),
      threat: 'spoof',
      technology: 'authentication',
      summary: genuine
        ? `Nothing proves ${domain ?? 'the sender'} here, but ${sealed.sealer}, whose seals are trusted, had found it proved`
        : `Nothing proves ${domain ?? 'the sender'}: ${why}`,
      evidence: {
        ...{ domain, spf: auth.spf, dkim: auth.dkim, dmarc: auth.dmarc, source: auth.source },
        ...(sealed === null ? {} : { sealed }),
      },
      entities: domain === null ? [] : [{ kind: 'sender-domain', value: domain }],
    },
  ]
}

function missing(auth: Authentication, domain: string | null): { readonly weight: number; readonly why: string } {
  const signed = auth.dkim.some((d) => d.result === 'pass')
  const broken = auth.dkim.some((d) => d.result === 'fail' || d.result === 'permerror')
  const extra = broken ? 0.5 : 0
  if (auth.spf.result === 'pass' || signed) {
    const proven =
      auth.spf.result === 'pass' ? auth.spf.domain : (auth.dkim.find((d) => d.result === 'pass')?.domain ?? null)
    return { weight: 1.3 + extra, why: `only ${proven ?? 'another domain'} is proven, which is not the sender shown` }
  }
  if (auth.spf.result === 'temperror' || auth.spf.result === 'permerror')
    return { weight: 1.5 + extra, why: 'SPF could not be evaluated' }
  return { weight: (domain === null ? 2.5 : 2.2) + extra, why: 'neither SPF nor DKIM' }
}
