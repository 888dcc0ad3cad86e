import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { growth, LINEAR } from '../../../../test/rig/growth.ts'
import { parsedMail } from '../../../../test/rig/parsed-mail.ts'
import { Classifier, MOST_KIN } from './classifier.ts'
import { featuresOf } from './features.ts'
import { openClassifier, openModel, packModel, saveClassifier, unpackModel } from './file.ts'
import { type Class, type Lesson, lessonOf, packPlaces, unpackPlaces } from './lesson.ts'
import { type Model, opinion } from './opinion.ts'
import { hashOn, PLACES, placeAt, START_OF_TEXT } from './places.ts'
import { wordsOf } from './words.ts'

const sha = (text: string) => createHash('sha256').update(text).digest('hex')
const mail = (text: string, subject = 'Hello', kin: string | null = null) =>
  parsedMail({ text, subject, fingerprints: { subject: null, body: kin } })
const lesson = (text: string, as: Class, kin: string | null = null): Lesson =>
  lessonOf(mail(text, 'Hello', kin), sha(text), as)

const words = fc.array(fc.constantFrom('invoice', 'meeting', 'pills', 'account', 'verify', 'lunch', 'patch'), {
  minLength: 2,
  maxLength: 12,
})
const lessons = fc.uniqueArray(
  fc.record({ text: words.map((w) => w.join(' ')), as: fc.constantFrom<Class>('ham', 'spam', 'phish') }),
  { minLength: 1, maxLength: 8, selector: (l) => l.text },
)
/** Everything of a model as a short text: a hundred thousand weights compare slowly. */
const digest = ({ version, weights: { spam, phish, ...rest } }: Model) => [
  version,
  createHash('sha256').update(spam).update(phish).digest('hex'),
  { ...rest, kin: [...rest.kin].sort() },
]
const taught = (list: readonly { text: string; as: Class }[]) => {
  const classifier = new Classifier()
  for (const { text, as } of list) classifier.learn(lesson(text, as))
  return classifier
}

describe('learning', () => {
  it('forgetting leaves the classifier as if it had never been taught (lesson #20)', () => {
    fc.assert(
      fc.property(lessons, words, fc.constantFrom<Class>('ham', 'spam', 'phish'), (list, extra, as) => {
        const one = lesson(`something else ${extra.join(' ')}`, as)
        const without = taught(list).refitNow()
        const classifier = taught(list)
        expect(classifier.learn(one)).toBe('learnt')
        expect(classifier.refitNow().version).not.toBe(without.version)
        expect(classifier.forget(one.hash)).toBe(true)
        expect(digest(classifier.refitNow())).toEqual(digest(without))
        expect(classifier.forget(one.hash)).toBe(false)
      }),
      { numRuns: 15 },
    )
  })

  it('does not depend on the order of lessons (lesson #22)', () => {
    fc.assert(
      fc.property(lessons, (list) => {
        expect(digest(taught(list.toReversed()).refitNow())).toEqual(digest(taught(list).refitNow()))
      }),
      { numRuns: 15 },
    )
  })

  it('fits the same with pauses', async () => {
    const list = Array.from({ length: 250 }, (_, i) => ({ text: `pills ${i} for you`, as: 'spam' as const }))
    expect(digest(await taught(list).refit())).toEqual(digest(taught(list).refitNow()))
  })

  it('knows a text after one lesson, and the opposite lesson takes it back', () => {
    const text = 'Your mailbox is full, verify your account at the link below within two days or lose everything'
    const classifier = new Classifier()
    const before = opinion(classifier.model, mail(text, 'Hello', 'k1')).weight
    expect(classifier.learn(lesson(text, 'phish', 'k1'))).toBe('learnt')
    const after = opinion(classifier.refitNow(), mail(`${text}!`, 'Hello', 'k1'))
    expect(before).toBeLessThan(3)
    expect(after).toMatchObject({ id: 'classifier', threat: 'phish' })
    expect(after.weight).toBeGreaterThan(5)
    expect(classifier.learn(lesson(text, 'ham', 'k1'))).toBe('changed')
    expect(opinion(classifier.refitNow(), mail(`${text}!`, 'Hello', 'k1')).weight).toBeLessThan(0)
    expect(classifier.size).toBe(1)
  })

  it('explains itself by what spoke for and against', () => {
    const classifier = taught([
      { text: 'verify your wallet now', as: 'phish' },
      { text: 'the patch is merged', as: 'ham' },
    ])
    const said = opinion(classifier.refitNow(), mail('verify the patch'))
    expect(said.evidence).toMatchObject({ model: classifier.model.version, taught: { ham: 1, spam: 0, phish: 1 } })
    expect(JSON.stringify(said.evidence['against'])).toContain('"verify"')
    expect(JSON.stringify(said.evidence['for'])).toContain('"the patch"')
  })
})

