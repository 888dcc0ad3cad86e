import type { Signal } from '../../judgement/index.ts'
import { headerOf } from '../hosts.ts'
import { listOf, senderDomainOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * Sent to many at once: a way to unsubscribe, a feedback number, *Precedence: bulk*, and no list that people write to. Not bad by itself; it decides
 * that what is unwanted is called bulk.
 */
export function bulkMail({ mail }: SignalInput): Signal[] {
  if (listOf(mail) !== null) return []
  const marks = [
    'list-unsubscribe',
    'feedback-id',
    'x-campaign-id',
    'x-mailer-recptid',
    'x-csa-complaints',
    'x-report-abuse',
    'x-sg-eid',
    'x-mc-user',
    'x-mailgun-sid',
    'x-ses-outgoing',
    'x-sfmc-stack',
  ]
  const found = marks.filter((name) => headerOf(mail, name) !== null)
  const precedence = headerOf(mail, 'precedence')?.toLowerCase() ?? ''
  if (precedence === 'bulk' || precedence === 'junk') found.push(`precedence: ${precedence}`)
  if (found.length === 0) return []
  const domain = senderDomainOf(mail)
  return [
    {
      id: 'bulk-mail',
      version: 1,
      weight: found.length > 1 ? 1 : 0.6,
      threat: 'bulk',
      technology: 'content',
      summary: `Sent to many at once (${found.slice(0, 3).join(', ')})`,
      evidence: { found },
      entities: domain === null ? [] : [{ kind: 'sender-domain', value: domain }],
    },
  ]
}
