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

export async function getEntry(tx: Tx, id: EntryId): Promise<Entry | null> {
  const row = await tx.selectFrom('list_entry').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : toEntry(row, new Date())
}

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
  /** Part of the value or the note. */
  readonly q?: string
  readonly limit: number
  /** Id of the last entry of the page before. */
  readonly after?: EntryId
}

/** Newest first. Without `state`: everything that was not removed. */
export async function listEntries(tx: Tx, query: EntryQuery): Promise<Entry[]> {
  const now = new Date()
  let rows = tx.selectFrom('list_entry').selectAll().orderBy('id', 'desc').limit(query.limit)
  if (query.action) rows = rows.where('action', '=', query.action)
  if (query.kind) rows = rows.where('kind', '=', query.kind)
  if (query.after) rows = rows.where('id', '<', query.after)
  if (query.state === 'removed') rows = rows.where('removed_at', 'is not', null)
  else rows = rows.where('removed_at', 'is', null)
  if (query.state === 'expired') rows = rows.where('expires_at', '<=', now)
  if (query.state === 'active')
    rows = rows.where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
  if (query.q) {
    const part = `%${query.q.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
    rows = rows.where((eb) => eb.or([eb('value', 'like', part), eb(sql`lower(note)`, 'like', part)]))
  }
  return (await rows.execute()).map((row) => toEntry(row, now))
}
