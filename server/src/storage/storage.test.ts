import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { tenantWalls } from './index.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())

test('every table of ours is keyed by tenant first and walled by row-level security', async () => {
  expect(await tenantWalls(t.storage)).toEqual([])
})

describe('the wall between tenants', () => {
  test('without a tenant nothing shows', async () => {
    expect(await t.storage.db.selectFrom('tenant').selectAll().execute()).toEqual([])
    const own = await t.storage.tenant(t.a, (tx) => tx.selectFrom('tenant').select('name').execute())
    expect(own).toEqual([{ name: 'Kontor' }])
    expect(await t.storage.tenants()).toEqual([t.a, t.b].sort())
  })

  test('a foreign tenant_id cannot be written', async () => {
    const steal = t.storage.tenant(t.a, (tx) => tx.updateTable('tenant').set({ tenant_id: t.b }).execute())
    await expect(steal).rejects.toThrow(/row-level security/)
    const set = await t.storage.tenant(t.a, (tx) =>
      tx.updateTable('tenant').set({ name: 'x' }).where('tenant_id', '=', t.b).executeTakeFirst(),
    )
    expect(set.numUpdatedRows).toBe(0n)
  })

  test('a setting does not outlive its transaction', async () => {
    await t.storage.tenant(t.a, (tx) => sql`select 1`.execute(tx))
    for (let i = 0; i < 5; i++) expect(await t.storage.db.selectFrom('tenant').selectAll().execute()).toEqual([])
  })
})
