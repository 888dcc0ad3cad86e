import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Office, people } from '../../../test/rig/memory-office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import { History } from '../../../test/simulation/history.ts'
import { SimProcess } from '../../../test/simulation/process.ts'
import type { ActionId } from '../../base/index.ts'

let t: TestStorage
let all: Awaited<ReturnType<typeof people>>
let office: Office
let workers: SimProcess[] = []
beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
})
afterAll(() => t.close())
beforeEach(() => {
  office = new Office(t, t.a, all)
})
afterEach(async () => {
  await Promise.all(workers.map((w) => w.stop()))
  workers = []
  await office.close()
})

/** A worker that stands still (or dies) at the first passing of a point, and is not told of anything meanwhile. */
function stalledAt(point: string, how: 'stall' | 'crash' = 'stall'): SimProcess {
  const worker = new SimProcess(`worker-${workers.length + 1}`, {
    storage: t.storage,
    provider: office.provider,
    watch: { history: new History(), knows: () => false, peek: async () => [] },
    clock: () => office.now(),
    tuning: { perServer: 1, leaseMs: 60_000, deadlineMs: 1000, backoffMs: 60_000, lookEveryMs: 600_000 },
    hit: () => {},
  })
  worker.arm({ at: point, nth: 1, how })
  workers.push(worker)
  return worker
}

/** So much time goes by in the database that the lease and the last command under it are over; its holder does not know. */
const leaseRunsOut = () =>
  t.storage.tenant(t.a, (tx) =>
    sql`update lease set expires_at = clock_timestamp() - interval '1 hour' where holder is not null`.execute(tx),
  )

const epochNow = () =>
  t.storage.tenant(t.a, async (tx) => {
    const held = await sql<{ epoch: number }>`select epoch from lease where holder is not null`.execute(tx)
    return held.rows.map((r) => r.epoch)
  })

/** All that is written down of an action's items, and what lies in the mailboxes. */
async function everything(action: ActionId) {
  const written = await t.storage.tenant(t.a, async (tx) => ({
    items: (await sql`select * from action_item where action_id = ${action}`.execute(tx)).rows,
    steps: (await sql`select * from item_history where action_id = ${action} order by at, from_state`.execute(tx)).rows,
    batches: (await sql`select * from item_batch`.execute(tx)).rows,
    copies: (await sql`select id, latest_location, ref from delivery order by id`.execute(tx)).rows,
  }))
  return { ...written, folders: office.snapshots(), held: office.held() }
}

test.each([
  // Where the first stands still, where the second is when it goes on, and what the first would do then.
  ['read', 'read', 'begin what the other is about to begin'],
  ['before-move', 'after-move', 'call for another attempt at what the other has just moved'],
  ['after-move', 'after-settle', 'write down as done what the other is settling'],
])(
  'a worker that stood still at %s beyond its lease, while another one came to %s, must not %s (lesson #41)',
  async (stall, meanwhile) => {
    const { copies } = await office.deliver(['ann'])
    const select = { deliveryIds: copies.map((c) => c.id) }
    const { id } = await office.service.submit(office.analyst(), { kind: 'quarantine', select })
    const first = stalledAt(stall)
    await first.drain(t.a)
    expect(first.stalled, `${stall} was never passed`).toBe(true)
    await leaseRunsOut()
    const second = stalledAt(meanwhile)
    await second.drain(t.a)
    expect(second.stalled, `${meanwhile} was never passed`).toBe(true)

    const held = await everything(id)
    const [epoch] = await epochNow()
    await first.release()
    expect(await everything(id)).toEqual(held)

    await second.release()
    const { items } = await everything(id)
    expect(items).toMatchObject([{ state: 'done', epoch }])
    expect((await office.view(id)).counts).toMatchObject({ total: 1, done: 1, verified: 1 })
    expect(office.held().flat()).toHaveLength(1)
  },
)

/** The holder's process has died a while ago: nobody has its lock any more. So long its last command may still run. */
const holderDied = (echoMs: number) =>
  t.storage.tenant(t.a, (tx) =>
    sql`update lease set process = 1, gone_at = clock_timestamp() - interval '5 seconds', deadline_ms = ${5000 + echoMs}
      where holder is not null`.execute(tx),
  )

/** What a dead worker had asked for comes only now: taken out of the mailbox again, and back after a while. */
function comesLater(ms: number): Promise<void> {
  const user = office.user('ann')
  const [there] = user.list('INBOX')
  if (!there) throw new Error('it never came')
  const bytes = user.bytes('INBOX', there.ref.uid)
  user.expunge('INBOX', there.ref.uid)
  const state = { flags: [...there.flags, ...there.keywords], date: there.internalDate }
  return new Promise((done) => {
    setTimeout(() => {
      user.append('INBOX', bytes, state)
      done()
    }, ms)
  })
}

describe('the worker is dead, and what it had asked for last comes after another one has taken over', () => {
  test('a hand-over: one delivery', async () => {
    const { copies } = await office.hold(['ann'])
    const select = { deliveryIds: copies.map((c) => c.id) }
    const { id } = await office.service.submit(office.analyst(), { kind: 'release', select })
    const first = stalledAt('after-deliver', 'crash')
    await first.drain(t.a)
    expect(first.dead).toBe(true)
    await holderDied(1500)
    const late = comesLater(700)
    await office.service.drain(t.a)
    await late
    expect(office.user('ann').list('INBOX')).toHaveLength(1)
    expect((await office.view(id)).counts).toMatchObject({ total: 1, done: 1, verified: 1 })
  })

  test('an APPEND from the vault: one copy', async () => {
    const { copies } = await office.deliver(['ann'])
    const id = await office.run({ kind: 'quarantine' }, copies)
    const [held] = office.user('ann').held()
    if (!held) throw new Error('nothing is held')
    for (const copy of office.user('ann').list(held.folder)) office.user('ann').expunge(held.folder, copy.ref.uid)
    const undo = await office.service.submitUndo(office.analyst(), id)
    const first = stalledAt('after-append', 'crash')
    await first.drain(t.a)
    expect(first.dead).toBe(true)
    await holderDied(1500)
    const late = comesLater(700)
    await office.service.drain(t.a)
    await late
    expect(office.user('ann').list('INBOX')).toHaveLength(1)
    expect((await office.view(undo.id)).counts).toMatchObject({ total: 1, done: 1, verified: 1 })
  })
})