describe('a poisoned learner', () => {
  it('the same message ten thousand times is one lesson', () => {
    const classifier = new Classifier()
    const once = new Classifier()
    once.learn(lesson('lunch at noon', 'phish'))
    const one = lesson('lunch at noon', 'phish')
    for (let i = 0; i < 10_000; i++) classifier.learn(one)
    expect(digest(classifier.refitNow())).toEqual(digest(once.refitNow()))
  })

  it('of ten thousand copies of one text, changed in details, few are learnt, and other mail stays as it was', () => {
    const classifier = taught([
      { text: 'the board meets on Monday to discuss the budget', as: 'ham' },
      { text: 'your parcel waits, pay the customs fee', as: 'phish' },
    ])
    const others = mail('please find the minutes of the last meeting of the board')
    const before = opinion(classifier.refitNow(), others).weight
    const results = new Set<string>()
    for (let i = 0; i < 10_000; i++)
      results.add(classifier.learn(lesson(`lunch at noon in room ${i}`, 'phish', 'same')))
    expect(classifier.size).toBe(2 + MOST_KIN)
    expect([...results]).toEqual(['learnt', 'enough'])
    const model = classifier.refitNow()
    expect(Math.abs(opinion(model, others).weight - before)).toBeLessThan(1.5)
    expect(opinion(model, others).weight).toBeLessThan(5)
  })

  it('never says more than its bounds, whatever it was taught', () => {
    const classifier = new Classifier()
    for (let i = 0; i < 200; i++) classifier.learn(lesson(`win ${i} million`, 'phish'))
    const weight = opinion(classifier.refitNow(), mail('win 7 million')).weight
    expect(weight).toBeLessThanOrEqual(9)
    for (let i = 0; i < 200; i++) classifier.learn(lesson(`win ${i} million`, 'ham'))
    expect(opinion(classifier.refitNow(), mail('win 7 million')).weight).toBeGreaterThanOrEqual(-3)
  })
})

describe('what it looks at', () => {
  const header = (name: string, value: string) => ({ name, value })
  const letter = (more: readonly { name: string; value: string }[] = [], to = 'anna@kontor.example') =>
    parsedMail({
      text: 'verify your wallet at once',
      headers: [header('Subject', 'Hello'), header('X-Mailer', 'Mailer 1.0'), ...more],
      to: [{ name: 'Anna', address: to, raw: to }],
    })
  it('nothing that a receiver or collector wrote, and not whom it was sent to', () => {
    const theirs = [
      ...[
        'X-MS-Exchange-Organization-SCL',
        'X-Microsoft-Antispam',
        'X-EOPAttributedMessage',
        'X-SID-PRA',
        'X-Mozilla-Status',
      ],
      ...[
        'X-UIDL',
        'X-Barracuda-Spam-Score',
        'X-Spam-Status',
        'Received',
        'Return-Path',
        'Delivered-To',
        'Authentication-Results',
      ],
      ...['ARC-Seal', 'List-Id', 'List-Post', 'Precedence', 'X-Rspamd-Server', 'X-Original-To'],
    ].map((name) => header(name, 'anything 9'))
    const plain = featuresOf(letter()).tokens().sort()
    expect(featuresOf(letter(theirs)).tokens().sort()).toEqual(plain)
    expect(featuresOf(letter(theirs.toReversed(), 'phishing@pot.example')).tokens().sort()).toEqual(plain)
    expect(
      featuresOf(letter([header('X-PHP-Originating-Script', '1:mailer.php')]))
        .tokens()
        .sort(),
    ).not.toEqual(plain)
  })
  it('each word and each pair of neighbours once, in order, in the place of its words', () => {
    const word = fc.constantFrom(
      'Pay',
      'now',
      'a-b',
      '$$$',
      '12.5',
      'x'.repeat(30),
      'ÄPFEL',
      'ﬁt',
      '漢字かな',
      'ｆｕｌｌ',
    )
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (list) => {
        const features = featuresOf(mail(list.join(' ')))
        const marked = featuresOf(mail('')).count
        const words = list.flatMap((w) => wordsOf(w))
        const expected = words.flatMap((w, i) => (i + 1 < words.length ? [w, `${w} ${words[i + 1]}`] : [w]))
        const said = features.tokens().filter((t) => !t.includes(':'))
        expect(said).toEqual([...new Set(expected)])
        expect(features.count).toBe(marked + said.length)
        expect([...features.places()]).toEqual(features.tokens().map((t) => placeAt(hashOn(START_OF_TEXT, t))))
      }),
    )
  })

  it('the same words of plain text as of any other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 60 }), (text) => {
        expect(wordsOf(text)).toEqual(wordsOf(`${text} 漢`).slice(0, -1))
      }),
    )
  })

  it('a bounded number of features for what it costs to read it, whatever it is given', () => {
    for (const word of ['ﷺ', 'a b ', '漢', '! ', 'x']) {
      expect(featuresOf(mail(word.repeat(60_000))).count).toBeLessThanOrEqual(1500)
      expect(
        growth((n) => featuresOf(mail(word.repeat(n))), 5_000),
        word,
      ).toBeLessThan(LINEAR)
    }
  })
})

