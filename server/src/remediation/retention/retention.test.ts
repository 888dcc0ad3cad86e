import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Office, people } from '../../../test/rig/memory-office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import type { TenantId } from '../../base/index.ts'
import { confirmClock, type Mailbox, setRetention } from '../../organisation/index.ts'
import { forgetBytes } from '../../records/index.ts'
import { retentionEffect } from './routes.ts'

let t: TestStorage
let all: ReadonlyMap<TenantId, ReadonlyMap<string, Mailbox>>
let o: Office
const DAY = 86_400_000
beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
})
beforeEach(async () => {
  await t.storage.tenant(t.a, (tx) => sql`delete from retention_clock`.execute(tx))
  await t.storage.tenant(t.a, (tx) => sql`delete from retention_version`.execute(tx))
  o = new Office(t, t.a, all)
  await o.service.endRetention(t.a)
})
afterEach(() => o.close())
afterAll(() => t.close())

/** Time goes by while nobody looks; then somebody says that the clock is right. */
async function days(n: number): Promise<{ copies: number; vault: number; clean: number; left: number }> {
  o.later(n * DAY)
  const doubted = await o.service.endRetention(t.a)
  expect(doubted).toMatchObject({ copies: 0, vault: 0 })
  await t.storage.tenant(t.a, (tx) => confirmClock(tx, o.now(), actor))
  return o.service.endRetention(t.a)
}
/** Time goes by, and the job looks every now and then. */
async function hours(n: number): Promise<number> {
  let copies = 0
  for (let k = 0; k < n; k += 2) {
    o.later(2 * 3_600_000)
    copies += (await o.service.endRetention(t.a)).copies
  }
  return copies
}
const actor = { user: '00000000-0000-7000-8000-000000000001', name: 'test' }
const set = (change: object) => t.storage.tenant(t.a, (tx) => setRetention(tx, t.storage.outbox, change, actor))
const vault = () =>
  t.storage.tenant(t.a, async (tx) => {
    const rows = await sql<{ n: number }>`select count(*)::int as n from vault`.execute(tx)
    return rows.rows[0]?.n ?? 0
  })
const locationOf = (id: string) =>
  t.storage.tenant(t.a, async (tx) => {
    const rows = await sql<{ at: string }>`select latest_location as at from delivery where id = ${id}::uuid`.execute(
      tx,
    )
    return rows.rows[0]?.at
  })

