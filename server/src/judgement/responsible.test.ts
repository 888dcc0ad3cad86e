import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EntryRule } from '../lists/index.ts'
import { replay, type StoredJudgement, sourcesOf } from './index.ts'
import { decidePolicy } from './table.ts'
import type { Signal, StoredInput } from './types.ts'

const signal = (id: string, weight: number, part: Partial<Signal> = {}): Signal => ({
  ...{ id, version: 1, weight, threat: weight > 0 ? 'phish' : 'none', technology: 'content' },
  ...{ summary: 'Found something', evidence: {}, entities: [] },
  ...part,
})
const judgement = (signals: readonly Signal[], part: Partial<StoredInput> = {}): StoredJudgement => ({
  signals,
  inputs: {
    entities: [{ kind: 'sender', value: 'letters@news.example' }],
    authentication: {
      ...{ source: 'trusted-header', spf: { result: 'pass', domain: 'news.example' }, dkim: [] },
      ...{ dmarc: { result: 'none', domain: null, policy: null }, arc: 'none', aligned: true },
    },
    entries: [],
    policy: decidePolicy({ mode: 'standard', version: 1 }),
    unparsable: null,
    now: '2026-03-01T12:00:00.000Z',
    ...part,
  },
})
const block: EntryRule = {
  ...{ id: 'e1', version: 3, action: 'block', kind: 'sender', value: 'letters@news.example' },
  ...{ expiresAt: null, origin: 'direct' },
}
const ids = (stored: StoredJudgement) => sourcesOf(stored).map((s) => s.id)

test('the signal that takes a message is responsible, what only adds to it is not; of two that would, both are', () => {
  expect(ids(judgement([signal('feed:world', 10), signal('link-mismatch', 1)]))).toEqual(['feed:world'])
  expect(ids(judgement([signal('feed:world', 10), signal('feed:other', 10)])).sort()).toEqual([
    'feed:other',
    'feed:world',
  ])
  // Together only: without either it would be in the Inbox.
  expect(ids(judgement([signal('a', 3), signal('b', 3)])).sort()).toEqual(['a', 'b'])
  expect(ids(judgement([signal('a', 3)]))).toEqual([])
})

test('what speaks for the message counts against a source that would take it alone', () => {
  const favour = signal('first-contact', -1.5)
  expect(ids(judgement([signal('feed:low', 6), signal('feed:high', 10), favour]))).toEqual(['feed:high'])
})

test('an entry that blocks is responsible; policy, users’ own lists, observing and suspended signals have nobody', () => {
  expect(sourcesOf(judgement([], { entries: [block] }))).toEqual([
    { kind: 'entry', id: 'e1', version: 3, threat: 'high-confidence-phish' },
  ])
  expect(ids(judgement([signal('feed:world', 10)], { entries: [block] })).sort()).toEqual(['e1', 'feed:world'])
  expect(ids(judgement([], { unparsable: 'broken', policy: decidePolicy({ mode: 'standard', version: 1 }) }))).toEqual(
    [],
  )
  expect(ids(judgement([], { recipientList: 'blocked' }))).toEqual([])
  const observe = decidePolicy({ mode: 'observe', version: 1 })
  expect(ids(judgement([signal('feed:world', 10)], { policy: observe }))).toEqual([])
  const policy = { ...decidePolicy({ mode: 'standard', version: 1 }), suspended: [{ id: 'feed:world', version: null }] }
  expect(ids(judgement([signal('feed:world', 10)], { policy }))).toEqual([])
})

test('whatever was found: nobody is named for mail in the Inbox, and the only one that speaks against it is the one', () => {
  const some = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), weight: fc.integer({ min: -4, max: 12 }) })
  fc.assert(
    fc.property(fc.uniqueArray(some, { selector: (s) => s.id, maxLength: 4 }), fc.boolean(), (found, blocked) => {
      const stored = judgement(
        found.map((s) => signal(s.id, s.weight)),
        blocked ? { entries: [block] } : {},
      )
      const sources = sourcesOf(stored)
      if (replay(stored).placement === 'deliver') expect(sources).toEqual([])
      if (blocked) expect(sources.map((s) => s.id)).toContain('e1')
      for (const { id } of sources.filter((s) => s.kind === 'signal'))
        expect(found.find((s) => s.id === id)?.weight).toBeGreaterThan(0)
      if (sources.length === 1 && !blocked && found.filter((s) => s.weight > 0).length === 1) {
        const policy = { ...stored.inputs.policy, suspended: sources.map((s) => ({ id: s.id, version: null })) }
        expect(replay(stored, { policy }).placement).toBe('deliver')
      }
    }),
    { numRuns: 500 },
  )
})
