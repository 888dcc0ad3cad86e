import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Lease } from '../../src/storage/types.ts'
import type { TestStorage } from '../rig/storage.ts'

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))
const passed = (held: { who: number; left: number }, ms: number) => ({ who: held.who, left: held.left - ms })
const soon = { timeout: 60_000, interval: 20 }
const terms = { ttlMs: 60_000, deadlineMs: 5000 }

export function leaseCases(the: () => TestStorage): void {
  let count = 0
  const resource = () => `mailbox ${++count}`
  /** Moves the lease's row into the past, as if so much time had gone by in the database. */
  const age = (name: string, ms: number) =>
    the().storage.tenant(the().a, (tx) =>
      sql`update lease set expires_at = expires_at - ${ms} * interval '1 ms' where resource = ${name}`.execute(tx),
    )

  describe('leases', () => {
    test('one holder at a time, per tenant', async () => {
      const { storage, a, b } = the()
      const name = resource()
      const first = await storage.leases.acquire(a, name, terms)
      expect(first?.epoch).toBe(1)
      expect(await storage.leases.acquire(a, name, terms)).toBeNull()
      const other = await storage.leases.acquire(b, name, terms)
      expect(other?.epoch).toBe(1)
      await first?.release()
      expect(first?.lost.aborted).toBe(true)
      const second = await storage.leases.acquire(a, name, terms)
      expect(second?.epoch).toBe(2)
      await second?.release()
      await other?.release()
    })

    test('many ask at once: one gets it', async () => {
      const { storage, a } = the()
      const name = resource()
      const got = await Promise.all(Array.from({ length: 20 }, () => storage.leases.acquire(a, name, terms)))
      expect(got.filter((lease) => lease !== null)).toHaveLength(1)
      await got.find((lease) => lease !== null)?.release()
    })

    test('an expired one is not given away before the predecessor’s last command must be over', async () => {
      const { storage, a } = the()
      const name = resource()
      const first = await storage.leases.acquire(a, name, terms)
      onTestFinished(() => first?.release())
      await age(name, terms.ttlMs + terms.deadlineMs - 1000)
      expect(await storage.leases.acquire(a, name, terms)).toBeNull()
      await age(name, 1000)
      const second = await storage.leases.acquire(a, name, terms)
      expect(second?.epoch).toBe(2)
      // The predecessor cannot record anything any more.
      await expect(storage.tenant(a, (tx) => first?.assertHeld(tx) ?? Promise.resolve())).rejects.toMatchObject({
        code: 'lease-lost',
      })
      await storage.tenant(a, (tx) => second?.assertHeld(tx) ?? Promise.resolve())
      await second?.release()
    })

    test('is renewed while it is held, and says when it was lost', async () => {
      const { storage, a } = the()
      const name = resource()
      const end = () =>
        storage.tenant(a, async (tx) => {
          const { rows } = await sql<{ at: Date }>`select expires_at as at from lease where resource = ${name}`.execute(
            tx,
          )
          return rows[0]?.at.getTime() ?? 0
        })
      // Long enough that a busy machine gets to renewing it.
      const lease = await storage.leases.acquire(a, name, { ttlMs: 3000, deadlineMs: 0 })
      const first = await end()
      await vi.waitFor(async () => expect(await end()).toBeGreaterThan(first), soon)
      expect(lease?.lost.aborted).toBe(false)
      await storage.tenant(a, (tx) => lease?.assertHeld(tx) ?? Promise.resolve())
      await age(name, 10_000)
      const thief = await storage.leases.acquire(a, name, terms)
      expect(thief?.epoch).toBe(2)
      await vi.waitFor(() => expect(lease?.lost.aborted).toBe(true), soon)
      expect(lease?.lost.reason).toMatchObject({ code: 'lease-lost' })
      await lease?.release()
      // Releasing what is lost does not take it from the successor.
      expect(await storage.leases.acquire(a, name, terms)).toBeNull()
      await thief?.release()
    })

    test('a successor waits for the transaction that has checked', async () => {
      const { storage, a } = the()
      const name = resource()
      const first = await storage.leases.acquire(a, name, terms)
      const order: string[] = []
      let takeover: Promise<unknown> = Promise.resolve()
      await storage.tenant(a, async (tx) => {
        await first?.assertHeld(tx)
        takeover = age(name, terms.ttlMs + terms.deadlineMs)
          .then(() => storage.leases.acquire(a, name, terms))
          .then(async (lease) => {
            order.push('taken over')
            await lease?.release()
          })
        await pause(300)
        order.push('recorded')
      })
      await takeover
      expect(order).toEqual(['recorded', 'taken over'])
      await first?.release()
    })

    test('property: never two holders, epochs only grow, and nobody gets in before time', async () => {
      const { storage, a } = the()
      const step = fc.oneof(
        fc.record({ what: fc.constant('ask' as const), who: fc.nat(2) }),
        fc.record({ what: fc.constant('release' as const), who: fc.nat(2) }),
        fc.record({ what: fc.constant('age' as const), ms: fc.integer({ min: 1, max: 70_000 }) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 15 }), async (steps) => {
          const name = resource()
          const held: (Lease | null)[] = [null, null, null]
          // The model: who holds, until when by the row, and the time that has passed.
          let model: { who: number; left: number } | null = null
          let epoch = 0
          for (const s of steps) {
            if (s.what === 'age') {
              await age(name, s.ms)
              if (model !== null) model = passed(model, s.ms)
            } else if (s.what === 'release') {
              await held[s.who]?.release()
              held[s.who] = null
              if (model?.who === s.who) model = null
            } else {
              const got = await storage.leases.acquire(a, name, terms)
              // A second of tolerance for the time that the test itself takes.
              const free: boolean = model === null || model.left + terms.deadlineMs < 0
              if (Math.abs((model?.left ?? 1e9) + terms.deadlineMs) > 1000) expect(got !== null).toBe(free)
              if (!got) continue
              expect(got.epoch).toBe(++epoch)
              model = { who: s.who, left: terms.ttlMs }
              held[s.who] = got
            }
            const works = await Promise.all(
              held.map((lease) =>
                lease
                  ? storage
                      .tenant(a, (tx) => lease.assertHeld(tx))
                      .then(
                        () => true,
                        () => false,
                      )
                  : false,
              ),
            )
            expect(works.filter(Boolean).length).toBeLessThanOrEqual(1)
          }
          await Promise.all(held.map((lease) => lease?.release()))
        }),
        { numRuns: 40 },
      )
    })
  })
}
