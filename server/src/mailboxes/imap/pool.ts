import { ProviderError } from '../provider.ts'
import type { Connection } from './connection.ts'

export interface PoolLimits {
  readonly connections: number
  readonly perMailbox: number
  readonly idleMs: number
}

interface Waiter {
  readonly login: string
  readonly give: (slot: Slot) => void
  readonly fail: (error: unknown) => void
}

/** The right to hold one connection; `connection` is set when an idle one could be taken over. */
interface Slot {
  readonly connection: Connection | null
}

interface Idle {
  readonly connection: Connection
  readonly timer: NodeJS.Timeout
}

/** Bounded connections to one server, kept for a while by mailbox. First come, first served, where a limit allows it. */
export class Pool {
  readonly #open: (login: string) => Promise<Connection>
  readonly #limits: PoolLimits
  readonly #busy = new Map<string, number>()
  #total = 0
  readonly #idle: Idle[] = []
  readonly #waiters: Waiter[] = []
  #closed = false

  constructor(open: (login: string) => Promise<Connection>, limits: PoolLimits) {
    this.#open = open
    this.#limits = limits
  }

  async acquire(login: string, signal?: AbortSignal): Promise<Connection> {
    signal?.throwIfAborted()
    if (this.#closed) throw new ProviderError('unavailable', 'the mail provider was closed')
    const slot = this.#take(login) ?? (await this.#wait(login, signal))
    if (slot.connection) return slot.connection
    try {
      return await this.#open(login)
    } catch (error) {
      this.#leave(login)
      throw error
    }
  }

  /** Gives the connection back; a dead one only frees its place. */
  release(connection: Connection): void {
    if (connection.alive && !this.#closed && this.#limits.idleMs > 0) {
      const timer = setTimeout(() => this.#retire(connection), this.#limits.idleMs)
      timer.unref()
      this.#idle.push({ connection, timer })
    } else {
      void connection.logout()
      this.#total--
    }
    this.#count(connection.login, -1)
    this.#serve()
  }

  #leave(login: string): void {
    this.#total--
    this.#count(login, -1)
    this.#serve()
  }

  #count(login: string, by: number): void {
    const now = (this.#busy.get(login) ?? 0) + by
    if (now > 0) this.#busy.set(login, now)
    else this.#busy.delete(login)
  }

  /** A place for this mailbox, if the limits allow one now. `#total` counts idle connections too. */
  #take(login: string): Slot | null {
    if ((this.#busy.get(login) ?? 0) >= this.#limits.perMailbox) return null
    for (;;) {
      const own = this.#idle.findIndex((idle) => idle.connection.login === login)
      if (own < 0) break
      const [idle] = this.#idle.splice(own, 1)
      if (!idle) break
      clearTimeout(idle.timer)
      if (idle.connection.alive) {
        this.#count(login, 1)
        return { connection: idle.connection }
      }
      this.#total--
    }
    if (this.#total >= this.#limits.connections) {
      const oldest = this.#idle.shift()
      if (!oldest) return null
      clearTimeout(oldest.timer)
      void oldest.connection.logout()
      this.#total--
    }
    this.#total++
    this.#count(login, 1)
    return { connection: null }
  }

  #wait(login: string, signal?: AbortSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        const at = this.#waiters.indexOf(waiter)
        if (at >= 0) this.#waiters.splice(at, 1)
        reject(signal?.reason)
      }
      const waiter: Waiter = {
        login,
        give: (slot) => {
          signal?.removeEventListener('abort', abort)
          resolve(slot)
        },
        fail: (error) => {
          signal?.removeEventListener('abort', abort)
          reject(error)
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiters.push(waiter)
    })
  }

  #serve(): void {
    for (let i = 0; i < this.#waiters.length; ) {
      const waiter = this.#waiters[i]
      const slot = waiter ? this.#take(waiter.login) : null
      if (!waiter || !slot) {
        i++
        continue
      }
      this.#waiters.splice(i, 1)
      waiter.give(slot)
    }
  }

  #retire(connection: Connection): void {
    const at = this.#idle.findIndex((idle) => idle.connection === connection)
    if (at < 0) return
    this.#idle.splice(at, 1)
    this.#total--
    void connection.logout()
    this.#serve()
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of this.#waiters.splice(0)) {
      waiter.fail(new ProviderError('unavailable', 'the mail provider was closed'))
    }
    const idle = this.#idle.splice(0)
    this.#total -= idle.length
    for (const one of idle) clearTimeout(one.timer)
    await Promise.all(idle.map((one) => one.connection.logout()))
  }
}
