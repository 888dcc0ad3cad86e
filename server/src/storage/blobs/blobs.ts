import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { AppError, type BlobKey, placesElsewhere, type TenantId } from '../../base/index.ts'
import type { BlobOptions } from '../connect.ts'
import { PREPARED } from '../dialect.ts'
import type { Tx } from '../schema.ts'
import type { BlobRef, Blobs, Storage } from '../types.ts'
import { BlobFiles } from './files.ts'
import { KeyRing, type TenantKeys } from './keys.ts'
import { sweep, type Use } from './sweep.ts'

/** File: magic, IV, ciphertext, tag. The tenant is authenticated with it. */
const MAGIC = Buffer.from('RCB1')
const IV = 12
const TAG = 16
const OVERHEAD = MAGIC.length + IV + TAG
const KEY = /^[0-9a-f]{64}$/

/** Blobs in a directory (which may be a shared one): encrypted, named by a tenant-keyed hash, durable when `put` returns. */
export class DirectoryBlobs implements Blobs {
  readonly #storage: Pick<Storage, 'tenant'>
  readonly #files: BlobFiles
  readonly #keys: KeyRing
  readonly #uses: Use[] = []

  constructor(storage: Pick<Storage, 'tenant'>, options: BlobOptions) {
    this.#storage = storage
    this.#files = new BlobFiles(options.dir)
    this.#keys = new KeyRing(storage, options.keyFile)
  }

  async put(
    tenant: TenantId,
    source: Buffer | AsyncIterable<Buffer>,
    options: { maxSize?: number } = {},
  ): Promise<BlobRef> {
    const keys = await this.#keys.of(tenant)
    let ref: BlobRef | undefined
    if (Buffer.isBuffer(source)) {
      if (source.length > (options.maxSize ?? Number.POSITIVE_INFINITY)) throw tooLarge(options.maxSize ?? 0)
      ref = refOf(keys, source)
      if (placesElsewhere(source)) {
        await this.#files.store(tenant, ref.key, sealed(keys, tenant, source))
        return ref
      }
      if (await this.#there(tenant, ref)) return ref
    }
    const temporary = await this.#files.temporary()
    try {
      if (ref && Buffer.isBuffer(source)) await write(temporary.handle, sealed(keys, tenant, source))
      else {
        const chunks = Buffer.isBuffer(source) ? [source] : source
        ref = await seal(keys, tenant, chunks, temporary.handle, options.maxSize)
        if (await this.#there(tenant, ref)) {
          await this.#files.discard(temporary)
          return ref
        }
      }
      await this.#files.publish(temporary, tenant, ref.key)
      return ref
    } catch (error) {
      await this.#files.discard(temporary)
      throw error instanceof AppError || !isFileError(error) ? error : this.#files.trouble(error)
    }
  }

  /** The same bytes are stored already (a mail to a list comes often): nothing to write. */
  async #there(tenant: TenantId, ref: BlobRef): Promise<boolean> {
    const found = await this.#files.look(tenant, ref.key)
    if (found?.size !== ref.size + OVERHEAD) return false
    await this.#files.renew(tenant, ref.key)
    return true
  }

  async get(tenant: TenantId, key: BlobKey): Promise<Buffer> {
    const keys = await this.#keys.of(tenant)
    const stored = KEY.test(key) ? await this.#read(tenant, key) : null
    if (!stored)
      throw new AppError(
        'blob-missing',
        `The stored bytes ${key} are not there.`,
        'Restore them from a backup of the blobs.',
        {
          status: 410,
        },
      )
    const bytes = unseal(keys, tenant, stored)
    if (bytes && timingSafeEqual(nameOf(keys, bytes), Buffer.from(key, 'hex'))) return bytes
    throw new AppError(
      'blob-damaged',
      `The stored bytes ${key} are damaged (${this.#files.path(tenant, key)}).`,
      'Restore this file from a backup, and check the disk.',
      { status: 500 },
    )
  }

  async #read(tenant: TenantId, key: string): Promise<Buffer | null> {
    try {
      return await readFile(this.#files.path(tenant, key))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
      throw this.#files.trouble(error)
    }
  }

