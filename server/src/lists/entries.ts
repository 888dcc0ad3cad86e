import { type Selectable, sql } from 'kysely'
import { record } from '../audit/index.ts'
import { AppError, type EntryId, uuidv7 } from '../base/index.ts'
import type { Outbox, Tx } from '../storage/index.ts'
import type { Entry, EntryActor, EntryState, NewEntry } from './door.ts'
import { expiryOf } from './expiry.ts'
import { keyOf } from './keys.ts'
import type { ListEntryTable, ListEntryVersionTable } from './tables.ts'
import { normalValue } from './values.ts'

const TENANT = sql<ListEntryTable['tenant_id']>`current_setting('recourse.tenant_id')::uuid`
const MAX_NOTE = 1000

export type EntryRow = Selectable<ListEntryTable>

export function stateOf(row: Pick<EntryRow, 'removed_at' | 'expires_at'>, now: Date): EntryState {
  if (row.removed_at !== null) return 'removed'
  return row.expires_at !== null && row.expires_at <= now ? 'expired' : 'active'
}

export function toEntry(row: EntryRow, now: Date, modifiedBy: string): Entry {
  return {
    id: row.id,
    version: row.version,
    action: row.action,
    kind: row.kind,
    value: row.value,
    origin: row.origin,
    submissionId: row.submission_id,
    note: row.note,
    expiresAt: row.expires_at?.toISOString() ?? null,
    createdBy: row.created_by_name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    modifiedBy,
    lastMatchedAt: row.last_matched_at,
    matches: Number(row.matches),
    state: stateOf(row, now),
  }
}

/** Checks a new entry without saving it: normal value and expiry. Throws AppError `bad-value`, `bad-expiry`, `no-file-allow`. */
export function checkEntry(wanted: NewEntry, now: Date) {
  if (wanted.kind === 'file-hash' && wanted.action === 'allow' && !wanted.submissionId)
    throw new AppError(
      'no-file-allow',
      'A file can be allowed only by a submission: somebody has to have looked at a message that holds it.',
      'Open a message with the file, report that it should not have been blocked, and take the entry that is offered there.',
    )
  if ((wanted.note ?? '').length > MAX_NOTE)
    throw new AppError('note-too-long', `The note has more than ${MAX_NOTE} characters.`, 'Shorten it.')
  const { action, kind } = wanted
  const value = normalValue(kind, action, wanted.value)
  return { action, kind, value, expiresAt: expiryOf(wanted, now) }
}

/**
 * Adds an entry, in the transaction of the caller, with its history, audit entry and event. The same value with the same action
 * once more: an expired entry is renewed, a direct one grows by a submission (same row, next version); otherwise AppError
 * `entry-exists` (409).
 */
