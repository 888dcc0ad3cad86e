import { sql } from 'kysely'
import { PgBoss } from 'pg-boss'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { connect } from '../../src/storage/connect.ts'
import type { TestStorage } from '../rig/storage.ts'
import { listening } from './outbox.ts'

const soon = { timeout: 60_000, interval: 20 }

export function jobCases(the: () => TestStorage): void {
  const open = async () => {
    const { url, blobs } = the()
    const storage = await connect({ url, blobs, maxConnections: 6 })
    onTestFinished(() => storage.close())
    return storage
  }

  describe('jobs', () => {
    test('come with the commit, not with the rollback', async () => {
      const { storage, a, b } = the()
      const worker = await open()
      const got: unknown[] = []
      await worker.jobs.work('test-commit', async (data) => void got.push(data))
      await worker.start()
      await storage
        .tenant(a, async (tx) => {
          await storage.jobs.send(tx, 'test-commit', { n: 1 })
          throw new Error('rolled back')
        })
        .catch(() => {})
      await storage.tenant(a, (tx) => storage.jobs.send(tx, 'test-commit', { n: 2 }))
      await storage.tenant(b, (tx) => storage.jobs.send(tx, 'test-commit', { n: 2 }))
      await vi.waitFor(() => expect(got).toHaveLength(2), soon)
      expect(got).toContainEqual({ tenant: a, n: 2 })
      expect(got).toContainEqual({ tenant: b, n: 2 })
    })

    test('waiting duplicates of one key collapse, per tenant', async () => {
      const { storage, a, b } = the()
      const send = (tenant: typeof a) =>
        storage.tenant(tenant, (tx) => storage.jobs.send(tx, 'test-key', {}, { key: 'mailbox 1' }))
      for (const tenant of [a, a, a, b, b]) await send(tenant)
      const worker = await open()
      const got: unknown[] = []
      await worker.jobs.work('test-key', async (data) => void got.push(data['tenant']))
      await worker.start()
      await vi.waitFor(() => expect(got).toHaveLength(2), soon)
      await new Promise((done) => setTimeout(done, 300))
      expect(got.sort()).toEqual([a, b].sort())
    })

    test('wake a worker of another process, which need not wait for its next look', async () => {
      const { storage, a } = the()
      const worker = await open()
      const seen = vi.fn()
      const { work } = PgBoss.prototype
      const patient = vi.spyOn(PgBoss.prototype, 'work').mockImplementation(function (this: PgBoss, name, _, handler) {
        return work.call(this, name, { pollingIntervalSeconds: 600 }, handler)
      })
      onTestFinished(() => patient.mockRestore())
      await worker.jobs.work('test-wake', async () => seen())
      await worker.start()
      await listening(worker)
      await storage.tenant(a, (tx) => storage.jobs.send(tx, 'test-wake', {}))
      await vi.waitFor(() => expect(seen).toHaveBeenCalledTimes(1), soon)
    })

    test('tables that grow are planned as what they are, without waiting for autovacuum', async () => {
      const worker = await open()
      await worker.start()
      await sql`create table t_grown (tenant_id uuid, n int, primary key (tenant_id, n))`.execute(worker.db)
      await sql`insert into t_grown select gen_random_uuid(), n from generate_series(1, 5000) n`.execute(worker.db)
      const planned = async () => {
        const rows = await sql<{ n: number }>`select reltuples as n from pg_class where relname = 't_grown'`.execute(
          worker.db,
        )
        return rows.rows[0]?.n
      }
      expect(await planned()).toBe(-1)
      await vi.waitFor(async () => expect(await planned()).toBe(5000), soon)
      await sql`drop table t_grown`.execute(worker.db)
    })

    test('are tried again after a failure', async () => {
      const { storage, a } = the()
      const worker = await open()
      let tries = 0
      await worker.jobs.work('test-retry', async () => {
        if (++tries < 2) throw new Error('not yet')
      })
      await worker.start()
      await storage.tenant(a, (tx) => storage.jobs.send(tx, 'test-retry', {}))
      await vi.waitFor(() => expect(tries).toBe(2), soon)
    })

    test('a period runs once, however many processes schedule it', async () => {
      const began = performance.now()
      let runs = 0
      for (const worker of [await open(), await open(), await open()]) {
        await worker.jobs.schedule('test-period', 1000, async () => void runs++)
        await worker.start()
      }
      await vi.waitFor(() => expect(runs).toBeGreaterThanOrEqual(2), soon)
      await new Promise((done) => setTimeout(done, 3000))
      // One for each second that has begun. Counted from the start: when a run comes to be carried out is the machine's affair.
      expect(runs).toBeLessThanOrEqual((performance.now() - began) / 1000 + 1)
    })
  })
}
