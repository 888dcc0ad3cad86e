import { sql } from 'kysely'
import type { TenantId } from '../../src/base/index.ts'
import type { MemoryProvider } from '../../src/mailboxes/index.ts'
import type { Remediation } from '../../src/remediation/index.ts'
import type { OpenStorage } from '../../src/storage/index.ts'
import type { History } from './history.ts'
import { type Arm, SimProcess } from './process.ts'

/** The time of a universe; it passes when a step says so. */
export class SimClock {
  #now = new Date('2026-05-01T10:00:00Z')
  readonly now = (): Date => this.#now
  pass(ms: number): void {
    this.#now = new Date(this.#now.getTime() + ms)
  }
}

export interface WorkersDeps {
  readonly storage: OpenStorage
  readonly tenant: TenantId
  readonly provider: MemoryProvider
  readonly history: History
  readonly clock: SimClock
  knows(id: string): boolean
  /** Told of every point that a process has died or stalled at. */
  hit(point: string): void
  /** Told of every point that is passed, with how often. */
  passed?(point: string, nth: number): void
}

/** Two worker processes, which die, stand still and take over from each other, and the console's, which lives. */
export class Workers {
  readonly #deps: WorkersDeps
  readonly #processes: (SimProcess | null)[] = [null, null]
  #console: SimProcess | null = null
  #born = 0

  constructor(deps: WorkersDeps) {
    this.#deps = deps
  }

  /** Submitting is not working: it has a process of its own. */
  door(): Remediation {
    this.#console ??= this.#make('console')
    return this.#console.service
  }

  arm(n: number, arm: Arm): void {
    this.#process(n).arm(arm)
  }

  disarm(): void {
    for (const p of this.#processes) if (p && !p.dead) p.arm(null)
  }

  get stalled(): boolean {
    return this.#processes.some((p) => p?.stalled)
  }

  async work(n: number): Promise<void> {
    const others = this.#processes.some((p, m) => p && (p.dead || (p.stalled && m !== n)))
    if (this.#processes[n]?.stalled) return this.go()
    if (others) {
      await this.expireLeases()
      this.#deps.clock.pass(7000)
    }
    await this.#process(n).drain(this.#deps.tenant)
  }

  /** Whoever stands still goes on. */
  async go(): Promise<void> {
    for (const p of this.#processes) if (p?.stalled) await p.release()
  }

  async expireLeases(): Promise<void> {
    for (const p of this.#processes) p?.overtake()
    const { storage, tenant } = this.#deps
    await storage.tenant(tenant, (tx) =>
      sql`update lease set expires_at = clock_timestamp() - interval '1 hour' where holder is not null`.execute(tx),
    )
  }

  async stop(): Promise<void> {
    for (const p of [...this.#processes, this.#console]) await p?.stop()
  }

  /** A dead one is replaced; its leases have to run out first. */
  #process(n: number): SimProcess {
    const found = this.#processes[n]
    if (found && !found.dead) return found
    const made = this.#make(`worker-${++this.#born}`)
    this.#processes[n] = made
    return made
  }

  #make(name: string): SimProcess {
    const { storage, provider, history, clock, knows, hit, passed } = this.#deps
    return new SimProcess(name, {
      storage,
      provider,
      watch: {
        history,
        knows,
        peek: async (login, folder, uids) => {
          const wanted = new Set(uids)
          return provider
            .user(login)
            .list(folder)
            .filter((c) => wanted.has(c.ref.uid))
        },
      },
      clock: clock.now,
      tuning: { perServer: 1, backoffMs: 60_000, leaseMs: 60_000, deadlineMs: 1000, lookEveryMs: 600_000 },
      hit,
      ...(passed ? { passed } : {}),
    })
  }
}
