import { describe, expect, it } from 'vitest'
import type { EntryRule } from '../lists/index.ts'
import type { Authentication } from '../mail/index.ts'
import { decide } from './decide.ts'
import { flip, replay } from './replay.ts'
import { decidePolicy } from './table.ts'
import type { DecideInput, EntityRef, Signal } from './types.ts'

const NOW = '2026-03-01T12:00:00.000Z'
const auth = (aligned: boolean): Authentication => ({
  source: 'trusted-header',
  spf: { result: aligned ? 'pass' : 'fail', domain: 'news.example' },
  dkim: [],
  dmarc: { result: 'none', domain: null, policy: null },
  arc: 'none',
  aligned,
})
const URL_A: EntityRef = { kind: 'url', value: 'https://a.example/x' }
const URL_B: EntityRef = { kind: 'url', value: 'https://b.example/y' }
const FILE: EntityRef = { kind: 'file-hash', value: 'f'.repeat(64) }
const ENTITIES: EntityRef[] = [
  { kind: 'sender', value: 'letters@news.example' },
  { kind: 'sender-domain', value: 'news.example' },
  URL_A,
  URL_B,
  FILE,
  { kind: 'sender-ip', value: '192.0.2.7' },
]
const signal = (part: Partial<Signal>): Signal => ({
  id: 'content',
  version: 1,
  weight: 6,
  threat: 'phish',
  technology: 'content',
  summary: 'Found something',
  evidence: {},
  entities: [],
  ...part,
})
const byUrl = (weight: number, ...entities: EntityRef[]) =>
  signal({ id: 'link-mismatch', technology: 'url-analysis', weight, entities })
const entry = (part: Partial<EntryRule>): EntryRule => ({
  id: 'e1',
  version: 3,
  action: 'allow',
  kind: 'sender',
  value: 'letters@news.example',
  expiresAt: null,
  origin: 'direct',
  ...part,
})
const input = (part: Partial<DecideInput>): DecideInput => ({
  signals: [],
  entities: ENTITIES,
  authentication: auth(true),
  entries: [],
  policy: decidePolicy({ mode: 'standard', version: 1 }),
  unparsable: null,
  now: NOW,
  ...part,
})
const judged = (part: Partial<DecideInput>) => {
  const v = decide(input(part))
  return [v.threat, v.placement]
}
const QUARANTINED_PHISH = ['phish', 'quarantine']
const HELD = ['high-confidence-phish', 'quarantine']
const DELIVERED = ['none', 'deliver']