describe('soft-deleted mail', () => {
  test('explorer #77, air #124: after its days it is gone from our hold and the vault; an undo says so, before and after', async () => {
    const theirs = new Office(t, t.b, all)
    const foreign = await theirs.deliver(['ann', 'bob'])
    await theirs.run({ kind: 'soft-delete' }, foreign.copies)
    const before = await vault()
    const { copies } = await o.deliver(['ann', 'bob'])
    const id = await o.run({ kind: 'soft-delete' }, copies)
    await days(13)
    expect((await o.service.undoPreview(o.analyst(), id)).exact).toBe(2)
    expect((await days(2)).copies).toBe(2)
    expect(o.held().flat()).toEqual([])
    expect(await vault()).toBeLessThanOrEqual(before)
    expect(await locationOf(copies[0]?.id ?? '')).toBe('dropped')
    const reason = 'The retention of soft-deleted mail ended on 2026-05-16: its bytes are destroyed.'
    expect(await o.service.undoPreview(o.analyst(), id)).toMatchObject({
      copies: 0,
      impossible: [{ reason, count: 2 }],
    })
    await expect(o.service.submitUndo(o.analyst(), id)).rejects.toMatchObject({
      code: 'nothing-to-undo',
      message: reason,
    })
    expect(theirs.held().flat()).toHaveLength(2)
    await theirs.close()
  })

  test('an undo that was asked for in time is done, however long it waits', async () => {
    const { copies } = await o.deliver(['ann'])
    const before = o.snapshots()
    const id = await o.run({ kind: 'soft-delete' }, copies)
    await days(13)
    const { id: undo } = await o.service.submitUndo(o.analyst(['remediation.propose']), id)
    expect((await days(5)).copies).toBe(0)
    await o.service.approve(o.analyst(), undo)
    await o.service.drain(t.a)
    expect(o.snapshots()).toEqual(before)
  })

  test('brought back and deleted again, its time begins anew', async () => {
    const { copies } = await o.deliver(['ann'])
    const id = await o.run({ kind: 'soft-delete' }, copies)
    await days(10)
    await o.undo(id)
    const again = await o.run({ kind: 'soft-delete' }, copies)
    expect((await days(10)).copies).toBe(0)
    await o.undo(again)
    expect(o.user('ann').snapshot()).toHaveLength(1)
  })

  test('the user’s further copies go with it', async () => {
    const { copies } = await o.deliver(['ann'])
    o.user('ann').createFolder('Mine')
    o.user('ann').copy('INBOX', copies[0]?.ref?.uid ?? 0, 'Mine')
    await o.run({ kind: 'soft-delete' }, copies)
    expect(o.held().flat()).toHaveLength(2)
    await days(15)
    expect(o.held().flat()).toEqual([])
  })

  test('other mail in the same hold stays, also where the server has numbered the hold anew', async () => {
    const first = await o.deliver(['ann'])
    await o.run({ kind: 'soft-delete' }, first.copies)
    await days(10)
    const second = await o.deliver(['ann'])
    const later = await o.run({ kind: 'soft-delete' }, second.copies)
    o.user('ann').renumber('Recourse-Hold/soft-deleted')
    expect((await days(6)).copies).toBe(1)
    expect(o.held().flat()).toHaveLength(1)
    await o.undo(later)
    expect(o.user('ann').snapshot()).toHaveLength(1)
  })

  test('longer or shorter by the settings; hard-deleted mail has days of its own', async () => {
    await set({ softDeleted: 30, hardDeleted: 2 })
    const { copies } = await o.deliver(['ann', 'bob'])
    const hard = await o.run({ kind: 'hard-delete' }, copies.slice(0, 1))
    const soft = await o.run({ kind: 'soft-delete' }, copies.slice(1))
    expect((await days(20)).copies).toBe(1)
    expect((await o.service.undoPreview(o.analyst(), hard)).impossible[0]?.reason).toContain('hard-deleted')
    expect((await o.service.undoPreview(o.analyst(), soft)).exact).toBe(1)
    await o.undo(soft)
  })

  test('never in a mailbox, deleted in quarantine: its bytes go with its time', async () => {
    const { copies } = await o.hold(['ann'])
    const id = await o.run({ kind: 'soft-delete' }, copies)
    expect((await days(15)).copies).toBe(1)
    expect((await o.service.undoPreview(o.analyst(), id)).impossible).toHaveLength(1)
  })

  test('the server does not answer: nothing is written down, later it is done', async () => {
    const { copies } = await o.deliver(['ann'])
    await o.run({ kind: 'soft-delete' }, copies)
    await days(13.99)
    o.later(3_600_000)
    o.provider.failOnce('open', { error: 'unavailable' })
    expect(await o.service.endRetention(t.a)).toMatchObject({ copies: 0, left: 1 })
    expect(await locationOf(copies[0]?.id ?? '')).toBe('soft-deleted')
    expect(await o.service.endRetention(t.a)).toMatchObject({ copies: 1, left: 0 })
  })
})

