import type { Signal } from '../../judgement/index.ts'
import type { Authentication } from '../../mail/index.ts'
import { fromDomainOf, isWithin, throughList } from '../hosts.ts'
import { vouchedFor } from '../sealed.ts'
import type { SignalInput } from '../types.ts'

/**
 * The sender could not be who the message says: DMARC, or SPF and DKIM, failed. Weighed by what the domain asks
 * receivers to do, and most for our own domains, whose mail we know how to send. Mail without any results (older than the
 * standards, or not checked) says nothing. A trusted forwarder that had found the sender proved (ARC) leaves nothing to hold against it; seals
 * of others count nothing.
 */
export function authenticationFailure({ mail, organisation }: SignalInput): Signal[] {
  const domain = fromDomainOf(mail)
  const auth = mail.authentication
  if (domain === null || auth.source === 'none' || auth.aligned) return []
  const own = isWithin(domain, organisation.domains)
  const found = own ? ownDomain(domain, auth) : foreignDomain(domain, auth, throughList(mail))
  if (found === null) return []
  const sealed = vouchedFor(mail, organisation)
  const genuine = sealed?.aligned === true
  return [
    {
      id: 'authentication-failure',
      version: 2,
      weight: genuine ? 0 : found.weight,
      threat: 'spoof',
      technology: 'authentication',
      summary: genuine
        ? `${found.summary}; ${sealed.sealer}, whose seals are trusted, had found it proved`
        : found.summary,
      evidence: {
        ...{ domain, own, spf: auth.spf, dkim: auth.dkim, dmarc: auth.dmarc, arc: auth.arc, source: auth.source },
        ...(sealed === null ? {} : { sealed }),
      },
      entities: [{ kind: 'sender-domain', value: domain }],
    },
  ]
}

interface Found {
  readonly weight: number
  readonly summary: string
}

const failed = (auth: Authentication): string =>
  [
    ...(auth.dmarc.result === 'fail' ? ['DMARC failed'] : []),
    ...(auth.spf.result === 'fail' || auth.spf.result === 'softfail' ? [`SPF gave ${auth.spf.result}`] : []),
    ...(auth.dkim.some((d) => d.result === 'fail') ? ['a DKIM signature failed'] : []),
  ].join(', ')

function ownDomain(domain: string, auth: Authentication): Found | null {
  const what = failed(auth)
  // Our own systems may send without SPF and DKIM, so their absence is no failure.
  if (what === '') return null
  return { weight: 10, summary: `Claims to come from our own domain ${domain}, but ${what}` }
}

function foreignDomain(domain: string, auth: Authentication, list: boolean): Found | null {
  if (auth.dmarc.result === 'fail') {
    const asked = auth.dmarc.policy === 'reject' ? 10 : auth.dmarc.policy === 'quarantine' ? 6 : 3
    const wish = asked > 3 ? `, and the domain asks to ${auth.dmarc.policy} such mail` : ''
    // Lists change what they pass on; by itself that must not convict the author.
    const weight = list ? Math.min(asked, 3) : asked
    return {
      weight,
      summary: `DMARC failed for ${domain}${wish}${weight < asked ? ' (it came through a mailing list)' : ''}`,
    }
  }
  if (auth.spf.result === 'fail' && !list)
    return { weight: 4, summary: `${auth.spf.domain ?? domain} says that this server may not send its mail (SPF fail)` }
  if (auth.spf.result === 'softfail' && !list)
    return { weight: 2, summary: `${auth.spf.domain ?? domain} does not name this server as a sender (SPF softfail)` }
  return null
}
