import type { Signal } from '../../judgement/index.ts'
import { count, points, type Reading, readingOf, saidOf } from '../reading.ts'
import type { SignalInput } from '../types.ts'

/**
 * A credential or payment lure: it names a trouble or a chance (topic), asks for something (ask) and presses (pressure). Honest mail does
 * one or two of these; all three together are what makes the pattern. Each topic is weighed by how rarely honest strangers raise it; several topics
 * count less and less. Without anything to follow or to open it is worth half; long letters say many things, so they count less.
 */
const TOPICS: Readonly<Record<string, number>> = {
  'account-problem': 1.6,
  delivery: 1.5,
  crypto: 1.5,
  credential: 1.3,
  authority: 1.1,
  payment: 1,
  document: 0.9,
  prize: 1.3,
}
const ASKS: Readonly<Record<string, number>> = { verify: 1.3, click: 0.9 }
const PRESSURES: Readonly<Record<string, number>> = { consequence: 1, urgency: 0.8 }
const GREETING = 0.7
/** By how many of topic, ask and pressure are there. */
const BY_ROLES = [0, 0.25, 0.6, 1]

export function lure({ mail }: SignalInput): Signal[] {
  const reading = readingOf(mail)
  const topic = strength(reading, TOPICS)
  if (topic === 0) return []
  const ask = strength(reading, ASKS)
  const pressure = strength(reading, PRESSURES)
  const roles = 1 + (ask > 0 ? 1 : 0) + (pressure > 0 ? 1 : 0)
  const greeting = count(reading, 'generic-greeting') > 0 ? GREETING : 0
  const leads = reading.links > 0 || mail.attachments.length > 0
  const weight = points(
    (topic + ask + pressure + greeting) * (BY_ROLES[roles] ?? 1) * (leads ? 1 : 0.5) * byLength(reading),
  )
  if (weight < 0.4) return []
  const concepts = [...Object.keys(TOPICS), ...Object.keys(ASKS), ...Object.keys(PRESSURES), 'generic-greeting']
  const found = saidOf(reading, concepts)
  return [
    {
      id: 'lure',
      version: 1,
      weight,
      threat: 'phish',
      technology: 'content',
      summary: `Written like a lure: ${Object.values(found)
        .flatMap((p) => p.slice(0, 1))
        .slice(0, 4)
        .map((p) => `“${p}”`)
        .join(', ')}`,
      evidence: { said: found, roles, words: reading.body.words.length },
      entities: [],
    },
  ]
}

/** The concepts found, each by its weight and how often it is said, the strongest whole and the others less and less. */
function strength(reading: Reading, weights: Readonly<Record<string, number>>): number {
  const each = Object.entries(weights)
    .map(([concept, weight]) => {
      const said = count(reading, concept)
      if (said === 0) return 0
      return weight * (said > 2 ? 1.4 : said > 1 ? 1.2 : 1) + (reading.inSubject.has(concept) ? 0.4 : 0)
    })
    .sort((a, b) => b - a)
  return each.reduce((sum, s, i) => sum + s * 0.5 ** i, 0)
}

/** What is said on a page counts more than what is said somewhere in ten. */
export function byLength(reading: Reading): number {
  const words = reading.body.words.length
  return words <= 250 ? 1 : words >= 900 ? 0.4 : 1 - (0.6 * (words - 250)) / 650
}
