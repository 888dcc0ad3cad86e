// What is caught at 0.1 % and 1 % false positives, cold and after learning, beside Microsoft's verdict and rspamd; each signal's worth.
import { createHash } from 'node:crypto'
import { fitNow } from '../server/src/detection/engines/classifier/fit.ts'
import { readStart, writeStart } from '../server/src/detection/engines/classifier/start.ts'
import { emptyWeights } from '../server/src/detection/engines/classifier/weights.ts'
import {
  type Class,
  Classifier,
  gather,
  type Lesson,
  lessonOf,
  type Model,
  type OrganisationFacts,
  opinion,
} from '../server/src/detection/index.ts'
import { decide, decidePolicy, entitiesOf, type Signal, type Verdict } from '../server/src/judgement/index.ts'
import { createParser, type MailContext, type ParseOutcome, receivedContext } from '../server/src/mail/index.ts'
import { bodyHash, type Mail, measured, spamAssassinMail, strip } from './lib/mail.ts'
import { rspamdScores } from './lib/rspamd.ts'

/** Nobody's: as `recourse scan` without --organisation. */
const NOBODY: OrganisationFacts = { domains: [], protectedDomains: [], people: [] }
const FOLDS = 5
const RATES = [0.001, 0.01] as const
const step = Number(process.env['DETECTION_STEP'] ?? 1)
const quick = process.argv.includes('--quick')

interface Taken {
  readonly mail: Mail
  readonly label: Class
  readonly outcome: ParseOutcome
  readonly context: MailContext
  readonly signals: readonly Signal[]
  readonly lesson: Lesson
  readonly flagged: boolean
  group: number
}

