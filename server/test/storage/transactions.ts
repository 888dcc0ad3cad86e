import { spawnSync } from 'node:child_process'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Tx } from '../../src/storage/index.ts'
import type { TestStorage } from '../rig/storage.ts'

const put = (tx: Tx, key: string) =>
  sql`insert into blob (tenant_id, key, size) values (recourse_tenant(), ${key}, 1)`.execute(tx)
const keysLike = (tx: Tx, like: string) => sql<{ key: string }>`select key from blob where key like ${like}`.execute(tx)

/** Cuts all connections of the database while this process stands still: it learns of it only by using one. */
function cutUnseen(url: string): void {
  const script = `import pg from 'pg'
    const client = new pg.Client({ connectionString: ${JSON.stringify(url)} })
    await client.connect()
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
    await client.end()`
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url),
  })
  expect(done.stderr.toString()).toBe('')
}

/** Transactions whose statements travel together. */
export function transactionCases(the: () => TestStorage): void {
  describe('transactions', () => {
    test('statements that are asked for at once are carried out in their order', async () => {
      const { storage, a } = the()
      const seen = await storage.tenant(a, async (tx) => {
        const all = await Promise.all([
          put(tx, 'order 1'),
          keysLike(tx, 'order %'),
          put(tx, 'order 2'),
          keysLike(tx, 'order %'),
        ])
        return [all[1].rows.length, all[3].rows.length]
      })
      expect(seen).toEqual([1, 2])
    })

    test('one of them fails: none of them is there, and its connection serves the next', async () => {
      const { storage, a } = the()
      for (let round = 0; round < 12; round++) {
        const failed = storage.tenant(
          a,
          (tx) => Promise.all([put(tx, 'fails 1'), sql`select 1 / 0`.execute(tx), put(tx, 'fails 2')]),
          { mayRunAgain: round % 2 === 0 },
        )
        await expect(failed).rejects.toThrow(/division by zero/)
        const { rows } = await storage.tenant(a, (tx) => keysLike(tx, 'fails %'))
        expect(rows).toEqual([])
      }
    })

    test('a statement that comes after the end of its transaction is refused', async () => {
      const { storage, a } = the()
      let over = (): void => undefined
      const ended = new Promise<void>((done) => {
        over = done
      })
      let late: Promise<unknown> = Promise.resolve()
      const work = storage.tenant(a, (tx) => {
        late = ended.then(() => put(tx, 'late'))
        return Promise.all([late, sql`select 1 / 0`.execute(tx)])
      })
      await expect(work).rejects.toThrow(/division by zero/)
      over()
      await expect(late).rejects.toThrow(/transaction is over/)
      expect((await storage.tenant(a, (tx) => keysLike(tx, 'late'))).rows).toEqual([])
    })

    test.each([{ mayRunAgain: true }, { mayRunAgain: false }])(
      'a connection was cut while idle: $mayRunAgain',
      async (options) => {
        const { storage, a, url } = the()
        const key = `cut ${options.mayRunAgain}`
        await storage.tenant(a, (tx) => keysLike(tx, key))
        cutUnseen(url)
        let runs = 0
        await storage.tenant(
          a,
          (tx) => {
            runs++
            return put(tx, key)
          },
          options,
        )
        expect(runs > 1).toBe(options.mayRunAgain)
        expect((await storage.tenant(a, (tx) => keysLike(tx, key))).rows).toHaveLength(1)
      },
    )

    test('what was cut after BEGIN was answered is not run again', async () => {
      const { storage, a, url } = the()
      let runs = 0
      const work = storage.tenant(
        a,
        async (tx) => {
          runs++
          await put(tx, 'cut in the middle')
          cutUnseen(url)
          await put(tx, 'after the cut')
        },
        { mayRunAgain: true },
      )
      await expect(work).rejects.toThrow(/terminat|EPIPE|ECONNRESET/)
      expect(runs).toBe(1)
      expect((await storage.tenant(a, (tx) => keysLike(tx, '%cut%'))).rows.map((r) => r.key)).not.toContain(
        'cut in the middle',
      )
    })
  })
}
