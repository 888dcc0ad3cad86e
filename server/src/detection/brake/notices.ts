import { type Selectable, sql } from 'kysely'
import { type AuditActor, record } from '../../audit/index.ts'
import { AppError, type EntryId, uuidv7 } from '../../base/index.ts'
import { addEntry, getEntry, getSuspension, revokeSuspension } from '../../lists/index.ts'
import type { Outbox, Tx } from '../../storage/index.ts'
import type { BrakeNoticeTable } from '../tables.ts'
import { forgetLosses, type SourceKey } from './losses.ts'

const TENANT = sql<BrakeNoticeTable['tenant_id']>`current_setting('recourse.tenant_id')::uuid`
const DAY_MS = 86_400_000
/** So long a person's word holds: what was let go is not stopped, nor told, again. */
const HELD_MS = DAY_MS

/** That a source took the mail of too many known senders. */
export interface Notice {
  readonly id: string
  readonly source: SourceKey
  /** What the entry is about; null for signals. */
  readonly value: string | null
  readonly why: string
  readonly senders: string[]
  readonly at: string
  /** False: it was only told, and still counts. */
  readonly suspended: boolean
  readonly closedBy: string | null
  readonly closedAt: string | null
}

type Row = Selectable<BrakeNoticeTable>

const sourceOf = (row: Row): SourceKey => ({ kind: row.source_kind, id: row.source_id, version: row.source_version })

async function toNotice(tx: Tx, row: Row): Promise<Notice> {
  const entry = row.source_kind === 'entry' ? await getEntry(tx, row.source_id as EntryId) : null
  return {
    id: row.id,
    source: sourceOf(row),
    value: entry?.value ?? null,
    why: row.why,
    senders: row.senders,
    at: row.at.toISOString(),
    suspended: row.suspended,
    closedBy: row.closed_by,
    closedAt: row.closed_at?.toISOString() ?? null,
  }
}

/** Newest first, at most 200; without `all` those that nobody has let go. */
export async function listNotices(tx: Tx, { all }: { readonly all: boolean }): Promise<Notice[]> {
  let rows = tx.selectFrom('brake_notice').selectAll().orderBy('id', 'desc').limit(200)
  if (!all) rows = rows.where('closed_at', 'is', null)
  return Promise.all((await rows.execute()).map((row) => toNotice(tx, row)))
}

/** What is said of a source just now; `held`: a person has let it go within a day. */
export async function standing(
  tx: Tx,
  { kind, id, version }: SourceKey,
  now: Date,
): Promise<'unknown' | 'told' | 'suspended' | 'held'> {
  const row = await tx
    .selectFrom('brake_notice')
    .select(['suspended', 'closed_at'])
    .where('source_kind', '=', kind)
    .where('source_id', '=', id)
    .where('source_version', '=', version)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) return 'unknown'
  if (row.closed_at !== null) return now.getTime() - row.closed_at.getTime() < HELD_MS ? 'held' : 'unknown'
  return row.suspended ? 'suspended' : 'told'
}

export interface NewNotice {
  readonly source: SourceKey
  readonly why: string
  readonly senders: readonly string[]
  readonly suspended: boolean
  readonly suspensionId: string | null
}

/** Writes the notice, or what is new of the one that is open. */
export async function tell(tx: Tx, notice: NewNotice, now: Date): Promise<string> {
  const { source, why, suspended, suspensionId } = notice
  const row = await tx
    .insertInto('brake_notice')
    .values({
      tenant_id: TENANT,
      id: uuidv7(),
      source_kind: source.kind,
      source_id: source.id,
      source_version: source.version,
      why,
      senders: [...notice.senders],
      at: now,
      suspended,
      suspension_id: suspensionId,
      closed_by: null,
      closed_at: null,
    })
    .onConflict((c) =>
      c
        .columns(['tenant_id', 'source_kind', 'source_id', 'source_version'])
        .where('closed_at', 'is', null)
        .doUpdateSet({ why, senders: [...notice.senders], at: now, suspended, suspension_id: suspensionId }),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/**
 * A person's word: the source counts (again), and is left alone for a day. An entry that was taken off the list is put back as it was.
 * Throws AppError `notice-not-found`, `notice-over` (409: says by whom).
 */
export async function letGo(tx: Tx, outbox: Outbox, actor: AuditActor, id: string): Promise<Notice> {
  const row = await tx.selectFrom('brake_notice').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  if (!row)
    throw new AppError('notice-not-found', 'There is no such notice.', 'Look at the list: GET /sources/braked.', {
      status: 404,
    })
  if (row.closed_at !== null)
    throw new AppError('notice-over', `${row.closed_by} has let it go already.`, 'Nothing is left to do.', {
      status: 409,
    })
  const source = sourceOf(row)
  const now = new Date()
  const closed = { closed_by: actor.name, closed_at: now }
  await tx.updateTable('brake_notice').set(closed).where('id', '=', id).execute()
  await forgetLosses(tx, source)
  await record(tx, {
    actor,
    action: 'source.let-go',
    subject: { kind: source.kind, id: source.id },
    detail: { notice: id, suspended: row.suspended },
  })
  if (row.suspension_id !== null && (await isAlive(tx, row.suspension_id)))
    await revokeSuspension(tx, outbox, actor, row.suspension_id)
  if (row.suspended && source.kind === 'entry') await putBack(tx, outbox, actor, source.id as EntryId, now)
  return toNotice(tx, { ...row, ...closed })
}

const isAlive = async (tx: Tx, suspension: string): Promise<boolean> =>
  (await getSuspension(tx, suspension))?.state === 'active'

async function putBack(tx: Tx, outbox: Outbox, actor: AuditActor, id: EntryId, now: Date): Promise<void> {
  const entry = await getEntry(tx, id)
  if (entry === null || entry.state !== 'removed') return
  const left = entry.expiresAt === null ? null : Math.ceil((Date.parse(entry.expiresAt) - now.getTime()) / DAY_MS)
  if (left !== null && left < 1) return
  const { action, kind, value, note, submissionId } = entry
  await addEntry(tx, outbox, actor, { action, kind, value, note, submissionId, expiresInDays: left })
}

/** The suspension was revoked where suspensions are listed: that is a person's word too. */
export async function suspensionRevoked(tx: Tx, suspension: string, now: Date): Promise<void> {
  const row = await tx
    .selectFrom('brake_notice')
    .selectAll()
    .where('suspension_id', '=', suspension)
    .where('closed_at', 'is', null)
    .executeTakeFirst()
  if (!row) return
  const by = (await getSuspension(tx, suspension))?.revokedBy
  const closed = { closed_by: by ?? 'somebody', closed_at: now }
  await tx.updateTable('brake_notice').set(closed).where('id', '=', row.id).execute()
  await forgetLosses(tx, sourceOf(row))
}
