import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { NAMES, Office, people } from '../../../test/rig/memory-office.ts'
import { clusterDir, ownCluster } from '../../../test/rig/postgres.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import { type ActionId, onCrashPoint } from '../../base/index.ts'
import type { Cluster } from '../../storage/index.ts'

// What became of a MOVE is committed without waiting for the disk: with a database that crashes at that moment it is lost, the intent is not.

let cluster: Cluster
let t: TestStorage
let all: Awaited<ReturnType<typeof people>>
let office: Office
const dir = clusterDir()
beforeAll(async () => {
  // What is not waited for stays in the memory of PostgreSQL for so long.
  cluster = await ownCluster({ dir, settings: { wal_writer_delay: '10000ms' } })
  t = await testStorage({ socket: cluster.socketDir })
  all = await people(t)
  office = new Office(t, t.a, all)
})
afterEach(() => onCrashPoint(null))
afterAll(async () => {
  await office.close()
  await t.close()
  await cluster.stop()
})

const PATIENCE = { timeout: 60_000, interval: 200 }

const postmaster = () => Number(readFileSync(join(dir, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])

const written = (action: ActionId) =>
  t.storage.tenant(t.a, async (tx) => {
    const items = await sql<{ state: string; verified: boolean }>`
      select state, verified_at is not null as verified from action_item where action_id = ${action}`.execute(tx)
    const steps = await sql<{ step: string }>`
      select from_state || ' → ' || to_state as step from item_history where action_id = ${action} order by seq`.execute(
      tx,
    )
    const told = await sql<{ n: number }>`
      select count(*)::int as n from message_event where detail->>'actionId' = ${action}`.execute(tx)
    return { items: items.rows, steps: steps.rows.map((r) => r.step), told: told.rows[0]?.n ?? 0 }
  })

/** PostgreSQL ends as in a power failure when this point is passed, and starts again; the worker that passed it does nothing more. */
async function crashing(point: string, work: (office: Office) => Promise<ActionId>): Promise<void> {
  const doomed = new Office(t, t.a, all, { provider: office.provider })
  let hit = false
  onCrashPoint((name) => {
    if (name !== point || hit) return
    hit = true
    process.kill(postmaster(), 'SIGQUIT')
    void doomed.close()
  })
  const crashed = postmaster()
  await work(doomed).catch(() => {})
  onCrashPoint(null)
  expect(hit, `${point} was never passed`).toBe(true)
  await vi.waitFor(async () => {
    expect(postmaster()).not.toBe(crashed)
    await written('00000000-0000-7000-8000-000000000000' as ActionId)
  }, PATIENCE)
}

async function newest(): Promise<ActionId> {
  const rows = await t.storage.tenant(t.a, (tx) =>
    sql<{ id: ActionId }>`select id from action order by created_at desc, id desc limit 1`.execute(tx),
  )
  const id = rows.rows[0]?.id
  if (!id) throw new Error('no action')
  return id
}

const LOST = { items: [{ state: 'executing', verified: false }], steps: ['approved → executing'], told: 0 }
const KEPT = {
  items: [{ state: 'done', verified: true }],
  steps: ['approved → executing', 'executing → done'],
  told: 1,
}

/** A take and its undo in one mailbox, the outcome of each lost. False: one came to the disk all the same, and the case is worth nothing. */
async function bothLost(name: string): Promise<boolean> {
  const { copies } = await office.deliver([name])
  const before = office.snapshots()
  for (const [point, state, work] of [
    ['remediation.after-done-commit', 'taken', (o: Office) => o.run({ kind: 'soft-delete' }, copies)],
    ['undo.after-done-commit', 'given back', async (o: Office) => o.undo(await newest())],
  ] as const) {
    await crashing(point, work)
    const action = await newest()
    const found = await written(action)
    expect([LOST, KEPT], state).toContainEqual(found)
    if (found.told > 0) return false
    const service = office.restarted()
    await vi.waitFor(async () => {
      office.later(2000)
      await service.drain(t.a)
      expect((await written(action)).items, state).toEqual(KEPT.items)
    }, PATIENCE)
    await service.stop()
    expect(await written(action), state).toEqual(KEPT)
    const user = office.user(name)
    expect({ inbox: user.list('INBOX').length, held: user.held().length }, state).toEqual(
      state === 'taken' ? { inbox: 0, held: 1 } : { inbox: 1, held: 0 },
    )
  }
  expect(office.snapshots()).toEqual(before)
  return true
}

test('the database crashes right after it was told that a copy was taken, or given back: the intent is there, and it is settled once', async () => {
  // Another transaction that is waited for brings what went before it to the disk, too: then once more, in another mailbox.
  for (const name of NAMES) if (await bothLost(name)) return
  expect.fail('the outcome came to the disk each time')
})
