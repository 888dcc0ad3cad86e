import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { TenantId } from '../../src/base/index.ts'
import { ALL_MIGRATIONS } from '../../src/migrations.ts'
import {
  connect,
  migrate,
  type OpenStorage,
  type RoomMigrations,
  type StorageLog,
  steps,
} from '../../src/storage/index.ts'

export interface TestStorage {
  readonly storage: OpenStorage
  /** Two tenants, for identical data: nothing of one may show in the other. */
  readonly a: TenantId
  readonly b: TenantId
  /** For `connect({ url })` from another process. */
  readonly url: string
  readonly blobs: { readonly dir: string; readonly keyFile: string }
  /** Cuts every connection of this database, as a restart of the server would. */
  cutConnections(): Promise<void>
  close(): Promise<void>
}

/** A database of its own with all migrations applied, empty blobs in a temporary directory, and two tenants. */
export async function testStorage(
  options: {
    migrations?: readonly RoomMigrations[]
    /** Another PostgreSQL than the run's: directory of its socket. */
    socket?: string
    log?: StorageLog
  } = {},
): Promise<TestStorage> {
  const rooms = options.migrations ?? ALL_MIGRATIONS
  const socket = options.socket ?? inject('postgresSocket')
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`
  await asAdmin(socket, async (admin) => {
    const template = await templateFor(admin, socket, rooms)
    await admin.query(`create database ${name} template ${template} owner recourse`)
  })
  const dir = mkdtempSync(join(tmpdir(), 'recourse-blobs-'))
  const blobs = { dir: join(dir, 'blobs'), keyFile: join(dir, 'master.key') }
  const url = address(socket, name)
  const storage = await connect({ url, blobs, ...(options.log ? { log: options.log } : {}) })
  return {
    storage,
    a: await storage.createTenant('Kontor'),
    b: await storage.createTenant('Werft'),
    url,
    blobs,
    cutConnections: () =>
      asAdmin(socket, async (admin) => {
        await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
      }),
    close: async () => {
      await storage.close()
      await asAdmin(socket, (admin) => admin.query(`drop database if exists ${name} with (force)`))
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function address(socket: string, database: string): string {
  return `postgres://recourse@localhost/${database}?host=${encodeURIComponent(socket)}`
}

async function asAdmin<T>(socket: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ host: socket, user: 'postgres', database: 'postgres' })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

/** Made by whoever needs it first; named by the content of the migrations, so that a changed file makes a new one. */
async function templateFor(admin: pg.Client, socket: string, rooms: readonly RoomMigrations[]): Promise<string> {
  const text = steps(rooms).map((s) => `${s.room} ${s.number} ${s.checksum}`)
  const name = `template_${createHash('sha256').update(text.join('\n')).digest('hex').slice(0, 16)}`
  await admin.query("select pg_advisory_lock(hashtext('recourse test template'))")
  try {
    const found = await admin.query('select 1 from pg_database where datname = $1', [name])
    if (found.rowCount === 0) await makeTemplate(admin, address(socket, name), name, rooms)
  } finally {
    await admin.query("select pg_advisory_unlock(hashtext('recourse test template'))")
  }
  return name
}

async function makeTemplate(
  admin: pg.Client,
  url: string,
  name: string,
  rooms: readonly RoomMigrations[],
): Promise<void> {
  await admin.query(`create database ${name} owner recourse`)
  const unused = { dir: join(tmpdir(), 'recourse-none'), keyFile: join(tmpdir(), 'recourse-none') }
  const storage = await connect({ url, blobs: unused, maxConnections: 3 })
  try {
    await migrate(storage, rooms)
  } catch (error) {
    await storage.close()
    await admin.query(`drop database ${name} with (force)`)
    throw error
  }
  await storage.close()
}
