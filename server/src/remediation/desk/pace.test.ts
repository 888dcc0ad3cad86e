import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Office, people } from '../../../test/rig/memory-office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import type { TenantId } from '../../base/index.ts'
import type { Mailbox } from '../../organisation/index.ts'
import { Pace, type Rates } from './pace.ts'

const MINUTE = 60_000
const none: Rates = { perServer: null, perMailbox: null }

test('without a limit everything may go at once', () => {
  const pace = new Pace(none)
  expect([pace.take('s', 'm', 5000, 0), pace.wait('s', 'm', 0)]).toEqual([5000, 0])
})

test('a server’s rate counts for all its mailboxes together, and no other server', () => {
  const pace = new Pace({ ...none, perServer: 60 })
  expect(pace.take('one', 'ann', 8, 0)).toBe(8)
  expect(pace.take('one', 'bob', 8, 0)).toBe(2)
  expect([pace.take('one', 'cem', 1, 500), Math.round(pace.wait('one', 'cem', 500) / 10)]).toEqual([0, 50])
  expect(pace.take('one', 'cem', 5, 3000)).toBe(3)
  expect(pace.take('two', 'ann', 50, 0)).toBe(10)
})

test('whatever comes when, no more goes in any time than the rate and one burst; a clock that stands or goes back gives nothing', () => {
  const pace = new Pace({ perServer: 600, perMailbox: 120 })
  let gone = 0
  for (let ms = 0; ms < 10 * MINUTE; ms += 137) gone += pace.take('s', 'm', (ms % 7) * 5, ms)
  expect(gone).toBeLessThanOrEqual(10 * 120 + 20)
  expect(gone).toBeGreaterThan(10 * 120 - 20)
  const still = new Pace({ ...none, perMailbox: 6 })
  expect([1, 1, 1].map((n, i) => still.take('s', 'm', n, 1000 - i * 500))).toEqual([1, 0, 0])
})

let t: TestStorage
let all: ReadonlyMap<TenantId, ReadonlyMap<string, Mailbox>>
let office: Office | undefined
beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
})
afterEach(async () => {
  await office?.close()
})
afterAll(() => t.close())

test('an action goes on at the pace of mailbox and server, comes to its end, and holds no mailbox meanwhile', async () => {
  const o = new Office(t, t.a, all, { tuning: { rates: { perServer: 18, perMailbox: 12 } } })
  office = o
  const copies = []
  for (const to of ['ann', 'ann', 'ann', 'ann', 'ann', 'bob', 'bob']) copies.push(...(await o.deliver([to])).copies)
  const before = o.snapshots()
  const held = () => o.held().map((h) => h.length)
  const id = await o.run({ kind: 'quarantine' }, copies)
  // A burst of ten seconds: three messages on the server, two of them in one mailbox.
  expect(held().reduce((a, b) => a + b)).toBe(3)
  expect(Math.max(...held())).toBeLessThanOrEqual(2)
  expect((await o.view(id)).state).toBe('running')
  const leased = await t.storage.tenant(t.a, (tx) =>
    tx.selectFrom('lease').select('resource').where('holder', 'is not', null).execute(),
  )
  expect(leased).toEqual([])
  o.later(MINUTE / 6)
  await o.service.drain(o.tenant)
  expect(held().reduce((a, b) => a + b)).toBeLessThanOrEqual(6)
  for (let n = 0; n < 6; n++) {
    o.later(MINUTE / 6)
    await o.service.drain(o.tenant)
  }
  expect(await o.view(id)).toMatchObject({ state: 'completed', counts: { total: 7, done: 7 } })
  expect(held().slice(0, 2)).toEqual([5, 2])
  await o.undo(id)
  for (let n = 0; n < 8; n++) {
    o.later(MINUTE / 6)
    await o.service.drain(o.tenant)
  }
  expect(o.snapshots()).toEqual(before)
})
