import type { ParsedMail } from '../mail/index.ts'
import { LURES } from './text/lexicon-lures.ts'
import { SCAMS } from './text/lexicon-scams.ts'
import { compilePhrases } from './text/phrases.ts'
import { ownText, type Words, wordsOf } from './text/words.ts'

/** What a message says, read once for all analyses. */
export interface Reading {
  readonly subject: Words
  readonly body: Words
  /** Concept → phrases found, in the subject and in what the sender wrote. */
  readonly inSubject: ReadonlyMap<string, readonly string[]>
  readonly inBody: ReadonlyMap<string, readonly string[]>
  /** Both, each phrase once. */
  readonly said: ReadonlyMap<string, readonly string[]>
  /** Web links of the body that a person can follow. */
  readonly links: number
}

const phrases = compilePhrases({ ...LURES, ...SCAMS })
const known = new WeakMap<ParsedMail, Reading>()

export function readingOf(mail: ParsedMail): Reading {
  const before = known.get(mail)
  if (before !== undefined) return before
  const subject = wordsOf(mail.subject.slice(0, 500))
  const body = wordsOf(ownText(mail.text))
  const inSubject = phrases.find(subject.words, subject.text)
  const inBody = phrases.find(body.words, body.text)
  const said = new Map<string, readonly string[]>()
  for (const concept of new Set([...inSubject.keys(), ...inBody.keys()]))
    said.set(concept, [...new Set([...(inSubject.get(concept) ?? []), ...(inBody.get(concept) ?? [])])])
  const links = mail.urls.filter((u) => u.place !== 'header' && u.place !== 'image' && u.place !== 'attachment').length
  const reading = { subject, body, inSubject, inBody, said, links }
  known.set(mail, reading)
  return reading
}

/** Different phrases of a concept. */
export const count = (reading: Reading, concept: string): number => reading.said.get(concept)?.length ?? 0

/** The phrases of some concepts as evidence, a few each. */
export const saidOf = (reading: Reading, concepts: readonly string[]): Record<string, readonly string[]> =>
  Object.fromEntries(
    concepts.flatMap((c) => {
      const found = reading.said.get(c)
      return found === undefined ? [] : [[c, found.slice(0, 6)]]
    }),
  )

/** Points with two decimals. */
export const points = (n: number): number => Math.round(n * 100) / 100