  async has(tenant: TenantId, key: BlobKey): Promise<boolean> {
    return KEY.test(key) && (await this.#files.look(tenant, key)) !== null
  }

  /**
   * The sweep holds the same row while it removes a file: after our insert either it sees the mark and leaves the file, or the file
   * is gone already and this throws `blob-missing`, so that the transaction does not commit.
   */
  async mark(tx: Tx, refs: readonly BlobRef[]): Promise<void> {
    if (refs.length === 0) return
    const unique = [...new Map(refs.map((ref) => [ref.key, ref])).values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    const marked = await sql<{ tenant_id: TenantId }>`${sql.raw(PREPARED)} insert into blob as b (tenant_id, key, size)
      select recourse_tenant(), k, s from unnest(${unique.map((r) => r.key)}::text[], ${unique.map((r) => r.size)}::bigint[]) as x(k, s)
      on conflict (tenant_id, key) do update set marked_at = now()
      returning tenant_id`.execute(tx)
    const tenant = marked.rows[0]?.tenant_id
    await this.#mustHave(
      tenant,
      unique.map((ref) => ref.key),
    )
  }

  /** Shared among those who reuse; the sweep takes the same lock alone while it looks once more and removes a file. */
  async reuse(tx: Tx, keys: readonly BlobKey[]): Promise<void> {
    if (keys.length === 0) return
    const locked = await sql<{ tenant: TenantId }>`select recourse_tenant() as tenant,
      pg_advisory_xact_lock_shared(hashtextextended('recourse blobs ' || recourse_tenant(), 0))`.execute(tx)
    const tenant = locked.rows[0]?.tenant
    await this.#mustHave(tenant, [...new Set(keys)])
  }

  async #mustHave(tenant: TenantId | undefined, keys: readonly BlobKey[]): Promise<void> {
    await Promise.all(
      keys.map(async (key) => {
        if (!tenant || !(await this.has(tenant, key))) throw gone(key)
      }),
    )
  }

  usedBy(table: string, column: string): void {
    this.#uses.push({ table, column })
  }

  sweep(tenant: TenantId, options: { graceMs: number }): Promise<number> {
    return sweep(this.#storage, this.#files, this.#uses, tenant, options.graceMs)
  }
}

const gone = (key: string) =>
  new AppError('blob-missing', `The stored bytes ${key} are not there any more.`, 'Store them again and retry.', {
    status: 410,
  })

const aad = (tenant: TenantId) => Buffer.from(`recourse blob ${tenant}`)
const nameOf = (keys: TenantKeys, bytes: Buffer) => createHmac('sha256', keys.name).update(bytes).digest()
const isFileError = (error: unknown) => error instanceof Error && 'syscall' in error

const refOf = (keys: TenantKeys, bytes: Buffer): BlobRef => ({
  key: nameOf(keys, bytes).toString('hex') as BlobKey,
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

const tooLarge = (limit: number) =>
  new AppError('blob-too-large', `It is larger than ${limit} bytes.`, 'Send something smaller, or raise the limit.', {
    status: 413,
  })

/** The whole file of one blob. */
function sealed(keys: TenantKeys, tenant: TenantId, bytes: Buffer): Buffer {
  const iv = randomBytes(IV)
  const cipher = createCipheriv('aes-256-gcm', keys.seal, iv).setAAD(aad(tenant))
  return Buffer.concat([MAGIC, iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
}

/** Encrypts as it comes; the name is known at the end. */
async function seal(
  keys: TenantKeys,
  tenant: TenantId,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  file: { write(bytes: Buffer): Promise<{ bytesWritten: number }> },
  maxSize = Number.POSITIVE_INFINITY,
): Promise<BlobRef> {
  const iv = randomBytes(IV)
  const cipher = createCipheriv('aes-256-gcm', keys.seal, iv).setAAD(aad(tenant))
  const name = createHmac('sha256', keys.name)
  const sha256 = createHash('sha256')
  let size = 0
  let pending: Buffer[] = [MAGIC, iv]
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > maxSize) throw tooLarge(maxSize)
    name.update(chunk)
    sha256.update(chunk)
    await write(file, Buffer.concat([...pending, cipher.update(chunk)]))
    pending = []
  }
  await write(file, Buffer.concat([...pending, cipher.final(), cipher.getAuthTag()]))
  return { key: name.digest('hex') as BlobKey, size, sha256: sha256.digest('hex') }
}

async function write(file: { write(bytes: Buffer): Promise<{ bytesWritten: number }> }, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes.subarray(at))).bytesWritten
}

function unseal(keys: TenantKeys, tenant: TenantId, stored: Buffer): Buffer | null {
  if (stored.length < OVERHEAD || !stored.subarray(0, MAGIC.length).equals(MAGIC)) return null
  const iv = stored.subarray(MAGIC.length, MAGIC.length + IV)
  try {
    const open = createDecipheriv('aes-256-gcm', keys.seal, iv).setAAD(aad(tenant))
    open.setAuthTag(stored.subarray(-TAG))
    const bytes = open.update(stored.subarray(MAGIC.length + IV, -TAG))
    open.final()
    return bytes
  } catch {
    return null
  }
}
