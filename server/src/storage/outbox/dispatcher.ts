import { sql } from 'kysely'
import { crashPoint, messageOf, type TenantId } from '../../base/index.ts'
import type { Tx } from '../schema.ts'
import type { Events, Outbox, Storage, StorageLog } from '../types.ts'
import type { Wakes } from '../wake.ts'
import { emit } from './emit.ts'
import { Live } from './live.ts'
import { eventsAfter, type Position, rebase, waiting } from './read.ts'

type Handler = (tx: Tx, event: never) => Promise<void>
interface Subscriber {
  readonly name: string
  readonly kinds: readonly string[]
  readonly handler: Handler
}

const BATCH = 100
/** A transaction with handlers in it ends about here: others wait for the oldest open one. */
const BATCH_MS = 250
const POLL_MS = 2000
const MAX_BACKOFF_MS = 60_000
const CLEAN_MS = 600_000
const KEEP_DAYS = 7
/** Dispatching transactions at the same time in this process. */
const PARALLEL = 4

/**
 * Hands events to subscribers: at least once, in order per tenant and subscriber, in the transaction that records the progress. Any
 * number of processes may run it: whoever has the progress row locked works, the others pass by.
 */
export class Dispatcher implements Outbox {
  readonly #storage: Pick<Storage, 'tenant' | 'tenants'>
  readonly #log: StorageLog | undefined
  readonly #wakes: Wakes
  readonly #subscribers = new Map<string, Subscriber>()
  readonly #live: Live
  readonly #looking = new Map<TenantId, { again: boolean; done: Promise<void> }>()
  #busy = 0
  readonly #queue: (() => void)[] = []
  #timers: NodeJS.Timeout[] = []
  #off: (() => void) | undefined
  #running = false
  /** Done when the numbers have been checked against this database. */
  #fresh: Promise<void> = Promise.resolve()

  constructor(storage: Pick<Storage, 'tenant' | 'tenants'>, wakes: Wakes, log: StorageLog | undefined) {
    this.#storage = storage
    this.#wakes = wakes
    this.#log = log
    this.#live = new Live(storage, wakes, log)
  }

  emit = emit

  subscribe<K extends keyof Events>(
    name: string,
    kinds: readonly K[],
    handler: (tx: Tx, event: { kind: K; data: Events[K]; tenant: TenantId; id: string }) => Promise<void>,
  ): void {
    if (this.#subscribers.has(name)) throw new Error(`outbox: two subscribers are named ${name}`)
    if (this.#running) throw new Error(`outbox: ${name} subscribes after start()`)
    this.#subscribers.set(name, { name, kinds, handler })
  }

  listen(handler: Parameters<Outbox['listen']>[0]): () => void {
    return this.#live.listen(handler)
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    if (this.#subscribers.size === 0) return
    this.#off = this.#wakes.on((about) => {
      const [what, tenant] = about.split(' ')
      if (what === 'all') void this.#lookAtAll()
      if (what === 'outbox' && tenant) void this.#look(tenant as TenantId)
    })
    this.#timers = [setInterval(() => void this.#lookAtAll(), POLL_MS), setInterval(() => void this.#clean(), CLEAN_MS)]
    for (const timer of this.#timers) timer.unref()
    this.#fresh = this.#storage.tenants().then(async (tenants) => {
      for (const tenant of tenants) await this.#storage.tenant(tenant, rebase)
    })
    this.#fresh.catch((error: unknown) => this.#log?.warn({ error: messageOf(error) }, 'the outbox cannot be read'))
    void this.#lookAtAll()
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#off?.()
    for (const timer of this.#timers) clearInterval(timer)
    this.#live.stop()
    await Promise.all([...this.#looking.values()].map((look) => look.done))
  }

  async #lookAtAll(): Promise<void> {
    try {
      await this.#fresh
      for (const tenant of await this.#storage.tenants()) void this.#look(tenant)
    } catch (error) {
      this.#log?.warn({ error: messageOf(error) }, 'the outbox cannot be read; trying again')
    }
  }

  /** One look per tenant at a time; a wake meanwhile makes it look again. */
  #look(tenant: TenantId): Promise<void> {
    const running = this.#looking.get(tenant)
    if (running) {
      running.again = true
      return running.done
    }
    const state = { again: true, done: Promise.resolve() }
    this.#looking.set(tenant, state)
    state.done = this.#untilQuiet(tenant, state).finally(() => this.#looking.delete(tenant))
    return state.done
  }

  async #untilQuiet(tenant: TenantId, state: { again: boolean }): Promise<void> {
    let unseen = 0
    while (this.#running && (state.again || unseen > 0)) {
      state.again = false
      try {
        const names = await this.#storage.tenant(tenant, (tx) => waiting(tx, [...this.#subscribers.values()]))
        const worked = await Promise.all(names.map((name) => this.#deliver(tenant, name)))
        if (worked.some(Boolean)) state.again = true
        // Committed, but an older transaction is still open: look again soon, and leave the rest to the poll.
        else if (names.length > 0 && ++unseen <= 12) await pause(Math.min(10 * unseen, 100))
        else unseen = 0
      } catch (error) {
        this.#log?.warn({ tenant, error: messageOf(error) }, 'the outbox cannot be read; trying again')
        return
      }
    }
  }

  /** True when something was handled. */
  async #deliver(tenant: TenantId, name: string): Promise<boolean> {
    const subscriber = this.#subscribers.get(name)
    if (!subscriber) return false
    await this.#turn()
    try {
      return await this.#batch(tenant, subscriber, BATCH)
    } catch {
      // One of the batch failed and all was rolled back: find it by going one by one.
      return await this.#oneByOne(tenant, subscriber)
    } finally {
      this.#busy--
      this.#queue.shift()?.()
    }
  }

  async #oneByOne(tenant: TenantId, subscriber: Subscriber): Promise<boolean> {
    let any = false
    try {
      for (let i = 0; i < BATCH && this.#running; i++) {
        if (!(await this.#batch(tenant, subscriber, 1))) break
        any = true
      }
    } catch (error) {
      await this.#failed(tenant, subscriber, error)
    }
    return any
  }

  async #batch(tenant: TenantId, subscriber: Subscriber, limit: number): Promise<boolean> {
    const handled = await this.#storage.tenant(tenant, async (tx) => {
      const position = await this.#lock(tx, subscriber.name)
      if (!position) return 0
      const events = await eventsAfter(tx, position, subscriber.kinds, position.attempts > 0 ? 1 : limit)
      const until = performance.now() + BATCH_MS
      let last: Position | undefined
      let count = 0
      for (const event of events) {
        // Written by `emit` with the data of its kind, and only the subscriber's kinds are read.
        await subscriber.handler(tx, { ...event, tenant } as never)
        last = event
        count++
        if (performance.now() > until) break
      }
      if (!last) return 0
      crashPoint('outbox.after-handler')
      await sql`update outbox_progress set xid = ${last.xid}::xid8, seq = ${last.seq}, attempts = 0, retry_at = null,
        last_error = null, seen_at = now() where subscriber = ${subscriber.name}`.execute(tx)
      return count
    })
    if (handled > 0) crashPoint('outbox.after-commit')
    return handled > 0
  }

