import { messageOf, type TenantId } from '../../base/index.ts'
import type { DomainEvent, Outbox, Storage, StorageLog } from '../types.ts'
import type { Wakes } from '../wake.ts'
import { eventsAfter, horizon, type Position } from './read.ts'

type Handler = Parameters<Outbox['listen']>[0]

const LIMIT = 500
const POLL_MS = 2000
const SOON_MS = 30

/** Listeners of this process (server-sent events): from when they started on, best effort, nothing stored. */
export class Live {
  readonly #storage: Pick<Storage, 'tenant' | 'tenants'>
  readonly #wakes: Wakes
  readonly #log: StorageLog | undefined
  readonly #handlers = new Set<Handler>()
  readonly #positions = new Map<TenantId, Position>()
  readonly #reading = new Map<TenantId, boolean>()
  #off: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(storage: Pick<Storage, 'tenant' | 'tenants'>, wakes: Wakes, log: StorageLog | undefined) {
    this.#storage = storage
    this.#wakes = wakes
    this.#log = log
  }

  listen(handler: Handler): () => void {
    this.#handlers.add(handler)
    if (this.#handlers.size === 1) this.#begin()
    return () => {
      this.#handlers.delete(handler)
      if (this.#handlers.size === 0) this.stop()
    }
  }

  #begin(): void {
    this.#off = this.#wakes.on((about) => {
      const [what, tenant] = about.split(' ')
      if (what === 'outbox' && tenant) void this.#read(tenant as TenantId)
    })
    this.#timer = setInterval(() => void this.#all(), POLL_MS)
    this.#timer.unref()
    void this.#all()
  }

  stop(): void {
    this.#off?.()
    clearInterval(this.#timer)
    this.#positions.clear()
  }

  async #all(): Promise<void> {
    try {
      for (const tenant of await this.#storage.tenants()) void this.#read(tenant)
    } catch (error) {
      this.#log?.warn({ error: messageOf(error) }, 'live events cannot be read; trying again')
    }
  }

  /** One reader per tenant; a wake meanwhile makes it read again. */
  async #read(tenant: TenantId): Promise<void> {
    if (this.#reading.has(tenant)) {
      this.#reading.set(tenant, true)
      return
    }
    try {
      // A second look shortly after, for events whose transaction was not the oldest one open.
      for (let look = 0; look < 2 && this.#handlers.size > 0; look++) {
        this.#reading.set(tenant, false)
        if ((await this.#once(tenant)) || this.#reading.get(tenant)) look = -1
        else if (look === 0) await new Promise((done) => setTimeout(done, SOON_MS))
      }
    } catch (error) {
      this.#log?.warn({ tenant, error: messageOf(error) }, 'live events cannot be read; trying again')
    } finally {
      this.#reading.delete(tenant)
    }
  }

  async #once(tenant: TenantId): Promise<boolean> {
    const from = this.#positions.get(tenant)
    const found = await this.#storage.tenant(tenant, async (tx) =>
      from ? { events: await eventsAfter(tx, from, null, LIMIT) } : { start: await horizon(tx) },
    )
    if (found.start !== undefined) this.#positions.set(tenant, { xid: found.start, seq: 0 })
    for (const { xid, seq, id, kind, data } of found.events ?? []) {
      this.#positions.set(tenant, { xid, seq })
      // Written by `emit` with the data of its kind.
      const event = { kind, data, tenant, id } as DomainEvent & { tenant: TenantId; id: string }
      for (const handler of this.#handlers) {
        try {
          handler(event)
        } catch (error) {
          this.#log?.warn({ kind, error: messageOf(error) }, 'a live listener failed')
        }
      }
    }
    return (found.events ?? []).length > 0
  }
}
