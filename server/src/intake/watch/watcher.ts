import { type MailboxId, messageOf, type TenantId } from '../../base/index.ts'
import { directory } from '../../organisation/index.ts'
import type { Lease, Storage, StorageLog } from '../../storage/index.ts'
import type { HomeOf } from '../types.ts'
import { type Hints, listenTo } from './listen.ts'
import { lookRound, type RoundDeps, type RoundResult } from './round.ts'
import { createThrottle } from './throttle.ts'
import type { WatchedMailbox } from './types.ts'

export interface WatchTuning {
  /** A mailbox is looked at so often, whatever its server tells by itself. */
  readonly pollMs: number
  /** Mailboxes that are looked at side by side. */
  readonly concurrency: number
  /** Messages of one look at one folder. */
  readonly batch: number
  /** Messages a minute that were there before watching began; new ones are never held up. */
  readonly backlogPerMinute: number
  /** How long a copy may be nowhere before it counts as removed by its owner. */
  readonly graceMs: number
  /** Mailboxes with a connection of their own over which the server tells of news at once (NOTIFY, else IDLE). 0 = none. */
  readonly listeners: number
}

export const DEFAULT_WATCH: WatchTuning = {
  pollMs: 30_000,
  concurrency: 4,
  batch: 500,
  backlogPerMinute: 6000,
  graceMs: 20_000,
  listeners: 0,
}

export interface WatcherDeps extends RoundDeps {
  readonly storage: Pick<Storage, 'tenant' | 'tenants' | 'blobs' | 'leases'>
  readonly homeOf: HomeOf
  readonly log: StorageLog
  readonly tuning?: Partial<WatchTuning>
}

export interface WatchHealth {
  readonly mailboxes: number
  readonly failing: number
  /** Longest time since a mailbox was last looked at, ms. */
  readonly lagMs: number
  readonly judged: number
  readonly listeners: number
  /** Folders of these mailboxes that cannot be opened. */
  readonly closedFolders: number
}

export interface Watcher {
  run(): void
  /** One full look at every mailbox of a tenant, until nothing more comes at once. */
  drain(tenant: TenantId): Promise<void>
  health(): WatchHealth
  stop(): Promise<void>
}

interface Ward extends WatchedMailbox {
  nextAt: number
  lookedAt: number
  failures: number
  rounds: number
  running: boolean
  /** Something was told since the last look at it began. */
  news: boolean
  /** Paths of folders that could not be opened at the last look. */
  closed: ReadonlySet<string>
}

const LEASE = { ttlMs: 60_000, deadlineMs: 30_000 }
const REREAD_MS = 10_000
const TICK_MS = 250
const MAX_BACKOFF_MS = 600_000
/** Every so many looks, flags are asked for where the server keeps no counter of changes. */
const FLAGS_EVERY = 4

