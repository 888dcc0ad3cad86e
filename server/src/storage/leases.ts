import { sql } from 'kysely'
import { AppError, messageOf, type TenantId, uuidv7 } from '../base/index.ts'
import type { Mark, Presence } from './presence.ts'
import type { Tx } from './schema.ts'
import type { Lease, Leases, Storage, StorageLog } from './types.ts'

/**
 * A process whose session at the database has been gone for so long is dead (`Presence`). A living one whose session broke knows it
 * sooner, and gives up its leases.
 */
const GONE_MS = 4000

interface Terms {
  readonly resource: string
  readonly ttlMs: number
  readonly deadlineMs: number
}

interface Won {
  readonly epoch: number
  /** So long a command of the predecessor may still run. */
  readonly echoMs: number
}

/** Leases in one row each; all times are the database's, so that clocks of machines do not matter. */
export class DatabaseLeases implements Leases {
  readonly #storage: Pick<Storage, 'tenant'>
  readonly #presence: Presence
  readonly #log: StorageLog | undefined
  readonly #held = new Set<HeldLease>()

  constructor(storage: Pick<Storage, 'tenant'>, presence: Presence, log: StorageLog | undefined) {
    this.#storage = storage
    this.#presence = presence
    this.#log = log
  }

  async acquire(
    tenant: TenantId,
    resource: string,
    { ttlMs, deadlineMs }: { ttlMs: number; deadlineMs: number },
  ): Promise<Lease | null> {
    const holder = uuidv7()
    const mark = await this.#presence.mark()
    const asked = performance.now()
    const terms = { resource, ttlMs, deadlineMs }
    const won = await this.#storage.tenant(
      tenant,
      async (tx) => (await takeFree(tx, terms, holder, mark)) ?? (await this.#takeFromDead(tx, terms, holder, mark)),
      { mayRunAgain: true },
    )
    if (!won) return null
    const { epoch, echoMs } = won
    const lease = new HeldLease(
      { storage: this.#storage, log: this.#log, tenant, resource, holder, epoch, ttlMs, marked: mark !== null },
      asked,
      asked + echoMs,
    )
    this.#held.add(lease)
    lease.lost.addEventListener('abort', () => this.#held.delete(lease), { once: true })
    return lease
  }

  /**
   * The holder's lease has not run out, but its process may be dead: then its session is gone and the lock on it free, for longer than a
   * living process needs to notice. The epoch keeps out whatever it had sent to the database; what it had sent to a mail server, at most
   * one command for each mailbox, the successor settles by looking, as after a lost connection.
   */
  async #takeFromDead(tx: Tx, terms: Terms, holder: string, mark: Mark | null): Promise<Won | null> {
    const rows = await sql<{
      process: number
      server_start: string
      epoch: number
      gone_ms: number | null
      deadline_ms: number
    }>`
      select process, server_start, epoch, deadline_ms, extract(epoch from clock_timestamp() - gone_at)::float8 * 1000 as gone_ms
      from lease where tenant_id = recourse_tenant() and resource = ${terms.resource} and process is not null`.execute(
      tx,
    )
    const [held] = rows.rows
    if (!held || this.#presence.is(held.process)) return null
    const answer = await sql<{ gone: boolean }>`select pg_try_advisory_xact_lock_shared(${held.process}::bigint)
      and extract(epoch from pg_postmaster_start_time())::text = ${held.server_start} as gone`.execute(tx)
    const gone = answer.rows[0]?.gone === true
    if (gone && held.gone_ms !== null && held.gone_ms >= GONE_MS) {
      const taken = await sql<{ epoch: number }>`update lease set ${ours(terms, holder, mark)}, epoch = epoch + 1
        where tenant_id = recourse_tenant() and resource = ${terms.resource} and epoch = ${held.epoch} returning epoch`.execute(
        tx,
      )
      const [now] = taken.rows
      return now ? { epoch: now.epoch, echoMs: Math.max(0, held.deadline_ms - held.gone_ms) } : null
    }
    if (gone !== (held.gone_ms !== null)) {
      await sql`update lease set gone_at = ${gone ? sql`clock_timestamp()` : sql`null`}
        where tenant_id = recourse_tenant() and resource = ${terms.resource} and epoch = ${held.epoch}`.execute(tx)
    }
    return null
  }

  /** Our session at the database could not be made anew: somebody may take us for dead. */
  presenceLost(): void {
    for (const lease of this.#held) lease.presenceLost()
  }

  /** It was made anew: nobody may count us as gone any more, and who has taken over meanwhile is found out now. */
  presenceBack(): void {
    for (const lease of this.#held) lease.renew()
  }

  /** At shutdown: successors need not wait. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.#held].map((lease) => lease.release().catch(() => {})))
  }
}

const ours = ({ ttlMs, deadlineMs }: Terms, holder: string, mark: Mark | null) => sql`holder = ${holder},
  expires_at = clock_timestamp() + ${ttlMs} * interval '1 ms', deadline_ms = ${deadlineMs}, gone_at = null,
  process = ${mark?.process ?? null}, server_start = ${mark?.server ?? null}`

/** One that nobody holds, or that has run out, with the time for a last command. */
async function takeFree(tx: Tx, terms: Terms, holder: string, mark: Mark | null): Promise<Won | null> {
  const { resource, ttlMs, deadlineMs } = terms
  const got = await sql<{ epoch: number }>`
    insert into lease as l (tenant_id, resource, epoch, holder, expires_at, deadline_ms, process, server_start)
    values (recourse_tenant(), ${resource}, 1, ${holder}, clock_timestamp() + ${ttlMs} * interval '1 ms', ${deadlineMs},
      ${mark?.process ?? null}, ${mark?.server ?? null})
    on conflict (tenant_id, resource) do update set ${ours(terms, holder, mark)}, epoch = l.epoch + 1
    where l.holder is null or l.expires_at + l.deadline_ms * interval '1 ms' <= clock_timestamp()
    returning epoch`.execute(tx)
  const [won] = got.rows
  return won ? { epoch: won.epoch, echoMs: 0 } : null
}

interface Held {
  readonly storage: Pick<Storage, 'tenant'>
  readonly log: StorageLog | undefined
  readonly tenant: TenantId
  readonly resource: string
  readonly holder: string
  readonly epoch: number
  readonly ttlMs: number
  /** Others can see whether we live. */
  readonly marked: boolean
}

class HeldLease implements Lease {
  readonly #terms: Held
  readonly echoUntil: number
  readonly #abort = new AbortController()
  /** By our own steady clock, counted from before the question: never later than the database's view. */
  #until: number
  #timer: NodeJS.Timeout | undefined
  #end: NodeJS.Timeout | undefined

  constructor(terms: Held, asked: number, echoUntil: number) {
    this.#terms = terms
    this.echoUntil = echoUntil
    this.#until = asked + terms.ttlMs
    this.#plan()
  }

  get resource(): string {
    return this.#terms.resource
  }
  get epoch(): number {
    return this.#terms.epoch
  }
  get lost(): AbortSignal {
    return this.#abort.signal
  }

  #plan(): void {
    this.#stop()
    this.#end = setTimeout(() => this.#lose('it could not be renewed in time'), this.#until - performance.now())
    this.#end.unref()
    this.#timer = setTimeout(() => this.renew(), this.#terms.ttlMs / 3)
    this.#timer.unref()
  }

  renew(): void {
    clearTimeout(this.#timer)
    void this.#renew()
  }

  presenceLost(): void {
    if (this.#terms.marked) this.#lose('our session at the database is gone')
  }

  async #renew(): Promise<void> {
    const { storage, tenant, resource, holder, epoch, ttlMs, log } = this.#terms
    const asked = performance.now()
    try {
      const renewed = await storage.tenant(tenant, (tx) =>
        sql<{
          epoch: number
        }>`update lease set expires_at = clock_timestamp() + ${ttlMs} * interval '1 ms', gone_at = null
          where tenant_id = recourse_tenant() and resource = ${resource} and epoch = ${epoch} and holder = ${holder}
            and expires_at > clock_timestamp() returning epoch`.execute(tx),
      )
      if (this.lost.aborted) return
      if (renewed.rows.length === 0) return this.#lose('somebody else has it')
      this.#until = asked + ttlMs
      this.#plan()
    } catch (error) {
      log?.warn({ resource, error: messageOf(error) }, 'a lease could not be renewed; trying again')
      if (!this.lost.aborted) {
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.renew(), Math.min(500, ttlMs / 6))
        this.#timer.unref()
      }
    }
  }

  #lose(why: string): void {
    this.#stop()
    if (!this.lost.aborted) this.#abort.abort(lost(this.resource, why))
  }

  #stop(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#end)
  }

  /** Locks the row until the transaction ends: a successor cannot take over between the check and the commit. */
  async assertHeld(tx: Tx): Promise<void> {
    const { resource, holder, epoch } = this.#terms
    const found = await sql<{ ok: boolean }>`
      select expires_at > clock_timestamp() as ok from lease
      where tenant_id = recourse_tenant() and resource = ${resource} and epoch = ${epoch} and holder = ${holder}
      for share`.execute(tx)
    if (!this.lost.aborted && found.rows[0]?.ok) return
    throw lost(resource, 'its time is over')
  }

  /** Whoever releases has stopped: the row is given free as long as it is still ours, also when we had to think that it was lost. */
  async release(): Promise<void> {
    const { storage, tenant, resource, holder, epoch } = this.#terms
    const mine = !this.lost.aborted
    this.#lose('it was released')
    // Lost with a database that crashes now, it only runs out by itself.
    const freed = storage.tenant(
      tenant,
      (tx) =>
        sql`update lease set holder = null, process = null, expires_at = clock_timestamp()
          where tenant_id = recourse_tenant() and resource = ${resource} and epoch = ${epoch} and holder = ${holder}`.execute(
          tx,
        ),
      { foundAgain: true, mayRunAgain: true },
    )
    await (mine ? freed : freed.catch(() => {}))
  }
}

const lost = (resource: string, why: string) =>
  new AppError(
    'lease-lost',
    `The lease on ${resource} is not ours any more: ${why}.`,
    'Nothing needs to be done: whoever has it now looks at what was left and goes on.',
    { status: 409 },
  )
