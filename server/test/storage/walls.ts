import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { tenantWalls } from '../../src/storage/walls.ts'
import type { TestStorage } from '../rig/storage.ts'

/** Nobody sees or writes another tenant's rows, whatever they ask for. */
export function wallCases(the: () => TestStorage): void {
  test('every table of ours is keyed by tenant first and walled by row-level security', async () => {
    expect(await tenantWalls(the().storage)).toEqual([])
  })

  test('the check of the walls sees what is wrong', async () => {
    const { storage } = the()
    await sql`create table naked (id uuid primary key)`.execute(storage.db)
    await sql`create table half (tenant_id uuid, id uuid unique, primary key (tenant_id, id))`.execute(storage.db)
    await sql`alter table half enable row level security`.execute(storage.db)
    await sql`create table child (tenant_id uuid primary key, half_id uuid references half (id))`.execute(storage.db)
    await sql`select recourse_tenant_table('child')`.execute(storage.db)
    try {
      const wrong = await tenantWalls(storage)
      expect(wrong).toHaveLength(4)
      expect(wrong.join('\n')).toMatch(/naked: its primary key starts with id/)
      expect(wrong.join('\n')).toMatch(/naked: row-level security is not forced/)
      expect(wrong.join('\n')).toMatch(/half: row-level security is not forced/)
      expect(wrong.join('\n')).toMatch(/child: foreign key .* does not include tenant_id/)
    } finally {
      await sql`drop table child, half, naked`.execute(storage.db)
    }
  })

  describe('row-level security', () => {
    const put = async (tenant: 'a' | 'b') => {
      const { storage } = the()
      await storage.tenant(the()[tenant], (tx) =>
        sql`insert into blob (tenant_id, key, size) values (recourse_tenant(), 'same key', 1) on conflict do nothing`.execute(
          tx,
        ),
      )
    }

    test('without a tenant nothing shows and nothing can be written', async () => {
      const { storage, a } = the()
      await put('a')
      expect(await storage.db.selectFrom('tenant').selectAll().execute()).toEqual([])
      expect(await storage.db.selectFrom('blob').selectAll().execute()).toEqual([])
      const write = storage.db
        .insertInto('blob')
        .values({ tenant_id: a, key: 'x' as never, size: 1 })
        .execute()
      await expect(write).rejects.toThrow(/row-level security/)
    })

    test('a tenant sees its own, under the same keys as the other', async () => {
      const { storage, a, b } = the()
      await put('a')
      await put('b')
      for (const tenant of [a, b]) {
        const rows = await storage.tenant(tenant, (tx) => tx.selectFrom('blob').select('tenant_id').execute())
        expect(rows).toEqual([{ tenant_id: tenant }])
        const foreign = tenant === a ? b : a
        const asked = await storage.tenant(tenant, (tx) =>
          tx.selectFrom('blob').selectAll().where('tenant_id', '=', foreign).execute(),
        )
        expect(asked).toEqual([])
      }
    })

    test('foreign rows can be neither made nor taken nor changed nor removed', async () => {
      const { storage, a, b } = the()
      await put('a')
      await put('b')
      const make = storage.tenant(a, (tx) =>
        tx
          .insertInto('blob')
          .values({ tenant_id: b, key: 'planted' as never, size: 1 })
          .execute(),
      )
      await expect(make).rejects.toThrow(/row-level security/)
      const give = storage.tenant(a, (tx) =>
        tx
          .updateTable('blob')
          .set({ tenant_id: b, key: 'moved' as never })
          .execute(),
      )
      await expect(give).rejects.toThrow(/row-level security/)
      const counts = await storage.tenant(a, async (tx) => [
        (await tx.updateTable('blob').set({ size: 9 }).where('tenant_id', '=', b).executeTakeFirst()).numUpdatedRows,
        (await tx.deleteFrom('blob').where('tenant_id', '=', b).executeTakeFirst()).numDeletedRows,
      ])
      expect(counts).toEqual([0n, 0n])
      const left = await storage.tenant(b, (tx) => tx.selectFrom('blob').select('size').execute())
      expect(left).toEqual([{ size: 1 }])
    })

    test('the setting ends with its transaction, also when that fails', async () => {
      const { storage, a } = the()
      await put('a')
      await storage.tenant(a, () => Promise.reject(new Error('stop'))).catch(() => {})
      for (let i = 0; i < 10; i++) expect(await storage.db.selectFrom('blob').selectAll().execute()).toEqual([])
    })

    test('what is no tenant id is refused before it reaches the database', async () => {
      const { storage } = the()
      const wrong = "x' or '1'='1" as never
      await expect(storage.tenant(wrong, async () => 1)).rejects.toThrow(/not a tenant's id/)
    })

    test('a copy of another tenant’s partition is out of reach as well', async () => {
      const { storage, a, b } = the()
      await storage.tenant(b, (tx) => sql`select recourse_copy_fact_partition('2002-03-04T00:00:00Z')`.execute(tx))
      await storage.tenant(b, (tx) =>
        sql`insert into copy_fact (tenant_id, received_at, delivery_id, message_id, threat, action, location, direction)
          values (recourse_tenant(), '2002-03-04T10:00:00Z', gen_random_uuid(), gen_random_uuid(), 'none', 'delivered', 'inbox', 'inbound')`.execute(
          tx,
        ),
      )
      for (const table of ['copy_fact', 'copy_fact_200203']) {
        const count = (tx: Parameters<Parameters<typeof storage.tenant>[1]>[0]) =>
          sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(tx).then((r) => r.rows[0]?.n)
        expect(await storage.tenant(a, count)).toBe(0)
        expect(await storage.tenant(b, count)).toBe(1)
      }
    })
  })
}
