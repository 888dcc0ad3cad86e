import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError, messageOf, mustBeFile, type TenantId } from '../../base/index.ts'
import type { Storage } from '../types.ts'
import { syncDirectory } from './files.ts'

export interface TenantKeys {
  /** Names blobs: HMAC-SHA256 over the bytes. */
  readonly name: Buffer
  /** Encrypts blobs: AES-256-GCM. */
  readonly seal: Buffer
}

const IV = 12
const TAG = 16

/** Keys of tenants, each wrapped by the master key; destroying a tenant's row makes its bytes unreadable for ever. */
export class KeyRing {
  readonly #storage: Pick<Storage, 'tenant'>
  readonly #file: string
  readonly #known = new Map<TenantId, Promise<TenantKeys>>()

  constructor(storage: Pick<Storage, 'tenant'>, file: string) {
    this.#storage = storage
    this.#file = file
  }

  of(tenant: TenantId): Promise<TenantKeys> {
    const known = this.#known.get(tenant)
    if (known) return known
    const loading = this.#load(tenant).catch((error: unknown) => {
      this.#known.delete(tenant)
      throw error
    })
    this.#known.set(tenant, loading)
    return loading
  }

  async #load(tenant: TenantId): Promise<TenantKeys> {
    const read = () =>
      this.#storage.tenant(tenant, (tx) =>
        tx.selectFrom('tenant_key').select('wrapped').where('tenant_id', '=', tenant).executeTakeFirst(),
      )
    let row = await read()
    // Only where nothing was ever wrapped for this tenant may a missing key file be made.
    const master = await this.#master(row === undefined)
    if (!row) {
      const wrapped = wrap(master, tenant, randomBytes(32))
      await this.#storage.tenant(tenant, (tx) =>
        tx
          .insertInto('tenant_key')
          .values({ tenant_id: tenant, wrapped })
          .onConflict((c) => c.doNothing())
          .execute(),
      )
      row = await read()
    }
    const secret = row && unwrap(master, tenant, row.wrapped)
    if (!secret)
      throw new AppError(
        'blob-key-wrong',
        `The key file ${this.#file} is not the one that the stored mail was encrypted with.`,
        'Put the original key file back (it belongs into every backup). Without it the stored mail cannot be read.',
        { status: 500 },
      )
    const derive = (use: string) => Buffer.from(hkdfSync('sha256', secret, tenant, `recourse blob ${use}`, 32))
    return { name: derive('name'), seal: derive('seal') }
  }

  async #master(mayMake: boolean): Promise<Buffer> {
    const file = this.#file
    try {
      if (mayMake) await makeKeyFile(file)
      const { mode } = mustBeFile(file)
      if (process.platform !== 'win32' && (mode & 0o077) !== 0)
        throw new AppError(
          'blob-key-open',
          `The key file ${file} can be read by other accounts.`,
          `chmod 600 ${file}`,
          { status: 500 },
        )
      const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'base64')
      if (key.length === 32) return key
      throw new Error('it does not hold 32 bytes in base64')
    } catch (cause) {
      if (cause instanceof AppError) throw cause
      throw new AppError(
        'blob-key-file',
        `The key file ${file} cannot be used: ${messageOf(cause)}`,
        'Put the original key file back, or give this account read access to it.',
        { status: 500, cause },
      )
    }
  }
}

/** Written beside and linked into place: never half there, and of two processes one wins. */
async function makeKeyFile(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  if (await stat(file).catch(() => null)) return
  const fresh = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(fresh, 'wx', 0o600)
  try {
    await handle.writeFile(`${randomBytes(32).toString('base64')}\n`)
    await handle.sync()
    await link(fresh, file).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  } finally {
    await handle.close()
    await rm(fresh, { force: true })
  }
  await syncDirectory(dirname(file))
}

function wrap(master: Buffer, tenant: TenantId, secret: Buffer): Buffer {
  const iv = randomBytes(IV)
  const cipher = createCipheriv('aes-256-gcm', master, iv).setAAD(Buffer.from(tenant))
  return Buffer.concat([iv, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
}

function unwrap(master: Buffer, tenant: TenantId, wrapped: Buffer): Buffer | null {
  try {
    const open = createDecipheriv('aes-256-gcm', master, wrapped.subarray(0, IV)).setAAD(Buffer.from(tenant))
    open.setAuthTag(wrapped.subarray(-TAG))
    return Buffer.concat([open.update(wrapped.subarray(IV, -TAG)), open.final()])
  } catch {
    return null
  }
}