describe('crashes and clocks', () => {
  test('stopped between the hold and the record: an undo still gets it from the vault, or the next run ends it', async () => {
    const { copies } = await o.deliver(['ann', 'bob'])
    const before = o.user('ann').snapshot()
    const id = await o.run({ kind: 'soft-delete' }, copies)
    await days(13.99)
    o.provider.failOnce('destroy', { lostReply: true }, o.mailbox('ann').login)
    o.provider.failOnce('destroy', { lostReply: true }, o.mailbox('bob').login)
    o.later(3_600_000)
    expect(await o.service.endRetention(t.a)).toMatchObject({ copies: 0, left: 2 })
    expect(o.held().flat()).toEqual([])
    const ann = (await o.items(id)).find((i) => i.recipient.startsWith('ann'))
    const undo = await o.undo(id, { items: ann ? [ann.id] : [] })
    expect((await o.items(undo))[0]).toMatchObject({ state: 'done', reason: expect.stringContaining('vault') })
    expect(o.user('ann').snapshot()).toEqual(before)
    expect((await o.service.endRetention(t.a)).copies).toBe(1)
    expect(await locationOf(copies[1]?.id ?? '')).toBe('dropped')
  })

  test('two processes at once: each copy ends once', async () => {
    const { copies } = await o.deliver(['ann', 'bob', 'cem'])
    await o.run({ kind: 'soft-delete' }, copies)
    await days(13.99)
    const other = o.restarted()
    o.later(3_600_000)
    await Promise.all([o.service.endRetention(t.a), other.endRetention(t.a)])
    await o.service.endRetention(t.a)
    expect(o.held().flat()).toEqual([])
    const events = await t.storage.tenant(t.a, async (tx) => {
      const rows = await sql<{ n: number }>`select count(*)::int as n from message_event where kind = 'expired'
        and message_id = ${copies[0]?.messageId ?? ''}::uuid`.execute(tx)
      return rows.rows[0]?.n
    })
    expect(events).toBe(3)
  })

  test('a clock that jumps months forward destroys nothing until it has run well for a day; set back, nothing at all', async () => {
    const { copies } = await o.deliver(['ann'])
    const before = o.snapshots()
    const id = await o.run({ kind: 'soft-delete' }, copies)
    o.later(100 * DAY)
    expect(await o.service.endRetention(t.a)).toMatchObject({ copies: 0, vault: 0 })
    expect(await hours(12)).toBe(0)
    o.later(-100 * DAY)
    expect(await hours(26)).toBe(0)
    expect((await o.service.undoPreview(o.analyst(), id)).exact).toBe(1)
    o.later(100 * DAY)
    expect(await hours(22)).toBe(0)
    expect(await hours(6)).toBe(1)
    expect(o.snapshots()).not.toEqual(before)
  })

  test('a retry that a clock set back has put months away is made now', async () => {
    const { copies } = await o.deliver(['ann'])
    o.later(100 * DAY)
    o.provider.failOnce('open', { error: 'unavailable' })
    const id = await o.run({ kind: 'soft-delete' }, copies)
    expect((await o.items(id))[0]?.state).toBe('failed')
    o.later(-100 * DAY)
    await o.service.drain(t.a)
    expect((await o.items(id))[0]?.state).toBe('done')
  })
})

