import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { messageOf } from '../base/index.ts'
import type { StorageLog } from './types.ts'

/** What a process writes on its leases, so that others can see whether it still lives. */
export interface Mark {
  /** Key of the advisory lock that it holds. */
  readonly process: number
  /** Start of the PostgreSQL that holds the lock, in seconds. */
  readonly server: string
}

/** The loss of the session is told after so long, if it could not be made anew: well before others may take over (`GONE_MS`). */
const PATIENCE_MS = 2000
const PING_MS = 5000
const PING_TIMEOUT_MS = 10_000
const FIRST_MS = 3000

/**
 * One database session that this process keeps as long as it lives, with an advisory lock. The kernel closes a dead process's sockets and
 * PostgreSQL then frees the lock, so that others need not wait until the leases of a killed process run out; one that is only
 * stopped, or busy, keeps its lock. Where the session breaks under a living process, that one makes it anew with the same key or, when it
 * cannot within two seconds, gives up its leases (`lost`). Pinged, so that a connection which something on the way has dropped is noticed
 * here first.
 */
export class Presence {
  readonly #url: string
  readonly #log: StorageLog | undefined
  readonly #process = randomBytes(6).readUIntBE(0, 6)
  readonly #handlers: { lost(): void; back(): void }
  #server: string | null = null
  #client: pg.Client | null = null
  #first: Promise<void> | undefined
  #stopped = false

  constructor(url: string, log: StorageLog | undefined, handlers: { lost(): void; back(): void }) {
    this.#url = url
    this.#log = log
    this.#handlers = handlers
  }

  /** Null while there is no such session: then others go by the lease's time alone. */
  async mark(): Promise<Mark | null> {
    this.#first ??= new Promise((known) => {
      setTimeout(known, FIRST_MS).unref()
      void this.#keep(known)
    })
    await this.#first
    return this.#server === null ? null : { process: this.#process, server: this.#server }
  }

  /** Whether a mark is our own. */
  is(process: number): boolean {
    return process === this.#process
  }

  async #keep(known: () => void): Promise<void> {
    let giveUp: NodeJS.Timeout | undefined
    for (let wait = 50; !this.#stopped; wait = Math.min(wait * 2, 500)) {
      try {
        const client = new pg.Client({
          connectionString: this.#url,
          application_name: 'recourse presence',
          keepAlive: true,
          connectionTimeoutMillis: PING_TIMEOUT_MS,
          query_timeout: PING_TIMEOUT_MS,
        })
        const ended = new Promise<void>((done) => client.on('end', done).on('error', () => done()))
        this.#client = client
        await client.connect()
        this.#server = await takeLock(client, this.#process)
        clearTimeout(giveUp)
        wait = 50
        known()
        this.#handlers.back()
        await this.#whileAlive(client, ended)
      } catch (error) {
        if (!this.#stopped) this.#log?.warn({ error: messageOf(error) }, 'the session that shows that we live is lost')
      }
      if (this.#server !== null) giveUp = setTimeout(() => this.#handlers.lost(), PATIENCE_MS).unref()
      this.#server = null
      await this.#client?.end().catch(() => {})
      known()
      if (!this.#stopped) await pause(wait, undefined, { ref: false })
    }
    clearTimeout(giveUp)
  }

  async #whileAlive(client: pg.Client, ended: Promise<void>): Promise<void> {
    let alive = true
    void ended.then(() => {
      alive = false
    })
    while (alive && !this.#stopped) {
      await Promise.race([ended, pause(PING_MS, undefined, { ref: false })])
      if (alive && !this.#stopped) await client.query('select 1')
    }
  }

  /** After the leases were released. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#client?.end().catch(() => {})
  }
}

/** Throws when the lock is taken: by an earlier session of ours whose end PostgreSQL has not noticed yet. */
async function takeLock(client: pg.Client, process: number): Promise<string> {
  await client.query('set idle_session_timeout = 0')
  const { rows } = await client.query<{ taken: boolean; server: string }>(
    `select pg_try_advisory_lock($1::bigint) as taken, extract(epoch from pg_postmaster_start_time())::text as server`,
    [process],
  )
  const [row] = rows
  if (!row?.taken) throw new Error('its lock is still held by the session before')
  return row.server
}
