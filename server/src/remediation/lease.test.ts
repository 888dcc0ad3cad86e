import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Office, people } from '../../test/rig/memory-office.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { History } from '../../test/simulation/history.ts'
import { SimProcess } from '../../test/simulation/process.ts'
import type { ActionId } from '../base/index.ts'

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

/** A worker that stands still at the first passing of a point, and is not told of anything meanwhile. */
function stalledAt(point: string): SimProcess {
  const worker = new SimProcess(`worker-${workers.length + 1}`, {
    storage: t.storage,
    provider: office.provider,
    watch: { history: new History(), knows: () => false, peek: async () => [] },
    clock: () => office.now(),
    tuning: { perServer: 1, leaseMs: 60_000, deadlineMs: 1000, backoffMs: 60_000, lookEveryMs: 600_000 },
    hit: () => {},
  })
  worker.arm({ at: point, nth: 1, how: 'stall' })
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
