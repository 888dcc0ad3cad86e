import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EntryRule } from '../lists/index.ts'
import { decide } from './decide.ts'
import { matchEntries } from './match.ts'
import { flip, replay } from './replay.ts'
import { decidePolicy, SEVERITY, THREAT_ORDER } from './table.ts'
import type { DecideInput, EntityRef, PolicyMode, Signal, Threat, Verdict } from './types.ts'

const NOW = '2026-03-01T12:00:00.000Z'
const POOL: readonly EntityRef[] = [
  { kind: 'sender', value: 'a@one.example' },
  { kind: 'sender', value: 'b@two.example' },
  { kind: 'sender-domain', value: 'one.example' },
  { kind: 'sender-domain', value: 'x.two.example' },
  { kind: 'url', value: 'https://one.example/a' },
  { kind: 'url', value: 'https://l.two.example/' },
  { kind: 'url-domain', value: 'two.example' },
  { kind: 'file-hash', value: 'a'.repeat(64) },
  { kind: 'sender-ip', value: '192.0.2.7' },
]
const entity = fc.constantFrom(...POOL)
const threat = fc.constantFrom<Threat>(...THREAT_ORDER, 'none')
const technology = fc.constantFrom(
  ...(['authentication', 'impersonation-user', 'url-analysis', 'url-reputation', 'file-analysis', 'content'] as const),
)
// Hundredths that binary fractions cannot hold: a sum in another order must be the same all the same.
const weight = fc
  .oneof(fc.integer({ min: -300, max: 1300 }), fc.constantFrom(10, 20, 110, 500, 1000))
  .map((n) => n / 100)
const signal: fc.Arbitrary<Signal> = fc.record({
  // The last tells only how a message is made (see `BY_FORM`).
  id: fc.constantFrom('one', 'two', 'url-host'),
  version: fc.constant(1),
  weight,
  threat,
  technology,
  summary: fc.constantFrom('x', 'y'),
  evidence: fc.constant({}),
  entities: fc.uniqueArray(entity, { maxLength: 3 }),
})
const value = fc.constantFrom<Pick<EntryRule, 'kind' | 'value'>>(
  { kind: 'sender', value: 'a@one.example' },
  { kind: 'sender-domain', value: 'one.example' },
  { kind: 'sender-domain', value: '*.two.example' },
  { kind: 'url', value: 'one.example/a' },
  { kind: 'url', value: 'one.example' },
  { kind: 'url', value: '~two.example~' },
  { kind: 'url-domain', value: 'two.example' },
  { kind: 'file-hash', value: 'a'.repeat(64) },
  { kind: 'sender-ip', value: '192.0.2.0/24' },
  { kind: 'sender', value: 'nobody@nowhere.example' },
)
const EXPIRIES = [null, '2026-03-02T00:00:00.000Z', NOW, '2020-01-01T00:00:00.000Z']
const entry = fc
  .tuple(
    value,
    fc.constantFrom('allow' as const, 'block' as const),
    fc.constantFrom('direct' as const, 'submission' as const),
    fc.constantFrom(...EXPIRIES),
    fc.uuid(),
  )
  .map(([v, action, origin, expiresAt, id]): EntryRule => ({ ...v, action, origin, expiresAt, id, version: 1 }))
const entries = fc.uniqueArray(entry, { maxLength: 6, selector: (e) => e.id })
const mode = fc.constantFrom<PolicyMode>('standard', 'strict', 'observe')
const input: fc.Arbitrary<DecideInput> = fc.record({
  signals: fc.array(signal, { maxLength: 6 }),
  entities: fc.uniqueArray(entity, { maxLength: POOL.length }),
  authentication: fc.boolean().map((aligned) => ({
    source: 'own-check' as const,
    spf: { result: 'pass' as const, domain: null },
    dkim: [],
    dmarc: { result: 'none' as const, domain: null, policy: null },
    arc: 'none' as const,
    aligned,
  })),
  entries,
  policy: mode.map((m) => decidePolicy({ mode: m, version: 1 })),
  unparsable: fc.option(fc.constant('too deep'), { freq: 8 }),
  now: fc.constant(NOW),
})
const shuffled = <T>(items: readonly T[], seed: number): T[] =>
  items
    .map((item, i) => ({ item, key: Math.sin(seed * 997 + i * 131) }))
    .sort((a, b) => a.key - b.key)
    .map((x) => x.item)
const acted = (v: Verdict) => SEVERITY[v.policy === 'observe' ? v.wouldPlace : v.placement]
const runs = { numRuns: 3000 }