describe('packed features', () => {
  const places = fc.uniqueArray(fc.nat(PLACES - 1), { maxLength: 500 }).map((l) => Uint32Array.from(l).sort())
  it('come back as they were', () => {
    fc.assert(
      fc.property(places, (p) => {
        expect(unpackPlaces(packPlaces(p))).toEqual(p)
      }),
    )
  })
  it('foreign bytes are refused or read, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          for (const place of unpackPlaces(bytes)) expect(place).toBeLessThan(PLACES)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})

describe('the file', () => {
  let dir = ''
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'classifier-'))
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  const sample = () =>
    taught([
      { text: 'verify your wallet now', as: 'phish' },
      { text: 'the patch is merged', as: 'ham' },
      { text: 'cheap pills', as: 'spam' },
    ])

  it('gives back the same classifier, and the same bytes for the same lessons', () => {
    const file = join(dir, 'model')
    const classifier = sample()
    classifier.refitNow()
    saveClassifier(file, classifier)
    const first = readFileSync(file)
    expect(digest(openModel(file))).toEqual(digest(classifier.model))
    const again = openClassifier(file)
    expect([...again.lessons()].length).toBe(3)
    expect(digest(again.refitNow())).toEqual(digest(classifier.model))
    saveClassifier(file, again)
    expect(readFileSync(file).equals(first)).toBe(true)
  })

  it('one byte changed, anywhere: refused', () => {
    const classifier = sample()
    classifier.refitNow()
    const whole = packModel(classifier.model, classifier.lessons())
    const position = fc.oneof(
      fc.nat(1200),
      fc.nat(whole.length - 1),
      fc.nat(900).map((n) => whole.length - 1 - n),
    )
    fc.assert(
      fc.property(position, fc.integer({ min: 1, max: 255 }), (at, by) => {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] ?? 0) ^ by
        expect(() => unpackModel(bytes, 'here')).toThrow(expect.objectContaining({ code: 'model-file' }))
      }),
      { numRuns: 60 },
    )
    expect(digest(unpackModel(whole, 'here'))).toEqual(digest(classifier.model))
  })

  it('a missing one is an empty classifier to learn, an error to judge by', () => {
    expect(openClassifier(join(dir, 'none')).size).toBe(0)
    expect(() => openModel(join(dir, 'none'))).toThrow(/none cannot be read/)
  })

  it('cut off, changed or of another version: says which file and what to do', () => {
    const file = join(dir, 'whole')
    const classifier = sample()
    classifier.refitNow()
    saveClassifier(file, classifier)
    const whole = readFileSync(file)
    const bad = join(dir, 'bad')
    const says = (bytes: Buffer, what: RegExp) => {
      writeFileSync(bad, bytes)
      for (const open of [openModel, openClassifier]) {
        expect(() => open(bad)).toThrow(what)
        expect(() => open(bad)).toThrow(
          expect.objectContaining({ code: 'model-file', cure: expect.stringContaining('recourse learn') }),
        )
      }
    }
    for (const length of [0, 5, 30, 200, 1000, 300_000, whole.length - 1])
      says(whole.subarray(0, length), /bad (is|ends)/)
    const flipped = Buffer.from(whole)
    flipped[whole.length - 3] = (flipped[whole.length - 3] ?? 0) ^ 1
    says(flipped, /checksum/)
    says(
      Buffer.from(whole.toString('latin1').replace('recourse-classifier 1', 'recourse-classifier 2'), 'latin1'),
      /format 2; this version of Recourse reads format 1/,
    )
    says(Buffer.from('From a@b.c\nSubject: no\n\n'), /is no classifier/)
  })
})
