import type { Signal } from '../../judgement/index.ts'
import { headerOf } from '../hosts.ts'
import { disguised } from '../names.ts'
import { points, readingOf } from '../reading.ts'
import { listOf } from '../senders.ts'
import { stylised } from '../text/tricks.ts'
import type { SignalInput } from '../types.ts'
import { looksRandom } from './from-oddity.ts'

/**
 * A subject that is written for people and against filters: letters from other alphabets, random ends that make every copy
 * different, signs and capitals that shout, an answer to nothing.
 */
export function textTricks({ mail }: SignalInput): Signal[] {
  const subject = mail.subject.slice(0, 500)
  const found: { what: string; weight: number }[] = []
  const add = (weight: number, what: string) => found.push({ weight, what })
  const list = listOf(mail) !== null
  const style = stylised(subject)
  if (style !== null) add(style.weight, style.what)
  if (disguised(subject)) add(2.5, 'look-alike letters among Latin ones')
  const pictures = (subject.match(/\p{Extended_Pictographic}/gu) ?? []).length
  if (pictures > 0) add(pictures > 1 ? 1.3 : 0.8, 'pictures')
  const last = /(?:^|[\s#:\-_([])([A-Za-z0-9]{6,24})\W*$/.exec(subject)?.[1]
  if (
    last !== undefined &&
    !list &&
    /[a-z]/.test(last) &&
    /[A-Z]/.test(last.slice(1)) &&
    (/\d/.test(last) || looksRandom(last))
  )
    add(1.5, `the random end “${last}”`)
  else if (/\b\d{7,}\b/.test(subject) && !list) add(0.5, 'a long number')
  if (/[!?]{2,}|[$€£]{2,}|!\s*$/.test(subject)) add(/[!?]{3,}|[$€£]{2,}/.test(subject) ? 1.2 : 0.6, 'signs that shout')
  if (/\s{6,}\S/.test(subject)) add(1.2, 'a gap that hides its end')
  const letters = subject.replace(/[^\p{L}]/gu, '')
  if (letters.length >= 10 && letters === letters.toUpperCase() && letters !== letters.toLowerCase())
    add(1.1, 'capitals throughout')
  if (/(?:[a-z][._*\-\s]){4,}[a-z]\b/i.test(subject) && /(?:\b[a-z][._*\- ]){5,}/i.test(subject))
    add(1.8, 'letters held apart')
  if (
    /\b[a-z]*(?:[a-z][013450@$][a-z])[a-z0-9@$]*\b/i.test(subject.replace(/\S*@\S*\.\S*|https?:\S*/g, '')) &&
    // Between two digits at least two letters, written so that there is one way only to read it: others take for ever.
    /\b[a-z]+(?:[013@$][a-z]{2,})*[013@$][a-z]+\b/i.test(subject)
  )
    add(0.7, 'digits in place of letters')
  const answers = /^\s*(?:re|aw|sv|antw|res|rv)\s*:/i.test(subject)
  const forwards = /^\s*(?:fwd?|wg|tr|enc)\s*:/i.test(subject)
  const threaded = headerOf(mail, 'references') !== null || headerOf(mail, 'in-reply-to') !== null
  if (answers && !threaded && !/^[ \t]{0,20}>|wrote:|schrieb:|escribi|a écrit|ha scritto|escreveu/im.test(mail.text))
    add(1.3, 'an answer to nothing')
  if (
    forwards &&
    !/forwarded|original message|weitergeleitet|-{4,}|^from:|^von:|^de:/im.test(mail.text.slice(0, 8_000)) &&
    !threaded
  )
    add(0.6, 'a forwarded message without one')
  if (!list && namesReader(mail)) add(1.8, 'the address of its reader')
  if (subject.trim() === '') add(0.8, 'nothing at all')
  if (mail.defects.includes('Subject encoded without need')) add(1.2, 'an encoding that it does not need')
  if (readingOf(mail).body.words.length < 12 && readingOf(mail).links > 0 && !list)
    add(0.9, 'hardly a word with its link')
  if (found.length === 0) return []
  found.sort((a, b) => b.weight - a.weight)
  return [
    {
      id: 'text-tricks',
      version: 1,
      weight: points(found.reduce((sum, f, i) => sum + f.weight * 0.5 ** i, 0)),
      threat: 'spam',
      technology: 'content',
      summary: `The subject has ${found
        .slice(0, 3)
        .map((f) => f.what)
        .join(', ')}`,
      evidence: { subject: subject.slice(0, 300), found },
      entities: [],
    },
  ]
}

/** Mass mail that pretends to know its reader has nothing but the address to show it. */
const namesReader = ({ subject, to }: SignalInput['mail']): boolean =>
  to.slice(0, 5).some(({ address }) => address !== null && subject.toLowerCase().includes(address.toLowerCase()))