  /** Null while another process works for this subscriber, or a retry is not due. */
  async #lock(tx: Tx, name: string): Promise<(Position & { attempts: number }) | null> {
    const lock = () =>
      sql<Position & { attempts: number; due: boolean }>`
        select xid::text as xid, seq, attempts, retry_at is null or retry_at <= clock_timestamp() as due
        from outbox_progress where tenant_id = recourse_tenant() and subscriber = ${name} for update skip locked`.execute(
        tx,
      )
    let row = (await lock()).rows[0]
    if (!row) {
      await sql`insert into outbox_progress (tenant_id, subscriber) values (recourse_tenant(), ${name})
        on conflict do nothing`.execute(tx)
      row = (await lock()).rows[0]
    }
    return row?.due ? row : null
  }

  async #failed(tenant: TenantId, subscriber: Subscriber, error: unknown): Promise<void> {
    const text = messageOf(error).slice(0, 1000)
    this.#log?.error(
      { tenant, subscriber: subscriber.name, error: text },
      'a subscriber failed; it will be tried again',
    )
    const wait = await this.#storage
      .tenant(tenant, (tx) =>
        sql<{ ms: number }>`update outbox_progress set attempts = attempts + 1, last_error = ${text},
          retry_at = clock_timestamp() + least(${MAX_BACKOFF_MS}, 100 * power(2, least(attempts, 12))) * interval '1 ms'
          where subscriber = ${subscriber.name}
          returning extract(epoch from retry_at - clock_timestamp()) * 1000 as ms`.execute(tx),
      )
      .then((done) => Number(done.rows[0]?.ms ?? POLL_MS))
      .catch(() => POLL_MS)
    if (wait < POLL_MS) setTimeout(() => void this.#look(tenant), wait + 5).unref()
  }

  /** Waits for one of the few places for dispatching transactions. */
  async #turn(): Promise<void> {
    while (this.#busy >= PARALLEL) await new Promise<void>((go) => this.#queue.push(go))
    this.#busy++
  }

  /** Removes old events that every living subscriber has passed. */
  async #clean(): Promise<void> {
    try {
      const names = [...this.#subscribers.keys()]
      for (const tenant of await this.#storage.tenants())
        await this.#storage.tenant(tenant, async (tx) => {
          await sql`update outbox_progress set seen_at = now() where subscriber = any(${names}::text[])`.execute(tx)
          await sql`delete from outbox o using (
              select xid, seq from outbox_progress where seen_at > now() - ${KEEP_DAYS} * interval '1 day'
              order by xid, seq limit 1) p
            where o.at < now() - ${KEEP_DAYS} * interval '1 day' and (o.xid, o.seq) <= (p.xid, p.seq)`.execute(tx)
        })
    } catch (error) {
      this.#log?.warn({ error: messageOf(error) }, 'the outbox could not be cleaned')
    }
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))
