import { sql } from 'kysely'
import type { ActionId } from '../../base/index.ts'
import { emit, type Tx } from '../../storage/index.ts'
import { count, type LedgerContext, transitionAll } from '../ledger/ledger.ts'

/** Proposals at a time; the next look finds the rest. */
const LOOK = 200

/**
 * What nobody has decided in time expires: it is not run, and it is not rejected either. A day before (`warnMs`), it is said once. Gives
 * back how many have expired.
 */
export async function expirePending(tx: Tx, context: LedgerContext, warnMs: number): Promise<number> {
  const { tenant, now } = context
  const soon = new Date(now.getTime() + warnMs)
  const warned = await sql<{ id: ActionId; expires_at: Date }>`
    update action set warned_at = ${now}::timestamptz
    where tenant_id = ${tenant} and state = 'pending-approval' and warned_at is null
      and expires_at > ${now}::timestamptz and expires_at <= ${soon}::timestamptz
    returning id, expires_at`.execute(tx)
  await emit(
    tx,
    ...warned.rows.map((r) => ({
      kind: 'action.expiring' as const,
      data: { actionId: r.id, expiresAt: r.expires_at.toISOString() },
    })),
  )
  const due = await sql<{ id: ActionId }>`
    select id from action where tenant_id = ${tenant} and state = 'pending-approval' and expires_at <= ${now}::timestamptz
    order by id limit ${LOOK}`.execute(tx)
  let expired = 0
  for (const { id } of due.rows) if (await expireOne(tx, context, id)) expired++
  return expired
}

/** Somebody may decide at this moment: who has the lock first is first. */
async function expireOne(tx: Tx, context: LedgerContext, id: ActionId): Promise<boolean> {
  const { tenant, now } = context
  await sql`select pg_advisory_xact_lock(hashtextextended(${`recourse decision ${tenant} ${id}`}, 0))`.execute(tx)
  const open =
    await sql`select 1 from action where tenant_id = ${tenant} and id = ${id} and state = 'pending-approval'`.execute(
      tx,
    )
  if (open.rows.length === 0) return false
  await sql`update action set decision = 'expired', decided_at = ${now}::timestamptz
    where tenant_id = ${tenant} and id = ${id}`.execute(tx)
  await transitionAll(tx, context, id, ['planned'], 'skipped', 'It expired: nobody decided in time.')
  await count(tx, context, id, {})
  return true
}