/** Watches the mailboxes of every organisation: one process at a time for each, the others stand by. */
export function createWatcher(deps: WatcherDeps): Watcher {
  const { storage, log } = deps
  const tuning = { ...DEFAULT_WATCH, ...deps.tuning }
  const wards = new Map<MailboxId, Ward>()
  const leases = new Map<TenantId, Lease>()
  const running = new Set<Promise<void>>()
  const throttle = createThrottle(tuning.backlogPerMinute)
  const hints: Hints = listenTo({ homeOf: deps.homeOf, log, limit: tuning.listeners, onNews: (id) => hurry(id) })
  let judged = 0
  let stopped = false
  let ticker: NodeJS.Timeout | undefined
  let rereadAt = 0
  let reading: Promise<void> | undefined

  function hurry(id: MailboxId): void {
    const ward = wards.get(id)
    if (!ward) return
    ward.nextAt = 0
    ward.news = true
  }

  async function leaseOf(tenant: TenantId): Promise<Lease | null> {
    const held = leases.get(tenant)
    if (held && !held.lost.aborted) return held
    leases.delete(tenant)
    const lease = await storage.leases.acquire(tenant, 'watch', LEASE)
    if (lease) leases.set(tenant, lease)
    return lease
  }

  /** Which mailboxes there are; those of a tenant that another process watches are left out. */
  async function reread(): Promise<void> {
    const there = new Set<MailboxId>()
    for (const tenant of await storage.tenants()) {
      if (stopped || !(await leaseOf(tenant))) continue
      const { mailboxes } = await storage.tenant(tenant, (tx) => directory(tx))
      for (const { id, address } of mailboxes) {
        there.add(id)
        // Spread over the period, so that a start does not knock at every mailbox at once.
        const first = performance.now() + (there.size % 1000) * (tuning.pollMs / 1000)
        const fresh = { tenant, id, address, nextAt: first, lookedAt: performance.now(), failures: 0, rounds: 0 }
        if (!wards.has(id)) wards.set(id, { ...fresh, running: false, news: false, closed: new Set() })
      }
    }
    for (const id of wards.keys()) if (!there.has(id)) wards.delete(id)
    hints.watch([...wards.values()])
  }

  async function look(ward: Ward): Promise<RoundResult | null> {
    const lease = await leaseOf(ward.tenant)
    const home = lease ? await deps.homeOf(ward.tenant, ward.id) : null
    if (!lease || !home) return null
    const session = await home.provider.open(home.account, { signal: lease.lost })
    try {
      const result = await lookRound(deps, ward, session, lease, {
        batch: tuning.batch,
        allow: throttle,
        allFlags: ward.rounds % FLAGS_EVERY === 0,
        graceMs: tuning.graceMs,
        askClosed: ward.rounds === 0 || ward.closed.size > 0,
      })
      tellClosed(ward, result.closed)
      return result
    } finally {
      await session.close()
    }
  }

  function tellClosed(ward: Ward, closed: ReadonlySet<string>): void {
    const folders = [...closed].filter((path) => !ward.closed.has(path))
    ward.closed = closed
    if (folders.length > 0)
      log.warn(
        { mailbox: ward.address, folders },
        'folders that cannot be opened are passed over, and looked at once they can be: give Recourse its rights there',
      )
  }

  async function visit(ward: Ward): Promise<void> {
    ward.running = true
    ward.news = false
    try {
      const result = await look(ward)
      ward.failures = 0
      ward.rounds++
      judged += result?.judged ?? 0
      ward.lookedAt = performance.now()
      ward.nextAt = performance.now() + (result?.more || ward.news ? 0 : tuning.pollMs)
    } catch (error) {
      ward.failures++
      ward.nextAt = performance.now() + Math.min(MAX_BACKOFF_MS, tuning.pollMs * 2 ** Math.min(10, ward.failures - 1))
      if (ward.failures === 1)
        log.warn(
          { mailbox: ward.address, error: messageOf(error) },
          'a mailbox could not be looked at; tried again later',
        )
    } finally {
      ward.running = false
    }
  }

  function tick(): void {
    if (stopped) return
    const now = performance.now()
    if (now >= rereadAt && !reading) {
      rereadAt = now + REREAD_MS
      reading = reread()
        .catch((error: unknown) => log.warn({ error: messageOf(error) }, 'the mailboxes to watch could not be read'))
        .finally(() => {
          reading = undefined
        })
    }
    for (const ward of due(now)) {
      if (running.size >= tuning.concurrency) break
      const one: Promise<void> = visit(ward).finally(() => {
        running.delete(one)
        // What came meanwhile need not wait for the next tick.
        if (!stopped) setImmediate(tick)
      })
      running.add(one)
    }
  }

  const due = (now: number): Ward[] =>
    [...wards.values()].filter((ward) => !ward.running && ward.nextAt <= now).sort((a, b) => a.nextAt - b.nextAt)

  return {
    run() {
      ticker ??= setInterval(tick, TICK_MS)
      ticker.unref()
      tick()
    },
    async drain(tenant) {
      await reread()
      for (const ward of [...wards.values()].filter((one) => one.tenant === tenant)) {
        for (let more = true; more; ) {
          const result = await look(ward)
          judged += result?.judged ?? 0
          ward.rounds++
          more = result?.more ?? false
        }
      }
    },
    health: () => ({
      mailboxes: wards.size,
      failing: [...wards.values()].filter((ward) => ward.failures > 0).length,
      lagMs: Math.max(0, ...[...wards.values()].map((ward) => performance.now() - ward.lookedAt)),
      judged,
      listeners: hints.count(),
      closedFolders: [...wards.values()].reduce((all, ward) => all + ward.closed.size, 0),
    }),
    async stop() {
      stopped = true
      clearInterval(ticker)
      await hints.close()
      await Promise.all([reading, ...running])
      await Promise.all([...leases.values()].map((lease) => lease.release()))
    },
  }
}
