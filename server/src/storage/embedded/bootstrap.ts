import { createHash } from 'node:crypto'
import pg from 'pg'
import { AppError } from '../../base/index.ts'

const admin = (socket: string, database = 'postgres') =>
  new pg.Client({ host: socket, port: 5432, user: 'postgres', database, connectionTimeoutMillis: 5000 })

export async function canConnect(socket: string): Promise<boolean> {
  if (!socket) return false
  const client = admin(socket)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** The role that owns our schema is an ordinary one, so that row-level security holds for it, and its database. */
export async function bootstrap(socket: string): Promise<void> {
  const client = admin(socket)
  await client.connect()
  try {
    const role = await client.query("select 1 from pg_roles where rolname = 'recourse'")
    if (role.rowCount === 0)
      await client.query('create role recourse login nosuperuser nobypassrls nocreatedb nocreaterole')
    const database = await client.query("select 1 from pg_database where datname = 'recourse'")
    if (database.rowCount === 0) await client.query('create database recourse owner recourse')
  } finally {
    await client.end()
  }
}

export interface Claim {
  drop(): void
}

/**
 * Says that this process looks after the cluster. Held by a connection, so that it ends with the process, however that
 * dies. Throws AppError `database-in-use`.
 */
export async function claim(socket: string, dir: string): Promise<Claim> {
  const client = admin(socket)
  client.on('error', () => {}) // the database went away; whoever starts it again claims anew
  await client.connect()
  const key = createHash('sha256').update('recourse cluster').digest().readInt32BE(0)
  // A predecessor's connection may take a moment to be noticed as dead.
  for (let i = 0; i < 20; i++) {
    const got = await client.query<{ ok: boolean }>('select pg_try_advisory_lock($1) as ok', [key])
    if (got.rows[0]?.ok) return { drop: () => void client.end().catch(() => {}) }
    await new Promise((done) => setTimeout(done, 100))
  }
  await client.end()
  throw new AppError(
    'database-in-use',
    `Another Recourse server is using the data directory ${dir}.`,
    'Stop the other server first, or choose another data directory. Several servers share one database through DATABASE_URL.',
  )
}