describe('decide', () => {
  it('is deterministic, whatever the order of signals, entities and entries', () => {
    fc.assert(
      fc.property(input, fc.nat(1000), (i, seed) => {
        const other = {
          ...i,
          signals: shuffled(i.signals, seed),
          entities: shuffled(i.entities, seed + 1),
          entries: shuffled(i.entries, seed + 2),
        }
        expect(decide(other)).toEqual(decide(i))
        expect(decide(structuredClone(i))).toEqual(decide(i))
      }),
      runs,
    )
  })

  it('never heeds an expired entry, nor one that does not match', () => {
    fc.assert(
      fc.property(input, (i) => {
        const alive = matchEntries(i.entities, i.entries, i.now).map((m) => m.entry)
        expect(alive.every((e) => e.expiresAt === null || e.expiresAt > NOW)).toBe(true)
        expect(decide({ ...i, entries: alive })).toEqual(decide(i))
      }),
      runs,
    )
  })

  it('more badness never gives a milder placement', () => {
    const worse = signal.filter((s) => s.weight >= 0)
    fc.assert(
      fc.property(input, worse, (i, more) => {
        expect(acted(decide({ ...i, signals: [...i.signals, more] }))).toBeGreaterThanOrEqual(acted(decide(i)))
      }),
      runs,
    )
  })

  it('one more block never gives a milder placement, one more allow never a harsher one', () => {
    fc.assert(
      fc.property(input, entry, (i, more) => {
        const before = acted(decide(i))
        const after = acted(decide({ ...i, entries: [...i.entries, more] }))
        if (more.action === 'block') expect(after).toBeGreaterThanOrEqual(before)
        else expect(after).toBeLessThanOrEqual(before)
      }),
      runs,
    )
  })

  it('strict is never milder than standard, and observe only always delivers what standard would have placed', () => {
    fc.assert(
      fc.property(input, (i) => {
        const by = (m: PolicyMode) => decide({ ...i, policy: decidePolicy({ mode: m, version: 1 }) })
        const standard = by('standard')
        expect(SEVERITY[by('strict').placement]).toBeGreaterThanOrEqual(SEVERITY[standard.placement])
        expect(by('observe')).toMatchObject({
          placement: 'deliver',
          wouldPlace: standard.placement,
          threat: standard.threat,
        })
      }),
      runs,
    )
  })

  it('a sender allow without aligned authentication is as good as none', () => {
    fc.assert(
      fc.property(input, (i) => {
        const forged = { ...i, authentication: { ...i.authentication, aligned: false } }
        const without = i.entries.filter(
          (e) => e.action === 'block' || !e.kind.startsWith('sender') || e.kind === 'sender-ip',
        )
        expect(flip(decide(forged), decide({ ...forged, entries: without }))).toBeNull()
      }),
      runs,
    )
  })

  it('any block that matches holds the message, unless the policy only observes', () => {
    fc.assert(
      fc.property(input, (i) => {
        const blocks = matchEntries(i.entities, i.entries, i.now).filter((m) => m.entry.action === 'block')
        fc.pre(blocks.length > 0)
        const verdict = decide(i)
        expect(acted(verdict)).toBe(SEVERITY.quarantine)
        expect(verdict.technology).toBe('list-entry')
        expect(verdict.overrides.every((o) => o.applied === (o.action === 'block'))).toBe(true)
      }),
      runs,
    )
  })
})

describe('replay', () => {
  it('removing an entry flips exactly the messages that it decided', () => {
    let flips = 0
    fc.assert(
      fc.property(fc.array(input, { minLength: 1, maxLength: 4 }), entries, fc.nat(5), (messages, list, pick) => {
        const removed = list[pick % Math.max(1, list.length)]
        fc.pre(removed !== undefined)
        const rest = list.filter((e) => e !== removed)
        for (const { signals, ...inputs } of messages) {
          const stored = { signals, inputs: { ...inputs, entries: list } }
          const before = replay(stored)
          const after = replay(stored, { entries: rest })
          const applied = before.overrides.filter((o) => o.applied)
          const decided = applied.some((o) => o.entryId === removed.id)
          // Not applied: its message stays as it is, down to the sentences about everything else.
          if (!decided) expect(flip(before, after)).toBeNull()
          // The only one applied: then the message is what its signals alone make of it.
          if (decided && applied.length === 1) {
            const bare = replay(stored, { entries: [] })
            const allowed = before.overrides.some((o) => o.action === 'allow' && !o.applied)
            if (removed.action === 'allow' || !allowed) expect(flip(bare, after)).toBeNull()
          }
          if (flip(before, after) !== null) {
            flips++
            expect(before.causes).toContainEqual({ kind: 'entry', id: removed?.id, version: 1 })
          }
        }
      }),
      runs,
    )
    expect(flips).toBeGreaterThan(100)
  })

  it('asks for nothing but what is stored: JSON there and back gives the same verdict', () => {
    fc.assert(
      fc.property(input, ({ signals, ...inputs }) => {
        const stored = { signals, inputs }
        const thawed: typeof stored = JSON.parse(JSON.stringify(stored))
        expect(replay(thawed)).toEqual(decide({ signals, ...inputs }))
      }),
      runs,
    )
  })

  it('a suspended signal is shown and counts for nothing: judged as if it had not been found (replay too)', () => {
    fc.assert(
      fc.property(input, fc.nat(10), fc.boolean(), (i, pick, anyVersion) => {
        const off = i.signals[pick % Math.max(1, i.signals.length)]
        const rule = { id: off?.id ?? 'none', version: anyVersion ? null : (off?.version ?? 1) }
        const policy = { ...i.policy, suspended: [rule] }
        const hit = (s: Signal) => s.id === rule.id && (rule.version === null || s.version === rule.version)
        const without = decide({ ...i, signals: i.signals.filter((s) => !hit(s)) })
        const judged = decide({ ...i, policy })
        expect({ ...judged, because: [], suspended: [] }).toEqual({ ...without, because: [], suspended: [] })
        expect(judged.suspended ?? []).toHaveLength(i.signals.filter(hit).length)
        if (off) expect(judged.because.some((b) => b.includes('suspended: it does not count'))).toBe(true)
        const { signals, ...inputs } = i
        expect(replay({ signals, inputs }, { policy })).toEqual(judged)
        expect(replay({ signals, inputs })).toEqual(decide(i))
      }),
      runs,
    )
  })
})
