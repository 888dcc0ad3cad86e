import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { messageOf } from '../base/index.ts'
import type { Tx } from './schema.ts'
import type { StorageLog } from './types.ts'

const CHANNEL = 'recourse'
/** NOTIFY makes commits wait for each other, so it never happens inside a transaction of ours, and rarely. */
const GATHER_MS = 15

const wanted = new WeakMap<Tx, Set<string>>()

/** Whoever commits this transaction wakes those who wait for `about`. */
export function wakeAfterCommit(tx: Tx, about: string): void {
  const set = wanted.get(tx) ?? new Set<string>()
  wanted.set(tx, set.add(about))
}

export const wakesOf = (tx: Tx): ReadonlySet<string> => wanted.get(tx) ?? new Set()

/**
 * Tells this process at once, and all others through LISTEN/NOTIFY, that there is something to do. A hint only: whoever
 * waits also looks by itself now and then, because a process can die between commit and hint.
 */
export class Wakes {
  readonly #url: string
  readonly #pool: pg.Pool
  readonly #log: StorageLog | undefined
  readonly #handlers = new Set<(about: string) => void>()
  readonly #token = randomBytes(4).toString('hex')
  readonly #gathered = new Set<string>()
  #client: pg.Client | null = null
  #timer: NodeJS.Timeout | undefined
  #running = false

  constructor(url: string, pool: pg.Pool, log: StorageLog | undefined) {
    this.#url = url
    this.#pool = pool
    this.#log = log
  }

  on(handler: (about: string) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  touch(about: string): void {
    setImmediate(() => this.#tell(about))
    this.#gathered.add(about)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const all = [...this.#gathered].map((one) => `${this.#token} ${one}`)
      this.#gathered.clear()
      this.#pool
        .query('select pg_notify($1, x) from unnest($2::text[]) x', [CHANNEL, all])
        .catch((error: unknown) => this.#log?.warn({ error: messageOf(error) }, 'other processes could not be woken'))
    }, GATHER_MS)
    this.#timer.unref()
  }

  #tell(about: string): void {
    for (const handler of this.#handlers) handler(about)
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    void this.#keep()
  }

  /** One connection that listens, made anew whenever it breaks. */
  async #keep(): Promise<void> {
    for (let wait = 100; this.#running; wait = Math.min(wait * 2, 5000)) {
      const client = new pg.Client({
        connectionString: this.#url,
        application_name: 'recourse listen',
        keepAlive: true,
      })
      try {
        const ended = new Promise<void>((done) => client.on('end', done).on('error', () => done()))
        await client.connect()
        client.on('notification', (message) => {
          const [token, ...about] = (message.payload ?? '').split(' ')
          if (token !== this.#token) this.#tell(about.join(' '))
        })
        await client.query(`listen ${CHANNEL}`)
        this.#client = client
        wait = 100
        this.#tell('all')
        await ended
      } catch (error) {
        this.#log?.warn({ error: messageOf(error) }, 'not listening to other processes; looking by ourselves meanwhile')
      }
      this.#client = null
      await client.end().catch(() => {})
      if (this.#running) await new Promise((done) => setTimeout(done, wait).unref())
    }
  }

  async stop(): Promise<void> {
    this.#running = false
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }
}
