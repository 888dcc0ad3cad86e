import { sql } from 'kysely'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'

/**
 * Retention destroys, and a server's clock can be wrong: a broken battery, a wrong time server, a restored snapshot. So what expires is
 * not decided by the clock but by how far it is trusted: it is followed as long as it moves on in small steps. After a jump forward it
 * is not followed for a day (in which it must run well) or until somebody confirms it; the time that the server was off counts as a jump
 * too, so mail may stay a day longer, never a day less. A jump back is followed at once: it destroys nothing.
 */
export interface ClockState {
  /** When it was last looked at. */
  readonly seen: Date
  /** Up to then things may expire. Never ahead of the clock. */
  readonly trusted: Date
  readonly doubt: { readonly since: Date; readonly graceMs: number; readonly from: Date; readonly to: Date } | null
}

/** A step that is longer than this is a jump. The job looks every few minutes. */
export const LONGEST_STEP_MS = 2 * 3_600_000
/** So long a clock that has jumped must run well before it is believed. */
export const GRACE_MS = 24 * 3_600_000

/** The next state when the clock shows `now`. Pure. */
export function step(state: ClockState | null, now: Date): ClockState {
  if (state === null) return { seen: now, trusted: now, doubt: null }
  const passed = now.getTime() - state.seen.getTime()
  if (passed < 0) {
    // Set back: to where it was before it jumped, or further.
    const trusted = new Date(Math.min(state.trusted.getTime(), now.getTime()))
    const near = now.getTime() - trusted.getTime() <= LONGEST_STEP_MS
    return { seen: now, trusted: near ? now : trusted, doubt: near ? null : state.doubt }
  }
  if (passed > LONGEST_STEP_MS) {
    const doubt = { since: now, graceMs: 0, from: state.doubt?.from ?? state.seen, to: now }
    return { seen: now, trusted: state.trusted, doubt }
  }
  if (state.doubt === null) return { seen: now, trusted: now, doubt: null }
  const graceMs = state.doubt.graceMs + passed
  if (graceMs >= GRACE_MS) return { seen: now, trusted: now, doubt: null }
  return { seen: now, trusted: state.trusted, doubt: { ...state.doubt, graceMs } }
}

interface Row {
  seen_at: Date
  trusted_at: Date
  doubt_since: Date | null
  grace_seconds: number
  jumped_from: Date | null
  jumped_to: Date | null
}

const stateOf = (r: Row): ClockState => ({
  seen: r.seen_at,
  trusted: r.trusted_at,
  doubt:
    r.doubt_since === null
      ? null
      : {
          since: r.doubt_since,
          graceMs: r.grace_seconds * 1000,
          from: r.jumped_from ?? r.seen_at,
          to: r.jumped_to ?? r.seen_at,
        },
})

const read = (tx: Tx, lock: boolean) =>
  sql<Row>`select seen_at, trusted_at, doubt_since, grace_seconds, jumped_from, jumped_to from retention_clock
    where tenant_id = recourse_tenant() ${lock ? sql`for update` : sql``}`.execute(tx)

async function write(tx: Tx, { seen, trusted, doubt }: ClockState): Promise<void> {
  await sql`insert into retention_clock (tenant_id, seen_at, trusted_at, doubt_since, grace_seconds, jumped_from, jumped_to)
    values (recourse_tenant(), ${seen}, ${trusted}, ${doubt?.since ?? null}, ${(doubt?.graceMs ?? 0) / 1000}, ${doubt?.from ?? null},
      ${doubt?.to ?? null})
    on conflict (tenant_id) do update set seen_at = excluded.seen_at, trusted_at = excluded.trusted_at,
      doubt_since = excluded.doubt_since, grace_seconds = excluded.grace_seconds, jumped_from = excluded.jumped_from,
      jumped_to = excluded.jumped_to`.execute(tx)
}

/** Looks at the clock, and says up to when things may expire. Whoever destroys by age asks this instead of the clock. */
export async function retentionNow(tx: Tx, now: Date): Promise<ClockState> {
  await sql`select pg_advisory_xact_lock(hashtextextended('recourse retention clock ' || recourse_tenant(), 0))`.execute(
    tx,
  )
  const rows = await read(tx, true)
  const next = step(rows.rows[0] ? stateOf(rows.rows[0]) : null, now)
  await write(tx, next)
  return next
}

/** As it was when it was last looked at; null: not yet. */
export async function retentionClock(tx: Tx): Promise<ClockState | null> {
  const rows = await read(tx, false)
  return rows.rows[0] ? stateOf(rows.rows[0]) : null
}

/** Somebody says that the clock is right: what has become due by its jump may expire. Throws AppError `clock-not-doubted`. */
export async function confirmClock(tx: Tx, now: Date, actor: AuditActor): Promise<ClockState> {
  const rows = await read(tx, true)
  const state = rows.rows[0] ? stateOf(rows.rows[0]) : null
  if (!state?.doubt)
    throw new AppError('clock-not-doubted', 'The clock is not in doubt.', 'There is nothing to confirm.', {
      status: 409,
    })
  const next: ClockState = { seen: now, trusted: now, doubt: null }
  await write(tx, next)
  const detail = { from: state.doubt.from.toISOString(), to: state.doubt.to.toISOString(), now: now.toISOString() }
  await record(tx, { actor, action: 'retention.confirm-clock', subject: null, detail })
  return next
}

/** For people. */
export function doubtSays({ doubt, trusted }: ClockState): string | null {
  if (doubt === null) return null
  const at = (d: Date) => d.toISOString().slice(0, 16).replace('T', ' ')
  const left = Math.ceil((GRACE_MS - doubt.graceMs) / 3_600_000)
  return `The server’s clock went from ${at(doubt.from)} to ${at(doubt.to)} UTC in one step (or the server was off): nothing that became due after ${at(trusted)} expires before it has run well for ${left} more hours, or somebody confirms it.`
}
