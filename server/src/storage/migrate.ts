import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Kysely, sql } from 'kysely'
import { AppError, messageOf } from '../base/index.ts'
import type { Database } from './schema.ts'
import type { RoomMigrations, Storage, StorageLog } from './types.ts'
import { closeWalls } from './walls.ts'

/** Our own; always first. */
export const migrations: RoomMigrations = { room: 'storage', dir: new URL('./migrations/', import.meta.url) }

interface Step {
  readonly room: string
  readonly number: number
  readonly name: string
  readonly text: string
  readonly checksum: string
}

const FILE = /^(\d{3})-([a-z0-9-]+)\.sql$/

/** All steps in the order in which they are applied: room by room as listed, by number within. */
export function steps(rooms: readonly RoomMigrations[]): Step[] {
  return [migrations, ...rooms.filter((r) => r.room !== migrations.room)].flatMap(({ room, dir }) => {
    const found = readdirSync(fileURLToPath(dir))
      .sort()
      .map((file) => {
        const match = FILE.exec(file)
        if (!match) throw new Error(`${room}/migrations/${file}: name it NNN-what-it-does.sql`)
        const text = readFileSync(new URL(file, dir), 'utf8').replaceAll('\r\n', '\n')
        const checksum = createHash('sha256').update(text).digest('hex')
        return { room, number: Number(match[1]), name: match[2] ?? '', text, checksum }
      })
    for (const [i, step] of found.entries())
      if (step.number !== i + 1) throw new Error(`${room}/migrations: number ${i + 1} is missing or there twice`)
    return found
  })
}

/**
 * Brings the database to what this program needs: forward only, each file in its own transaction with its record, one process at
 * a time. Throws AppError `migration-changed`, `migration-unknown` (the database is newer), `migration-failed`.
 */
export async function migrate(
  storage: Pick<Storage, 'db'> & { install(): Promise<void> },
  rooms: readonly RoomMigrations[],
  log?: StorageLog,
): Promise<void> {
  const wanted = steps(rooms)
  await storage.db.connection().execute(async (db) => {
    await sql`select pg_advisory_lock(hashtext('recourse migrations'))`.execute(db)
    try {
      await db.schema
        .createTable('schema_migration')
        .ifNotExists()
        .addColumn('room', 'text', (c) => c.notNull())
        .addColumn('number', 'integer', (c) => c.notNull())
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('checksum', 'text', (c) => c.notNull())
        .addColumn('applied_at', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
        .addPrimaryKeyConstraint('schema_migration_pkey', ['room', 'number'])
        .execute()
      for (const step of await pending(db, wanted)) {
        await apply(db, step)
        log?.info({ room: step.room, number: step.number }, `applied migration ${step.name}`)
      }
      await storage.install()
    } finally {
      await sql`select pg_advisory_unlock(hashtext('recourse migrations'))`.execute(db).catch(() => {})
    }
  })
}

async function pending(db: Kysely<Database>, wanted: readonly Step[]): Promise<Step[]> {
  const applied = await db.selectFrom('schema_migration').selectAll().execute()
  const byKey = new Map(wanted.map((step) => [`${step.room} ${step.number}`, step]))
  for (const old of applied) {
    const step = byKey.get(`${old.room} ${old.number}`)
    if (!step)
      throw new AppError(
        'migration-unknown',
        `The database was changed by a newer Recourse: ${old.room} ${old.number} (${old.name}) is unknown here.`,
        'Use the newer version; going back is not possible with this database.',
      )
    if (step.checksum !== old.checksum)
      throw new AppError(
        'migration-changed',
        `The migration ${old.room}/${String(old.number).padStart(3, '0')}-${old.name}.sql differs from the one that was applied on ${old.applied_at.toISOString()}.`,
        'Restore the original file and put the change into a new migration. In a checkout under development: start with --fresh.',
      )
    byKey.delete(`${old.room} ${old.number}`)
  }
  return [...byKey.values()]
}

async function apply(db: Kysely<Database>, step: Step): Promise<void> {
  try {
    await db.transaction().execute(async (tx) => {
      await sql`set local recourse.migrating = 'on'`.execute(tx)
      await sql.raw(step.text).execute(tx)
      await closeWalls(tx)
      const { room, number, name, checksum } = step
      await tx.insertInto('schema_migration').values({ room, number, name, checksum }).execute()
    })
  } catch (cause) {
    throw new AppError(
      'migration-failed',
      `The migration ${step.room}/${step.name} failed: ${messageOf(cause)}`,
      'Nothing of it was kept. Report it with this message and the version of PostgreSQL.',
      { cause },
    )
  }
}
