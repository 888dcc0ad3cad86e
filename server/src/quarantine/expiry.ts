import { sql } from 'kysely'
import { record, SYSTEM } from '../audit/index.ts'
import { crashPoint, type DeliveryId, type MailboxId, type MessageId, messageOf, type TenantId } from '../base/index.ts'
import type { CopyRef, MailboxProvider, MailboxSession } from '../mailboxes/index.ts'
import { forgetBytes, locate } from '../records/index.ts'
import { eachTenant, type Storage, type StorageLog, type Tx } from '../storage/index.ts'
import { lockMessages } from './selection.ts'

export interface ExpiryDeps {
  readonly storage: Pick<Storage, 'tenant' | 'tenants' | 'leases'>
  readonly mailboxes: Pick<MailboxProvider, 'open'>
  /** The login of a mailbox that exists; null: it is gone, and our hold in it with it. */
  readonly loginOf: (tenant: TenantId, mailbox: MailboxId) => Promise<string | null>
  readonly log: StorageLog
  readonly clock?: () => Date
  /** Up to when things may expire, where the clock is not simply believed. */
  readonly trusted?: (tx: Tx, now: Date) => Promise<Date>
  /** In the transaction in which copies expire: tells those who hold more of them (the vault, the items of actions). */
  readonly onExpired?: (tx: Tx, ids: readonly DeliveryId[], now: Date) => Promise<void>
  readonly leaseMs?: number
  readonly deadlineMs?: number
}

export interface Expired {
  readonly copies: number
  /** Copies that were destroyed in our hold on the mail server. */
  readonly cleared: number
  /** Copies that are still to be destroyed there: the server did not answer, or somebody works in the mailbox. */
  readonly left: number
}

const BATCH = 500
const NONE: Expired = { copies: 0, cleared: 0, left: 0 }

/** Expires what is due in every organisation, and clears what an earlier run has left in holds. */
export async function expireAll(deps: ExpiryDeps): Promise<Expired> {
  let all = NONE
  await eachTenant(deps.storage, async (tenant) => {
    const one = await expireHeld(deps, tenant)
    all = { copies: all.copies + one.copies, cleared: all.cleared + one.cleared, left: all.left + one.left }
  })
  return all
}

/**
 * First it is written down that copies have expired, in the same order of locks as a release: from then on nobody can release them. Then
 * what lies in a hold is destroyed there, under the mailbox's lease, and that is written down too. Killed at any moment, the next run
 * goes on; two processes share the work.
 */
export async function expireHeld(deps: ExpiryDeps, tenant: TenantId): Promise<Expired> {
  const clock = (deps.clock ?? (() => new Date()))()
  // A clock that jumps destroys nothing.
  const { trusted } = deps
  const now = trusted ? await deps.storage.tenant(tenant, (tx) => trusted(tx, clock)) : clock
  let copies = 0
  for (;;) {
    const n = await deps.storage.tenant(tenant, (tx) => expireBatch(tx, deps, now))
    crashPoint('quarantine.after-expiry-commit')
    copies += n
    if (n === 0) break
  }
  const { cleared, left } = await clearHolds(deps, tenant)
  return { copies, cleared, left }
}

interface Due {
  delivery_id: DeliveryId
  message_id: MessageId
  ref: CopyRef | null
  expires_at: Date
}

/** Nothing is done with a copy that an action is about to move: it is looked at again when that has ended. */
const due = (now: Date, ids: readonly MessageId[] | null) => sql<Due>`
  select h.delivery_id, h.message_id, d.ref, h.expires_at from held_copy h
  join delivery d on d.tenant_id = h.tenant_id and d.id = h.delivery_id and d.latest_location = 'quarantine'
  where h.tenant_id = recourse_tenant() and h.state in ('held', 'denied') and h.expires_at <= ${now}::timestamptz
    and (${ids}::uuid[] is null or h.message_id = any(${ids}::uuid[]))
    and not exists (select 1 from action_item i where i.tenant_id = h.tenant_id and i.delivery_id = h.delivery_id
      and (i.state in ('planned', 'approved', 'executing') or (i.state = 'failed' and i.next_attempt_at is not null)))
  order by h.expires_at, h.delivery_id limit ${BATCH}`

