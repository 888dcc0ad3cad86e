import { sql } from 'kysely'
import { AppError, messageOf, type TenantId, uuidv7 } from '../base/index.ts'
import type { Tx } from './schema.ts'
import type { Lease, Leases, Storage, StorageLog } from './types.ts'

/** Leases in one row each; all times are the database's, so that clocks of machines do not matter. */
export class DatabaseLeases implements Leases {
  readonly #storage: Pick<Storage, 'tenant'>
  readonly #log: StorageLog | undefined
  readonly #held = new Set<HeldLease>()

  constructor(storage: Pick<Storage, 'tenant'>, log: StorageLog | undefined) {
    this.#storage = storage
    this.#log = log
  }

  async acquire(
    tenant: TenantId,
    resource: string,
    { ttlMs, deadlineMs }: { ttlMs: number; deadlineMs: number },
  ): Promise<Lease | null> {
    const holder = uuidv7()
    const asked = performance.now()
    const got = await this.#storage.tenant(tenant, (tx) =>
      sql<{ epoch: number }>`
        insert into lease as l (tenant_id, resource, epoch, holder, expires_at, deadline_ms)
        values (recourse_tenant(), ${resource}, 1, ${holder}, clock_timestamp() + ${ttlMs} * interval '1 ms', ${deadlineMs})
        on conflict (tenant_id, resource) do update set epoch = l.epoch + 1, holder = excluded.holder,
          expires_at = clock_timestamp() + ${ttlMs} * interval '1 ms', deadline_ms = excluded.deadline_ms
        where l.holder is null or l.expires_at + l.deadline_ms * interval '1 ms' <= clock_timestamp()
        returning epoch`.execute(tx),
    )
    const epoch = got.rows[0]?.epoch
    if (epoch === undefined) return null
    const lease = new HeldLease(
      { storage: this.#storage, log: this.#log, tenant, resource, holder, epoch, ttlMs },
      asked,
    )
    this.#held.add(lease)
    lease.lost.addEventListener('abort', () => this.#held.delete(lease), { once: true })
    return lease
  }

  /** At shutdown: successors need not wait. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.#held].map((lease) => lease.release().catch(() => {})))
  }
}

interface Terms {
  readonly storage: Pick<Storage, 'tenant'>
  readonly log: StorageLog | undefined
  readonly tenant: TenantId
  readonly resource: string
  readonly holder: string
  readonly epoch: number
  readonly ttlMs: number
}

class HeldLease implements Lease {
  readonly #terms: Terms
  readonly #abort = new AbortController()
  /** By our own steady clock, counted from before the question: never later than the database's view. */
  #until: number
  #timer: NodeJS.Timeout | undefined
  #end: NodeJS.Timeout | undefined

  constructor(terms: Terms, asked: number) {
    this.#terms = terms
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
    clearTimeout(this.#end)
    this.#end = setTimeout(() => this.#lose('it could not be renewed in time'), this.#until - performance.now())
    this.#end.unref()
    this.#timer = setTimeout(() => void this.#renew(), this.#terms.ttlMs / 3)
    this.#timer.unref()
  }

  async #renew(): Promise<void> {
    const { storage, tenant, resource, holder, epoch, ttlMs, log } = this.#terms
    const asked = performance.now()
    try {
      const renewed = await storage.tenant(tenant, (tx) =>
        sql<{ epoch: number }>`update lease set expires_at = clock_timestamp() + ${ttlMs} * interval '1 ms'
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
        this.#timer = setTimeout(() => void this.#renew(), Math.min(500, ttlMs / 6))
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

  async release(): Promise<void> {
    const { storage, tenant, resource, holder, epoch } = this.#terms
    const mine = !this.lost.aborted
    this.#lose('it was released')
    if (!mine) return
    await storage.tenant(tenant, (tx) =>
      sql`update lease set holder = null, expires_at = clock_timestamp()
        where tenant_id = recourse_tenant() and resource = ${resource} and epoch = ${epoch} and holder = ${holder}`.execute(
        tx,
      ),
    )
  }
}

const lost = (resource: string, why: string) =>
  new AppError(
    'lease-lost',
    `The lease on ${resource} is not ours any more: ${why}.`,
    'Nothing needs to be done: whoever has it now looks at what was left and goes on.',
    { status: 409 },
  )