describe('precedence (allow-block-list §8.5)', () => {
  it('nothing found: delivered', () => expect(judged({})).toEqual(DELIVERED))
  it('spam, direct sender allow: delivered (lists #1)', () => {
    const signals = [signal({ threat: 'spam' })]
    expect(judged({ signals })).toEqual(['spam', 'junk'])
    expect(judged({ signals, entries: [entry({})] })).toEqual(DELIVERED)
  })
  it('phishing, direct sender allow: delivered (lists #2)', () => {
    const signals = [byUrl(6, URL_A)]
    expect(judged({ signals })).toEqual(QUARANTINED_PHISH)
    expect(judged({ signals, entries: [entry({})] })).toEqual(DELIVERED)
    expect(judged({ signals, entries: [entry({ kind: 'sender-domain', value: 'news.example' })] })).toEqual(DELIVERED)
  })
  it('high confidence by a URL, sender allow of any origin: held (lists #3)', () => {
    for (const origin of ['direct', 'submission'] as const)
      expect(judged({ signals: [byUrl(12, URL_A)], entries: [entry({ origin })] })).toEqual(HELD)
  })
  it('high confidence by content: a submission lifts it (lists #4), a direct allow does not (lists #5)', () => {
    const signals = [signal({ weight: 12 })]
    expect(judged({ signals, entries: [entry({ origin: 'submission' })] })).toEqual(DELIVERED)
    expect(judged({ signals, entries: [entry({})] })).toEqual(HELD)
  })
  it('high confidence by a URL: its allow by submission lifts it (lists #6), a direct one does not (lists #7)', () => {
    const signals = [byUrl(12, URL_A)]
    const allow = (origin: EntryRule['origin']) => entry({ kind: 'url', value: 'a.example/x', origin })
    expect(judged({ signals, entries: [allow('submission')] })).toEqual(DELIVERED)
    expect(judged({ signals, entries: [allow('direct')] })).toEqual(HELD)
  })
  it('malware file: its allow by submission lifts it (lists #8)', () => {
    const signals = [signal({ threat: 'malware', technology: 'file-analysis', weight: 10, entities: [FILE] })]
    expect(judged({ signals })).toEqual(['malware', 'quarantine'])
    const allow = entry({ kind: 'file-hash', value: FILE.value, origin: 'submission' })
    expect(judged({ signals, entries: [allow] })).toEqual(DELIVERED)
    expect(judged({ signals, entries: [entry({ origin: 'submission' })] })).toEqual(['malware', 'quarantine'])
  })
  it('two bad URLs, one allowed: held (lists #10)', () => {
    const signals = [byUrl(6, URL_A, URL_B)]
    const a = entry({ id: 'a', kind: 'url', value: 'a.example/x' })
    const b = entry({ id: 'b', kind: 'url-domain', value: 'b.example' })
    expect(judged({ signals, entries: [a] })).toEqual(QUARANTINED_PHISH)
    expect(judged({ signals, entries: [a, b] })).toEqual(DELIVERED)
  })
  it('bad URL and spammy sender, both allowed: delivered (lists #11)', () => {
    const signals = [byUrl(12, URL_A), signal({ threat: 'spam', weight: 6 })]
    const entries = [entry({ id: 'u', kind: 'url', value: 'a.example/x', origin: 'submission' }), entry({ id: 's' })]
    expect(judged({ signals, entries })).toEqual(DELIVERED)
    expect(judged({ signals, entries: entries.slice(0, 1) })).toEqual(['spam', 'junk'])
  })
  it('clean, sender block: held as high-confidence phishing (lists #12)', () =>
    expect(judged({ entries: [entry({ action: 'block' })] })).toEqual(HELD))
  it('clean, URL block, sender on allow: held (lists #16)', () =>
    expect(
      judged({ entries: [entry({}), entry({ id: 'b', action: 'block', kind: 'url', value: 'a.example' })] }),
    ).toEqual(HELD))
  it('clean, file block: malware (lists #17)', () =>
    expect(judged({ entries: [entry({ action: 'block', kind: 'file-hash', value: FILE.value })] })).toEqual([
      'malware',
      'quarantine',
    ]))
  it('impersonation, sender on direct allow: stays (lists #21)', () => {
    const signals = [signal({ threat: 'impersonation', technology: 'impersonation-user', weight: 10 })]
    expect(judged({ signals, entries: [entry({})] })).toEqual(['impersonation', 'quarantine'])
    expect(judged({ signals, entries: [entry({ origin: 'submission' })] })).toEqual(DELIVERED)
  })
  it('the same value on allow and block: block wins (lists #22)', () => {
    const url = { kind: 'url', value: 'a.example/x', origin: 'submission' } as const
    const verdict = decide(
      input({ entries: [entry({ id: 'x', ...url }), entry({ id: 'y', action: 'block', ...url })] }),
    )
    expect(verdict.placement).toBe('quarantine')
    expect(verdict.overrides.map((o) => [o.entryId, o.applied])).toEqual([
      ['y', true],
      ['x', false],
    ])
  })
  it('the same sender on allow and block: held as high-confidence phishing (explorer #88)', () => {
    for (const origin of ['direct', 'submission'] as const)
      expect(judged({ entries: [entry({ id: 'x', origin }), entry({ id: 'y', action: 'block' })] })).toEqual(HELD)
    expect(judged({ entries: [entry({ id: 'x' })] })).toEqual(DELIVERED)
  })
  it('clean, sender on allow: nothing was overridden (lists #26)', () => {
    const verdict = decide(input({ entries: [entry({})] }))
    expect(verdict.overrides).toMatchObject([{ applied: false, reason: 'there was nothing to override' }])
    expect(verdict.causes).toEqual([])
  })
  it('an IP allow lifts phishing but not high confidence or malware (lists #80)', () => {
    const allow = entry({ kind: 'sender-ip', value: '192.0.2.0/24' })
    expect(judged({ signals: [signal({})], entries: [allow] })).toEqual(DELIVERED)
    expect(judged({ signals: [signal({ weight: 12 })], entries: [allow] })).toEqual(HELD)
    expect(judged({ signals: [signal({ threat: 'malware' })], entries: [allow] })).toEqual(['malware', 'quarantine'])
  })
  it('an IP block holds what it matches', () =>
    expect(judged({ entries: [entry({ action: 'block', kind: 'sender-ip', value: '192.0.2.0/24' })] })).toEqual([
      'high-confidence-spam',
      'quarantine',
    ]))
})

describe('a sender allow needs a genuine sender', () => {
  const signals = [signal({})]
  it('refused without aligned authentication, and the refusal is recorded', () => {
    const verdict = decide(input({ signals, entries: [entry({})], authentication: auth(false) }))
    expect([verdict.threat, verdict.placement]).toEqual(QUARANTINED_PHISH)
    expect(verdict.overrides).toMatchObject([{ entryId: 'e1', version: 3, applied: false }])
    expect(verdict.overrides[0]?.reason).toContain('could not be authenticated')
    expect(verdict.because.join(' ')).toContain('was not applied: the sender could not be authenticated')
  })
  it('refused when the message names several From addresses', () => {
    const entities = [...ENTITIES, { kind: 'sender', value: 'other@else.example' } as const]
    const verdict = decide(input({ signals, entities, entries: [entry({})] }))
    expect(verdict.overrides).toMatchObject([{ applied: false }])
    expect(verdict.placement).toBe('quarantine')
  })
  it('URL and file allows do not ask who sent it', () => {
    const entries = [entry({ kind: 'url', value: 'a.example/x' })]
    expect(judged({ signals: [byUrl(6, URL_A)], entries, authentication: auth(false) })).toEqual(DELIVERED)
  })
})

