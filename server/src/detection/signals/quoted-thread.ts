import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { domainOf, headerOf, isWithin } from '../hosts.ts'
import { listOf, senderDomainOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'
import { SETTLED } from './first-contact.ts'

/**
 * An answer that quotes a conversation, and no header says what it answers: mail programs always do, who makes a conversation up does not know
 * what to write there. Old programs, and those who paste, do it too, and lists lose the headers, so it is a hint; more where the quoted
 * words are said to be ours. What the headers name cannot be looked up: our people's answers need not have come by us.
 */
export function quotedThread({ mail, organisation, history, now }: SignalInput): Signal[] {
  if (!ANSWERS.test(mail.subject.slice(0, 200)) || listOf(mail) !== null) return []
  if (headerOf(mail, 'in-reply-to') !== null || headerOf(mail, 'references') !== null) return []
  const quoted = quotedIn(mail.text)
  if (quoted === null) return []
  const domain = senderDomainOf(mail)
  const inside = domain !== null && isWithin(domain, organisation.domains)
  const ours = inside ? undefined : quoted.authors.find((a) => isWithin(domainOf(a), organisation.domains))
  const found: Finding[] = [{ what: 'a conversation that no header knows of', weight: 1 }]
  if (ours !== undefined) found.push({ what: `words that ${ours.slice(0, 100)} is said to have written`, weight: 2 })
  const settled = history?.since != null && now !== undefined && now.getTime() - Date.parse(history.since) >= SETTLED
  if (settled && history.fromSender === 0 && !inside)
    found.push({ what: 'the answer of somebody who has never written here', weight: 1 })
  return signalOf(
    { id: 'quoted-thread', threat: 'phish', technology: 'content', lead: 'It quotes', most: 3, evidence: { quoted } },
    found,
  )
}

const ANSWERS = /^\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|aw|sv|antw|res|rv|vs|odp)\s*(?:\[\d{1,3}\])?:/i

const MAX_LINES = 400
const WROTE =
  /\b(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|napisał\(?a?\)?)(?=[\s:]).{0,80}:\s*$/i
const AUTHOR = /^[ \t>*]{0,10}(?:from|von|de|da|od|van|från|fra)\s{0,2}:/i
const OTHER =
  /^[ \t>*]{0,10}(?:sent|date|to|subject|gesendet|datum|an|betreff|envoyé|objet|enviado|asunto|para|inviato|oggetto|data|assunto|verzonden|onderwerp|skickat|ämne)\s{0,2}:/i
const ADDRESS = /[^\s<>"'(),;:[\]]{1,64}@[a-z0-9.-]{1,253}/i

/** Whose words are quoted, as far as that is said; null where nothing is. */
function quotedIn(text: string): { readonly authors: readonly string[] } | null {
  const lines = text.slice(0, 32_000).split('\n', MAX_LINES)
  const authors = new Set<string>()
  let marks = 0
  let told = false
  lines.forEach((whole, i) => {
    const line = whole.slice(0, 300)
    if (/^\s{0,20}>/.test(line)) marks++
    // `On Tuesday, Ann <ann@…>` and `wrote:` may stand in two lines.
    const wrote = WROTE.test(line) ? `${lines[i - 1]?.slice(0, 300) ?? ''} ${line}` : null
    const head = AUTHOR.test(line) && lines.slice(i + 1, i + 5).some((l) => OTHER.test(l.slice(0, 100))) ? line : null
    const said = wrote ?? head
    if (said === null) return
    told = true
    const address = ADDRESS.exec(said)?.[0].toLowerCase()
    if (address !== undefined && authors.size < 10) authors.add(address)
  })
  return told || marks >= 2 ? { authors: [...authors] } : null
}
