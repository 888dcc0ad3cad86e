import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { TenantId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import { list, migrations, record, SYSTEM, verify } from './index.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage({ migrations: [migrations] })
})
afterAll(() => t.close())

const ann = { user: 'u-ann', name: 'Ann' }
const write = (tenant: TenantId, n: number) =>
  t.storage.tenant(tenant, async (tx) => {
    await record(tx, {
      actor: ann,
      action: 'message.preview',
      subject: { kind: 'message', id: `m${n}` },
      detail: { n, text: 'ü\u0000|1:' },
    })
  })

/** As an intruder with the database owner's rights would: the trigger switched off. */
const tamper = (tenant: TenantId, how: (tx: Tx) => Promise<unknown>) =>
  t.storage.tenant(tenant, async (tx) => {
    await sql`alter table audit_entry disable trigger user`.execute(tx)
    await how(tx)
    await sql`alter table audit_entry enable trigger user`.execute(tx)
  })

let fresh: TenantId
beforeEach(async () => {
  fresh = await t.storage.createTenant('fresh')
  for (let n = 1; n <= 5; n++) await write(fresh, n)
})
const check = (tenant: TenantId, pinned?: { seq: number; hash: string }) =>
  t.storage.tenant(tenant, (tx) => verify(tx, pinned))

describe('the audit log', () => {
  test('keeps what was done, newest first, in each tenant by itself', async () => {
    for (const tenant of [t.a, t.b]) for (let n = 1; n <= 3; n++) await write(tenant, n)
    for (const tenant of [t.a, t.b]) {
      const entries = await t.storage.tenant(tenant, (tx) => list(tx, { limit: 10 }))
      expect(entries.map((e) => [e.seq, e.subject?.id, e.actor])).toEqual([
        [3, 'm3', 'Ann'],
        [2, 'm2', 'Ann'],
        [1, 'm1', 'Ann'],
      ])
      expect(await check(tenant)).toMatchObject({ ok: true, entries: 3, head: { seq: 3 } })
    }
  })

  test('an entry of a transaction that was rolled back leaves no gap', async () => {
    await t.storage
      .tenant(fresh, async (tx) => {
        await record(tx, { actor: SYSTEM, action: 'never.happened' })
        throw new Error('rolled back')
      })
      .catch(() => {})
    await write(fresh, 6)
    expect(await check(fresh)).toMatchObject({ ok: true, entries: 6 })
  })

  test('many at once make one chain, and do not wait for the work of each other', async () => {
    const { promise: others, resolve: goOn } = Promise.withResolvers<void>()
    const slow = t.storage.tenant(fresh, async (tx) => {
      await record(tx, { actor: SYSTEM, action: 'slow' })
      await others
    })
    await Promise.all(Array.from({ length: 40 }, (_, n) => write(fresh, 100 + n)))
    goOn()
    await slow
    expect(await check(fresh)).toMatchObject({ ok: true, entries: 46 })
  })

  test('two entries of one transaction both get their place', async () => {
    await t.storage.tenant(fresh, async (tx) => {
      await record(tx, { actor: ann, action: 'one' })
      await record(tx, { actor: ann, action: 'two' })
    })
    const [two, one] = await t.storage.tenant(fresh, (tx) => list(tx, { limit: 2 }))
    expect([one?.action, two?.action, two?.seq]).toEqual(['one', 'two', 7])
  })
})

describe('tampering', () => {
  test('is refused by the database: no change, no removal, no emptying', async () => {
    for (const how of [
      sql`update audit_entry set detail = '{}'`,
      sql`update audit_entry set hash = 'x'`,
      sql`delete from audit_entry`,
      sql`truncate audit_entry`,
    ])
      await expect(t.storage.tenant(fresh, (tx) => how.execute(tx))).rejects.toThrow(/cannot be changed or removed/)
  })

  test.each([
    ['changed', sql`update audit_entry set detail = '{"n": 99}' where seq = 3`, /Entry 3 was changed/],
    ['renamed actor', sql`update audit_entry set actor_name = 'Bob' where seq = 3`, /Entry 3 was changed/],
    ['removed', sql`delete from audit_entry where seq = 3`, /Entry 3 is missing/],
    ['cut off', sql`delete from audit_entry where seq > 3`, /newest were cut off/],
    [
      'exchanged',
      sql`update audit_entry set seq = case seq when 2 then 103 when 3 then 2 end where seq in (2, 3)`,
      /does not follow|changed/,
    ],
  ])('shows when entries were %s behind its back', async (_, statement, says) => {
    await tamper(fresh, (tx) => statement.execute(tx))
    const { ok, problems } = await check(fresh)
    expect(ok).toBe(false)
    expect(problems.join('\n')).toMatch(says)
  })

  test('a chain rewritten as a whole shows against a head that was noted down', async () => {
    const { head } = await check(fresh)
    if (!head) throw new Error('no head')
    await tamper(fresh, async (tx) => {
      await sql`delete from audit_entry`.execute(tx)
      await sql`delete from audit_head`.execute(tx)
    })
    for (let n = 1; n <= 6; n++) await write(fresh, n * 10)
    expect((await check(fresh)).ok).toBe(true)
    expect((await check(fresh, head)).problems.join()).toMatch(/the chain was rewritten/)
  })
})