async function expireBatch(tx: Tx, deps: ExpiryDeps, now: Date): Promise<number> {
  const first = await due(now, null).execute(tx)
  if (first.rows.length === 0) return 0
  const messages = [...new Set(first.rows.map((r) => r.message_id))]
  await lockMessages(tx, messages)
  // Somebody may have released it, or moved its expiry, until we had the lock.
  const { rows } = await due(now, messages).execute(tx)
  if (rows.length === 0) return 0
  const ids = rows.map((r) => r.delivery_id)
  const relocations = rows.map((r) => ({
    deliveryId: r.delivery_id,
    location: 'dropped' as const,
    folder: null,
    // Kept until the copy is destroyed: it says where it lies.
    ref: r.ref === null ? null : { ...r.ref },
    detail: { expiredAt: r.expires_at.toISOString() },
  }))
  await locate(tx, relocations, {
    kind: 'expired',
    actor: SYSTEM.name,
    summary: 'Expired in quarantine: it cannot be released any more',
  })
  await sql`update held_copy h set clearing = true where h.tenant_id = recourse_tenant() and h.delivery_id = any(${ids}::uuid[])
    and exists (select 1 from (${inHold(null)}) x where x.delivery_id = h.delivery_id)`.execute(tx)
  await forgetBytes(tx, messages)
  await deps.onExpired?.(tx, ids, now)
  await record(tx, {
    actor: SYSTEM,
    action: 'quarantine.expire',
    subject: null,
    detail: { copies: ids.length, messages: messages.length },
  })
  return ids.length
}

interface Lying {
  delivery_id: DeliveryId
  message_id: MessageId
  mailbox_id: MailboxId
  ref: CopyRef
}

/** Where expired copies lie on the mail server: the delivery's own, and further copies of the user's that were taken with it. */
const inHold = (mailbox: MailboxId | null) => sql<Lying>`
  select h.delivery_id, h.message_id, d.mailbox_id, d.ref from held_copy h
  join delivery d on d.tenant_id = h.tenant_id and d.id = h.delivery_id
  where h.tenant_id = recourse_tenant() and h.state = 'expired' and d.latest_location = 'dropped' and d.ref is not null
    and d.mailbox_id is not null and (${mailbox}::uuid is null or d.mailbox_id = ${mailbox}::uuid)
  union all
  select h.delivery_id, h.message_id, i.mailbox_id, c.ref from held_copy h
  join action_item i on i.tenant_id = h.tenant_id and i.delivery_id = h.delivery_id and i.same_as is not null and i.state = 'done'
    and i.after_location = 'quarantine' and i.reverted_by is null
  join item_copy c on c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'after' and c.ref is not null
  where h.tenant_id = recourse_tenant() and h.state = 'expired' and i.mailbox_id is not null
    and (${mailbox}::uuid is null or i.mailbox_id = ${mailbox}::uuid)`

const lying = (mailbox: MailboxId | null) => sql<Lying>`
  select x.* from (${inHold(mailbox)}) x where x.delivery_id in
    (select delivery_id from held_copy where tenant_id = recourse_tenant() and clearing)
  order by x.mailbox_id, x.delivery_id limit ${BATCH * 20}`

async function clearHolds(deps: ExpiryDeps, tenant: TenantId): Promise<{ cleared: number; left: number }> {
  const { rows } = await deps.storage.tenant(tenant, (tx) => lying(null).execute(tx))
  let cleared = 0
  for (const mailbox of new Set(rows.map((r) => r.mailbox_id))) {
    try {
      cleared += await clearMailbox(deps, tenant, mailbox)
    } catch (error) {
      deps.log.warn(
        { tenant, mailbox, error: messageOf(error) },
        'expired copies could not be destroyed in the hold of a mailbox',
      )
    }
  }
  return { cleared, left: new Set(rows.map((r) => r.delivery_id)).size - cleared }
}

