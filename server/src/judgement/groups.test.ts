import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diminished, groupOf } from './groups.ts'
import { BY_FORM, harsher, MAX_FAVOUR, PLACES, THREAT_OF, THRESHOLDS } from './table.ts'
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

describe('what it is called', () => {
  const judged = (...signals: Signal[]) => tally(signals, THRESHOLDS.standard, 'standard')
  const made = signal('url-host', 5)
  const offer = signal('spam-content', 3, 'spam')
  it('spam, where only its making speaks for phish and its words for spam; it is placed as before', () => {
    expect(judged(made, offer)).toMatchObject({ threat: 'spam', renamed: true, placement: 'quarantine', score: 6.5 })
    expect(judged(made, signal('classifier', 4, 'spam'))).toMatchObject({ threat: 'spam' })
  })
  it('phish, where anything pretends or asks, where nothing tells spam, or where it is sure', () => {
    for (const told of [signal('lure', 1), signal('brand-impersonation', 1), signal('unauthenticated', 1, 'spoof')])
      expect(judged(made, offer, told), told.id).toMatchObject({ threat: 'phish', renamed: false })
    expect(judged(made, signal('lure', 0.9), offer).threat).toBe('spam')
    expect(judged(made, signal('transport-oddity', 3, 'spam')).threat).toBe('phish')
    expect(judged(made, signal('spam-content', 1.9, 'spam')).threat).toBe('phish')
    expect(judged(signal('url-host', 9), offer).threat).toBe('high-confidence-phish')
    expect(judged(signal('feed:pages', 6), offer).threat).toBe('phish')
  })
  it('never decides where it goes: the harshest place of all that it is convicted of', () => {
    const points = fc.integer({ min: 1, max: 9 })
    const one = fc.oneof(
      fc.tuple(fc.constantFrom(...BY_FORM), points).map(([id, w]) => signal(id, w)),
      fc.tuple(fc.constantFrom('spam-content', 'classifier'), points).map(([id, w]) => signal(id, w, 'spam')),
      fc
        .tuple(fc.constantFrom('lure', 'bulk-mail'), points)
        .map(([id, w]) => signal(id, w, id === 'lure' ? 'phish' : 'bulk')),
    )
    const some = fc.array(one, { maxLength: 5 })
    let renamed = 0
    fc.assert(
      fc.property(some, (signals) => {
        const t = judged(...signals)
        const places = [...t.convicted].map(([family, level]) => PLACES.standard[family][level])
        expect(t.placement).toBe(places.reduce(harsher, 'deliver'))
        if (!t.renamed) return
        renamed++
        expect(t.convicted.get('phish')).toBe('suspicious')
        expect(t.threat).toBe(THREAT_OF.spam[t.convicted.get('spam') ?? 'suspicious'])
      }),
      { numRuns: 2000 },
    )
    expect(renamed).toBeGreaterThan(20)
  })
})
