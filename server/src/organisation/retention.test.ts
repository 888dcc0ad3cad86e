import { array, assert, integer, property } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import {
  type ClockState,
  confirmClock,
  DEFAULT_RETENTION,
  GRACE_MS,
  getRetention,
  LONGEST_STEP_MS,
  retentionNow,
  setRetention,
} from './index.ts'
import { step } from './retention-clock.ts'

const T0 = Date.parse('2026-05-01T10:00:00Z')
const HOUR = 3_600_000
const at = (ms: number) => new Date(T0 + ms)
const run = (...offsets: number[]): ClockState =>
  offsets.reduce<ClockState | null>((s, o) => step(s, at(o)), null) ?? { seen: at(0), trusted: at(0), doubt: null }

describe('the clock of retention', () => {
  test('lesson #64: followed in small steps, not in a jump forward', () => {
    expect(run(0, HOUR, 2 * HOUR).trusted).toEqual(at(2 * HOUR))
    const jumped = run(0, HOUR, 1000 * HOUR)
    expect(jumped).toMatchObject({ trusted: at(HOUR), doubt: { from: at(HOUR), to: at(1000 * HOUR) } })
  })

  test('a clock that runs well for a day after its jump is believed', () => {
    const steps = Array.from({ length: 25 }, (_, n) => (1000 + n) * HOUR)
    expect(run(0, ...steps.slice(0, 24)).trusted).toEqual(at(0))
    expect(run(0, ...steps)).toMatchObject({ trusted: at(1024 * HOUR), doubt: null })
  })

  test('a second jump begins the day anew', () => {
    const first = Array.from({ length: 20 }, (_, n) => (1000 + n) * HOUR)
    const then = Array.from({ length: 24 }, (_, n) => (5000 + n) * HOUR)
    expect(run(0, ...first, ...then)).toMatchObject({ trusted: at(0), doubt: { from: at(0), to: at(5000 * HOUR) } })
  })

  test('set right again, the doubt is over; set back, nothing becomes due', () => {
    expect(run(0, HOUR, 1000 * HOUR, 1.5 * HOUR)).toMatchObject({ trusted: at(1.5 * HOUR), doubt: null })
    expect(run(0, HOUR, -500 * HOUR)).toMatchObject({ trusted: at(-500 * HOUR), doubt: null })
  })

  test('whatever the clock does: never ahead of it, and forward only by what it has run well', () => {
    assert(
      property(array(integer({ min: -2000, max: 2000 }), { maxLength: 60 }), (moves) => {
        let now = T0
        let state = step(null, new Date(now))
        for (const move of moves) {
          now += move * 6 * 60_000
          const next = step(state, new Date(now))
          expect(next.trusted.getTime()).toBeLessThanOrEqual(now)
          const gained = next.trusted.getTime() - state.trusted.getTime()
          const believed =
            next.doubt === null && (state.doubt === null ? 0 : state.doubt.graceMs) + move * 360_000 >= GRACE_MS
          if (!believed) expect(gained).toBeLessThanOrEqual(LONGEST_STEP_MS)
          state = next
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('settings', () => {
  let t: TestStorage
  beforeAll(async () => {
    t = await testStorage()
  })
  afterAll(() => t.close())
  const actor = { user: '00000000-0000-7000-8000-000000000001', name: 'Anna Lyst' }
  const set = (change: unknown) => t.storage.tenant(t.a, (tx) => setRetention(tx, t.storage.outbox, change, actor))

  test('one table by class, each within its limits; 14 days for soft-deleted mail, 0 allowed for clean bytes', async () => {
    expect(await t.storage.tenant(t.a, getRetention)).toEqual(DEFAULT_RETENTION)
    expect(DEFAULT_RETENTION.softDeleted).toBe(14)
    const saved = await set({ clean: 0, softDeleted: 30, quarantine: { spam: 15 }, version: 0 })
    expect(saved).toMatchObject({ version: 1, clean: 0, softDeleted: 30, quarantine: { spam: 15, malware: 30 } })
    expect(await t.storage.tenant(t.b, getRetention)).toEqual(DEFAULT_RETENTION)
    for (const wrong of [
      { softDeleted: 31 },
      { softDeleted: 0 },
      { clean: -1 },
      { hardDeleted: 1.5 },
      { quarantine: { lost: 3 } },
      { x: 1 },
      { evidence: 30 },
      { metadata: 30 },
      { audit: 30 },
      3,
    ]) {
      await expect(set(wrong)).rejects.toMatchObject({ code: 'retention' })
    }
    await expect(set({ clean: 5, version: 0 })).rejects.toMatchObject({ code: 'version' })
  })

  test('a jump is kept in the database until somebody confirms it', async () => {
    const look = (ms: number) => t.storage.tenant(t.a, (tx) => retentionNow(tx, at(ms)))
    await expect(t.storage.tenant(t.a, (tx) => confirmClock(tx, at(0), actor))).rejects.toMatchObject({
      code: 'clock-not-doubted',
    })
    await look(0)
    expect((await look(500 * HOUR)).trusted).toEqual(at(0))
    expect((await t.storage.tenant(t.b, (tx) => retentionNow(tx, at(500 * HOUR)))).doubt).toBeNull()
    await t.storage.tenant(t.a, (tx) => confirmClock(tx, at(500 * HOUR), actor))
    expect((await look(501 * HOUR)).trusted).toEqual(at(501 * HOUR))
  })
})
