import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AppError, type BlobKey } from '../../src/base/index.ts'
import { connect } from '../../src/storage/index.ts'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { child } from './child.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
  await sql`create table t_put (tenant_id uuid, key text)`.execute(t.storage.db)
  await sql`create table t_handled (n int)`.execute(t.storage.db)
})
afterAll(() => t.close())

const args = () => [t.url, t.blobs.dir, t.blobs.keyFile, t.a]

describe('kill -9 while blobs are put', () => {
  const points = ['before-write', 'after-write', 'after-fsync', 'after-rename', 'after-dir-fsync']
  test.each(points.flatMap((point) => [1, 7, 30].map((nth) => ({ point, nth }))))(
    'at blob.$point, time $nth: what was acknowledged is there, every row’s blob exists',
    async ({ point, nth }) => {
      const log = join(t.blobs.dir, '..', `crash-${point}-${nth}`)
      const run = child('putter.ts', [...args(), 'put'], {
        env: { RECOURSE_CRASH_AT: `blob.${point}:${nth}`, RECOURSE_CRASH_LOG: log },
      })
      expect((await run.ended).signal).toBe('SIGKILL')
      expect(readFileSync(log, 'utf8')).toBe(`blob.${point}\n`)
      const acknowledged: string[] = run.lines.map((line) => JSON.parse(line).key)
      expect(acknowledged.length).toBeGreaterThanOrEqual(nth - 1)
      const rows = await t.storage.tenant(t.a, (tx) => sql<{ key: BlobKey }>`select key from t_put`.execute(tx))
      const keys = rows.rows.map((row) => row.key)
      expect(keys).toEqual(expect.arrayContaining(acknowledged))
      for (const key of keys) expect((await t.storage.blobs.get(t.a, key)).length).toBeGreaterThan(1000)
    },
  )
})

describe('kill -9 while events are handled', () => {
  test.each(['outbox.after-handler', 'outbox.after-commit'])('at %s: each exactly once', async (point) => {
    await sql`truncate t_handled`.execute(t.storage.db)
    await t.storage.tenant(t.a, (tx) => sql`delete from outbox`.execute(tx))
    for (let n = 1; n <= 30; n++)
      await t.storage.tenant(t.a, (tx) => t.storage.outbox.emit(tx, { kind: 'test.happened', data: { n } }))
    const log = join(t.blobs.dir, '..', `crash-${point}`)
    const crash = { RECOURSE_CRASH_AT: point, RECOURSE_CRASH_LOG: log }
    const killed = child('putter.ts', [...args(), 'handle'], { env: crash })
    expect((await killed.ended).signal).toBe('SIGKILL')
    expect(readFileSync(log, 'utf8')).toBe(`${point}\n`)
    expect((await child('putter.ts', [...args(), 'handle']).ended).code).toBe(0)
    const rows = await sql<{ n: number }>`select n from t_handled order by n`.execute(t.storage.db)
    expect(rows.rows.map((row) => row.n)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  })
})

describe('trouble with the disk', () => {
  const namespace = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-rm']
  const possible = (() => {
    try {
      execFileSync('unshare', [...namespace.slice(1), 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })()

  test.skipIf(!possible)('full: a clear message, nothing half-written, and on it goes when there is room', async () => {
    const dir = join(t.blobs.dir, '..', 'small')
    execFileSync('mkdir', ['-p', dir])
    const run = child('full-disk.ts', [t.url, dir, t.blobs.keyFile, t.b], { via: namespace })
    const said = JSON.parse(await run.line(0))
    expect(said).toMatchObject({ code: 'blob-store', whole: true, left: [], after: 'stored' })
    expect(said.message).toContain(`${dir}, is full`)
    expect(said.cure).toMatch(/Free space/)
    expect(said.stored).toBeGreaterThan(5)
  })

  test('a directory that cannot be written: named, with a cure', async () => {
    // A file in the way is refused to root as well.
    const dir = join(t.blobs.keyFile, 'blobs')
    const storage = await connect({ url: t.url, blobs: { dir, keyFile: t.blobs.keyFile } })
    const error = await storage.blobs.put(t.a, Buffer.from('x')).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ code: 'blob-store', message: new RegExp(dir), status: 503 })
    await storage.close()
  })
})

describe('the database', () => {
  test('cannot be reached: the address without its password, and a cure', async () => {
    const error = await connect({ url: 'postgres://someone:hush@127.0.0.1:1/nothing', blobs: t.blobs }).catch(
      (e: unknown) => e,
    )
    expect(error).toMatchObject({ code: 'database-unreachable', message: /someone:…@127\.0\.0\.1:1/ })
    expect(String(error)).not.toContain('hush')
  })

  test('a role that row-level security does not bind is refused', async () => {
    const error = await connect({ url: t.url.replace('recourse@', 'postgres@'), blobs: t.blobs }).catch(
      (e: unknown) => e,
    )
    expect(error).toMatchObject({ code: 'database-role', cure: /CREATE ROLE/ })
  })
})