async function clearMailbox(deps: ExpiryDeps, tenant: TenantId, mailbox: MailboxId): Promise<number> {
  const { storage } = deps
  const options = { ttlMs: deps.leaseMs ?? 60_000, deadlineMs: deps.deadlineMs ?? 30_000 }
  const lease = await storage.leases.acquire(tenant, `mailbox:${mailbox}`, options)
  if (!lease) return 0
  try {
    const { rows } = await storage.tenant(tenant, (tx) => lying(mailbox).execute(tx))
    const login = await deps.loginOf(tenant, mailbox)
    if (login !== null) await destroyAll(deps, login, rows, lease.lost)
    crashPoint('quarantine.after-destroy')
    const ids = [...new Set(rows.map((r) => r.delivery_id))]
    const gone = ids.map((deliveryId) => ({ deliveryId, location: 'dropped' as const, folder: null, ref: null }))
    await storage.tenant(tenant, async (tx) => {
      await lease.assertHeld(tx)
      const summary =
        login === null ? 'The mailbox is gone, and the expired copy with it' : 'The expired copy was destroyed'
      await locate(tx, gone, { kind: 'destroyed', actor: SYSTEM.name, summary })
      await sql`update held_copy set clearing = false where tenant_id = recourse_tenant()
        and delivery_id = any(${ids}::uuid[])`.execute(tx)
    })
    return ids.length
  } finally {
    await lease.release()
  }
}

/** Only what is still exactly where it was written down to be; what is not there any more needs nothing. */
async function destroyAll(deps: ExpiryDeps, login: string, rows: readonly Lying[], signal: AbortSignal): Promise<void> {
  const session = await deps.mailboxes.open({ login }, { signal })
  try {
    for (const [folder, part] of Map.groupBy(rows, (r) => r.ref.folder)) {
      const { uids, left } = await lyingIn(session, folder, part)
      if (left > 0)
        deps.log.warn(
          { login, folder, copies: left },
          'what lies where an expired copy should be is not surely it: left there',
        )
      if (uids.length > 0) await session.destroy(folder, uids)
    }
  } finally {
    await session.close()
  }
}

/** Which of these are still where they were written down to be; how many are there that cannot be told apart. */
async function lyingIn(
  session: MailboxSession,
  folder: string,
  part: readonly Lying[],
): Promise<{ readonly uids: readonly number[]; readonly left: number }> {
  const position = await session.position(folder)
  if (position === null) return { uids: [], left: 0 }
  const here = part.filter((r) => r.ref.uidValidity === position.uidValidity)
  const wanted = new Map(here.map((r) => [r.ref.uid, r.message_id]))
  const there = await session.state(folder, [...wanted.keys()])
  // The number is the copy's; its own words must not say otherwise.
  const sure = there.filter((s) => s.networkMessageId === null || s.networkMessageId === wanted.get(s.ref.uid))
  const moved = Map.groupBy(
    part.filter((r) => r.ref.uidValidity !== position.uidValidity),
    (r): string => r.message_id,
  )
  // A hold that the server has numbered anew: by our own header, as long as there are no more of it than are due.
  const ids = [...moved.keys()]
  const found = ids.length > 0 ? await session.find({ networkMessageIds: ids, folders: [folder] }) : []
  const byId = [...Map.groupBy(found, (s) => s.networkMessageId ?? '')]
  const again = byId.flatMap(([id, states]) => (states.length <= (moved.get(id)?.length ?? 0) ? states : []))
  return {
    uids: [...sure, ...again].map((s) => s.ref.uid),
    left: there.length - sure.length + found.length - again.length,
  }
}
