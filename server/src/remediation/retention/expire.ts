import { sql } from 'kysely'
import { record, SYSTEM } from '../../audit/index.ts'
import { crashPoint, type DeliveryId, type MailboxId, messageOf, type TenantId } from '../../base/index.ts'
import { getRetention, retentionNow } from '../../organisation/index.ts'
import { forgetBytes, forgetCleanBytes, locate } from '../../records/index.ts'
import type { Storage, Tx } from '../../storage/index.ts'
import type { RemediationLog, Tuning } from '../desk/desk.ts'
import type { HomeOf, MailboxHome } from '../desk/outside.ts'
import { destroyCopies } from './destroy.ts'
import { cuts, type Deleted, type DueCopy, dueCopies, dueMailboxes, furtherCopies, stillDue, vaultDue } from './due.ts'

export interface RetentionDeps {
  readonly storage: Storage
  readonly homeOf: HomeOf
  readonly log: RemediationLog
  readonly clock: () => Date
  readonly tuning: Pick<Tuning, 'leaseMs' | 'deadlineMs'>
}

export interface Expired {
  /** Copies that are gone for good. */
  readonly copies: number
  /** Bytes that the vault let go of; the sweep takes the files that nothing else names. */
  readonly vault: number
  /** Messages, delivered without a threat, whose bytes are not kept any more. */
  readonly clean: number
  /** Mailboxes in which it could not be done now. */
  readonly left: number
}

const BATCH = 500
const DAY_MS = 86_400_000

/**
 * Ends the retention of what was deleted. First the copies in our hold are destroyed, under the mailbox's lease, then it is written down, and
 * the vault lets go of their bytes in the same transaction: killed in between, the vault still has them, and the next run finds the hold
 * empty and goes on. Time is what `retentionNow` trusts, so that a clock that jumps destroys nothing.
 */
export async function endRetention(deps: RetentionDeps, tenant: TenantId): Promise<Expired> {
  const { storage, clock } = deps
  const { retention, trusted } = await storage.tenant(tenant, async (tx) => ({
    retention: await getRetention(tx),
    trusted: (await retentionNow(tx, clock())).trusted,
  }))
  const at = cuts(retention, trusted)
  const mailboxes = await storage.tenant(tenant, (tx) => dueMailboxes(tx, tenant, at))
  let copies = 0
  let left = 0
  for (const mailbox of mailboxes) {
    try {
      copies += await endInMailbox(deps, tenant, mailbox, at)
    } catch (error) {
      left++
      deps.log.warn(
        { tenant, mailbox, error: messageOf(error) },
        'retention could not be ended in a mailbox; tried again later',
      )
    }
  }
  const vault = await endVault(storage, tenant, trusted)
  const before = new Date(trusted.getTime() - retention.clean * DAY_MS)
  const clean = await inBatches((tx) => forgetCleanBytes(tx, before, BATCH), storage, tenant)
  return { copies, vault, clean, left }
}

async function endInMailbox(
  deps: RetentionDeps,
  tenant: TenantId,
  mailbox: MailboxId | null,
  at: Readonly<Record<Deleted, Date>>,
): Promise<number> {
  const { storage, tuning } = deps
  const look = () => storage.tenant(tenant, (tx) => dueCopies(tx, tenant, mailbox, at, BATCH))
  let n = 0
  if (mailbox === null) {
    for (let due = await look(); due.length > 0; due = await look()) n += await end(deps, tenant, due, null)
    return n
  }
  const lease = await storage.leases.acquire(tenant, `mailbox:${mailbox}`, {
    ttlMs: tuning.leaseMs,
    deadlineMs: tuning.deadlineMs,
  })
  if (!lease) throw new Error('somebody works in the mailbox')
  try {
    const home = await deps.homeOf(tenant, mailbox)
    for (let due = await look(); due.length > 0; due = await look()) {
      if (home) await destroyAll(deps, tenant, { mailbox, home, signal: lease.lost }, due)
      crashPoint('retention.after-destroy')
      n += await end(deps, tenant, due, (tx) => lease.assertHeld(tx))
    }
    return n
  } finally {
    await lease.release()
  }
}