describe('a shorter retention', () => {
  test('what it would end is counted before it is saved, and is what ends then', async () => {
    const change = { softDeleted: 1, hardDeleted: 1, clean: 3 }
    const theirs = await retentionEffect(t.storage, t.b, change, new Date(o.now().getTime() + 26 * 3_600_000))
    const { copies } = await o.deliver(['ann', 'bob'])
    await o.run({ kind: 'soft-delete' }, copies)
    const { mail } = await o.deliver(['ann'])
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set received_at = ${new Date(o.now().getTime() - 5 * DAY)} where id = ${mail.id}::uuid`.execute(
        tx,
      ),
    )
    expect(await hours(26)).toBe(0)
    const effect = await retentionEffect(t.storage, t.a, change, o.now())
    expect(effect.ends.softDeleted).toBeGreaterThanOrEqual(2)
    expect(effect.ends.clean).toBeGreaterThanOrEqual(1)
    expect((await retentionEffect(t.storage, t.b, change, o.now())).ends).toEqual(theirs.ends)
    const nothing = { softDeleted: 0, hardDeleted: 0, clean: 0 }
    for (const longer of [{}, { softDeleted: 30, clean: 3650 }, { quarantine: { spam: 1 }, moved: 1 }])
      expect((await retentionEffect(t.storage, t.a, longer, o.now())).ends).toEqual(nothing)
    await expect(retentionEffect(t.storage, t.a, { softDeleted: 0 }, o.now())).rejects.toMatchObject({ status: 422 })
    expect(await o.service.endRetention(t.a)).toMatchObject({ copies: 0, clean: 0 })
    await set(change)
    expect(await o.service.endRetention(t.a)).toMatchObject({
      copies: effect.ends.softDeleted + effect.ends.hardDeleted,
      clean: effect.ends.clean,
    })
    expect(await locationOf(copies[0]?.id ?? '')).toBe('dropped')
  })
})

describe('bytes', () => {
  test('the vault lets go of what was moved, when its time is over; the undo needs it no more', async () => {
    await set({ moved: 3 })
    const { copies } = await o.deliver(['ann'])
    const before = o.snapshots()
    const n = await vault()
    const id = await o.run({ kind: 'move', target: 'junk' }, copies)
    expect(await vault()).toBe(n + 1)
    await days(4)
    expect(await vault()).toBeLessThanOrEqual(n)
    await o.undo(id)
    expect(o.snapshots()).toEqual(before)
  })

  test('clean mail’s bytes go, what the vault has of it stays until its own time', async () => {
    await set({ clean: 0 })
    const { mail, copies } = await o.deliver(['ann', 'bob'])
    const before = o.user('bob').snapshot()
    const id = await o.run({ kind: 'move', target: 'junk' }, copies.slice(0, 1))
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set received_at = '2026-04-30T00:00:00Z' where id = ${mail.id}::uuid`.execute(tx),
    )
    await days(1)
    const key = await t.storage.tenant(t.a, async (tx) => {
      const rows = await sql<{ k: string }>`select blob_key as k from message where id = ${mail.id}::uuid`.execute(tx)
      return rows.rows[0]?.k
    })
    expect(key).toBe('')
    // Nothing was swept that the vault needs, and a take without the message's bytes keeps its own.
    await t.storage.blobs.sweep(t.a, { graceMs: 0 })
    const second = await o.run({ kind: 'soft-delete' }, copies.slice(1))
    await t.storage.blobs.sweep(t.a, { graceMs: 0 })
    for (const name of ['ann', 'bob']) {
      for (const folder of ['Junk', 'Recourse-Hold/soft-deleted']) {
        for (const c of o.user(name).list(folder)) o.user(name).expunge(folder, c.ref.uid)
      }
    }
    await o.undo(second)
    expect(o.user('bob').snapshot()).toEqual(before)
    expect((await o.items(await o.undo(id)))[0]?.state).toBe('not-found')
  })

  test('a message that lets go of its bytes while they are being reused: never both', async () => {
    const blob = await t.storage.blobs.put(t.a, Buffer.from(`once ${Math.random()}`))
    let swept: Promise<number> | null = null
    await t.storage.tenant(t.a, async (tx) => {
      await t.storage.blobs.reuse(tx, [blob.key])
      swept = t.storage.blobs.sweep(t.a, { graceMs: 0 })
      await new Promise((done) => setTimeout(done, 200))
      expect(await t.storage.blobs.has(t.a, blob.key)).toBe(true)
    })
    expect(await swept).toBeGreaterThanOrEqual(1)
    await expect(t.storage.tenant(t.a, (tx) => t.storage.blobs.reuse(tx, [blob.key]))).rejects.toMatchObject({
      code: 'blob-missing',
    })
  })

  test('what is held or deleted keeps its message’s bytes', async () => {
    const { mail, copies } = await o.deliver(['ann'])
    await o.run({ kind: 'soft-delete' }, copies)
    expect(await t.storage.tenant(t.a, (tx) => forgetBytes(tx, [mail.id]))).toBe(0)
  })
})
