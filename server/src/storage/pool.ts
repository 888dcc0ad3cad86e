import pg from 'pg'
import { AppError, messageOf } from '../base/index.ts'
import type { StorageLog } from './types.ts'

const INT8 = 20
/** Counts and sizes as numbers: we have nothing beyond 2^53. Instants come as Date by default. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
}

/** Longer than any pause between two statements of ours; the address may name another. */
const IDLE_IN_TRANSACTION_MS = 60_000

export interface PoolUse {
  /** Connections at most. */
  readonly max: number
  /** A statement does not wait for the answer to the one before. */
  readonly pipeline: boolean
}

export function openPool(url: string, use: PoolUse, log: StorageLog | undefined): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    ...use,
    connectionTimeoutMillis: 15_000,
    idleTimeoutMillis: 60_000,
    application_name: 'recourse',
    keepAlive: true,
    // A process that stands still in the middle of a transaction must not hold up the others for ever: its rows are locked.
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    types,
  })
  // A connection that breaks while somebody has it says so twice: its query fails, and it emits an error that nobody may miss.
  pool.on('connect', (client) => client.on('error', () => {}))
  // An idle connection broke: the pool has dropped it and the next use connects anew.
  pool.on('error', (error) => log?.warn({ error: messageOf(error) }, 'a database connection was lost'))
  return pool
}

/** Address without its password, for messages. */
export function shown(url: string): string {
  return url.replace(/(:\/\/[^:/@]*):[^@]*@/, '$1:…@').replace(/password=[^&]*/g, 'password=…')
}

const OLDEST = 15

/** The role must be one that row-level security binds, and the server one that we know. */
export async function checkServer(pool: pg.Pool, url: string): Promise<void> {
  const answer = await pool
    .query<{ version: number; role: string; free: boolean; may_create: boolean; may_schema: boolean }>(
      `select current_setting('server_version_num')::int as version, rolname as role, rolsuper or rolbypassrls as free,
         coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create,
         has_database_privilege(current_database(), 'create') or to_regnamespace('pgboss') is not null as may_schema
       from pg_roles where rolname = current_user`,
    )
    .catch((cause: unknown) => {
      throw new AppError(
        'database-unreachable',
        `The database at ${shown(url)} cannot be used: ${messageOf(cause)}`,
        'Check that PostgreSQL runs there, and host, port, name and password in DATABASE_URL.',
        { status: 503, cause },
      )
    })
  const found = answer.rows[0]
  if (!found) return
  const { version, role } = found
  if (version < OLDEST * 10_000)
    throw new AppError(
      'database-too-old',
      `The database at ${shown(url)} is PostgreSQL ${Math.floor(version / 10_000)}; Recourse needs ${OLDEST} to 18.`,
      'Upgrade that server, or use another.',
    )
  if (found.free)
    throw new AppError(
      'database-role',
      `The role "${role}" of DATABASE_URL is a superuser or has BYPASSRLS: the wall between tenants would not hold.`,
      `Make an ordinary role and give it the database: CREATE ROLE recourse LOGIN PASSWORD '…'; ALTER DATABASE … OWNER TO recourse;`,
    )
  if (!found.may_create || !found.may_schema)
    throw new AppError(
      'database-rights',
      `The role "${role}" of DATABASE_URL may not create tables in its schema, or not the schema of the jobs (pgboss).`,
      `Give it the database: ALTER DATABASE … OWNER TO ${role}; or GRANT CREATE ON DATABASE … and ON SCHEMA public TO ${role}.`,
    )
}
