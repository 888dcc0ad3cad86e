import { AppError, type MailboxId, messageOf, type TenantId } from '../../base/index.ts'
import { ProviderError } from '../../mailboxes/index.ts'
import { forgetLate } from '../act/late.ts'
import { BlobsThere } from '../desk/blobs-there.ts'
import { Desk, type WorkDeps } from '../desk/desk.ts'
import { dueMailboxes, dueRetries, LONGEST_WAIT_MS, nextDue } from '../desk/due.ts'
import { failure } from '../desk/failure.ts'
import type { HomeOf, MailboxHome } from '../desk/outside.ts'
import { transition } from '../ledger/ledger.ts'
import { loadWork } from './load.ts'
import { createProver } from './proof.ts'
import { noteDoubt, workMailbox } from './work.ts'

export interface Worker {
  /** Looks for work now; returns at once. */
  wake(tenant: TenantId): void
  /** Works until nothing is due (what waits for a later attempt is left waiting). For tests and the command line. */
  drain(tenant: TenantId): Promise<void>
  /** Begins nothing new and waits for what runs. */
  stop(): Promise<void>
}

/** How many mailboxes one look finds; the next look finds the rest. */
const LOOK = 500

/**
 * Finds mailboxes with something to do and works in several at once, each under its lease. A lease that somebody else holds is left
 * to him; one whose holder died is waited for, then what it left in doubt is settled first.
 */
