import type { Signal } from '../../judgement/index.ts'
import { normaliseAddress } from '../../mail/pure.ts'
import { domainOf, isWithin, siteOf } from '../hosts.ts'
import { points } from '../reading.ts'
import { isFreeMail, listOf, senderOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * From, Reply-To, Sender and envelope sender name different organisations. Newsletters and ticket systems do some of this; answers that go
 * to a free mailbox while a firm is shown, or from one free mailbox to another, are what people do who cannot read the shown one.
 */
export function senderDisagreement({ mail, organisation }: SignalInput): Signal[] {
  const from = senderOf(mail)
  if (listOf(mail) !== null) return []
  const fromDomain = from === null ? null : domainOf(from)
  const found: { what: string; weight: number }[] = []
  const answers = mail.replyTo
    .flatMap((r) => (r.address === null ? [] : [normaliseAddress(r.address)]))
    .filter((a) => a !== null)
  const elsewhere = answers.filter(
    (a) => a !== from && (fromDomain === null || siteOf(domainOf(a)) !== siteOf(fromDomain) || isFreeMail(fromDomain)),
  )
  for (const a of elsewhere.slice(0, 3))
    if (!isWithin(domainOf(a), organisation.domains))
      found.push({ what: `answers go to ${a}`, weight: answerWeight(domainOf(a), fromDomain) })
  if (mail.replyTo.some((r) => r.address === null && r.raw !== ''))
    found.push({ what: 'the address for answers cannot be read', weight: 1 })
  const path = mail.returnPath === null || mail.returnPath === '' ? null : domainOf(mail.returnPath)
  if (path !== null && fromDomain !== null && siteOf(path) !== siteOf(fromDomain))
    found.push({
      what: `it was sent in the name of ${path}`,
      weight: isFreeMail(fromDomain) ? 1.6 : isFreeMail(path) ? 1.2 : 0.5,
    })
  if (fromDomain !== null && path === fromDomain && isFreeMail(path) && mail.returnPath?.toLowerCase() !== from)
    found.push({ what: `it was sent by ${mail.returnPath}`, weight: 0.6 })
  if (
    answers.length > 0 &&
    from !== null &&
    mail.to.some((t) => t.address !== null && normaliseAddress(t.address) === from) &&
    mail.to.length === 1
  )
    found.push({ what: 'it is addressed to its own sender', weight: 1 })
  if (found.length === 0) return []
  found.sort((a, b) => b.weight - a.weight)
  const [worst] = found
  return [
    {
      id: 'sender-disagreement',
      version: 1,
      weight: points(found.reduce((sum, f, i) => sum + f.weight * 0.5 ** i, 0)),
      threat: 'phish',
      technology: 'content',
      summary: `Shows ${from ?? 'an unreadable sender'}, but ${worst?.what}`,
      evidence: { from, replyTo: answers.slice(0, 5), returnPath: mail.returnPath, found },
      entities: from === null ? [] : [{ kind: 'sender', value: from }],
    },
  ]
}

function answerWeight(answer: string, from: string | null): number {
  if (isFreeMail(answer)) return from !== null && isFreeMail(from) ? 2.6 : 2.4
  return from !== null && isFreeMail(from) ? 1.6 : 0.8
}
