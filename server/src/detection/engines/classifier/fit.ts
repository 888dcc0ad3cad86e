import { CLASSES, type Class, type Lesson } from './lesson.ts'
import { type Calibration, either, emptyWeights, SCALE, sums, UNCALIBRATED, type Weights } from './weights.ts'

/** Times that every lesson is gone through. */
const ROUNDS = 10
const RATE = 3
/** Errors smaller than this teach nothing more. */
const ENOUGH = 1e-3
/** After so many lessons the start counts half: what was learnt here is worth more than old mail of others. */
const START_FADES = 800
/** Lessons between two pauses of `fitSlowly`. */
const AT_ONCE = 100
/** From so many wanted and so many unwanted messages on, points are measured rather than assumed. */
const TO_CALIBRATE = 25

/**
 * Weights from lessons: multinomial logistic regression by gradient descent over the lessons in the order of their hashes, on top of
 * `start`. So the weights depend on the set of lessons alone, not on when each was taught, and what is forgotten leaves nothing behind.
 * A generator, so that whoever serves people in between can pause; `fitNow` does not.
 */
export function* fitting(lessons: Iterable<Lesson>, start: Weights): Generator<void, Weights> {
  // SHA-256 is as good as shuffled.
  const ordered = [...lessons].sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0))
  const taught = { ham: 0, spam: 0, phish: 0 }
  for (const lesson of ordered) taught[lesson.as]++
  if (ordered.length === 0) return start
  const share = START_FADES / (START_FADES + ordered.length)
  const spam = start.spam.map((w) => w * share)
  const phish = start.phish.map((w) => w * share)
  const bias: [number, number] = [start.bias[0], start.bias[1]]
  const now = { spam, phish, bias }
  const unseen: Seen[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const rate = RATE / (1 + round)
    for (const [i, lesson] of ordered.entries()) {
      if (i % AT_ONCE === AT_ONCE - 1) yield
      const [s, p] = sums(now, lesson.places)
      if (round === 0 && i >= ordered.length / 3) unseen.push({ odds: either(s, p), bad: lesson.as !== 'ham' })
      step(now, lesson, s, p, rate)
    }
  }
  return { spam, phish, bias, calibration: calibrate(unseen), kin: kinOf(ordered), taught }
}

function kinOf(lessons: readonly Lesson[]): Map<string, [number, number, number]> {
  const kin = new Map<string, [number, number, number]>()
  for (const lesson of lessons) {
    if (lesson.kin === null) continue
    const counts = kin.get(lesson.kin) ?? [0, 0, 0]
    counts[CLASSES.indexOf(lesson.as)] = (counts[CLASSES.indexOf(lesson.as)] ?? 0) + 1
    kin.set(lesson.kin, counts)
  }
  return kin
}

export function fitNow(lessons: Iterable<Lesson>, start: Weights = emptyWeights()): Weights {
  const work = fitting(lessons, start)
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** Lets others work in between. */
export async function fitSlowly(lessons: Iterable<Lesson>, start: Weights): Promise<Weights> {
  const work = fitting(lessons, start)
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    await new Promise((next) => setImmediate(next))
  }
}

interface Fitted {
  readonly spam: Float32Array
  readonly phish: Float32Array
  readonly bias: [number, number]
}

function step(now: Fitted, lesson: Lesson, s: number, p: number, rate: number): void {
  // Ham's own sum is 0: its weights are what the others are counted from. It moves both the other way, hence the extra term.
  const top = Math.max(0, s, p)
  const es = Math.exp(s - top)
  const ep = Math.exp(p - top)
  const eh = Math.exp(-top)
  const all = es + ep + eh
  const is = (c: Class) => (lesson.as === c ? 1 : 0)
  const ham = is('ham') - eh / all
  const toSpam = is('spam') - es / all - ham
  const toPhish = is('phish') - ep / all - ham
  if (Math.abs(toSpam) < ENOUGH && Math.abs(toPhish) < ENOUGH) return
  const bySpam = rate * toSpam * SCALE
  const byPhish = rate * toPhish * SCALE
  for (const place of lesson.places) {
    now.spam[place] = (now.spam[place] ?? 0) + bySpam
    now.phish[place] = (now.phish[place] ?? 0) + byPhish
  }
  now.bias[0] += rate * toSpam * 0.05
  now.bias[1] += rate * toPhish * 0.05
}

interface Seen {
  readonly odds: number
  readonly bad: boolean
}

/**
 * Platt's line through what was said of each lesson in the first round, before it was learnt. Both kinds count as if there were as many
 * of each: how much is reported says nothing about how much comes.
 */
export function calibrate(seen: readonly Seen[]): Calibration {
  const bad = seen.filter((s) => s.bad).length
  const good = seen.length - bad
  if (bad < TO_CALIBRATE || good < TO_CALIBRATE) return UNCALIBRATED
  let { slope, offset } = UNCALIBRATED
  for (let i = 0; i < 30; i++) {
    // Newton's step, held back a little towards the assumed line.
    const g = [PRIOR * (slope - UNCALIBRATED.slope), PRIOR * (offset - UNCALIBRATED.offset)] as [number, number]
    const h = { aa: PRIOR, ab: 0, bb: PRIOR }
    for (const { odds, bad: is } of seen) {
      const weight = is ? 0.5 / bad : 0.5 / good
      const p = 1 / (1 + Math.exp(-(slope * odds + offset)))
      const error = weight * (p - (is ? 1 : 0))
      const curve = weight * p * (1 - p)
      g[0] += error * odds
      g[1] += error
      h.aa += curve * odds * odds
      h.ab += curve * odds
      h.bb += curve
    }
    const det = h.aa * h.bb - h.ab * h.ab
    slope -= (h.bb * g[0] - h.ab * g[1]) / det
    offset -= (h.aa * g[1] - h.ab * g[0]) / det
  }
  // Never the other way round, never much louder than the sums themselves.
  return Number.isFinite(slope + offset)
    ? { slope: Math.min(1.5, Math.max(0.1, slope)), offset: Math.min(3, Math.max(-3, offset)) }
    : UNCALIBRATED
}
const PRIOR = 1e-3
