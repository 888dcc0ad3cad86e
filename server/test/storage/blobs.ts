import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BlobKey, TenantId } from '../../src/base/index.ts'
import { connect } from '../../src/storage/connect.ts'
import type { BlobRef } from '../../src/storage/types.ts'
import type { TestStorage } from '../rig/storage.ts'

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const HOUR = 3_600_000

export function blobCases(the: () => TestStorage): void {
  const file = (tenant: TenantId, key: string) => join(the().blobs.dir, tenant, key.slice(0, 2), key)
  const age = (tenant: TenantId, ref: BlobRef, ms: number) => {
    const then = new Date(Date.now() - ms)
    utimesSync(file(tenant, ref.key), then, then)
    return the().storage.tenant(tenant, (tx) =>
      sql`update blob set marked_at = marked_at - ${ms} * interval '1 ms' where key = ${ref.key}`.execute(tx),
    )
  }

  describe('blobs', () => {
    beforeAll(async () => {
      await sql`create table t_use (tenant_id uuid, id int, test_blob_key text, primary key (tenant_id, id))`.execute(
        the().storage.db,
      )
      await sql`select recourse_tenant_table('t_use')`.execute(the().storage.db)
    })
    afterAll(async () => {
      await sql`drop table t_use`.execute(the().storage.db)
    })
    const use = (tenant: TenantId, ref: BlobRef) =>
      the().storage.tenant(tenant, (tx) =>
        sql`insert into t_use select recourse_tenant(), (select count(*) from t_use), ${ref.key}`.execute(tx),
      )

    test('property: what is put can be got, whole or in pieces, under one name', async () => {
      const { storage, a } = the()
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 2000 }), async (array, size) => {
          const bytes = Buffer.from(array)
          const whole = await storage.blobs.put(a, bytes)
          const pieces = await storage.blobs.put(a, chunks(bytes, size))
          expect(pieces).toEqual(whole)
          expect(whole.size).toBe(bytes.length)
          expect((await storage.blobs.get(a, whole.key)).equals(bytes)).toBe(true)
        }),
        { numRuns: 30 },
      )
    })

    test('the same bytes of two tenants have different names, keys and files', async () => {
      const { storage, a, b } = the()
      const bytes = Buffer.from('the same newsletter for everybody')
      const [one, two] = [await storage.blobs.put(a, bytes), await storage.blobs.put(b, bytes)]
      expect(one.key).not.toBe(two.key)
      expect(one.sha256).toBe(two.sha256)
      expect(await storage.blobs.has(b, one.key)).toBe(false)
      await expect(storage.blobs.get(b, one.key)).rejects.toMatchObject({ code: 'blob-missing' })
      // Even when the file is put where the other tenant looks for it.
      mkdirSync(dirname(file(b, one.key)), { recursive: true })
      copyFileSync(file(a, one.key), file(b, one.key))
      await expect(storage.blobs.get(b, one.key)).rejects.toMatchObject({ code: 'blob-damaged' })
      rmSync(file(b, one.key))
    })

    test('nothing readable on disk, and only for us', async () => {
      const { storage, a } = the()
      const ref = await storage.blobs.put(a, Buffer.from('a secret sentence '.repeat(50)))
      const stored = readFileSync(file(a, ref.key))
      expect(stored.includes('secret')).toBe(false)
      expect(ref.key).not.toBe(ref.sha256)
      expect(statSync(file(a, ref.key)).mode & 0o077).toBe(0)
      expect(statSync(the().blobs.keyFile).mode & 0o777).toBe(0o600)
      expect(readdirSync(join(the().blobs.dir, 'tmp'))).toEqual([])
    })

    test('damage of any byte is noticed', async () => {
      const { storage, a } = the()
      const ref = await storage.blobs.put(a, Buffer.from('short'))
      const path = file(a, ref.key)
      const whole = readFileSync(path)
      for (let i = 0; i < whole.length; i++) {
        const broken = Buffer.from(whole)
        broken[i] = (broken[i] ?? 0) ^ 1
        writeFileSync(path, broken)
        await expect(storage.blobs.get(a, ref.key)).rejects.toMatchObject({ code: 'blob-damaged' })
      }
      writeFileSync(path, whole.subarray(0, -1))
      await expect(storage.blobs.get(a, ref.key)).rejects.toMatchObject({ code: 'blob-damaged' })
      // Cut by a bad disk, then received again: written anew.
      await storage.blobs.put(a, Buffer.from('short'))
      expect((await storage.blobs.get(a, ref.key)).toString()).toBe('short')
    })

    test('a name that is none cannot reach another file', async () => {
      const { storage, a } = the()
      for (const wrong of ['../../master.key', '', 'zz', 'A'.repeat(64), `${'0'.repeat(63)}/`]) {
        await expect(storage.blobs.get(a, wrong as BlobKey)).rejects.toMatchObject({ code: 'blob-missing' })
        expect(await storage.blobs.has(a, wrong as BlobKey)).toBe(false)
      }
    })

    test('too large is refused and leaves nothing', async () => {
      const { storage, a } = the()
      const big = Buffer.alloc(5000, 'x')
      for (const source of [big, chunks(big, 1000)])
        await expect(storage.blobs.put(a, source, { maxSize: 4999 })).rejects.toMatchObject({ code: 'blob-too-large' })
      expect(readdirSync(join(the().blobs.dir, 'tmp'))).toEqual([])
      await storage.blobs.put(a, chunks(big, 1000), { maxSize: 5000 })
    })

    test('a source that breaks off leaves nothing', async () => {
      const { storage, a } = the()
      async function* broken(): AsyncGenerator<Buffer> {
        yield Buffer.from('half')
        throw new Error('connection lost')
      }
      await expect(storage.blobs.put(a, broken())).rejects.toThrow('connection lost')
      expect(readdirSync(join(the().blobs.dir, 'tmp'))).toEqual([])
    })

    test('the sweep takes what nobody names, after the grace only, of one tenant only', async () => {
      const { storage, a, b } = the()
      const put = async (tenant: TenantId, text: string) => {
        const ref = await storage.blobs.put(tenant, Buffer.from(text))
        await storage.tenant(tenant, (tx) => storage.blobs.mark(tx, [ref, ref]))
        return ref
      }
      const [used, old, young, foreign] = [
        await put(a, 'used'),
        await put(a, 'old'),
        await put(a, 'young'),
        await put(b, 'old'),
      ]
      await use(a, used)
      await age(a, used, 3 * HOUR)
      await age(a, old, 3 * HOUR)
      await age(b, foreign, 3 * HOUR)
      expect(await storage.blobs.sweep(a, { graceMs: 2 * HOUR })).toBe(1)
      expect(await storage.blobs.sweep(a, { graceMs: 2 * HOUR })).toBe(0)
      const there = [used, old, young].map((ref) => storage.blobs.has(a, ref.key))
      expect(await Promise.all(there)).toEqual([true, false, true])
      expect(await storage.blobs.has(b, foreign.key)).toBe(true)
      const rows = await storage.tenant(a, (tx) =>
        tx.selectFrom('blob').select('key').where('key', '=', old.key).execute(),
      )
      expect(rows).toEqual([])
    })

    test('an old file that was put again, or marked again, stays', async () => {
      const { storage, a } = the()
      const put = () => storage.blobs.put(a, Buffer.from('again'))
      const ref = await put()
      await age(a, ref, 3 * HOUR)
      await put()
      expect(await storage.blobs.sweep(a, { graceMs: HOUR })).toBe(0)
      await age(a, ref, 3 * HOUR)
      await storage.tenant(a, (tx) => storage.blobs.mark(tx, [ref]))
      expect(await storage.blobs.sweep(a, { graceMs: HOUR })).toBe(0)
      expect(await storage.blobs.has(a, ref.key)).toBe(true)
    })

    test('a mark that comes while the sweep runs: either it stays, or the transaction fails', async () => {
      const { storage, a } = the()
      for (let i = 0; i < 20; i++) {
        const ref = await storage.blobs.put(a, Buffer.from(`race ${i}`))
        await age(a, ref, 3 * HOUR)
        const [, marked] = await Promise.all([
          storage.blobs.sweep(a, { graceMs: HOUR }),
          storage
            .tenant(a, async (tx) => {
              await storage.blobs.mark(tx, [ref])
              await sql`insert into t_use values (recourse_tenant(), ${1000 + i}, ${ref.key})`.execute(tx)
            })
            .then(
              () => true,
              (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
            ),
        ])
        if (marked === true) expect(await storage.blobs.has(a, ref.key)).toBe(true)
        else expect(marked).toBe('blob-missing')
      }
    })

    test('the wrong key file is noticed, and a missing one is not made anew', async () => {
      const { url, blobs, a } = the()
      const ref = await the().storage.blobs.put(a, Buffer.from('kept'))
      const other = `${blobs.keyFile}.other`
      const open = () => connect({ url, blobs: { dir: blobs.dir, keyFile: other } })
      const missing = await open()
      await expect(missing.blobs.get(a, ref.key)).rejects.toMatchObject({ code: 'blob-key-file' })
      await missing.close()
      writeFileSync(other, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 })
      const wrong = await open()
      await expect(wrong.blobs.get(a, ref.key)).rejects.toMatchObject({ code: 'blob-key-wrong' })
      await expect(wrong.blobs.put(a, Buffer.from('x'))).rejects.toMatchObject({ code: 'blob-key-wrong' })
      await wrong.close()
      writeFileSync(other, 'nonsense')
      const nonsense = await open()
      await expect(nonsense.blobs.get(a, ref.key)).rejects.toThrow(/does not hold 32 bytes/)
      await nonsense.close()
    })

    test('destroying the key makes the bytes unreadable', async () => {
      const { storage, url, blobs } = the()
      const gone = await storage.createTenant('Gone')
      const ref = await storage.blobs.put(gone, Buffer.from('erased'))
      await storage.tenant(gone, (tx) => tx.deleteFrom('tenant_key').execute())
      const later = await connect({ url, blobs })
      await expect(later.blobs.get(gone, ref.key)).rejects.toMatchObject({ code: 'blob-damaged' })
      await later.close()
    })
  })
}
