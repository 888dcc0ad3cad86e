import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decidePolicy, THRESHOLDS } from './table.ts'
import { tally } from './tally.ts'
import { together } from './together.ts'
import type { DecideInput, Signal } from './types.ts'

const signal = (id: string, weight: number, threat: Signal['threat'] = 'phish'): Signal => ({
  id,
  version: 1,
  weight,
  threat,
  technology: 'content',
  summary: id,
  evidence: {},
  entities: [],
})
const input: DecideInput = {
  signals: [],
  entities: [],
  entries: [],
  authentication: {
    source: 'none',
    spf: { result: 'none', domain: null },
    dkim: [],
    dmarc: { result: 'none', domain: null, policy: null },
    arc: 'none',
    aligned: false,
  },
  unparsable: null,
  policy: decidePolicy({ mode: 'standard', version: 1 }),
  now: '2026-03-01T12:00:00.000Z',
}
const told = (...signals: Signal[]) => together(input, signals, tally(signals, THRESHOLDS.standard, 'standard'))

test('why the sum is not the plain one is said, rule by rule', () => {
  expect(told(signal('lure', 4), signal('good-evidence', -1, 'none'))).toBe(
    'Together 3 points: not enough for any threat (suspicious from 5, high confidence from 10).',
  )
  expect(told(signal('lure', 4), signal('transport-oddity', 2, 'spam'))).toContain(
    '5 points, since what speaks of another threat counts half:',
  )
  expect(told(signal('lure', 4), signal('advance-fee', 4))).toContain(
    '6 points, since further evidence of one kind counts less:',
  )
  const good = signal('good-evidence', -5, 'none')
  expect(told(signal('dangerous-attachment', 10, 'malware'), good)).toContain(
    '10 points, since nothing speaks for malware:',
  )
  expect(told(signal('lure', 9), good, signal('classifier', -5, 'none'))).toContain(
    '3 points, since at most 6 points speak for a message:',
  )
})

test('wherever it is not the plain sum there is a reason, and nowhere else', () => {
  const ids = fc.constantFrom('lure', 'advance-fee', 'good-evidence', 'classifier', 'transport-oddity', 'feed:a', 'x')
  const against = fc.record({
    id: ids,
    weight: fc.integer({ min: 1, max: 90 }).map((n) => n / 10),
    threat: fc.constantFrom<Signal['threat']>('phish', 'spam', 'malware', 'bulk'),
  })
  const favour = fc.record({
    id: ids,
    weight: fc.integer({ min: -60, max: -1 }).map((n) => n / 10),
    threat: fc.constant<Signal['threat']>('none'),
  })
  fc.assert(
    fc.property(fc.array(fc.oneof(against, favour), { minLength: 1, maxLength: 6 }), (parts) => {
      const signals = parts.map((p) => signal(p.id, p.weight, p.threat))
      const { score } = tally(signals, THRESHOLDS.standard, 'standard')
      const plain = signals.reduce((sum, s) => sum + Math.round(s.weight * 100), 0) / 100
      expect(told(...signals).includes(', since ')).toBe(Math.abs(plain - score) >= 0.01)
    }),
  )
})
