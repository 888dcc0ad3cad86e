// From every version of the remediation's tables to today's, with the rows that it has written: nothing of them is lost, what was begun is
// ended, and what was done is undone exactly.
import { readdirSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { type ActionId, onCrashPoint } from '../src/base/index.ts'
import * as lists from '../src/lists/index.ts'
import { ALL_MIGRATIONS } from '../src/migrations.ts'
import { timeline } from '../src/records/index.ts'
import { migrate, tenantWalls } from '../src/storage/index.ts'
import { copyBack } from './rig/as-of-old.ts'
import { Office, people } from './rig/memory-office.ts'
import { older } from './rig/older.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

/** How many migrations each room had when the remediation's got its latest one. A new one adds the row of the version before it. */
const BEFORE = { audit: 1, access: 1, lists: 2, detection: 1, intake: 1, submissions: 1 }
const LATELY = {
  ...BEFORE,
  organisation: 7,
  records: 10,
  quarantine: 5,
  explorer: 1,
  access: 2,
  detection: 2,
  intake: 2,
}
const VERSIONS = [
  { ...{ audit: 1, access: 1, lists: 1, organisation: 1, records: 1 }, remediation: 1 },
  { ...{ audit: 1, access: 1, lists: 1, organisation: 3, records: 5, submissions: 1 }, remediation: 2 },
  { ...{ audit: 1, access: 1, lists: 2, organisation: 4, records: 5, submissions: 1 }, remediation: 3 },
  { ...{ audit: 1, access: 1, lists: 2, organisation: 4, records: 5, submissions: 1 }, remediation: 4 },
  { ...BEFORE, organisation: 4, records: 5, quarantine: 1, remediation: 5 },
  { ...BEFORE, organisation: 7, records: 7, quarantine: 4, remediation: 6 },
  { ...BEFORE, organisation: 7, records: 8, quarantine: 5, explorer: 1, remediation: 7 },
  { ...BEFORE, organisation: 7, records: 9, quarantine: 5, explorer: 1, access: 2, remediation: 8 },
  { ...BEFORE, organisation: 7, records: 9, quarantine: 5, explorer: 1, access: 2, remediation: 9 },
  { ...BEFORE, organisation: 7, records: 9, quarantine: 5, explorer: 1, access: 2, remediation: 10 },
  { ...BEFORE, organisation: 7, records: 10, quarantine: 5, explorer: 1, access: 2, detection: 2, remediation: 11 },
  { ...LATELY, remediation: 12 },
  { ...LATELY, remediation: 13 },
]

const open: (() => unknown)[] = []
afterAll(async () => {
  for (const close of open.toReversed()) await close()
})
async function database(options: Parameters<typeof testStorage>[0] = {}): Promise<TestStorage> {
  const t = await testStorage(options)
  open.push(() => t.close())
  return t
}

/** A take that is done, one that was taken back, one that waits for approval, one whose process was killed at its MOVE; and one message held. */
async function history(o: Office, t: TestStorage) {
  const entry = await t.storage.tenant(o.tenant, (tx) => {
    const value = { action: 'block', kind: 'url-domain', value: 'bad.example' } as const
    return lists.addEntry(tx, t.storage.outbox, { user: 'u1', name: 'Ada' }, value)
  })
  const deliver = async () => (await o.deliver(['ann', 'bob'])).copies
  const [first, second, third, fourth] = [await deliver(), await deliver(), await deliver(), await deliver()]
  const before = o.snapshots()
  const held = await o.hold(['ann'])
  const taken = await o.run({ kind: 'soft-delete', cause: { kind: 'entry', id: entry.id, version: 1 } }, first)
  const undone = await o.undo(await o.run({ kind: 'move', target: 'junk' }, second))
  const proposed = { kind: 'hard-delete', propose: true, select: { deliveryIds: third.map((c) => c.id) } } as const
  const { id: waiting } = await o.service.submit(o.analyst(), proposed)
  const { id: begun } = await o.service.submit(o.analyst(), {
    kind: 'quarantine',
    select: { deliveryIds: fourth.map((c) => c.id) },
  })
  const doomed = o.restarted()
  onCrashPoint((point) => {
    if (point !== 'mailboxes.after-move') return
    void doomed.stop()
    throw new Error('killed')
  })
  await doomed.drain(o.tenant).finally(() => onCrashPoint(null))
  return { before, held: held.copies, entry: entry.id, taken, undone, waiting, begun, of: first[0]?.messageId }
}
type History = Awaited<ReturnType<typeof history>>

/** What the product says of it all. */
async function told(o: Office, t: TestStorage, { entry, taken, undone, waiting, of }: History) {
  const action = async (id: ActionId) => ({ view: await o.view(id), items: await o.items(id) })
  const rest = await t.storage.tenant(o.tenant, async (tx) => ({
    entry: await lists.getEntry(tx, entry),
    held: await tx.selectFrom('held_copy').select(['delivery_id', 'reason', 'policy_name', 'state']).execute(),
    timeline: of ? (await timeline(tx, of)).map(({ tenant_id: _, ...event }) => event) : [],
  }))
  return { ...rest, taken: await action(taken), undone: await action(undone), waiting: await action(waiting) }
}

test('every version before today’s is tried', () => {
  const own = ALL_MIGRATIONS.find((m) => m.room === 'remediation')
  const files = own ? readdirSync(own.dir).filter((name) => name.endsWith('.sql')) : []
  expect(VERSIONS.map((v) => v.remediation)).toEqual(files.slice(0, -1).map((_, n) => n + 1))
})

test.each(VERSIONS)(
  'remediation $remediation: whole after the upgrade, what was begun is ended, all of it undone exactly',
  async (version) => {
    const today = await database()
    const all = await people(today)
    const writer = new Office(today, today.a, all)
    open.push(() => writer.close())
    const past = await history(writer, today)
    const said = await told(writer, today, past)

    const then = older(version)
    open.push(then.drop)
    const old = await database({ migrations: then.migrations })
    await copyBack(today, old, version.remediation)
    await migrate(old.storage, ALL_MIGRATIONS)
    expect(await tenantWalls(old.storage)).toEqual([])
    const mailboxes = new Map([[old.a, all.get(today.a) ?? new Map()]])
    const o = new Office(old, old.a, mailboxes, { provider: writer.provider })
    open.push(() => o.close())
    expect(await told(o, old, past)).toEqual(said)

    await o.service.drain(o.tenant)
    expect((await o.items(past.begun)).map((i) => i.state)).toEqual(['done', 'done'])
    await o.service.reject(o.analyst(), past.waiting)
    for (const id of [past.begun, past.taken]) {
      await o.undo(id)
      expect((await o.view(id)).state).toBe('undone')
    }
    expect([o.snapshots(), o.held().flat()]).toEqual([past.before, []])
    const redone = await o.undo(past.undone)
    expect(o.snapshots()).not.toEqual(past.before)
    await o.undo(redone)
    expect(o.snapshots()).toEqual(past.before)
    const released = await o.run({ kind: 'release' }, past.held)
    expect((await o.items(released)).map((i) => i.state)).toEqual(['done'])
  },
)
