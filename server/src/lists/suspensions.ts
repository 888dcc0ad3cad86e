import { type Selectable, sql } from 'kysely'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError, uuidv7 } from '../base/index.ts'
import type { Outbox, Tx } from '../storage/index.ts'
import type { SuspendedSignalTable } from './tables.ts'
import type { SuspensionRule } from './types.ts'

const TENANT = sql<SuspendedSignalTable['tenant_id']>`current_setting('recourse.tenant_id')::uuid`
const SIGNAL = /^[a-z0-9][a-z0-9._:/-]{0,199}$/i
const DAY_MS = 86_400_000

/** A detection signal that is found and shown, but does not count. */
export interface Suspension {
  readonly id: string
  readonly signalId: string
  /** Null: every version. */
  readonly version: number | null
  readonly why: string
  readonly by: string
  readonly at: string
  /** Null: until somebody revokes it. */
  readonly until: string | null
  /** The undo that asked for it. */
  readonly undoId: string | null
  readonly revokedBy: string | null
  readonly revokedAt: string | null
  readonly state: 'active' | 'expired' | 'revoked'
}

export interface NewSuspension {
  readonly signalId: string
  readonly version: number | null
  readonly why: string
  readonly untilDays?: number | null
  readonly undoId?: string
}

const toSuspension = (r: Selectable<SuspendedSignalTable>, now: Date): Suspension => ({
  id: r.id,
  signalId: r.signal_id,
  version: r.version,
  why: r.why,
  by: r.suspended_by,
  at: r.suspended_at.toISOString(),
  until: r.until?.toISOString() ?? null,
  undoId: r.undo_id,
  revokedBy: r.revoked_by,
  revokedAt: r.revoked_at?.toISOString() ?? null,
  state: r.revoked_at !== null ? 'revoked' : r.until !== null && r.until <= now ? 'expired' : 'active',
})

/** What judging leaves out at this moment. */
export async function suspendedSignals(tx: Tx, at: Date = new Date()): Promise<SuspensionRule[]> {
  const rows = await tx
    .selectFrom('suspended_signal')
    .select(['signal_id', 'version'])
    .where('revoked_at', 'is', null)
    .where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', at)]))
    .orderBy('id')
    .execute()
  return rows.map((r) => ({ id: r.signal_id, version: r.version }))
}

/** Null: there is none of this id. */
export async function getSuspension(tx: Tx, id: string): Promise<Suspension | null> {
  const row = await tx.selectFrom('suspended_signal').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? toSuspension(row, new Date()) : null
}

/** Newest first; without `all` only those that are in force. */
export async function listSuspensions(
  tx: Tx,
  options: { readonly all: boolean; readonly limit: number; readonly signalId?: string },
): Promise<Suspension[]> {
  const now = new Date()
  let rows = tx.selectFrom('suspended_signal').selectAll().orderBy('id', 'desc').limit(options.limit)
  if (!options.all)
    rows = rows.where('revoked_at', 'is', null).where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', now)]))
  if (options.signalId !== undefined) rows = rows.where('signal_id', '=', options.signalId)
  return (await rows.execute()).map((r) => toSuspension(r, now))
}

/**
 * From now on the signal does not count in this organisation. Throws AppError `bad-signal`, `signal-suspended` (409: it is already; says by
 * whom). An undo that asks again gets what is there.
 */
export async function suspendSignal(
  tx: Tx,
  outbox: Pick<Outbox, 'emit'>,
  actor: AuditActor,
  wanted: NewSuspension,
): Promise<Suspension> {
  if (!SIGNAL.test(wanted.signalId))
    throw new AppError('bad-signal', `"${wanted.signalId}" is not the name of a signal.`, 'Take it from a verdict.')
  await sql`select pg_advisory_xact_lock(hashtextextended('recourse suspension ' || recourse_tenant() || ${wanted.signalId}, 0))`.execute(
    tx,
  )
  const now = new Date()
  const ofSignal = await listSuspensions(tx, { all: false, limit: 1000, signalId: wanted.signalId })
  const alive = ofSignal.find((s) => s.version === null || s.version === wanted.version)
  if (alive && wanted.undoId !== undefined) return alive
  if (alive)
    throw new AppError(
      'signal-suspended',
      `${alive.signalId} is suspended already: by ${alive.by}, since ${alive.at.slice(0, 10)}.`,
      'Revoke that first.',
      { status: 409 },
    )
  const row = await tx
    .insertInto('suspended_signal')
    .values({
      tenant_id: TENANT,
      id: uuidv7(),
      signal_id: wanted.signalId,
      version: wanted.version,
      why: wanted.why,
      suspended_by: actor.name,
      suspended_at: now,
      until: wanted.untilDays ? new Date(now.getTime() + wanted.untilDays * DAY_MS) : null,
      undo_id: wanted.undoId ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const { signalId, version } = wanted
  await record(tx, {
    actor,
    action: 'signal.suspend',
    subject: { kind: 'signal', id: signalId },
    detail: { ...wanted },
  })
  await outbox.emit(tx, { kind: 'signal.suspended', data: { id: row.id, signalId, version } })
  return toSuspension(row, now)
}

/** It counts again. Throws AppError `suspension-not-found`, `suspension-over`. */
export async function revokeSuspension(
  tx: Tx,
  outbox: Pick<Outbox, 'emit'>,
  actor: AuditActor,
  id: string,
): Promise<Suspension> {
  const now = new Date()
  const row = await tx
    .updateTable('suspended_signal')
    .set({ revoked_at: now, revoked_by: actor.name })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
  if (!row) throw await notThere(tx, id)
  const { signal_id: signalId, version } = row
  await record(tx, {
    actor,
    action: 'signal.resume',
    subject: { kind: 'signal', id: signalId },
    detail: { suspension: id, version },
  })
  await outbox.emit(tx, { kind: 'signal.resumed', data: { id, signalId, version } })
  return toSuspension(row, now)
}

async function notThere(tx: Tx, id: string): Promise<AppError> {
  const row = await tx.selectFrom('suspended_signal').select('revoked_by').where('id', '=', id).executeTakeFirst()
  return row
    ? new AppError('suspension-over', `It was revoked already by ${row.revoked_by}.`, 'Nothing is left to do.', {
        status: 409,
      })
    : new AppError('suspension-not-found', 'There is no such suspension.', 'Look at the list.', { status: 404 })
}
