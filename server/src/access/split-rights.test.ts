import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { uuidv7 } from '../base/index.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())

const OLD = {
  neither: ['mail.read'],
  lists: ['lists.write', 'mail.read'],
  approves: ['remediation.approve'],
  both: ['lists.write', 'remediation.approve'],
  given: ['lists.write', 'lists.allow'],
}

test('tokens of a database from before the rights were split keep what they could do, in every organisation', async () => {
  for (const tenant of [t.a, t.b])
    await t.storage.tenant(tenant, async (tx) => {
      for (const [name, permissions] of Object.entries(OLD))
        await sql`insert into api_token (tenant_id, id, name, hash, permissions, created_by)
          values (${tenant}, ${uuidv7()}, ${name}, ${name}, ${permissions}::text[], 'Ada')`.execute(tx)
    })
  const file = readFileSync(new URL('./migrations/002-split-rights.sql', import.meta.url), 'utf8')
  await t.storage.db.transaction().execute((tx) => sql.raw(file).execute(tx))
  for (const tenant of [t.a, t.b]) {
    const rows = await t.storage.tenant(tenant, (tx) =>
      sql<{ name: string; permissions: string[] }>`select name, permissions from api_token order by id`.execute(tx),
    )
    expect(Object.fromEntries(rows.rows.map((r) => [r.name, r.permissions]))).toEqual({
      neither: ['mail.read'],
      lists: ['lists.write', 'mail.read', 'lists.allow'],
      approves: ['remediation.approve', 'remediation.purge'],
      both: ['lists.write', 'remediation.approve', 'lists.allow', 'remediation.purge'],
      given: ['lists.write', 'lists.allow'],
    })
  }
})