const say = (text = ''): void => console.log(text)
const percent = (part: number, whole: number): string =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`.padStart(7)

async function take(): Promise<Taken[]> {
  const parser = createParser({ workers: 2 })
  const out: Taken[] = []
  for (const label of ['ham', 'spam', 'phish'] as const) {
    const list = measured(label, step)
    for (let i = 0; i < list.length; i += 16)
      out.push(
        ...(await Promise.all(
          list.slice(i, i + 16).map(async (mail): Promise<Taken> => {
            const context = receivedContext(mail.raw)
            const outcome = await parser.parse(mail.raw, context)
            return {
              mail,
              label,
              outcome,
              context,
              signals: gather({ mail: outcome.mail, context, organisation: NOBODY }),
              lesson: lessonOf(outcome.mail, createHash('sha256').update(mail.raw).digest('hex'), label),
              flagged: mail.about['label_note'] !== '',
              group: 0,
            }
          }),
        )),
      )
  }
  await parser.close()
  return out
}

/**
 * What the shipped classifier would start from if the measured mail were not in its collection: made as that is made, without the messages
 * measured here. So all of them can be measured.
 */
async function startWithout(mails: readonly Taken[]): Promise<Model> {
  const measuredHere = new Set(mails.map((m) => bodyHash(m.mail.raw)))
  const parser = createParser({ workers: 2 })
  const lessons: Lesson[] = []
  const list = [...spamAssassinMail()].filter((m) => !measuredHere.has(bodyHash(m.raw)))
  for (let i = 0; i < list.length; i += 16)
    lessons.push(
      ...(await Promise.all(
        list.slice(i, i + 16).map(async ({ label, raw }) => {
          const kept = strip(raw)
          const { mail } = await parser.parse(kept, { mailFrom: null, clientIp: null, helo: null })
          return lessonOf(mail, createHash('sha256').update(kept).digest('hex'), label)
        }),
      )),
    )
  await parser.close()
  say(
    `The classifier starts from ${lessons.length} messages of the npm collection; those measured here are left out of it.`,
  )
  return { version: 'start', weights: readStart(writeStart(fitNow(lessons, emptyWeights()))) }
}

/** Messages of one campaign or thread are learnt or measured, never both: joined by every fingerprint that they share. */
function group(mails: readonly Taken[]): number {
  const above = mails.map((_, i) => i)
  const top = (i: number): number => {
    const up = above[i] ?? i
    return up === i ? i : top(up)
  }
  const known = new Map<string, number>()
  mails.forEach(({ label, outcome }, i) => {
    for (const [kind, value] of Object.entries(outcome.mail.fingerprints)) {
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

const POLICY = decidePolicy({ mode: 'standard', version: 1 })
const judge = (m: Taken, signals: readonly Signal[]): Verdict =>
  decide({
    signals,
    entities: entitiesOf(m.outcome.mail, m.context),
    authentication: m.outcome.mail.authentication,
    entries: [],
    policy: POLICY,
    unparsable: m.outcome.kind === 'unparsable' ? m.outcome.why : null,
    now: '2026-01-01T00:00:00.000Z',
  })

type Scores = ReadonlyMap<Taken, number>

/** The score that so many wanted messages may exceed. */
function limitAt(scores: Scores, ham: readonly Taken[], rate: number): number {
  const sorted = ham.map((m) => scores.get(m) ?? 0).sort((a, b) => b - a)
  return sorted[Math.floor(rate * ham.length)] ?? 0
}

const caught = (scores: Scores, some: readonly Taken[], limit: number): string =>
  percent(some.filter((m) => (scores.get(m) ?? 0) > limit).length, some.length)

/** One line a judge: phish and spam at both rates; limits by all the ham that is measured. */
function line(name: string, scores: Scores, mails: readonly Taken[]): void {
  const mine = mails.filter((m) => scores.has(m))
  const of = (label: Class) => mine.filter((m) => m.label === label && !m.flagged)
  const ham = of('ham')
  const cells = (['phish', 'spam'] as const).map((label) =>
    RATES.map((rate) => caught(scores, of(label), limitAt(scores, ham, rate))).join(' '),
  )
  const limits = RATES.map((rate) => limitAt(scores, ham, rate).toFixed(2)).join(' / ')
  say(`${name.padEnd(44)} phish ${cells[0]}   spam ${cells[1]}   (ham ${ham.length}, limits ${limits})`)
}

const scoresBy = (mails: readonly Taken[], signalsOf: (m: Taken) => readonly Signal[]): Map<Taken, number> =>
  new Map(mails.map((m) => [m, judge(m, signalsOf(m)).score]))

function learning(mails: readonly Taken[], seed: number): Map<Taken, number> {
  const foldOf = (m: Taken) => createHash('sha256').update(`${seed} ${m.group}`).digest().readUInt32LE(0) % FOLDS
  const scores = new Map<Taken, number>()
  for (let fold = 0; fold < FOLDS; fold++) {
    const classifier = new Classifier()
    for (const m of mails) if (foldOf(m) !== fold) classifier.learn(m.lesson)
    classifier.refitNow()
    const { model } = classifier
    for (const m of mails)
      if (foldOf(m) === fold) scores.set(m, judge(m, [...m.signals, opinion(model, m.outcome.mail)]).score)
  }
  return scores
}

function bySubset(scores: Scores, mails: readonly Taken[]): void {
  const mine = mails.filter((m) => scores.has(m))
  const ham = mine.filter((m) => m.label === 'ham' && !m.flagged)
  say(
    '\nBy subset: above the limit for 0.1 % and 1 % of all ham; put aside by the standard policy (junk or quarantine)',
  )
  const subsets = new Set(mine.map((m) => `${m.label} ${m.mail.about['subset']}${m.flagged ? ' (flagged label)' : ''}`))
  for (const name of [...subsets].sort()) {
    const some = mine.filter(
      (m) => name === `${m.label} ${m.mail.about['subset']}${m.flagged ? ' (flagged label)' : ''}`,
    )
    const aside = some.filter((m) => judge(m, withClassifier(m)).placement !== 'deliver').length
    say(
      `  ${name.padEnd(38)} ${String(some.length).padStart(4)}  ${RATES.map((rate) => caught(scores, some, limitAt(scores, ham, rate))).join(' ')}   aside ${percent(aside, some.length)}`,
    )
  }
}

const withClassifier = (m: Taken): readonly Signal[] => [...m.signals, opinion(start, m.outcome.mail)]

function perSignal(mails: readonly Taken[], scores: Scores): void {
  const sets: readonly (readonly [string, readonly Taken[]])[] = [
    ['old ham', mails.filter((m) => m.label === 'ham' && !isModern(m))],
    ['new ham', mails.filter((m) => m.label === 'ham' && isModern(m))],
    ['spam', mails.filter((m) => m.label === 'spam' && !m.flagged)],
    ['phish', mails.filter((m) => m.label === 'phish' && !m.flagged)],
  ]
  const ham = mails.filter((m) => m.label === 'ham' && !m.flagged)
  const hits = (s: Scores, rate: number, label: Class) => {
    const limit = limitAt(s, ham, rate)
    const some = mails.filter((m) => m.label === label && !m.flagged)
    return (100 * some.filter((m) => (s.get(m) ?? 0) > limit).length) / Math.max(1, some.length)
  }
  const all = RATES.map((r) => [hits(scores, r, 'phish'), hits(scores, r, 'spam')])
  const ids = new Set(mails.flatMap((m) => withClassifier(m).map((s) => s.id)))
  say(
    '\nPer signal: found something against / for (share of messages, mean points where found); caught less without it, percentage points',
  )
  say(`  ${'signal'.padEnd(28)} ${sets.map(([n]) => n.padStart(15)).join(' ')}   phish 0.1 % / 1 %   spam 0.1 % / 1 %`)
  for (const id of [...ids].sort()) {
    const cells = sets.map(([, some]) => {
      const weights = some
        .map((m) =>
          withClassifier(m)
            .filter((s) => s.id === id)
            .reduce((sum, s) => sum + s.weight, 0),
        )
        .filter((w) => w !== 0)
      const mean = weights.reduce((a, b) => a + b, 0) / Math.max(1, weights.length)
      return `${percent(weights.length, some.length)} ${mean.toFixed(1).padStart(5)} `
    })
    const without = scoresBy(mails, (m) => withClassifier(m).filter((s) => s.id !== id))
    const less = RATES.map((r, i) => [
      (all[i]?.[0] ?? 0) - hits(without, r, 'phish'),
      (all[i]?.[1] ?? 0) - hits(without, r, 'spam'),
    ])
    const show = (k: 0 | 1) => less.map((l) => (l[k] ?? 0).toFixed(1).padStart(6)).join(' ')
    say(`  ${id.padEnd(28)} ${cells.map((c) => c.padStart(15)).join(' ')}   ${show(0)}     ${show(1)}`)
  }
}

const isModern = (m: Taken): boolean => (m.mail.about['subset'] ?? '').startsWith('list-')

function calibration(mails: readonly Taken[], scores: Scores): void {
  say('\nThe score, by bins: messages, share that is bad when there are as many good as bad')
  const bad = mails.filter((m) => m.label !== 'ham').length
  const good = mails.length - bad
  const edges = [-99, -3, -1, 0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 99]
  for (let i = 0; i + 1 < edges.length; i++) {
    const [from = 0, to = 0] = [edges[i], edges[i + 1]]
    const some = mails.filter((m) => (scores.get(m) ?? 0) >= from && (scores.get(m) ?? 0) < to)
    const badShare = some.filter((m) => m.label !== 'ham').length / Math.max(1, bad)
    const goodShare = some.filter((m) => m.label === 'ham').length / Math.max(1, good)
    say(
      `  ${`${from} … ${to}`.padEnd(12)} ${String(some.length).padStart(5)}  ${percent(1e6 * badShare, 1e6 * (badShare + goodShare))}`,
    )
  }
}

/** What the missed have and lack, in numbers only: the texts of the phish are for measuring, not for reading. */
function missed(scores: Scores): void {
  const ham = mails.filter((m) => m.label === 'ham' && !m.flagged)
  const limit = limitAt(scores, ham, 0.01)
  const phish = mails.filter((m) => m.label === 'phish' && !m.flagged)
  const sets = [phish.filter((m) => (scores.get(m) ?? 0) > limit), phish.filter((m) => (scores.get(m) ?? 0) <= limit)]
  const words = (m: Taken) => m.outcome.mail.text.split(/\s+/).length
  const facts: Record<string, (m: Taken) => boolean> = {
    'no HTML': (m) => !m.outcome.mail.hasHtml,
    'no link': (m) => !m.outcome.mail.urls.some((u) => u.place === 'link' || u.place === 'text'),
    'under 15 words': (m) => words(m) < 15,
    'under 60 words': (m) => words(m) < 60,
    'over 300 words': (m) => words(m) > 300,
    attachments: (m) => m.outcome.mail.attachments.length > 0,
    'aligned sender': (m) => m.outcome.mail.authentication.aligned,
    'in a list': (m) => m.signals.some((s) => s.id === 'good-evidence' && s.weight <= -1),
    'unparsable sender': (m) => m.outcome.mail.from.every((f) => f.address === null),
    'not English': (m) => !['en', ''].includes(m.mail.about['lang'] ?? ''),
  }
  for (const id of new Set(phish.flatMap((m) => m.signals.map((s) => s.id))))
    facts[`signal ${id}`] = (m) => m.signals.some((s) => s.id === id && s.weight > 0)
  say(`\nPhish above and below the limit for 1 %, ${sets.map((s) => s.length).join(' and ')}`)
  for (const [name, has] of Object.entries(facts))
    say(`  ${name.padEnd(34)} ${sets.map((s) => percent(s.filter(has).length, s.length)).join(' ')}`)
}

/** What the messages that are put aside are named. */
function called(label: Class): void {
  const names = mails
    .filter((m) => m.label === label && !m.flagged)
    .map((m) => judge(m, withClassifier(m)).threat)
    .filter((threat) => threat !== 'none')
  const counts = Map.groupBy(names, (n) => n.replace('high-confidence-', ''))
  const shares = [...counts].map(
    ([name, some]) => `${name} ${some.length} (${percent(some.length, names.length).trim()})`,
  )
  say(`Convicted of ${label}, cold: ${names.length}, named ${shares.sort().join(', ')}`)
}

const started = process.cpuUsage()
const mails = await take()
if (mails.length === 0) {
  say('The corpus ../shared/corpus/mail is not here.')
  process.exit()
}
const campaigns = group(mails)
const flagged = mails.filter((m) => m.flagged).length
const start = await startWithout(mails)
say(`${mails.length} messages in ${campaigns} campaigns and threads; ${flagged} with a flagged label are listed apart.`)
const cold = scoresBy(mails, withClassifier)
const AUTH = new Set(['unauthenticated', 'authentication-failure'])
say('\nCaught at 0.1 % and 1 % false positives')
line('cold: signals and the classifier’s start', cold, mails)
line(
  'signals alone',
  scoresBy(mails, (m) => m.signals),
  mails,
)
line('the classifier’s start alone', new Map(mails.map((m) => [m, opinion(start, m.outcome.mail).weight])), mails)
line(
  'cold, without what the receiver checked',
  scoresBy(mails, (m) => withClassifier(m).filter((s) => !AUTH.has(s.id))),
  mails,
)
line(
  'cold, without what speaks for a message',
  scoresBy(mails, (m) => withClassifier(m).filter((s) => s.weight > 0)),
  mails,
)
line('cold, by the ham of 2019 and later', new Map([...cold].filter(([m]) => m.label !== 'ham' || isModern(m))), mails)
line('cold, by the ham before 2011', new Map([...cold].filter(([m]) => m.label !== 'ham' || !isModern(m))), mails)
if (!quick) for (const seed of [1, 2, 3]) line(`after learning, split ${seed}`, learning(mails, seed), mails)
const rspamd = quick ? null : await rspamdScores(mails.map((m) => m.mail))
if (rspamd !== null)
  line(`rspamd ${rspamd.version}, offline`, new Map(mails.map((m) => [m, rspamd.scores.get(m.mail.file) ?? 0])), mails)
const judged = mails.filter((m) => m.label === 'phish' && (m.mail.about['ms_filter_verdict'] ?? '') !== '')
const hit = (some: readonly Taken[]) =>
  percent(some.filter((m) => m.mail.about['ms_filter_verdict'] === 'spam').length, some.length)
say(
  `Microsoft's recorded verdict on the phish: junk ${hit(judged.filter((m) => !m.flagged))} of ${judged.filter((m) => !m.flagged).length} (flagged ones: ${hit(judged.filter((m) => m.flagged))}); its false positives are not recorded.`,
)
const standard = (some: readonly Taken[]) =>
  percent(some.filter((m) => judge(m, withClassifier(m)).placement !== 'deliver').length, some.length)
for (const label of ['ham', 'spam', 'phish'] as const)
  say(`Standard policy, cold: puts aside ${standard(mails.filter((m) => m.label === label && !m.flagged))} of ${label}`)
for (const label of ['ham', 'spam', 'phish'] as const) called(label)
bySubset(cold, mails)
calibration(mails, cold)
perSignal(mails, cold)
if (process.env['DETECTION_SHOW_HAM']) {
  const ham = mails.filter((m) => m.label === 'ham').sort((a, b) => (cold.get(b) ?? 0) - (cold.get(a) ?? 0))
  for (const m of ham.slice(0, Number(process.env['DETECTION_SHOW_HAM']))) {
    say(`\n${(cold.get(m) ?? 0).toFixed(2)} ${m.mail.file} ${m.mail.about['subset']}: ${m.outcome.mail.subject}`)
    for (const s of withClassifier(m)) say(`   ${String(s.weight).padStart(6)} ${s.id}: ${s.summary}`)
  }
}
if (process.env['DETECTION_MISSED']) missed(cold)
const cpu = process.cpuUsage(started)
say(`\nProcessor time of this process: ${((cpu.user + cpu.system) / 1e6).toFixed(1)} s`)
