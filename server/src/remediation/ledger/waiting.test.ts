import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Office, people } from '../../../test/rig/memory-office.ts'
import type { Copy } from '../../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import type { TenantId } from '../../base/index.ts'
import type { Mailbox } from '../../organisation/index.ts'

let t: TestStorage
let all: ReadonlyMap<TenantId, ReadonlyMap<string, Mailbox>>
let o: Office
beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
})
beforeEach(() => {
  o = new Office(t, t.a, all, { tuning: { batch: 2 } })
})
afterEach(() => o.close())
afterAll(() => t.close())

/** Rows that wait: by action and mailbox, how many items each; and single items, those to be tried again later. */
const due = async () => {
  const { rows } = await t.storage.tenant(t.a, (tx) =>
    sql<{ rows: number[]; alone: number; later: number }>`select
      array(select cardinality(items) from action_due order by 1) as rows,
      (select count(*)::int from item_due where retry_at is null) as alone,
      (select count(*)::int from item_due where retry_at is not null) as later`.execute(tx),
  )
  return rows[0]
}
const NOTHING = { rows: [], alone: 0, later: 0 }
const five = async (): Promise<readonly Copy[]> => {
  const copies: Copy[] = []
  for (let n = 0; n < 5; n++) copies.push(...(await o.deliver(['ann', 'bob'])).copies)
  return copies
}

test('an action waits as one row for each mailbox, and nothing is left of it when its items have ended in several batches', async () => {
  const copies = await five()
  const before = o.snapshots()
  o.fails('ann', 'open', { error: 'unavailable' })
  o.fails('bob', 'open', { error: 'unavailable' })
  const { id } = await o.service.submit(o.analyst(), {
    kind: 'soft-delete',
    select: { deliveryIds: copies.map((c) => c.id) },
  })
  expect((await due())?.rows).toEqual([5, 5])
  await o.service.drain(t.a)
  for (let n = 0; n < 5 && (await o.view(id)).counts.done < 10; n++) {
    o.later(60_000)
    await o.service.drain(t.a)
  }
  expect((await o.view(id)).counts).toMatchObject({ done: 10, verified: 10 })
  expect(await due()).toEqual(NOTHING)
  await o.undo(id)
  expect(o.snapshots()).toEqual(before)
  expect(await due()).toEqual(NOTHING)
})

test('what failed waits by itself until its time has come; what others wait for does not hold it up', async () => {
  const copies = await five()
  o.fails('ann', 'move', { error: 'refused', inEarnest: true })
  const id = await o.run({ kind: 'soft-delete' }, copies)
  const { done, retrying } = (await o.view(id)).counts
  expect([done, retrying]).toEqual([8, 2])
  expect(await due()).toEqual({ ...NOTHING, later: 2 })
  o.later(60_000)
  await o.service.drain(t.a)
  expect((await o.view(id)).counts).toMatchObject({ done: 10, retrying: 0 })
  expect(await due()).toEqual(NOTHING)
})

test('what was cancelled waits no more, and is not worked on', async () => {
  const copies = await five()
  // The way back cannot be proven: all of it waits.
  o.fails('ann', 'move', { error: 'refused' })
  o.fails('bob', 'move', { error: 'refused' })
  const id = await o.run({ kind: 'soft-delete' }, copies)
  expect((await o.view(id)).counts.approved).toBe(10)
  expect((await due())?.rows).toEqual([5, 5])
  await o.service.cancel(o.analyst(), id)
  expect(await due()).toEqual(NOTHING)
  o.later(600_000)
  await o.service.drain(t.a)
  expect((await o.view(id)).counts).toMatchObject({ done: 0, skipped: 10 })
})

test('what was approved later waits like what is submitted', async () => {
  const copies = await five()
  const { id } = await o.service.submit(o.analyst(['remediation.propose']), {
    kind: 'soft-delete',
    select: { deliveryIds: copies.map((c) => c.id) },
  })
  expect(await due()).toEqual(NOTHING)
  await o.service.approve(o.analyst(), id)
  await o.service.drain(t.a)
  expect((await o.view(id)).counts).toMatchObject({ done: 10 })
  expect(await due()).toEqual(NOTHING)
})
