import { sql } from 'kysely'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { TenantId } from '../../src/base/index.ts'
import { connect, type OpenStorage } from '../../src/storage/connect.ts'
import { eventsAfter } from '../../src/storage/outbox/read.ts'
import type { Tx } from '../../src/storage/schema.ts'
import type { TestStorage } from '../rig/storage.ts'

declare module '../../src/storage/types.ts' {
  interface Events {
    'test.happened': { readonly n: number; readonly by?: string }
    'test.other': { readonly n: number }
  }
}

const soon = { timeout: 60_000, interval: 10 }

/** Until the process that was started last is told by the database what others have written. */
export async function listening(reader: OpenStorage): Promise<void> {
  const asked = async () => {
    const { rows } = await sql<{ query: string }>`select query from pg_stat_activity
      where datname = current_database() and application_name = 'recourse listen'`.execute(reader.db)
    return rows.map((row) => row.query)
  }
  await vi.waitFor(async () => expect(await asked()).toEqual(['listen recourse']), soon)
}

export function outboxCases(the: () => TestStorage): void {
  /** A process of its own as far as the database can tell. */
  const open = async (): Promise<OpenStorage> => {
    const { url, blobs } = the()
    const storage = await connect({ url, blobs, maxConnections: 8 })
    onTestFinished(() => storage.close())
    return storage
  }
  const emit = (n: number, tenant: TenantId = the().a, by?: string) =>
    the().storage.tenant(tenant, (tx) =>
      the().storage.outbox.emit(tx, { kind: 'test.happened', data: by ? { n, by } : { n } }),
    )
  let names = 0
  const name = () => `subscriber ${++names}`

  describe('outbox', () => {
    test('in order, per tenant, only what was committed', async () => {
      const { storage, a, b } = the()
      const got = new Map<TenantId, number[]>([
        [a, []],
        [b, []],
      ])
      const reader = await open()
      const start = 1000 * ++names
      reader.outbox.subscribe(name(), ['test.happened'], async (_, event) => {
        if (event.data.n > start && event.data.n < start + 1000) got.get(event.tenant)?.push(event.data.n)
      })
      await reader.start()
      for (let n = 1; n <= 20; n++) for (const tenant of [a, b]) await emit(start + n, tenant)
      await storage
        .tenant(a, async (tx) => {
          await storage.outbox.emit(tx, { kind: 'test.happened', data: { n: start + 999 } })
          throw new Error('rolled back')
        })
        .catch(() => {})
      await emit(start + 21)
      const upTo = (last: number) => Array.from({ length: last }, (_, i) => start + i + 1)
      await vi.waitFor(() => expect([got.get(a), got.get(b)]).toEqual([upTo(21), upTo(20)]), soon)
    })

    test('a slower transaction with a smaller number is not passed over', async () => {
      const { storage, a } = the()
      const start = 1000 * ++names
      const got: number[] = []
      const reader = await open()
      reader.outbox.subscribe(name(), ['test.happened'], async (_, event) => {
        if (event.data.n > start) got.push(event.data.n)
      })
      await reader.start()
      const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const slow = storage.tenant(a, async (tx) => {
        await storage.outbox.emit(tx, { kind: 'test.happened', data: { n: start + 1 } })
        begun.resolve()
        await end.promise
      })
      await begun.promise
      await emit(start + 2)
      await new Promise((done) => setTimeout(done, 300))
      expect(got).toEqual([])
      end.resolve()
      await slow
      await vi.waitFor(() => expect(got).toEqual([start + 1, start + 2]), soon)
    })

    test('the order is that of numbers, not of their digits', async () => {
      const { storage, b } = the()
      await storage.tenant(b, async (tx) => {
        for (const xid of ['99', '100', '9', '10'])
          await sql`insert into outbox (tenant_id, xid, id, kind, data)
            values (recourse_tenant(), ${xid}::xid8, gen_random_uuid(), 'test.order', '{}')`.execute(tx)
        const all = await eventsAfter(tx, { xid: '0', seq: 0 }, ['test.order'], 10)
        expect(all.map((event) => event.xid)).toEqual(['9', '10', '99', '100'])
        const first = await eventsAfter(tx, { xid: '10', seq: 0 }, ['test.order'], 2)
        expect(first.map((event) => event.xid)).toEqual(['10', '99'])
        await sql`delete from outbox where kind = 'test.order'`.execute(tx)
      })
    })

    test('after a restore into a new database, whose numbers begin anew, nothing is lost', async () => {
      const { storage } = the()
      const restored = await storage.createTenant('Restored')
      const subscriber = name()
      await storage.tenant(restored, async (tx) => {
        for (const n of [1, 2, 3])
          await sql`insert into outbox (tenant_id, xid, id, kind, data) values (recourse_tenant(),
            ${String(4_000_000_000_000 + n)}::xid8, gen_random_uuid(), 'test.other', ${JSON.stringify({ n })}::jsonb)`.execute(
            tx,
          )
        await sql`insert into outbox_progress (tenant_id, subscriber, xid, seq) select tenant_id, ${subscriber}, xid, seq
          from outbox where data ->> 'n' = '1'`.execute(tx)
      })
      const got: number[] = []
      const reader = await open()
      reader.outbox.subscribe(subscriber, ['test.other'], async (_, event) => {
        if (event.tenant === restored) got.push(event.data.n)
      })
      await reader.start()
      await vi.waitFor(() => expect(got).toEqual([2, 3]), soon)
      await storage.tenant(restored, (tx) => storage.outbox.emit(tx, { kind: 'test.other', data: { n: 4 } }))
      await vi.waitFor(() => expect(got).toEqual([2, 3, 4]), soon)
    })

    test('is woken, and need not wait for its next look', async () => {
      const reader = await open()
      const seen = vi.fn()
      const start = 1000 * ++names
      reader.outbox.subscribe(name(), ['test.happened'], async (_, event) => {
        if (event.data.n === start) seen()
      })
      // The looks that come by themselves do not come.
      vi.useFakeTimers({ toFake: ['setInterval'] })
      onTestFinished(() => void vi.useRealTimers())
      await reader.start()
      vi.useRealTimers()
      await listening(reader)
      await emit(start)
      await vi.waitFor(() => expect(seen).toHaveBeenCalledTimes(1), soon)
    })

    test('a handler that fails is tried again, does not stop others, and its work is rolled back', async () => {
      const { a } = the()
      const reader = await open()
      const start = 1000 * ++names
      let failures = 3
      const [bad, good]: number[][] = [[], []]
      await sql`create table if not exists t_done (n int)`.execute(the().storage.db)
      const work = (tx: Tx, n: number) => sql`insert into t_done values (${n})`.execute(tx)
      reader.outbox.subscribe(name(), ['test.happened'], async (tx, { data }) => {
        if (data.n < start) return
        await work(tx, data.n)
        if (data.n === start + 2 && failures-- > 0) throw new Error('not today')
        bad?.push(data.n)
      })
      reader.outbox.subscribe(name(), ['test.happened'], async (_, { data }) => {
        if (data.n >= start) good?.push(data.n)
      })
      for (let n = 1; n <= 4; n++) await emit(start + n, a)
      await reader.start()
      await vi.waitFor(() => expect(good).toHaveLength(4), soon)
      await vi.waitFor(() => expect(bad?.slice(-3)).toEqual([start + 2, start + 3, start + 4]), soon)
      const done = async () => {
        const { rows } = await sql<{ n: number }>`select n from t_done where n > ${start} order by n`.execute(
          the().storage.db,
        )
        return rows.map((row) => row.n)
      }
      // The handler has pushed its number before its transaction is committed.
      await vi.waitFor(async () => expect(await done()).toEqual([1, 2, 3, 4].map((n) => start + n)), soon)
    })

    test('several processes: each event is handled exactly once', async () => {
      const start = 1000 * ++names
      const subscriber = name()
      await sql`create table if not exists t_done (n int)`.execute(the().storage.db)
      const readers = await Promise.all([open(), open(), open()])
      for (const reader of readers) {
        reader.outbox.subscribe(subscriber, ['test.happened'], async (tx, { data }) => {
          if (data.n > start) await sql`insert into t_done values (${data.n})`.execute(tx)
        })
        await reader.start()
      }
      await Promise.all(Array.from({ length: 60 }, (_, i) => emit(start + i + 1, i % 2 ? the().a : the().b)))
      const count = async () => {
        const rows = await sql<{ n: number; times: number }>`select n, count(*) as times from t_done
          where n > ${start} group by n`.execute(the().storage.db)
        return rows.rows
      }
      await vi.waitFor(async () => expect(await count()).toHaveLength(60), soon)
      await new Promise((done) => setTimeout(done, 200))
      expect((await count()).every((row) => row.times === 1)).toBe(true)
    })

    test('only the kinds that were asked for; live listeners get all from now on', async () => {
      const { storage, a, b } = the()
      const reader = await open()
      const kinds: string[] = []
      const start = 1000 * ++names
      reader.outbox.subscribe(name(), ['test.other'], async (_, event) => {
        if (event.data.n === start) kinds.push(event.kind)
      })
      const live: string[] = []
      const began = new Set<TenantId>()
      const stop = reader.outbox.listen((event) => {
        if (event.kind !== 'test.happened' && event.kind !== 'test.other') return
        if (event.data.n === start) live.push(`${event.tenant === a ? 'a' : 'b'} ${event.kind}`)
        else began.add(event.tenant)
      })
      await reader.start()
      // From which moment on it tells is its own affair: it has begun once it tells of anything.
      for (const tenant of [a, b])
        await vi.waitFor(async () => {
          await emit(0, tenant)
          expect([...began]).toContain(tenant)
        }, soon)
      await emit(start, a)
      await storage.tenant(b, (tx) => storage.outbox.emit(tx, { kind: 'test.other', data: { n: start } }))
      await vi.waitFor(() => expect(kinds).toEqual(['test.other']), soon)
      await vi.waitFor(() => expect(live.sort()).toEqual(['a test.happened', 'b test.other']), soon)
      stop()
      await emit(start, a)
      await new Promise((done) => setTimeout(done, 200))
      expect(live).toHaveLength(2)
    })

    test('text that PostgreSQL cannot hold does not stop it', async () => {
      const reader = await open()
      const start = 1000 * ++names
      const got: string[] = []
      reader.outbox.subscribe(name(), ['test.happened'], async (_, { data }) => {
        if (data.n === start) got.push(data.by ?? '')
      })
      await reader.start()
      await emit(start, the().a, 'nul \0 lone \ud800 backslash \\u0000 pair \u{1f600}')
      await vi.waitFor(() => expect(got).toEqual(['nul \ufffd lone \ufffd backslash \\u0000 pair \u{1f600}']), soon)
    })

    test('the database is restarted: nothing is lost', async () => {
      const reader = await open()
      const start = 1000 * ++names
      const got: number[] = []
      reader.outbox.subscribe(name(), ['test.happened'], async (_, { data }) => {
        if (data.n > start) got.push(data.n)
      })
      await reader.start()
      await emit(start + 1)
      await vi.waitFor(() => expect(got).toEqual([start + 1]), soon)
      // As after a restart: every connection of this database is cut.
      await the().cutConnections()
      await vi.waitFor(() => emit(start + 2), soon)
      await vi.waitFor(() => expect(got).toEqual([start + 1, start + 2]), soon)
    })
  })
}
