import { sql } from 'kysely'
import type { Db } from './schema.ts'

/** Rows changed before a look is worth it, and the part of a table that they must be: half of it. */
const LEAST = 200
const SHARE = 2

/**
 * Tells the planner what our tables hold, as soon as that has changed much. Autovacuum does it too, but looks once a minute: a table
 * that was empty then is planned as empty for that minute, and every index begins with the tenant, so that any of them looks as good
 * as the right one. An import makes a hundred thousand rows in this time. Returns what was looked at.
 */
export async function refreshStatistics(db: Db): Promise<string[]> {
  const changed = await sql<{ name: string }>`
    select relname as name from pg_stat_user_tables
    where schemaname = current_schema() and n_mod_since_analyze > ${LEAST} and n_mod_since_analyze * ${SHARE} > n_live_tup
    order by n_mod_since_analyze desc limit 30`.execute(db)
  const names = changed.rows.map((row) => row.name)
  // One by one, so that no transaction is open for long; what another process looks at just now is left to it.
  for (const name of names) await sql`analyze (skip_locked) ${sql.table(name)}`.execute(db)
  return names
}
