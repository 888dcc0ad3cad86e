import type pg from 'pg'
import { AppError, messageOf, type TenantId, uuidv7 } from '../base/index.ts'
import { DirectoryBlobs } from './blobs/blobs.ts'
import { openDb, type RunTransaction, type TransactionSettings } from './dialect.ts'
import { eachTenant } from './each-tenant.ts'
import { type Cluster, type EmbeddedOptions, startCluster } from './embedded/cluster.ts'
import { BossJobs, installJobs } from './jobs.ts'
import { DatabaseLeases } from './leases.ts'
import { Dispatcher } from './outbox/dispatcher.ts'
import { checkServer, openPool } from './pool.ts'
import { Presence } from './presence.ts'
import type { Db, Tx } from './schema.ts'
import { refreshStatistics } from './statistics.ts'
import { rememberTenant } from './tenant-of.ts'
import type { Storage, StorageLog, TransactionOptions } from './types.ts'
import { Wakes, wakesOf } from './wake.ts'

export interface BlobOptions {
  /** Where encrypted blobs live; made if missing. */
  readonly dir: string
  /** File of the master key that wraps the tenants' keys; made with mode 0600 if missing. */
  readonly keyFile: string
}

export type ConnectOptions = ({ readonly url: string } | { readonly embedded: EmbeddedOptions }) & {
  readonly blobs: BlobOptions
  /** Database connections of this process at most. Default 20. */
  readonly maxConnections?: number
  readonly log?: StorageLog
}

/**
 * Opens the database (started, adopted or by address) and the blobs. Then: `migrate`, name the subscribers, `start()`.
 * Throws AppErrors that name what is wrong: unreachable, too old, a role that row-level security does not bind.
 */
export async function connect(options: ConnectOptions): Promise<OpenStorage> {
  const cluster = 'embedded' in options ? await startCluster(options.embedded) : null
  const url = 'url' in options ? options.url : (cluster?.url() ?? '')
  const max = options.maxConnections ?? 20
  const pool = openPool(url, { max: Math.max(2, max - OTHERS), pipeline: true }, options.log)
  try {
    await checkServer(pool, url)
    return new OpenStorage({ pool, url, cluster, blobs: options.blobs, log: options.log })
  } catch (error) {
    await pool.end()
    await cluster?.stop()
    throw error
  }
}

interface Parts {
  readonly pool: pg.Pool
  readonly url: string
  readonly cluster: Cluster | null
  readonly blobs: BlobOptions
  readonly log: StorageLog | undefined
}

/** Connections beside the pool: jobs have their own, so that a transaction that sends one never waits for itself; one listens, and one shows that we live. */
const JOBS = 3
const OTHERS = JOBS + 2
const STATISTICS_MS = 4000
const SWEEP_MS = 6 * 3_600_000
/** Longer than any transaction that stores a blob's name may take. */
const GRACE_MS = 24 * 3_600_000

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** How long a transaction waits for a database that restarts, before it has begun. */
const BEGIN_TRIES_MS = 5000

export class OpenStorage implements Storage {
  readonly db: Db
  /** The embedded PostgreSQL; null with DATABASE_URL. */
  readonly cluster: Cluster | null
  /** Address of the database, for other processes. Holds the password, if there is one. */
  readonly url: string
  readonly blobs: DirectoryBlobs
  readonly outbox: Dispatcher
  readonly jobs: BossJobs
  readonly leases: DatabaseLeases
  readonly #wakes: Wakes
  readonly #presence: Presence
  readonly #pool: pg.Pool
  readonly #run: RunTransaction
  readonly #log: StorageLog | undefined
  #statistics: NodeJS.Timeout | undefined
  #closed: Promise<void> | undefined

