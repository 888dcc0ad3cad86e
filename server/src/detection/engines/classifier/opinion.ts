import type { Signal } from '../../../judgement/index.ts'
import type { ParsedMail } from '../../../mail/index.ts'
import { featuresOf } from './features.ts'
import type { Features } from './found.ts'
import { distinct } from './lesson.ts'
import { either, kinship, SCALE, sums, type Weights } from './weights.ts'

/** Weights and what they are called: a verdict names it. */
export interface Model {
  /** `12-3f9a0c1d`: lessons, and the beginning of a hash over them. */
  readonly version: string
  readonly weights: Weights
}

/** Points at most for phish, for spam, and against the verdict of others: no classifier convicts with high confidence alone. */
const MOST = { phish: 9, spam: 6, ham: 3 }
/** Spam costs its readers less than phish, and what is wanted advertising to one is spam to another. */
const SPAM_COUNTS = 0.5
const SHOWN = 8

/**
 * What the model thinks of a message, as one signal `classifier`. Its weight is the log-odds (natural logarithm, calibrated, for as much
 * good as bad mail): 5 points = 150 times likelier bad than good; rounded off towards `MOST`. Pure.
 */
export function opinion({ weights, version }: Model, mail: ParsedMail): Signal {
  const features = featuresOf(mail)
  const seen = sums(weights, distinct(features.places()))
  const kin = kinship(weights, mail.fingerprints.body)
  const spam = seen[0] + kin[0]
  const phish = seen[1] + kin[1]
  const { slope, offset } = weights.calibration
  const odds = slope * either(spam, phish) + offset
  const phishy = 1 / (1 + Math.exp(spam - phish))
  const most = odds < 0 ? MOST.ham : MOST.phish * phishy + MOST.spam * (1 - phishy)
  const counted = odds < 0 ? odds : odds * (phishy + SPAM_COUNTS * (1 - phishy))
  const weight = Math.round(most * Math.tanh(counted / most) * 100) / 100
  const kind = phishy >= 0.5 ? 'phish' : 'spam'
  return {
    id: 'classifier',
    version: 1,
    weight,
    threat: weight > 0 ? kind : 'none',
    technology: 'content',
    summary: says(weight, kind),
    evidence: {
      model: version,
      taught: weights.taught,
      odds: round(odds),
      ...(kin[0] === 0 && kin[1] === 0 ? {} : { sameText: round(Math.max(...kin) || Math.min(...kin)) }),
      phishRatherThanSpam: round(phishy),
      ...strongest(weights, features, phishy),
    },
    entities: [],
  }
}

function says(weight: number, kind: 'phish' | 'spam'): string {
  const what = kind === 'phish' ? 'phishing' : 'spam'
  if (weight <= -1) return 'Resembles the wanted mail that was learnt'
  if (weight < 1) return 'Resembles neither the wanted nor the unwanted mail that was learnt'
  return weight < 5 ? `Resembles ${what} that was learnt a little` : `Resembles ${what} that was learnt`
}

/** What spoke most against and for it, in points before rounding off; kept short, and readable for people. */
function strongest({ spam, phish, calibration }: Weights, features: Features, phishy: number) {
  const scale = SCALE * calibration.slope
  const spammy = 1 - phishy
  const against: Spoke[] = []
  const inFavour: Spoke[] = []
  const places = features.places()
  for (let i = 0; i < places.length; i++) {
    const place = places[i] ?? 0
    const points = scale * (phishy * (phish[place] ?? 0) + spammy * (spam[place] ?? 0))
    if (points > 0.01) keep(against, i, points)
    else if (points < -0.01) keep(inFavour, i, points)
  }
  return { against: shown(features, against), for: shown(features, inFavour) }
}

interface Spoke {
  /** Which feature. */
  readonly index: number
  readonly points: number
}

/** The few that weigh most, in order; of those that weigh the same, the earlier. */
function keep(list: Spoke[], index: number, points: number): void {
  const least = list.at(-1)
  if (list.length === SHOWN && least && Math.abs(least.points) >= Math.abs(points)) return
  let at = list.length
  while (at > 0 && Math.abs(list[at - 1]?.points ?? 0) < Math.abs(points)) at--
  list.splice(at, 0, { index, points })
  if (list.length > SHOWN) list.pop()
}

const shown = (features: Features, list: readonly Spoke[]) =>
  list.map(({ index, points }) => ({ token: features.token(index).slice(0, 80), points: round(points) }))

const round = (n: number): number => Math.round(n * 100) / 100
