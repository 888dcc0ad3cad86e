import type pg from 'pg'
import { type Db as BossDb, fromKysely, PgBoss } from 'pg-boss'
import { messageOf, uuidv7 } from '../base/index.ts'
import type { Tx } from './schema.ts'
import { tenantOf } from './tenant-of.ts'
import type { Jobs, StorageLog } from './types.ts'
import { type Wakes, wakeAfterCommit } from './wake.ts'

type Data = Record<string, unknown>
interface Worker {
  readonly name: string
  readonly concurrency: number
  readonly handler: (data: Data) => Promise<void>
}

/** How jobs behave. They only wake: a job that is given again after its worker died finds that the work is leased or done. */
const QUEUE = {
  expireInSeconds: 86_399,
  heartbeatSeconds: 30,
  retryLimit: 100,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 60,
  deleteAfterSeconds: 3600,
}

const through = (pool: pg.Pool): BossDb => ({ executeSql: (text, values) => pool.query(text, values) })

/** Makes or renews the tables of pg-boss, in their own schema. */
export async function installJobs(pool: pg.Pool): Promise<void> {
  const boss = new PgBoss({ db: through(pool), supervise: false, schedule: false, registerInstance: false })
  boss.on('error', () => {}) // start() rejects with it
  await boss.start()
  await boss.stop({ graceful: false })
}

export class BossJobs implements Jobs {
  /** Ours alone: closed with us. */
  readonly #pool: pg.Pool
  readonly #wakes: Wakes
  readonly #log: StorageLog | undefined
  readonly #workers: Worker[] = []
  readonly #ids = new Map<string, string>()
  readonly #queues = new Map<string, Promise<void>>()
  readonly #timers: NodeJS.Timeout[] = []
  #boss: Promise<PgBoss> | undefined
  #running = false
  #off: (() => void) | undefined

  constructor(pool: pg.Pool, wakes: Wakes, log: StorageLog | undefined) {
    this.#pool = pool
    this.#wakes = wakes
    this.#log = log
  }

  async send(tx: Tx, name: string, data: Data, options: { key?: string; startAfterMs?: number } = {}): Promise<void> {
    const boss = await this.#open()
    await this.#queue(boss, name)
    const tenant = tenantOf(tx)
    await boss.send(name, tenant ? { tenant, ...data } : data, {
      db: fromKysely(tx),
      // Waiting jobs of one key collapse (policy `short`), those of other tenants do not.
      singletonKey: options.key === undefined ? uuidv7() : `${tenant ?? ''} ${options.key}`,
      ...(options.startAfterMs ? { startAfter: new Date(Date.now() + options.startAfterMs) } : {}),
    })
    if (!options.startAfterMs) wakeAfterCommit(tx, `job ${name}`)
  }

  async work(
    name: string,
    handler: (data: Data) => Promise<void>,
    options: { concurrency?: number } = {},
  ): Promise<void> {
    const worker = { name, handler, concurrency: options.concurrency ?? 1 }
    this.#workers.push(worker)
    if (this.#running) await this.#begin(worker)
  }

  /** Once per period in all processes together: the period is the key. */
  async schedule(name: string, everyMs: number, handler: () => Promise<void>): Promise<void> {
    const seconds = Math.max(1, Math.round(everyMs / 1000))
    await this.work(name, async () => handler())
    const timer = setInterval(() => {
      if (!this.#running) return
      void (async () => {
        const boss = await this.#open()
        await this.#queue(boss, name)
        await boss.send(name, {}, { singletonSeconds: seconds, singletonKey: 'schedule' })
      })().catch((error: unknown) =>
        this.#log?.warn({ job: name, error: messageOf(error) }, 'a period was not started'),
      )
    }, seconds * 1000)
    timer.unref()
    this.#timers.push(timer)
  }

  async start(): Promise<void> {
    if (this.#running) return
    this.#running = true
    for (const worker of this.#workers) await this.#begin(worker)
    this.#off = this.#wakes.on((about) => {
      const [what, name] = about.split(' ')
      if (what === 'job' || what === 'all') void this.#nudge(what === 'job' ? name : undefined)
    })
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#off?.()
    for (const timer of this.#timers) clearInterval(timer)
    const boss = await this.#boss?.catch(() => undefined)
    await boss?.stop({ graceful: true, timeout: 20_000 })
    await this.#pool.end()
  }

  #open(): Promise<PgBoss> {
    this.#boss ??= (async () => {
      const boss = new PgBoss({
        db: through(this.#pool),
        migrate: false,
        schedule: false,
        registerInstance: false,
        superviseIntervalSeconds: 15,
        monitorIntervalSeconds: 15,
      })
      boss.on('error', (error) => this.#log?.warn({ error: messageOf(error) }, 'jobs: the database did not answer'))
      try {
        return await boss.start()
      } catch (error) {
        this.#boss = undefined
        throw error
      }
    })()
    return this.#boss
  }

  /** Every queue is of policy `short`: of waiting jobs with the same key there is one. */
  #queue(boss: PgBoss, name: string): Promise<void> {
    const known = this.#queues.get(name)
    if (known) return known
    const made = boss.createQueue(name, { ...QUEUE, policy: 'short' }).catch((error: unknown) => {
      this.#queues.delete(name)
      throw error
    })
    this.#queues.set(name, made)
    return made
  }

  async #begin(worker: Worker): Promise<void> {
    const boss = await this.#open()
    await this.#queue(boss, worker.name)
    for (let i = 0; i < worker.concurrency; i++) await this.#beginOne(boss, worker)
  }

  async #beginOne(boss: PgBoss, worker: Worker): Promise<void> {
    let id = ''
    id = await boss.work<Data>(worker.name, { pollingIntervalSeconds: 2 }, async (jobs) => {
      try {
        for (const job of jobs) await worker.handler(job.data)
      } catch (error) {
        this.#log?.error({ job: worker.name, error: messageOf(error) }, 'a job failed; it will be tried again')
        throw error
      } finally {
        // There may be more: look again at once instead of after the polling interval.
        boss.notifyWorker(id)
      }
    })
    this.#ids.set(id, worker.name)
  }

  async #nudge(name: string | undefined): Promise<void> {
    const boss = await this.#boss?.catch(() => undefined)
    for (const [id, queue] of this.#ids) if (name === undefined || queue === name) boss?.notifyWorker(id)
  }
}