  constructor({ pool, url, cluster, blobs, log }: Parts) {
    this.#pool = pool
    this.#log = log
    const { db, transaction } = openDb(pool)
    this.db = db
    this.#run = transaction
    this.url = url
    this.cluster = cluster
    this.#wakes = new Wakes(url, pool, log)
    this.blobs = new DirectoryBlobs(this, blobs)
    this.outbox = new Dispatcher(this, this.#wakes, log)
    this.jobs = new BossJobs(openPool(url, { max: JOBS, pipeline: false }, log), this.#wakes, log)
    void this.jobs.schedule('storage-sweep', SWEEP_MS, () => this.#sweep())
    this.#presence = new Presence(url, log, {
      lost: () => this.leases.presenceLost(),
      back: () => this.leases.presenceBack(),
    })
    this.leases = new DatabaseLeases(this, this.#presence, log)
  }

  async tenant<T>(id: TenantId, work: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    if (!UUID.test(id))
      throw new AppError('bad-tenant', `"${id}" is not a tenant's id.`, 'Use an id that /session shows.')
    let wakes: ReadonlySet<string> = new Set()
    const settings = { 'recourse.tenant_id': id, ...(options.foundAgain ? { synchronous_commit: 'off' } : {}) }
    const mine = async (tx: Tx) => {
      rememberTenant(tx, id)
      const done = await work(tx)
      wakes = wakesOf(tx)
      return done
    }
    const result = await this.#transaction(settings, mine, options.mayRunAgain)
    for (const about of wakes) this.#wakes.touch(about === 'outbox' ? `outbox ${id}` : about)
    return result
  }

  /** A connection that died while idle, or a database that restarts, is tried again as long as nothing has begun. */
  async #transaction<T>(settings: TransactionSettings, work: (tx: Tx) => Promise<T>, atOnce = false): Promise<T> {
    const until = performance.now() + BEGIN_TRIES_MS
    for (let wait = 20; ; wait = Math.min(wait * 2, 500)) {
      let begun = false
      try {
        const opening = {
          settings,
          atOnce,
          begun: () => {
            begun = true
          },
        }
        return await this.#run(opening, work)
      } catch (error) {
        if (begun || !isOutage(error)) throw error
        if (performance.now() > until || this.#closed) throw databaseDown(error)
        await new Promise((done) => setTimeout(done, wait))
      }
    }
  }

  async tenants(): Promise<readonly TenantId[]> {
    const rows = await this.#transaction({ 'recourse.system': 'on' }, (tx) =>
      tx.selectFrom('tenant').select('tenant_id').orderBy('tenant_id').execute(),
    )
    return rows.map((row) => row.tenant_id)
  }

  async createTenant(name: string, id: TenantId = uuidv7()): Promise<TenantId> {
    await this.#transaction({ 'recourse.system': 'on' }, (tx) =>
      tx.insertInto('tenant').values({ tenant_id: id, name }).execute(),
    )
    return id
  }

  /** Removes bytes that nothing names any more. */
  async #sweep(): Promise<void> {
    await eachTenant(this, (tenant) => this.blobs.sweep(tenant, { graceMs: GRACE_MS }))
  }

  /** For `migrate`: other systems' tables in the same database. */
  async install(): Promise<void> {
    await installJobs(this.#pool)
  }

  async start(): Promise<void> {
    this.#wakes.start()
    this.outbox.start()
    await this.jobs.start()
    this.#statistics ??= setInterval(() => {
      refreshStatistics(this.db).catch((error: unknown) =>
        this.#log?.warn({ error: messageOf(error) }, 'statistics of tables could not be refreshed'),
      )
    }, STATISTICS_MS).unref()
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      clearInterval(this.#statistics)
      await this.jobs.stop()
      await this.outbox.stop()
      await this.leases.releaseAll()
      await this.#presence.stop()
      await this.#wakes.stop()
      await this.db.destroy()
      // Kysely ends the pool only if it has used it.
      if (!this.#pool.ending) await this.#pool.end()
      await this.cluster?.stop()
    })()
    return this.#closed
  }
}

/** Connection lost, refused, or the server starting, stopping or full (SQLSTATE classes 08, 57P, 53300). */
function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (/^(08...|57P0[123]|53300|ECONN\w+|ENOENT|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND)$/.test(code)) return true
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    error.message,
  )
}

const databaseDown = (cause: unknown) =>
  new AppError(
    'database-down',
    `The database does not answer: ${messageOf(cause)}`,
    'Nothing was changed. It is tried again by itself; check PostgreSQL if this stays.',
    { status: 503, cause },
  )
