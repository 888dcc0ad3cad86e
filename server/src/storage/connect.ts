import { sql } from 'kysely'
import type pg from 'pg'
import { AppError, type TenantId, uuidv7 } from '../base/index.ts'
import { type Cluster, type EmbeddedOptions, startCluster } from './embedded/cluster.ts'
import { checkServer, openDb, openPool } from './pool.ts'
import type { Db, Tx } from './schema.ts'
import type { Blobs, Jobs, Leases, Outbox, Storage, StorageLog } from './types.ts'

export type ConnectOptions = ({ readonly url: string } | { readonly embedded: EmbeddedOptions }) & {
  readonly blobs: {
    /** Where encrypted blobs live; made if missing. */
    readonly dir: string
    /** File of the master key that wraps the tenants' keys; made with mode 0600 if missing. */
    readonly keyFile: string
  }
  /** Database connections of this process at most. Default 20. */
  readonly maxConnections?: number
  readonly log?: StorageLog
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * Opens the database (started, adopted or by address) and the blobs. Then: `migrate`, name the subscribers, `start()`.
 * Throws AppErrors that name what is wrong: unreachable, too old, a role that row-level security does not bind.
 */
export async function connect(options: ConnectOptions): Promise<Storage & { readonly cluster: Cluster | null }> {
  const cluster = 'embedded' in options ? await startCluster(options.embedded) : null
  const url = 'url' in options ? options.url : (cluster?.url() ?? '')
  const pool = openPool({ url, ...(options.maxConnections ? { max: options.maxConnections } : {}), ...logOf(options) })
  try {
    await checkServer(pool, url)
    return new OpenStorage(pool, cluster)
  } catch (error) {
    await pool.end()
    await cluster?.stop()
    throw error
  }
}

const logOf = (options: { log?: StorageLog }) => (options.log ? { log: options.log } : {})

class OpenStorage implements Storage {
  readonly db: Db
  readonly cluster: Cluster | null
  #closed: Promise<void> | undefined

  constructor(pool: pg.Pool, cluster: Cluster | null) {
    this.db = openDb(pool)
    this.cluster = cluster
  }

  get blobs(): Blobs {
    throw new Error('not yet')
  }
  get outbox(): Outbox {
    throw new Error('not yet')
  }
  get jobs(): Jobs {
    throw new Error('not yet')
  }
  get leases(): Leases {
    throw new Error('not yet')
  }

  tenant<T>(id: TenantId, work: (tx: Tx) => Promise<T>): Promise<T> {
    if (!UUID.test(id))
      throw new AppError('bad-tenant', `"${id}" is not a tenant's id.`, 'Use an id that /session shows.')
    return this.db.transaction().execute(async (tx) => {
      await sql`select set_config('recourse.tenant_id', ${id}, true)`.execute(tx)
      return await work(tx)
    })
  }

  /** Sees the list of tenants, nothing else of them. */
  #system<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.db.transaction().execute(async (tx) => {
      await sql`select set_config('recourse.system', 'on', true)`.execute(tx)
      return await work(tx)
    })
  }

  async tenants(): Promise<readonly TenantId[]> {
    const rows = await this.#system((tx) => tx.selectFrom('tenant').select('tenant_id').orderBy('tenant_id').execute())
    return rows.map((row) => row.tenant_id)
  }

  async createTenant(name: string, id: TenantId = uuidv7()): Promise<TenantId> {
    await this.#system((tx) => tx.insertInto('tenant').values({ tenant_id: id, name }).execute())
    return id
  }

  async start(): Promise<void> {}

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.db.destroy()
      await this.cluster?.stop()
    })()
    return this.#closed
  }
}
