import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { TenantId } from '../../src/base/index.ts'
import { ALL_MIGRATIONS } from '../../src/migrations.ts'
import { connect, migrate, type RoomMigrations, type Storage, steps } from '../../src/storage/index.ts'

export interface TestStorage {
  readonly storage: Storage
  /** Two tenants, for identical data: nothing of one may show in the other. */
  readonly a: TenantId
  readonly b: TenantId
  /** For `connect({ url })` from another process. */
  readonly url: string
  readonly blobs: { readonly dir: string; readonly keyFile: string }
  close(): Promise<void>
}

/** A database of its own with all migrations applied, empty blobs in a temporary directory, and two tenants. */
export async function testStorage(options: { migrations?: readonly RoomMigrations[] } = {}): Promise<TestStorage> {
  const rooms = options.migrations ?? ALL_MIGRATIONS
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`
  await asAdmin(async (admin) => {
    const template = await templateFor(admin, rooms)
    await admin.query(`create database ${name} template ${template} owner recourse`)
  })
  const dir = mkdtempSync(join(tmpdir(), 'recourse-blobs-'))
  const blobs = { dir: join(dir, 'blobs'), keyFile: join(dir, 'master.key') }
  const storage = await connect({ url: address(name), blobs })
  return {
    storage,
    a: await storage.createTenant('Kontor'),
    b: await storage.createTenant('Werft'),
    url: address(name),
    blobs,
    close: async () => {
      await storage.close()
      await asAdmin((admin) => admin.query(`drop database if exists ${name} with (force)`))
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function address(database: string): string {
  return `postgres://recourse@localhost/${database}?host=${encodeURIComponent(inject('postgresSocket'))}`
}

async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ host: inject('postgresSocket'), user: 'postgres', database: 'postgres' })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

/** Made by whoever needs it first; named by the content of the migrations, so that a changed file makes a new one. */
async function templateFor(admin: pg.Client, rooms: readonly RoomMigrations[]): Promise<string> {
  const text = steps(rooms).map((s) => `${s.room} ${s.number} ${s.checksum}`)
  const name = `template_${createHash('sha256').update(text.join('\n')).digest('hex').slice(0, 16)}`
  await admin.query("select pg_advisory_lock(hashtext('recourse test template'))")
  try {
    const found = await admin.query('select 1 from pg_database where datname = $1', [name])
    if (found.rowCount === 0) await makeTemplate(admin, name, rooms)
  } finally {
    await admin.query("select pg_advisory_unlock(hashtext('recourse test template'))")
  }
  return name
}

async function makeTemplate(admin: pg.Client, name: string, rooms: readonly RoomMigrations[]): Promise<void> {
  await admin.query(`create database ${name} owner recourse`)
  const unused = { dir: join(tmpdir(), 'recourse-none'), keyFile: join(tmpdir(), 'recourse-none') }
  const storage = await connect({ url: address(name), blobs: unused, maxConnections: 3 })
  try {
    await migrate(storage, rooms)
  } catch (error) {
    await storage.close()
    await admin.query(`drop database ${name} with (force)`)
    throw error
  }
  await storage.close()
}
