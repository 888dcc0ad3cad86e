import type { Signal } from '../../judgement/index.ts'
import { count, points, readingOf, saidOf } from '../reading.ts'
import type { SignalInput } from '../types.ts'

/**
 * Confidence tricks in words: somebody else's millions, and threats with a film of you. One such phrase occurs in news and novels; a letter
 * made of them is one. So the weight grows with the number of different phrases, faster at first.
 */
const KINDS = [
  { concept: 'advance-fee', least: 2, most: 9, what: 'Promises money that belongs to others' },
  { concept: 'extortion', least: 2, most: 9, what: 'Threatens to publish something about the reader' },
] as const

export function advanceFee({ mail }: SignalInput): Signal[] {
  const reading = readingOf(mail)
  return KINDS.flatMap(({ concept, least, most, what }): Signal[] => {
    const said = count(reading, concept)
    if (said < least) return []
    // Two phrases 1.3 points, four 4, seven 6.6.
    const weight = points(most * (1 - Math.exp(-0.19 * (said - 1))) * (reading.body.words.length >= 900 ? 0.6 : 1))
    const found = saidOf(reading, [concept])
    return [
      {
        id: 'advance-fee',
        version: 1,
        weight,
        threat: 'phish',
        technology: 'content',
        summary: `${what}: ${(found[concept] ?? [])
          .slice(0, 4)
          .map((p) => `“${p}”`)
          .join(', ')}`,
        evidence: { said: found, phrases: said },
        entities: [],
      },
    ]
  })
}
