import { sql } from 'kysely'
import type { MessageId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'

/** A message that an engine has still to be asked about. */
export interface Pending {
  readonly messageId: MessageId
  readonly engines: readonly string[]
  readonly attempts: number
  readonly since: Date
}

/** For so long a worker has a message to itself; then another takes it. */
const CLAIM_S = 120
const FIRST_S = 10
const LONGEST_S = 3600
/** What was not heard by then is not asked for any more. */
export const GIVE_UP_AFTER = { attempts: 60, days: 3 }

/** Within the transaction that records the verdict: nothing judged without an engine may be forgotten. */
export async function judgeLater(tx: Tx, messageId: MessageId, engines: readonly string[]): Promise<void> {
  if (engines.length === 0) return
  await sql`insert into engine_pending (tenant_id, message_id, engines, next_at)
    values (recourse_tenant(), ${messageId}, ${[...engines]}, now() + make_interval(secs => ${FIRST_S}))
    on conflict (tenant_id, message_id) do update set engines = excluded.engines`.execute(tx)
}

/** Takes messages that are due for one of these engines, so that nobody else works on them meanwhile. */
export async function claimPending(tx: Tx, engines: readonly string[], limit: number): Promise<Pending[]> {
  const rows = await sql<{ message_id: MessageId; engines: string[]; attempts: number; created_at: Date }>`
    update engine_pending p set next_at = now() + make_interval(secs => ${CLAIM_S}), attempts = attempts + 1
    where p.tenant_id = recourse_tenant() and p.message_id in (
      select message_id from engine_pending where tenant_id = recourse_tenant() and next_at <= now() and engines && ${[...engines]}
      order by next_at limit ${limit} for update skip locked)
    returning p.message_id, p.engines, p.attempts, p.created_at`.execute(tx)
  return rows.rows.map((row) => ({
    messageId: row.message_id,
    engines: row.engines,
    attempts: row.attempts,
    since: row.created_at,
  }))
}

/** Done with: true for the one who may record it. */
export async function settlePending(tx: Tx, messageId: MessageId): Promise<boolean> {
  const gone = await sql`delete from engine_pending where tenant_id = recourse_tenant() and message_id = ${messageId}
    returning message_id`.execute(tx)
  return gone.rows.length > 0
}

/**
 * These engines have been heard; may their findings be recorded? Null: no, whoever was faster has recorded some of them. Else the engines of
 * `left` that are still to be asked: the message waits for them, or is done with.
 */
export async function heardPending(
  tx: Tx,
  pending: Pending,
  heard: readonly string[],
  left: readonly string[],
): Promise<readonly string[] | null> {
  const found = await sql<{ engines: string[] }>`select engines from engine_pending
    where tenant_id = recourse_tenant() and message_id = ${pending.messageId} for update`.execute(tx)
  const open = found.rows[0]?.engines ?? []
  if (!heard.every((engine) => open.includes(engine))) return null
  const still = left.filter((engine) => open.includes(engine))
  if (still.length > 0) await postponePending(tx, pending, still, 'did not answer')
  else await settlePending(tx, pending.messageId)
  return still
}

/** Waits twice as long as before; `left`: the engines that still have not answered, and nobody else has heard meanwhile. */
export async function postponePending(tx: Tx, pending: Pending, left: readonly string[], why: string): Promise<void> {
  const wait = Math.min(LONGEST_S, FIRST_S * 2 ** Math.min(12, pending.attempts))
  await sql`update engine_pending set engines = array(select unnest(engines) intersect select unnest(${[...left]}::text[])),
    next_at = now() + make_interval(secs => ${wait}), last_error = ${why.slice(0, 300)}
    where tenant_id = recourse_tenant() and message_id = ${pending.messageId} and engines && ${[...left]}`.execute(tx)
}

/** Engines have come back: what waits for them is due now. */
export async function duePending(tx: Tx, engines: readonly string[]): Promise<number> {
  const due =
    await sql`update engine_pending set next_at = now() where tenant_id = recourse_tenant() and engines && ${[...engines]}
    and next_at > now() and attempts < 3`.execute(tx)
  return Number(due.numAffectedRows ?? 0)
}

/** How many messages wait to be judged again. */
export async function countPending(tx: Tx): Promise<number> {
  const found = await sql<{ n: number }>`select count(*)::int as n from engine_pending
    where tenant_id = recourse_tenant()`.execute(tx)
  return found.rows[0]?.n ?? 0
}
