import type { Signal } from '../../judgement/index.ts'
import { headerOf } from '../hosts.ts'
import { points, readingOf } from '../reading.ts'
import { isEstablished, isFreeMail, listOf, senderDomainOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * What speaks for a message. Headers can be forged, so what only says something is worth little, and what the message was seen to pass through more;
 * `judgement` bounds the sum. None of it speaks for malware.
 */
export function goodEvidence({ mail }: SignalInput): Signal[] {
  const found: { what: string; weight: number }[] = []
  const list = listOf(mail)
  if (list !== null)
    found.push({
      what: `it came through the mailing list ${list.domain}${list.shown ? ', whose servers handled it' : ''}`,
      weight: list.shown ? 3 : 1,
    })
  if (isConversation(mail)) found.push({ what: 'it answers a message and quotes it', weight: 2 })
  if (isEstablished(mail)) found.push({ what: `${senderDomainOf(mail)} is proven and known`, weight: 1.5 })
  else if (mail.authentication.aligned) {
    const domain = senderDomainOf(mail)
    found.push({ what: 'the sender is proven', weight: domain !== null && isFreeMail(domain) ? 0.2 : 0.4 })
  }
  if (plainLetter(mail)) found.push({ what: 'it is a plain letter without anything to follow', weight: 0.8 })
  if (found.length === 0) return []
  found.sort((a, b) => b.weight - a.weight)
  const weight = -points(found.reduce((sum, f, i) => sum + f.weight * 0.7 ** i, 0))
  return [
    {
      id: 'good-evidence',
      version: 1,
      weight,
      threat: 'none',
      technology: 'none',
      summary: `Speaks for it: ${found.map((f) => f.what).join('; ')}`,
      evidence: { found },
      entities: [],
    },
  ]
}

/** References to another message, a subject that answers, and lines of it. */
function isConversation(mail: SignalInput['mail']): boolean {
  const threaded = headerOf(mail, 'in-reply-to') !== null || headerOf(mail, 'references') !== null
  return (
    threaded &&
    /^\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|aw|sv|antw|res|rv|fwd?|wg|vs|r|odp)\s*(?:\[\d+\])?:/i.test(mail.subject) &&
    /^[ \t]{0,20}(?:>|\|)|wrote:|writes:|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|original message|napisał/im.test(
      mail.text,
    )
  )
}

const plainLetter = (mail: SignalInput['mail']): boolean =>
  !mail.hasHtml &&
  mail.attachments.length === 0 &&
  readingOf(mail).links === 0 &&
  readingOf(mail).body.words.length >= 20