export function createWorker(deps: WorkDeps, homeOf: HomeOf): Worker {
  const { storage, clock, monotonic, log, tuning } = deps
  const prover = createProver(deps, homeOf)
  const blobs = new BlobsThere(storage.blobs)
  const busy = new Map<string, Promise<void>>()
  /** When the first of the mailboxes may be looked at that the last look passed over. */
  const cooling = new Map<TenantId, number>()
  const cool = new Map<string, number>()
  const running = new Map<TenantId, Promise<void>>()
  const again = new Set<TenantId>()
  const timers = new Map<TenantId, NodeJS.Timeout>()
  let stopped = false

  async function retries(tenant: TenantId): Promise<void> {
    await storage.tenant(tenant, async (tx) => {
      const now = clock()
      const due = await dueRetries(tx, tenant, now, 1000)
      const changes = due.map((r) => ({
        item: { ...r, state: 'failed' as const },
        to: 'approved' as const,
        why: 'Its next attempt.',
      }))
      await transition(tx, { tenant, now, who: 'worker', epoch: null }, changes)
    })
  }

  const perServer = (server: string): number => [...busy.keys()].filter((k) => k.startsWith(`${server}\n`)).length

  /** One look: starts what may be started. True when there may be more to do at once. */
  async function look(tenant: TenantId): Promise<boolean> {
    await retries(tenant)
    if (!(await prover.ready(tenant))) return false
    const due = await storage.tenant(tenant, (tx) => dueMailboxes(tx, tenant, clock(), LOOK))
    const now = monotonic()
    cooling.delete(tenant)
    let started = false
    for (const mailbox of due) {
      if (stopped) break
      const until = cool.get(mailbox) ?? 0
      if (until > now) {
        cooling.set(tenant, Math.min(until, cooling.get(tenant) ?? until))
        continue
      }
      const home = await homeOf(tenant, mailbox)
      if (!home) {
        await gone(tenant, mailbox)
        continue
      }
      const key = `${home.server}\n${mailbox}`
      if (busy.has(key)) continue
      while (perServer(home.server) >= tuning.perServer) await Promise.race(busy.values())
      started = true
      busy.set(
        key,
        tried(tenant, mailbox, home).finally(() => busy.delete(key)),
      )
    }
    return started
  }

  /** Never throws: while the next mailbox is looked for nobody listens yet, and an error that nobody hears ends the process. */
  async function tried(tenant: TenantId, mailbox: MailboxId, home: MailboxHome): Promise<void> {
    try {
      await visit(tenant, mailbox, home)
    } catch (error) {
      cool.set(mailbox, monotonic() + Math.min(tuning.backoffMs, 5000))
      log.error({ err: error, mailbox }, 'remediation could not begin in a mailbox')
    }
  }

  async function visit(tenant: TenantId, mailbox: MailboxId, home: MailboxHome): Promise<void> {
    const lease = await storage.leases.acquire(tenant, `mailbox:${mailbox}`, {
      ttlMs: tuning.leaseMs,
      deadlineMs: tuning.deadlineMs,
    })
    if (!lease) {
      cool.set(mailbox, monotonic() + Math.min(tuning.lookEveryMs, 1000))
      return
    }
    const desk = new Desk(deps, { tenant, mailbox, home, lease, blobs })
    try {
      cooled(mailbox, await workMailbox(desk))
    } catch (error) {
      cool.set(mailbox, monotonic() + Math.min(tuning.backoffMs, 5000))
      await interrupted(desk, error)
    } finally {
      await desk.leave()
      await lease.release()
    }
  }

  /** Comes back after `ms`, or whenever there is something to do. */
  function cooled(mailbox: MailboxId, ms: number): void {
    if (ms > 0) cool.set(mailbox, monotonic() + ms)
    else cool.delete(mailbox)
  }

  async function interrupted(desk: Desk, error: unknown): Promise<void> {
    const unknown = error instanceof ProviderError && error.code === 'unknown'
    if (unknown) {
      // Settled at once on a new session; if the server does not answer, the doubt is written down and looked at again.
      await desk.leave()
      try {
        cooled(desk.mailbox, await workMailbox(desk))
        return
      } catch (second) {
        await noteDoubt(desk, messageOf(second)).catch(() => {})
        log.warn({ err: second, mailbox: desk.mailbox }, 'a mailbox is in doubt and cannot be asked now')
        return
      }
    }
    if (error instanceof AppError && error.code === 'lease-lost') return
    if (!(error instanceof ProviderError) && !desk.lease.lost.aborted) {
      log.error({ err: error, mailbox: desk.mailbox }, 'remediation stopped in a mailbox')
    }
    await noteDoubt(desk, messageOf(error)).catch(() => {})
  }

  /** The organisation does not have this mailbox any more. */
  async function gone(tenant: TenantId, mailbox: MailboxId): Promise<void> {
    await storage.tenant(tenant, async (tx) => {
      const now = clock()
      const items = (await loadWork(tx, tenant, mailbox, now, 10_000)).filter((i) => i.state === 'approved')
      const why = 'The mailbox does not exist any more; what was taken from it stays in the vault.'
      const changes = items.map((i) => failure({ deps }, i, why))
      await transition(tx, { tenant, now, who: 'worker', epoch: null }, changes)
      await forgetLate(tx, mailbox)
    })
    cool.set(mailbox, monotonic() + tuning.backoffMs)
  }

  async function turn(tenant: TenantId): Promise<void> {
    do {
      again.delete(tenant)
      while (!stopped && (await look(tenant))) await Promise.all(busy.values())
      await Promise.all(busy.values())
    } while (again.has(tenant) && !stopped)
    await setTimer(tenant)
  }

  /** The next attempt of something that failed, or of a mailbox that is in doubt. */
  async function setTimer(tenant: TenantId): Promise<void> {
    clearTimeout(timers.get(tenant))
    if (stopped) return
    const due = await storage.tenant(tenant, (tx) => nextDue(tx, tenant, clock()))
    // By the clock that only goes forward; what a clock that was set back since has put far away is due now.
    // A mailbox that was passed over by the last look is due even if its time has come since: nobody else would wake us for it.
    const cools = (cooling.get(tenant) ?? Number.POSITIVE_INFINITY) - monotonic()
    const waits = due === null ? Number.POSITIVE_INFINITY : due.getTime() - clock().getTime()
    const ms = Math.min(waits !== Number.POSITIVE_INFINITY && waits > LONGEST_WAIT_MS ? 0 : waits, cools)
    if (ms === Number.POSITIVE_INFINITY) return
    const timer = setTimeout(() => wake(tenant), Math.max(ms, 10) + 5)
    timer.unref()
    timers.set(tenant, timer)
  }

  function run(tenant: TenantId): Promise<void> {
    const now = running.get(tenant)
    if (now) {
      again.add(tenant)
      return now
    }
    const one = turn(tenant).finally(() => running.delete(tenant))
    running.set(tenant, one)
    return one
  }

  function wake(tenant: TenantId): void {
    if (!stopped) run(tenant).catch((error) => log.error({ err: error, tenant }, 'remediation could not look for work'))
  }

  return {
    wake,
    drain: run,
    stop: async () => {
      stopped = true
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.allSettled([...running.values(), ...busy.values()])
    },
  }
}
