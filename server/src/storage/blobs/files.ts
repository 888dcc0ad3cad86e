import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError, crashPoint, messageOf, PlaceError, placeFile, type TenantId } from '../../base/index.ts'

/** Makes renames in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Files of blobs: `DIR/TENANT/ab/KEY`, written in `DIR/tmp` first. Knows nothing of what is inside. */
export class BlobFiles {
  readonly #dir: string
  readonly #shards = new Map<string, Promise<void>>()

  constructor(dir: string) {
    this.#dir = dir
  }

  #shard(tenant: TenantId, key: string): string {
    return join(this.#dir, tenant, key.slice(0, 2))
  }

  path(tenant: TenantId, key: string): string {
    return join(this.#shard(tenant, key), key)
  }

  /** Size and age of a stored file, or null. */
  async look(tenant: TenantId, key: string): Promise<{ size: number; mtimeMs: number } | null> {
    try {
      return await stat(this.path(tenant, key))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw this.trouble(error)
    }
  }

  async temporary(): Promise<{ path: string; handle: FileHandle }> {
    crashPoint('blob.before-write')
    const path = this.#newTemporary()
    try {
      return { path, handle: await open(path, 'wx', 0o600) }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw this.trouble(error)
    }
    try {
      await this.#makeTmp()
      return { path, handle: await open(path, 'wx', 0o600) }
    } catch (error) {
      throw this.trouble(error)
    }
  }

  /** A whole file, written in another thread unless it is there; durable when this returns. */
  async store(tenant: TenantId, key: string, bytes: Buffer): Promise<void> {
    crashPoint('blob.before-write')
    try {
      await this.#ready(tenant, key)
      await this.#place(tenant, key, bytes).catch(async (error: unknown) => {
        if (!(error instanceof PlaceError) || error.code !== 'ENOENT' || error.placed) throw error
        await this.#makeTmp()
        await this.#place(tenant, key, bytes)
      })
    } catch (error) {
      throw this.trouble(error)
    }
  }

  #place(tenant: TenantId, key: string, bytes: Buffer): Promise<void> {
    return placeFile({
      temporary: this.#newTemporary(),
      target: this.path(tenant, key),
      bytes,
      once: true,
      points: {
        written: 'blob.after-write',
        synced: 'blob.after-fsync',
        renamed: 'blob.after-rename',
        durable: 'blob.after-dir-fsync',
      },
    })
  }

  #newTemporary(): string {
    return join(this.#dir, 'tmp', randomBytes(12).toString('hex'))
  }

  #makeTmp(): Promise<unknown> {
    return mkdir(join(this.#dir, 'tmp'), { recursive: true, mode: 0o700 })
  }

  /** Puts a finished temporary file in its place; durable when this returns. */
  async publish(temporary: { path: string; handle: FileHandle }, tenant: TenantId, key: string): Promise<void> {
    crashPoint('blob.after-write')
    try {
      await temporary.handle.datasync()
      crashPoint('blob.after-fsync')
      await temporary.handle.close()
      await this.#ready(tenant, key)
      await rename(temporary.path, this.path(tenant, key))
      crashPoint('blob.after-rename')
      await syncDirectory(this.#shard(tenant, key))
      crashPoint('blob.after-dir-fsync')
    } catch (error) {
      throw this.trouble(error)
    }
  }

  async discard(temporary: { path: string; handle: FileHandle }): Promise<void> {
    await temporary.handle.close().catch(() => {})
    await rm(temporary.path, { force: true }).catch(() => {})
  }

  /** A file that is there already: young again for the sweep, and durable even if its writer has not come that far. */
  async renew(tenant: TenantId, key: string): Promise<void> {
    const now = new Date()
    try {
      await utimes(this.path(tenant, key), now, now)
      await syncDirectory(this.#shard(tenant, key))
    } catch (error) {
      throw this.trouble(error)
    }
  }

  /** Makes the shard's directory; once per process its parents are synced, for the case that their maker was killed before. */
  #ready(tenant: TenantId, key: string): Promise<void> {
    const shard = this.#shard(tenant, key)
    const known = this.#shards.get(shard)
    if (known) return known
    const making = (async () => {
      await mkdir(shard, { recursive: true, mode: 0o700 })
      await syncDirectory(dirname(shard))
      await syncDirectory(this.#dir)
      await syncDirectory(dirname(this.#dir))
    })()
    this.#shards.set(shard, making)
    making.catch(() => this.#shards.delete(shard))
    return making
  }

  async remove(tenant: TenantId, key: string): Promise<void> {
    await rm(this.path(tenant, key), { force: true })
  }

  /** Keys of a tenant's blobs whose files are older than an instant, a shard at a time. */
  async *olderThan(tenant: TenantId, before: number): AsyncIterable<string[]> {
    for (const shard of await list(join(this.#dir, tenant))) {
      const old: string[] = []
      for (const key of await list(join(this.#dir, tenant, shard))) {
        const found = await this.look(tenant, key)
        if (found && found.mtimeMs < before) old.push(key)
      }
      if (old.length > 0) yield old
    }
  }

  /** What killed processes left half-written. */
  async sweepTemporary(before: number): Promise<void> {
    for (const name of await list(join(this.#dir, 'tmp'))) {
      const path = join(this.#dir, 'tmp', name)
      const found = await stat(path).catch(() => null)
      if (found && found.mtimeMs < before) await rm(path, { force: true })
    }
  }

  /** File system errors in words that help. */
  trouble(error: unknown): AppError {
    if (error instanceof AppError) return error
    const code = codeOf(error)
    const what: Record<string, readonly [string, string]> = {
      ENOSPC: ['is full', 'Free space on that file system, or move the directory to a larger one.'],
      EDQUOT: ['has reached its quota', 'Raise the quota, or free space there.'],
      EACCES: ['does not let this account write', 'Give the account that runs Recourse write access to it.'],
      EPERM: ['does not let this account write', 'Give the account that runs Recourse write access to it.'],
      EFBIG: ['may not take files this large', 'Raise the limit of file size of this account (ulimit -f).'],
      EROFS: ['is read-only', 'Mount that file system writable.'],
      EMFILE: ['cannot be used: too many open files', 'Raise the limit of open files (ulimit -n).'],
    }
    const [is, cure] = what[code] ?? [`cannot be used: ${messageOf(error)}`, 'Check that directory and its disk.']
    return new AppError('blob-store', `The directory for stored mail, ${this.#dir}, ${is}.`, cure, {
      status: 503,
      cause: error,
    })
  }
}

async function list(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
