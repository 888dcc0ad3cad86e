import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diminished, groupOf } from './groups.ts'
import { MAX_FAVOUR, THRESHOLDS } from './table.ts'
import { tally } from './tally.ts'
import type { Signal } from './types.ts'

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
const score = (...signals: Signal[]) => tally(signals, THRESHOLDS.standard, 'standard').score

describe('evidence that says the same', () => {
  it('counts whole, half, a quarter …, whatever its order, and never more than twice the strongest', () => {
    expect(diminished([4, 2, 1])).toBe(5.25)
    const points = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 12 })
    fc.assert(
      fc.property(points, fc.integer({ min: 0, max: 1000 }), (list, more) => {
        expect(diminished(list.toReversed())).toBe(diminished(list))
        expect(diminished([...list, more])).toBeGreaterThanOrEqual(diminished(list))
        expect(diminished(list)).toBeLessThanOrEqual(2 * Math.max(0, ...list))
      }),
    )
  })
  it('of one group counts less than of two', () => {
    expect(groupOf('lure')).toBe(groupOf('advance-fee'))
    expect(groupOf('lure')).not.toBe(groupOf('unauthenticated'))
    expect(score(signal('lure', 4), signal('advance-fee', 4))).toBe(6)
    expect(score(signal('lure', 4), signal('something-new', 4))).toBe(8)
  })
})

describe('the score', () => {
  it('is the support of the family that has most', () => {
    expect(score(signal('lure', 4), signal('transport-oddity', 2, 'spam'))).toBe(5)
    expect(score(signal('lure', 4.25))).toBe(4.25)
    expect(score()).toBe(0)
  })
  it('what speaks for a message is bounded, and says nothing about malware', () => {
    const good = [signal('good-evidence', -5, 'none'), signal('classifier', -5, 'none'), signal('x', -5, 'none')]
    expect(score(...good)).toBe(-MAX_FAVOUR)
    expect(score(signal('lure', 9), ...good)).toBe(9 - MAX_FAVOUR)
    expect(score(signal('dangerous-attachment', 9, 'malware'), ...good)).toBe(9)
  })
})
