import type { Signal } from '../../judgement/index.ts'
import { count, points, readingOf, saidOf } from '../reading.ts'
import type { SignalInput } from '../types.ts'
import { byLength } from './lure.ts'

/**
 * Offers of the kinds that are sold by unwanted mail. Most points: how much of it a letter made of nothing else shows. One phrase of a kind
 * is worth 15 % of that, three 56 %: news and friends use such words, too. *Remove me* phrases say only that it was sent to many: they strengthen, and are nothing alone.
 */
const KINDS: Readonly<Record<string, number>> = {
  health: 5,
  adult: 5,
  income: 4.5,
  prize: 3.5,
  gambling: 4,
  finance: 3.5,
  services: 3,
  // What every shop writes.
  shop: 2,
}

export function spamContent({ mail }: SignalInput): Signal[] {
  const reading = readingOf(mail)
  const each = Object.entries(KINDS)
    .map(([kind, most]) => {
      const said = count(reading, kind)
      return {
        kind,
        weight: said === 0 ? 0 : most * (1 - 0.72 ** (said - 0.5)) + (reading.inSubject.has(kind) ? 0.6 : 0),
      }
    })
    .filter((k) => k.weight > 0)
    .sort((a, b) => b.weight - a.weight)
  if (each.length === 0) return []
  const removes = count(reading, 'remove')
  const sum = each.reduce((all, { weight }, i) => all + weight * 0.5 ** i, 0)
  const weight = points((sum + (removes > 0 ? Math.min(0.4 + removes * 0.3, 1.3) : 0)) * byLength(reading))
  if (weight < 0.5) return []
  const kinds = each.map((k) => k.kind)
  const found = saidOf(reading, [...kinds, 'remove'])
  return [
    {
      id: 'spam-content',
      version: 1,
      weight,
      threat: 'spam',
      technology: 'content',
      summary: `Offers what unwanted mail sells (${kinds.slice(0, 3).join(', ')}): ${Object.values(found)
        .flat()
        .slice(0, 4)
        .map((p) => `“${p}”`)
        .join(', ')}`,
      evidence: { kinds, said: found },
      entities: [],
    },
  ]
}
