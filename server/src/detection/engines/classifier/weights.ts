import type { Class } from './lesson.ts'
import { PLACES } from './places.ts'

/** From sums of weights to points: how the sums of messages not yet learnt related to what they were. */
export interface Calibration {
  readonly slope: number
  readonly offset: number
}

/** What decides: for each place how much it speaks for spam, and for phish, rather than ham. */
export interface Weights {
  readonly spam: Float32Array
  readonly phish: Float32Array
  /** For spam and phish before anything is seen. */
  readonly bias: readonly [spam: number, phish: number]
  readonly calibration: Calibration
  /** How often bodies with this fingerprint were taught as what: ham, spam, phish. */
  readonly kin: ReadonlyMap<string, readonly [number, number, number]>
  /** Messages taught, by class. */
  readonly taught: Readonly<Record<Class, number>>
}

/** Weight of one feature that is there; the same for short and long messages, so that much evidence counts as much. */
export const SCALE = 0.1

/** Before enough was learnt to measure it: sums over what was learnt flatter themselves. */
export const UNCALIBRATED: Calibration = { slope: 0.8, offset: 0 }

export const emptyWeights = (): Weights => ({
  spam: new Float32Array(PLACES),
  phish: new Float32Array(PLACES),
  bias: [0, -3],
  calibration: UNCALIBRATED,
  kin: new Map(),
  taught: { ham: 0, spam: 0, phish: 0 },
})

/** Log-odds of spam and of phish against ham. */
export function sums(weights: Pick<Weights, 'spam' | 'phish' | 'bias'>, places: Uint32Array): [number, number] {
  let spam = weights.bias[0]
  let phish = weights.bias[1]
  for (const place of places) {
    spam += (weights.spam[place] ?? 0) * SCALE
    phish += (weights.phish[place] ?? 0) * SCALE
  }
  return [spam, phish]
}

/** What is known of a text that was taught itself: one lesson convicts its copies, opposite lessons take each other away. */
const KIN = 6

/** Log-odds of spam and of phish that kin of this fingerprint add. */
export function kinship(weights: Pick<Weights, 'kin'>, fingerprint: string | null): [number, number] {
  const taught = fingerprint === null ? undefined : weights.kin.get(fingerprint)
  if (taught === undefined) return [0, 0]
  const [ham, spam, phish] = taught
  const by = (KIN * (spam + phish - ham)) / (ham + spam + phish + 0.2)
  if (by <= 0) return [by, by]
  return spam > phish ? [by, 0] : [0, by]
}

/** log(eᵃ + eᵇ): either of two. */
export const either = (a: number, b: number): number => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))
