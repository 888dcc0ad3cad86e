import type { BlobKey, TenantId } from '../../base/index.ts'
import type { Blobs } from '../../storage/index.ts'

/** How long a blob that was seen is taken to be there: a campaign's copies ask for the same few again and again. */
const SEEN_MS = 60_000
const MAX = 50_000

/** Whether blobs are there, asked once a minute for each. */
export class BlobsThere {
  readonly #blobs: Pick<Blobs, 'has'>
  readonly #seen = new Map<string, number>()

  constructor(blobs: Pick<Blobs, 'has'>) {
    this.#blobs = blobs
  }

  async has(tenant: TenantId, key: BlobKey): Promise<boolean> {
    const name = `${tenant} ${key}`
    const until = this.#seen.get(name)
    if (until !== undefined && until > performance.now()) return true
    if (!(await this.#blobs.has(tenant, key))) return false
    if (this.#seen.size >= MAX) this.#seen.clear()
    this.#seen.set(name, performance.now() + SEEN_MS)
    return true
  }
}
