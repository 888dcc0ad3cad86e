import { sql } from 'kysely'
import type { EntryId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import type { Entry, EntryState, EntryVersion } from './door.ts'
import { toEntry } from './entries.ts'
import { type Entity, type LookupKey, lookupKeys } from './keys.ts'
import type { EntryAction, EntryKind, EntryRule } from './types.ts'

/** Keys asked for at once; a message rarely has more than a few hundred. */
const CHUNK = 5_000

/**
 * The living entries that may match any of these entities, by equality of keys: a superset of what `matchEntries` of judgement
 * finds. Alive at `at`, default now.
 */
export async function entriesFor(tx: Tx, entities: readonly Entity[], at: Date = new Date()): Promise<EntryRule[]> {
  const [found = []] = await entriesForEach(tx, [entities], at)
  return found
}

/** The same for several messages at once: one query asks for all of them. */
export async function entriesForEach(
  tx: Tx,
  messages: readonly (readonly Entity[])[],
  at: Date,
): Promise<EntryRule[][]> {
  const asked = messages.map(lookupKeys)
  const keys = [...new Map(asked.flat().map((key) => [nameOf(key), key])).values()]
  const found = new Map<string, EntryRule[]>()
  for (let i = 0; i < keys.length; i += CHUNK) {
    const part = keys.slice(i, i + CHUNK)
    const rows = await tx
      .selectFrom('list_entry as e')
      .innerJoin(
        sql<LookupKey>`(
          select distinct kind, key from unnest(${part.map((k) => k.kind)}::text[], ${part.map((k) => k.key)}::text[]) as k (kind, key))`.as(
          'k',
        ),
        (join) => join.onRef('k.kind', '=', 'e.kind').onRef('k.key', '=', 'e.key'),
      )
      .select(['e.id', 'e.version', 'e.action', 'e.kind', 'e.key', 'e.value', 'e.expires_at', 'e.origin'])
      .where('e.removed_at', 'is', null)
      .where((eb) => eb.or([eb('e.expires_at', 'is', null), eb('e.expires_at', '>', at)]))
      .execute()
    for (const { expires_at, key, ...rule } of rows) {
      const name = nameOf({ kind: rule.kind, key })
      found.set(name, [...(found.get(name) ?? []), { ...rule, expiresAt: expires_at?.toISOString() ?? null }])
    }
  }
  return asked.map((list) => list.flatMap((key) => found.get(nameOf(key)) ?? []).sort((a, b) => (a.id < b.id ? -1 : 1)))
}

const nameOf = ({ kind, key }: LookupKey): string => `${kind} ${key}`

/** Counts that these entries changed a verdict. Call it last in a transaction: the rows of popular entries are shared. */
export async function noteMatches(tx: Tx, ids: readonly string[], at: Date): Promise<void> {
  if (ids.length === 0) return
  // In the order of their ids: two messages that match the same entries must not wait for each other.
  await sql`
    update list_entry e set matches = e.matches + 1, last_matched_at = greatest(e.last_matched_at, ${at}::timestamptz)
    from (select tenant_id, id from list_entry where id = any(${[...ids]}::uuid[]) order by id for no key update) locked
    where e.tenant_id = locked.tenant_id and e.id = locked.id`.execute(tx)
}

/** As it is now, ended and removed ones too; null: there never was one. */
export async function getEntry(tx: Tx, id: EntryId): Promise<Entry | null> {
  const row = await withAuthor(tx).where('e.id', '=', id).executeTakeFirst()
  return row === undefined ? null : toEntry(row, new Date(), row.modified_by)
}

/** Its versions, the first one first. */
export async function historyOf(tx: Tx, id: EntryId): Promise<EntryVersion[]> {
  const rows = await tx
    .selectFrom('list_entry_version')
    .selectAll()
    .where('entry_id', '=', id)
    .orderBy('version')
    .execute()
  return rows.map((r) => ({
    version: r.version,
    change: r.change,
    at: r.at,
    actor: r.actor_name,
    expiresAt: r.expires_at,
    note: r.note,
  }))
}

export interface EntryQuery {
  readonly action?: EntryAction
  readonly kind?: EntryKind
  readonly state?: EntryState
  /** In its normal form. */
  readonly value?: string
  /** Part of the value or the note. */
  readonly q?: string
  /** Part of the name of who made the last change. */
  readonly by?: string
  /** True: those that never end; false: those that do. */
  readonly neverEnds?: boolean
  /** Instants; `Before` exclusive. */
  readonly endsBefore?: string
  readonly updatedSince?: string
  readonly updatedBefore?: string
  readonly usedSince?: string
  /** Not used since then, or never. */
  readonly unusedSince?: string
  readonly limit: number
  /** Id of the last entry of the page before. */
  readonly after?: EntryId
}

const withAuthor = (tx: Tx) =>
  tx
    .selectFrom('list_entry as e')
    .innerJoin('list_entry_version as v', (join) =>
      join
        .onRef('v.tenant_id', '=', 'e.tenant_id')
        .onRef('v.entry_id', '=', 'e.id')
        .onRef('v.version', '=', 'e.version'),
    )
    .selectAll('e')
    .select('v.actor_name as modified_by')

type Rows = ReturnType<typeof withAuthor>

/** Newest first. Without `state`: everything that was not removed. */
export async function listEntries(tx: Tx, query: EntryQuery): Promise<Entry[]> {
  const now = new Date()
  const all = withAuthor(tx).orderBy('e.id', 'desc').limit(query.limit)
  const rows = await byTime(byState(byText(all, query), query, now), query).execute()
  return rows.map((row) => toEntry(row, now, row.modified_by))
}

function byText(rows: Rows, { action, kind, value, after, q, by }: EntryQuery): Rows {
  if (action) rows = rows.where('e.action', '=', action)
  if (kind) rows = rows.where('e.kind', '=', kind)
  if (value) rows = rows.where('e.value', '=', value)
  if (after) rows = rows.where('e.id', '<', after)
  if (by) rows = rows.where(sql`lower(v.actor_name)`, 'like', partOf(by))
  if (q) rows = rows.where((eb) => eb.or([eb('e.value', 'like', partOf(q)), eb(sql`lower(e.note)`, 'like', partOf(q))]))
  return rows
}

const partOf = (text: string): string => `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`

function byState(rows: Rows, { state, neverEnds, endsBefore }: EntryQuery, now: Date): Rows {
  rows = rows.where('e.removed_at', state === 'removed' ? 'is not' : 'is', null)
  if (state === 'expired') rows = rows.where('e.expires_at', '<=', now)
  if (state === 'active')
    rows = rows.where((eb) => eb.or([eb('e.expires_at', 'is', null), eb('e.expires_at', '>', now)]))
  if (neverEnds !== undefined) rows = rows.where('e.expires_at', neverEnds ? 'is' : 'is not', null)
  if (endsBefore !== undefined) rows = rows.where('e.expires_at', '<', new Date(endsBefore))
  return rows
}

function byTime(rows: Rows, { updatedSince, updatedBefore, usedSince, unusedSince }: EntryQuery): Rows {
  if (updatedSince !== undefined) rows = rows.where('e.updated_at', '>=', new Date(updatedSince))
  if (updatedBefore !== undefined) rows = rows.where('e.updated_at', '<', new Date(updatedBefore))
  if (usedSince !== undefined) rows = rows.where('e.last_matched_at', '>=', new Date(usedSince))
  if (unusedSince !== undefined)
    rows = rows.where((eb) =>
      eb.or([eb('e.last_matched_at', 'is', null), eb('e.last_matched_at', '<', new Date(unusedSince))]),
    )
  return rows
}
