// The classifier alone, without the other signals: caught at 0.1 % and 1 % false positives, cold and after learning, what it costs, and what
// counting words (naive Bayes, as the libraries do it) makes of the same features. CLASSIFIER_STEP=4 takes every fourth message.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Class,
  Classifier,
  type Lesson,
  lessonOf,
  type Model,
  openModel,
  opinion,
  SHIPPED,
  saveClassifier,
} from '../server/src/detection/index.ts'
import { createParser, type ParsedMail } from '../server/src/mail/index.ts'
import { bodyHash, measured, spamAssassinMail } from './lib/mail.ts'

interface Taken {
  readonly label: Class
  readonly mail: ParsedMail
  readonly lesson: Lesson
  readonly flagged: boolean
  group: number
}

const LABELS = ['ham', 'spam', 'phish'] as const
const FOLDS = 5
const step = Number(process.env['CLASSIFIER_STEP'] ?? 1)
const learntFrom = new Set([...spamAssassinMail()].map((m) => bodyHash(m.raw)))
const parser = createParser({ workers: 2 })
const all: Taken[] = []
let left = 0
for (const label of LABELS) {
  const list = measured(label, step).filter((m) => !learntFrom.has(bodyHash(m.raw)) || ++left === 0)
  for (let i = 0; i < list.length; i += 16)
    all.push(
      ...(await Promise.all(
        list.slice(i, i + 16).map(async ({ raw, about }) => {
          const { mail } = await parser.parse(raw, { mailFrom: null, clientIp: null, helo: null })
          const lesson = lessonOf(mail, createHash('sha256').update(raw).digest('hex'), label)
          return { label, mail, lesson, flagged: about['label_note'] !== '', group: 0 }
        }),
      )),
    )
}
await parser.close()
if (all.length === 0) {
  console.log('The corpus ../shared/corpus/mail is not here.')
  process.exit()
}

/** Messages of one campaign or thread are learnt or measured, never both. */
function group(mails: Taken[]): number {
  const above = mails.map((_, i) => i)
  const top = (i: number): number => {
    const up = above[i] ?? i
    return up === i ? i : top(up)
  }
  const known = new Map<string, number>()
  mails.forEach(({ label, mail }, i) => {
    for (const [kind, value] of Object.entries(mail.fingerprints)) {
      if (typeof value !== 'string') continue
      const before = known.get(`${label} ${kind} ${value}`)
      if (before === undefined) known.set(`${label} ${kind} ${value}`, i)
      else above[top(i)] = top(before)
    }
  })
  mails.forEach((m, i) => {
    m.group = top(i)
  })
  return new Set(mails.map((m) => m.group)).size
}

const foldOf = (m: Taken, seed: number): number =>
  createHash('sha256').update(`${seed} ${m.group}`).digest().readUInt32LE(0) % FOLDS

type Score = (m: Taken) => number

function caught(scores: ReadonlyMap<Taken, number>, rate: number, label: Class): string {
  const ham = all.filter((m) => m.label === 'ham').map((m) => scores.get(m) ?? 0)
  const limit = ham.sort((a, b) => b - a)[Math.floor(rate * ham.length)] ?? 0
  const some = all.filter((m) => m.label === label && !m.flagged)
  const hits = some.filter((m) => (scores.get(m) ?? 0) > limit).length
  return `${((100 * hits) / some.length).toFixed(1)} %`.padStart(8)
}

function say(name: string, scores: ReadonlyMap<Taken, number>): void {
  console.log(
    `${name.padEnd(46)} phish ${caught(scores, 0.001, 'phish')} ${caught(scores, 0.01, 'phish')}   spam ${caught(scores, 0.001, 'spam')} ${caught(scores, 0.01, 'spam')}`,
  )
}

function crossed(seed: number, learn: (lessons: readonly Taken[]) => Score): Map<Taken, number> {
  const scores = new Map<Taken, number>()
  for (let fold = 0; fold < FOLDS; fold++) {
    const score = learn(all.filter((m) => foldOf(m, seed) !== fold))
    for (const m of all) if (foldOf(m, seed) === fold) scores.set(m, score(m))
  }
  return scores
}

const by =
  (model: Model): Score =>
  ({ mail }) =>
    opinion(model, mail).weight

const taught = (some: readonly Taken[]): Classifier => {
  const classifier = new Classifier()
  for (const { lesson } of some) classifier.learn(lesson)
  classifier.refitNow()
  return classifier
}

/** Counts of messages with and without each feature: what libraries for naive Bayes keep. `strongest`: as many features as decide. */
const counting =
  (strongest: number) =>
  (some: readonly Taken[]): Score => {
    const counts = new Map<number, [good: number, bad: number]>()
    const n = [0, 0]
    for (const { label, lesson } of some) {
      const k = label === 'ham' ? 0 : 1
      n[k] = (n[k] ?? 0) + 1
      for (const place of lesson.places) {
        const c = counts.get(place) ?? [0, 0]
        c[k]++
        counts.set(place, c)
      }
    }
    const [good = 1, bad = 1] = n
    return ({ lesson }) =>
      [...lesson.places]
        .flatMap((place) => {
          const c = counts.get(place)
          return c ? [Math.log((c[1] + 0.1) / (bad + 0.2)) - Math.log((c[0] + 0.1) / (good + 0.2))] : []
        })
        .sort((a, b) => Math.abs(b) - Math.abs(a))
        .slice(0, strongest)
        .reduce((a, b) => a + b, 0)
  }

console.log(
  `${LABELS.map((l) => `${all.filter((m) => m.label === l).length} ${l}`).join(', ')} in ${group(all)} groups; ${left} left out, the start knows them; flagged labels not counted`,
)
console.log(`${''.padEnd(46)}     at 0.1 %  at 1 %          0.1 %     1 %`)
say('cold', new Map(all.map((m) => [m, by(SHIPPED)(m)])))
for (const seed of [1, 2, 3])
  say(
    `after learning, split ${seed}`,
    crossed(seed, (some) => by(taught(some).model)),
  )
say('naive Bayes, all features', crossed(1, counting(Number.POSITIVE_INFINITY)))
say('naive Bayes, the 40 strongest', crossed(1, counting(40)))

const dir = mkdtempSync(join(tmpdir(), 'classifier-bench-'))
const cpu = (work: () => void): number => {
  const from = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(from)
  return (user + system) / 1000
}
const classifier = taught(all)
const file = join(dir, 'model')
saveClassifier(file, classifier)
openModel(file)
const { model } = classifier
const fitted = cpu(() => void classifier.refitNow())
const judged = cpu(() => all.forEach((m) => void opinion(model, m.mail)))
const opened = cpu(() => void openModel(file))
console.log(
  `processor time: judge ${(judged / all.length).toFixed(3)} ms a message; learn ${all.length} lessons anew ${fitted.toFixed(0)} ms; open ${opened.toFixed(1)} ms; file ${(statSync(file).size / 1e6).toFixed(1)} MB`,
)
rmSync(dir, { recursive: true })
