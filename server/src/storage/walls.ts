import { sql } from 'kysely'
import type { Db, Tx } from './schema.ts'
import type { Storage } from './types.ts'

/** About the database itself, without tenants' data. */
const WITHOUT_TENANT = ['schema_migration']

/**
 * What is wrong with the walls between tenants, in sentences; empty = sound. Every table of ours (partitions too) has tenant_id
 * first in its primary key, row-level security enabled and forced with a policy, and no foreign key without tenant_id.
 */
export async function tenantWalls(storage: Pick<Storage, 'db'>): Promise<string[]> {
  const tables = await sql<{ name: string; forced: boolean; policies: number; first: string | null }>`
    select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
      (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies,
      (select a.attname from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where i.indrelid = c.oid and i.indisprimary) as first
    from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
    order by 1`.execute(storage.db)
  const keys = await sql<{ name: string; of: string; sound: boolean }>`
    select k.conname as name, k.conrelid::regclass::text as of, exists (
      select from unnest(k.conkey, k.confkey) as pair(here, there)
      join pg_attribute h on h.attrelid = k.conrelid and h.attnum = pair.here
      join pg_attribute t on t.attrelid = k.confrelid and t.attnum = pair.there
      where h.attname = 'tenant_id' and t.attname = 'tenant_id') as sound
    from pg_constraint k where k.contype = 'f' and k.connamespace = current_schema()::regnamespace`.execute(storage.db)
  return [
    ...tables.rows
      .filter((t) => !WITHOUT_TENANT.includes(t.name))
      .flatMap((t) => [
        ...(t.first === 'tenant_id' ? [] : [`${t.name}: its primary key starts with ${t.first}, not tenant_id`]),
        ...(t.forced && t.policies > 0
          ? []
          : [`${t.name}: row-level security is not forced; call recourse_tenant_table`]),
      ]),
    ...keys.rows.filter((k) => !k.sound).map((k) => `${k.of}: foreign key ${k.name} does not include tenant_id`),
  ]
}

/** Every wall that a migration has left open for the owner, at the end of it. */
export async function closeWalls(tx: Db | Tx): Promise<void> {
  await sql`do $$
    declare
      name regclass;
    begin
      for name in select c.oid from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relrowsecurity
        and not c.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant')
      loop
        execute format('alter table %s force row level security', name);
      end loop;
    end
  $$`.execute(tx)
}
