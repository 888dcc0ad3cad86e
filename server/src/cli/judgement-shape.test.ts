import { expect, test } from 'vitest'
import { readJudgement } from './commands/scan-run.ts'

const SIGNAL = { id: 'lure', weight: 2.5, evidence: { said: ['x'] } }
const GOOD = { messageId: null, action: 'junk', threat: 'spam', score: 5.5, signals: [SIGNAL], error: null }

test('a judgement from a reading process is taken as it is', () => {
  expect(readJudgement(GOOD)).toBe(GOOD)
  expect(readJudgement({ ...GOOD, messageId: 'a@b', error: 'broken' })).not.toBeNull()
})

test.each([
  [null],
  [[]],
  [{ ...GOOD, messageId: 'x'.repeat(999) }],
  [{ ...GOOD, messageId: undefined }],
  [{ ...GOOD, action: 'release' }],
  [{ ...GOOD, threat: 'constructor' }],
  [{ ...GOOD, score: Number.NaN }],
  [{ ...GOOD, score: '5' }],
  [{ ...GOOD, signals: {} }],
  [{ ...GOOD, signals: Array.from({ length: 501 }, () => SIGNAL) }],
  [{ ...GOOD, signals: [{ ...SIGNAL, id: 'x'.repeat(101) }] }],
  [{ ...GOOD, signals: [{ ...SIGNAL, weight: Number.POSITIVE_INFINITY }] }],
  [{ ...GOOD, signals: [{ ...SIGNAL, evidence: [] }] }],
  [{ ...GOOD, signals: [{ ...SIGNAL, evidence: null }] }],
  [{ ...GOOD, error: 'x'.repeat(1_001) }],
])('and what has another shape is not (%#)', (value) => {
  expect(readJudgement(value)).toBeNull()
})
