import { sql } from 'kysely'
import type { Db } from './schema.ts'

/** Rows changed before a look is worth it, and how many times as large as at the last look a table must have become. */
const LEAST = 200
const GROWN = 2

/**
 * Tells the planner what our tables hold, as soon as they have grown much. Autovacuum does it too, but looks once a minute: a table that was
 * empty then is planned as empty for that minute, and every index begins with the tenant, so that any of them looks as good as the right one.
 * An import makes a hundred thousand rows in this time. Rows that change in place are left to autovacuum: a look reads 30,000 of them, and
 * every row of an action changes several times. Returns what was looked at.
 */
export async function refreshStatistics(db: Db): Promise<string[]> {
  const grown = await sql<{ name: string }>`
    select s.relname as name from pg_stat_user_tables s join pg_class c on c.oid = s.relid
    where s.schemaname = current_schema() and s.n_mod_since_analyze > ${LEAST} and s.n_live_tup > ${GROWN} * c.reltuples
    order by s.n_mod_since_analyze desc limit 30`.execute(db)
  const names = grown.rows.map((row) => row.name)
  // One by one, so that no transaction is open for long; what another process looks at just now is left to it.
  for (const name of names) await sql`analyze (skip_locked) ${sql.table(name)}`.execute(db)
  return names
}