describe('policy', () => {
  it('strict holds what standard puts into Junk', () => {
    const strict = decidePolicy({ mode: 'strict', version: 1 })
    expect(judged({ signals: [signal({ threat: 'spam' })], policy: strict })).toEqual(['spam', 'quarantine'])
  })
  it('an allow lifts weak evidence too: convicting more by it must not free the rest', () => {
    const signals = [
      signal({ id: 'a', threat: 'bulk', weight: 2.51, technology: 'authentication' }),
      signal({ id: 'b', threat: 'none', weight: -1.01, technology: 'none' }),
      signal({ id: 'c', technology: 'file-analysis', weight: 5 }),
    ]
    const strict = decidePolicy({ mode: 'strict', version: 1 })
    expect(judged({ signals, entries: [entry({})] })).toEqual(judged({ signals, entries: [entry({})], policy: strict }))
  })
  it('the points of one finding name no other threat', () => {
    const signals = [signal({ id: 'a', weight: 1.9 }), signal({ id: 'b', weight: 12, threat: 'spam' })]
    expect(judged({ signals })).toEqual(['high-confidence-spam', 'quarantine'])
  })
  it('observe only delivers and says what would have been, entries included', () => {
    const policy = decidePolicy({ mode: 'observe', version: 4 })
    const found = decide(input({ signals: [signal({})], policy }))
    expect([found.placement, found.wouldPlace]).toEqual(['deliver', 'quarantine'])
    expect(found.causes).toContainEqual({ kind: 'policy', id: 'observe', version: 4 })
    const blockedOne = decide(input({ entries: [entry({ action: 'block' })], policy }))
    expect([blockedOne.placement, blockedOne.wouldPlace]).toEqual(['deliver', 'quarantine'])
    expect(found.because.at(-1)).toContain('would have had it held in quarantine')
  })
  it('an allow shows what would have been without it', () => {
    const verdict = decide(input({ signals: [signal({})], entries: [entry({})] }))
    expect([verdict.placement, verdict.wouldPlace]).toEqual(['deliver', 'quarantine'])
    expect(verdict.causes[0]).toEqual({ kind: 'entry', id: 'e1', version: 3 })
    expect(verdict.because.at(-1)).toContain('Without the list entries it would have been held in quarantine as phish')
  })
  it('mail that could not be read goes where the policy says, with the reason', () => {
    const held = decide(input({ unparsable: 'more than 10,000 parts' }))
    expect([held.threat, held.placement]).toEqual(['none', 'quarantine'])
    expect(held.because.join(' ')).toContain('more than 10,000 parts')
    expect(held.causes).toEqual([{ kind: 'policy', id: 'standard', version: 1 }])
    const policy = decidePolicy({ mode: 'standard', version: 1, unparsable: 'junk' })
    expect(judged({ unparsable: 'x', policy })).toEqual(['none', 'junk'])
    expect(judged({ unparsable: 'x', entries: [entry({})] })).toEqual(['none', 'quarantine'])
    expect(judged({ unparsable: 'x', entries: [entry({ origin: 'submission' })] })).toEqual(DELIVERED)
  })
  it('several weak findings of different kinds add up', () => {
    const weak = [
      signal({ id: 'a', weight: 4 }),
      signal({ id: 'b', weight: 4, threat: 'spoof', technology: 'authentication' }),
    ]
    expect(judged({ signals: weak.slice(0, 1) })).toEqual(DELIVERED)
    expect(judged({ signals: weak })).toEqual(QUARANTINED_PHISH)
  })
  it('what speaks for a message lowers the sum, except for malware', () => {
    const good = signal({ id: 'good', weight: -4, threat: 'none', technology: 'none' })
    expect(judged({ signals: [signal({}), good] })).toEqual(DELIVERED)
    expect(judged({ signals: [signal({ threat: 'malware' }), good] })).toEqual(['malware', 'quarantine'])
  })
})

describe('replay', () => {
  it('matches lists anew on stored evidence', () => {
    const { signals, ...inputs } = input({ signals: [byUrl(6, URL_A)], entries: [entry({})] })
    const stored = { signals, inputs }
    const then = replay(stored)
    expect(then.placement).toBe('deliver')
    const now = replay(stored, { entries: [] })
    expect(flip(then, now)).toEqual({
      from: { threat: 'none', placement: 'deliver' },
      to: { threat: 'phish', placement: 'quarantine' },
    })
    expect(flip(then, replay(stored, {}))).toBeNull()
    expect(replay(JSON.parse(JSON.stringify(stored)) as typeof stored)).toEqual(then)
  })
})