export async function addEntry(tx: Tx, outbox: Outbox, actor: EntryActor, wanted: NewEntry): Promise<Entry> {
  const checked = checkEntry(wanted, new Date())
  await alone(tx)
  const now = new Date()
  const old = await tx
    .selectFrom('list_entry')
    .selectAll()
    .where('kind', '=', checked.kind)
    .where('value', '=', checked.value)
    .where('action', '=', checked.action)
    .where('removed_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  const submissionId = wanted.submissionId ?? null
  if (old === undefined) return insert(tx, outbox, actor, wanted, checked, now)
  const expired = stateOf(old, now) === 'expired'
  if (!expired && (submissionId === null || old.origin === 'submission')) throw exists(old)
  return change(tx, outbox, actor, old, expired ? 'renewed' : 'edited', now, {
    // A submission lifts a direct entry (lists #38); renewing by hand does not keep a submission's reach.
    origin: submissionId === null ? 'direct' : 'submission',
    submission_id: submissionId,
    expires_at: checked.expiresAt,
    note: wanted.note ?? old.note,
  })
}

/**
 * Who changes the list of an organisation does it after who changes it already, until his transaction ends: several entries of one
 * transaction come in any order, and two that wait for each other would both fail.
 */
const alone = (tx: Tx) =>
  sql`select pg_advisory_xact_lock(hashtextextended('recourse list ' || recourse_tenant(), 0))`.execute(tx)

const exists = (old: EntryRow): AppError =>
  new AppError(
    'entry-exists',
    `There is already an entry to ${old.action} ${old.value}, ${old.expires_at === null ? 'without end' : `until ${old.expires_at.toISOString()}`}.`,
    `Change its expiry or note instead (entry ${old.id}).`,
    { status: 409 },
  )

async function insert(
  tx: Tx,
  outbox: Outbox,
  actor: EntryActor,
  wanted: NewEntry,
  { action, kind, value, expiresAt }: ReturnType<typeof checkEntry>,
  now: Date,
): Promise<Entry> {
  const submissionId = wanted.submissionId ?? null
  const row = await tx
    .insertInto('list_entry')
    .values({
      tenant_id: TENANT,
      id: uuidv7<EntryId>(),
      version: 1,
      action,
      kind,
      value,
      key: keyOf(kind, value),
      origin: submissionId === null ? 'direct' : 'submission',
      submission_id: submissionId,
      note: wanted.note ?? '',
      expires_at: expiresAt,
      created_by: actor.user,
      created_by_name: actor.name,
      created_at: now,
      updated_at: now,
    })
    // Two at once: the second finds the row that the first has made, and is told so.
    .onConflict((c) => c.columns(['tenant_id', 'kind', 'value', 'action']).where('removed_at', 'is', null).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (row === undefined)
    throw new AppError('entry-exists', `Somebody has just made an entry for ${value}.`, 'Look at the list again.', {
      status: 409,
    })
  return saved(tx, outbox, actor, row, 'added', now)
}

type Change = Partial<Pick<EntryRow, 'origin' | 'submission_id' | 'expires_at' | 'note' | 'removed_at'>>

async function change(
  tx: Tx,
  outbox: Outbox,
  actor: EntryActor,
  old: EntryRow,
  kind: ListEntryVersionTable['change'],
  now: Date,
  set: Change,
): Promise<Entry> {
  const row = await tx
    .updateTable('list_entry')
    .set({ ...set, version: old.version + 1, updated_at: now })
    .where('id', '=', old.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return saved(tx, outbox, actor, row, kind, now)
}

/** History, audit and event belong to every change; nothing saves an entry without them. */
async function saved(
  tx: Tx,
  outbox: Outbox,
  actor: EntryActor,
  row: EntryRow,
  change: ListEntryVersionTable['change'],
  now: Date,
): Promise<Entry> {
  const { id, version, origin, submission_id: submissionId, note, expires_at, action, kind, value } = row
  await tx
    .insertInto('list_entry_version')
    .values({
      tenant_id: TENANT,
      entry_id: id,
      version,
      change,
      at: now,
      actor_id: actor.user,
      actor_name: actor.name,
      origin,
      note,
      expires_at,
    })
    .execute()
  await record(tx, {
    actor,
    action: `entry.${change}`,
    subject: { kind: 'entry', id },
    detail: { version, action, kind, value, origin, submissionId, expiresAt: expires_at?.toISOString() ?? null, note },
  })
  await outbox.emit(
    tx,
    change === 'removed'
      ? { kind: 'entry.removed', data: { entryId: id } }
      : { kind: 'entry.saved', data: { entryId: id, version } },
  )
  return toEntry(row, now, actor.name)
}

/** Changes expiry or note; the value never changes (lists #59). The new expiry counts from now. */
export async function editEntry(
  tx: Tx,
  outbox: Outbox,
  actor: EntryActor,
  id: EntryId,
  set: { expiresInDays?: number | null; note?: string },
): Promise<Entry> {
  const now = new Date()
  const old = await mine(tx, id)
  if (stateOf(old, now) === 'removed') throw gone(id)
  if ((set.note ?? '').length > MAX_NOTE)
    throw new AppError('note-too-long', `The note has more than ${MAX_NOTE} characters.`, 'Shorten it.')
  const expires =
    set.expiresInDays === undefined
      ? {}
      : { expires_at: expiryOf({ action: old.action, kind: old.kind, expiresInDays: set.expiresInDays }, now) }
  return change(tx, outbox, actor, old, 'edited', now, {
    ...expires,
    ...(set.note === undefined ? {} : { note: set.note }),
  })
}

/** Takes an entry out of the list; it stays readable with its history. Removing twice changes nothing. */
export async function removeEntry(tx: Tx, outbox: Outbox, actor: EntryActor, id: EntryId): Promise<Entry> {
  const now = new Date()
  const old = await mine(tx, id)
  if (old.removed_at !== null) return toEntry(old, now, await changedBy(tx, old))
  return change(tx, outbox, actor, old, 'removed', now, { removed_at: now })
}

async function changedBy(tx: Tx, { id, version }: EntryRow): Promise<string> {
  const row = await tx
    .selectFrom('list_entry_version')
    .select('actor_name')
    .where('entry_id', '=', id)
    .where('version', '=', version)
    .executeTakeFirstOrThrow()
  return row.actor_name
}

async function mine(tx: Tx, id: EntryId): Promise<EntryRow> {
  await alone(tx)
  const row = await tx.selectFrom('list_entry').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  if (row === undefined) throw gone(id)
  return row
}

export const gone = (id: string): AppError =>
  new AppError('entry-not-found', `There is no entry ${id}.`, 'Look at the list: it may have been removed.', {
    status: 404,
  })