async function destroyAll(
  deps: RetentionDeps,
  tenant: TenantId,
  place: { readonly mailbox: MailboxId; readonly home: MailboxHome; readonly signal: AbortSignal },
  due: readonly DueCopy[],
): Promise<void> {
  const ids = due.map((d) => d.delivery_id)
  const more = await deps.storage.tenant(tenant, (tx) => furtherCopies(tx, tenant, place.mailbox, ids))
  const own = due.flatMap((d) => (d.ref ? [{ message_id: d.message_id, ref: d.ref }] : []))
  const session = await place.home.provider.open(place.home.account, { signal: place.signal })
  try {
    await destroyCopies(session, [...own, ...more], (about, message) =>
      deps.log.warn({ ...about, mailbox: place.mailbox }, message),
    )
  } finally {
    await session.close()
  }
}

const WHAT: Record<Deleted, string> = { 'soft-deleted': 'soft-deleted', 'hard-deleted': 'hard-deleted' }

/** Written down: from now on nothing of it can be given back. Gives back how many were due. */
async function end(
  { storage, clock }: RetentionDeps,
  tenant: TenantId,
  due: readonly DueCopy[],
  held: ((tx: Tx) => Promise<void>) | null,
): Promise<number> {
  await storage.tenant(tenant, async (tx) => {
    await held?.(tx)
    // Whoever asked for an undo since gets it, from the vault.
    const still = await stillDue(
      tx,
      tenant,
      due.map((d) => d.delivery_id),
    )
    const over = due.filter((d) => still.has(d.delivery_id))
    for (const [location, part] of Map.groupBy(over, (d) => d.location)) {
      const relocations = part.map((d) => ({
        deliveryId: d.delivery_id,
        location: 'dropped' as const,
        folder: null,
        ref: null,
        detail: { since: d.since.toISOString() },
      }))
      const summary = `The retention of ${WHAT[location]} mail ended: it cannot be brought back any more`
      await locate(tx, relocations, { kind: 'expired', actor: SYSTEM.name, summary })
    }
    await copiesExpired(
      tx,
      over.map((d) => d.delivery_id),
      clock(),
    )
    await forgetBytes(tx, [...new Set(over.map((d) => d.message_id))])
    if (over.length > 0) {
      await record(tx, { actor: SYSTEM, action: 'retention.end', subject: null, detail: { copies: over.length } })
    }
  })
  return due.length
}

/** In the transaction in which copies expire: their items say so, and the vault lets go of their bytes. */
export async function copiesExpired(tx: Tx, ids: readonly DeliveryId[], now: Date): Promise<void> {
  if (ids.length === 0) return
  await sql`update action_item set expired_at = ${now} where tenant_id = recourse_tenant() and delivery_id = any(${[...ids]}::uuid[])
    and reverted_by is null and expired_at is null and state not in ('not-found', 'already-there', 'planned')
    and after_location in ('soft-deleted', 'hard-deleted', 'quarantine')`.execute(tx)
  await sql`delete from vault where tenant_id = recourse_tenant() and id = any(array(select vault_id from action_item
    where tenant_id = recourse_tenant() and delivery_id = any(${[...ids]}::uuid[]) and vault_id is not null))`.execute(
    tx,
  )
}

const endVault = (storage: Storage, tenant: TenantId, trusted: Date): Promise<number> =>
  inBatches(
    async (tx) => {
      const gone = await sql<{ id: string }>`
        delete from vault where tenant_id = ${tenant} and id in (
          select v.id from vault v where v.tenant_id = ${tenant} and ${vaultDue(trusted)}
          order by v.retention_until limit ${BATCH} for update skip locked)
        returning id`.execute(tx)
      return gone.rows.length
    },
    storage,
    tenant,
  )

async function inBatches(work: (tx: Tx) => Promise<number>, storage: Storage, tenant: TenantId): Promise<number> {
  let all = 0
  for (;;) {
    const n = await storage.tenant(tenant, work)
    all += n
    if (n === 0) return all
  }
}
