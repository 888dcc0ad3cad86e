import { AsyncLocalStorage } from 'node:async_hooks'
import { AppError, onCrashPoint, type TenantId } from '../../src/base/index.ts'
import { type MailboxProvider, ProviderError } from '../../src/mailboxes/index.ts'
import { createRemediation, type Remediation, type Tuning } from '../../src/remediation/index.ts'
import type { Lease, OpenStorage, Storage, Tx } from '../../src/storage/index.ts'
import { createNextHop } from '../../src/transport/index.ts'
import { quietLog } from '../rig/office.ts'
import { type Watch, watched } from './watched.ts'

/** Points at which the database is waited for, not a mail server. */
const LOCAL = new Set(['before-transaction', 'before-commit', 'after-commit', 'before-lease', 'after-lease'])

/** Longer than any work of a simulation takes, on a busy machine too. */
const ENDLESS_MS = 90_000

/** Nothing that a dead process does reaches anybody. */
class Dead extends Error {}

const current = new AsyncLocalStorage<SimProcess>()
onCrashPoint((name) => current.getStore()?.passes(name))

/** What is to happen to a process, at the so manieth passing of a point. */
export interface Arm {
  readonly at: string
  readonly nth: number
  /** `stall`: stands still there until it is released. Only points at which the process waits for somebody can stall. */
  readonly how: 'crash' | 'stall'
}

export interface ProcessDeps {
  readonly storage: OpenStorage
  readonly provider: MailboxProvider
  readonly watch: Omit<Watch, 'process' | 'gate'>
  readonly clock: () => Date
  readonly tuning: Partial<Tuning>
  /** Told of every point that a process has died or stalled at. */
  hit(point: string): void
  /** Told of every point that is passed, with how often since something was last to happen. */
  passed?(point: string, nth: number): void
}

/** One worker process of a simulation: it can die at a named point, or stand still while others go on. */
export class SimProcess {
  readonly name: string
  readonly service: Remediation
  readonly #deps: ProcessDeps
  #dead = false
  #arm: Arm | null = null
  readonly #passed = new Map<string, number>()
  #stalled: (() => void) | null = null
  #told: (() => void) | null = null

  constructor(name: string, deps: ProcessDeps) {
    this.name = name
    this.#deps = deps
    const watch: Watch = { ...deps.watch, process: name, gate: (point) => this.#gate(point) }
    const mailboxes = watched(deps.provider, watch)
    this.service = createRemediation({
      storage: this.#mortal(deps.storage),
      mailboxes,
      nextHop: createNextHop({ kind: 'mailbox', provider: mailboxes }),
      log: quietLog,
      clock: deps.clock,
      tuning: deps.tuning,
    })
  }

  /** Its leases ran out while it stood still, and somebody else may have them: its connections are cut and its signals say so. */
  overtake(): void {
    this.#overtaken = this.#stalled !== null
    for (const lost of this.#leases.splice(0)) lost.abort(new AppError('lease-lost', 'its time is over', ''))
  }
  #overtaken = false
  readonly #leases: AbortController[] = []

  get dead(): boolean {
    return this.#dead
  }
  get stalled(): boolean {
    return this.#stalled !== null
  }

  arm(arm: Arm | null): void {
    this.#arm = arm
    this.#passed.clear()
  }

  /** Works until nothing is due; gives back early when it has died or stands still. */
  async drain(tenant: TenantId): Promise<void> {
    if (this.#dead || this.#stalled) return
    const stands = new Promise<void>((told) => {
      this.#told = told
    })
    const work = current.run(this, () => this.service.drain(tenant)).catch((error: unknown) => this.#mayBe(error))
    this.#running = work
    let timer: NodeJS.Timeout | undefined
    const endless = new Promise<void>((_, refuse) => {
      timer = setTimeout(() => refuse(new Error(`${this.name} works and works`)), ENDLESS_MS)
    })
    await Promise.race([work, stands, endless]).finally(() => clearTimeout(timer))
  }
  #running: Promise<void> = Promise.resolve()

  /** Goes on where it stood still, and to the end of what it does. */
  async release(): Promise<void> {
    this.#arm = null
    this.#stalled?.()
    this.#stalled = null
    await this.#running
    this.#overtaken = false
  }

  async stop(): Promise<void> {
    await this.release()
    await this.service.stop()
  }

  #mayBe(error: unknown): void {
    if (!this.#dead) throw error
  }

  /** A point in the code, passed synchronously. */
  passes(name: string): void {
    if (this.#dead) throw new Dead(name)
    if (this.#isIt(name) && this.#arm?.how === 'crash') this.#die(name)
  }

  #isIt(name: string): boolean {
    const nth = (this.#passed.get(name) ?? 0) + 1
    this.#passed.set(name, nth)
    this.#deps.passed?.(name, nth)
    return this.#arm?.at === name && this.#arm.nth === nth
  }

  #die(name: string): never {
    this.#dead = true
    this.#deps.hit(name)
    throw new Dead(name)
  }

  /** A place at which the process waits for a server. */
  async #gate(name: string): Promise<void> {
    if (this.#dead) throw new Dead(name)
    if (!this.#isIt(name)) return
    if (this.#arm?.how === 'crash') this.#die(name)
    this.#deps.hit(`stall ${name}`)
    await new Promise<void>((go) => {
      this.#stalled = go
      this.#told?.()
    })
    if (this.#dead) throw new Dead(name)
    // What a stalled process had given to its socket before may still come: a MOVE of UIDs that are gone does nothing.
    if (this.#overtaken && !LOCAL.has(name) && name !== 'before-move') {
      throw new ProviderError('unavailable', 'the connection was cut with the lease')
    }
  }

  /** Storage as this process reaches it. A transaction that was begun before the death is not committed by a dead one. */
  #mortal(storage: OpenStorage): Storage {
    const gated = async <T>(id: TenantId, work: (tx: Tx) => Promise<T>): Promise<T> => {
      await this.#gate('before-transaction')
      const result = await storage.tenant(id, async (tx) => {
        const done = await work(tx)
        await this.#gate('before-commit')
        return done
      })
      await this.#gate('after-commit')
      return result
    }
    const mortalLease = (lease: Lease): Lease => {
      const lost = new AbortController()
      this.#leases.push(lost)
      return {
        resource: lease.resource,
        epoch: lease.epoch,
        echoUntil: lease.echoUntil,
        lost: AbortSignal.any([lease.lost, lost.signal]),
        assertHeld: (tx) => lease.assertHeld(tx),
        // A dead process gives nothing back: its successor has to wait.
        release: async () => {
          if (!this.#dead) await lease.release()
        },
      }
    }
    return {
      db: storage.db,
      tenant: gated,
      tenants: () => storage.tenants(),
      createTenant: (name, id) => storage.createTenant(name, id),
      blobs: storage.blobs,
      outbox: storage.outbox,
      jobs: storage.jobs,
      leases: {
        acquire: async (tenant, resource, options) => {
          await this.#gate('before-lease')
          const lease = await storage.leases.acquire(tenant, resource, options)
          if (lease) await this.#gate('after-lease')
          return lease === null ? null : mortalLease(lease)
        },
      },
      start: async () => {},
      close: async () => {},
    }
  }
}
