import { type Selectable, sql } from 'kysely'
import { type AuditActor, record } from '../../audit/index.ts'
import { AppError, type TenantId, uuidv7 } from '../../base/index.ts'
import { type MessageFilter, messagesMatching } from '../../records/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import type { SavedQueryTable } from '../tables.ts'
import type { NewQuery, QueryChange, SavedQuery } from './schemas.ts'

const TENANT = sql<TenantId>`recourse_tenant()`
const DAY_MS = 86_400_000
const DAYS = 7
/** So many in an organisation, and so many of them tracked: each costs a count over eight days when the list is opened. */
const MOST = 500
const MOST_TRACKED = 20

type Row = Selectable<SavedQueryTable>
const viewOf = (r: Row): SavedQuery => ({
  id: r.id,
  name: r.name,
  filter: r.filter,
  days: r.days,
  tracked: r.tracked,
  author: r.author,
  createdAt: r.created_at.toISOString(),
  updatedAt: r.updated_at.toISOString(),
  lastRunAt: r.last_run_at?.toISOString() ?? null,
  counts: null,
})

/** All of the organisation, by name. */
export async function savedQueries(tx: Tx, counts: boolean, now: Date): Promise<SavedQuery[]> {
  const rows = await tx.selectFrom('saved_query').selectAll().orderBy('name_key').execute()
  const views: SavedQuery[] = []
  for (const row of rows)
    views.push({ ...viewOf(row), counts: counts && row.tracked ? await countsOf(tx, row.filter, now) : null })
  return views
}

async function countsOf(tx: Tx, filter: MessageFilter, now: Date): Promise<NonNullable<SavedQuery['counts']>> {
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS
  const from = new Date(today - 7 * DAY_MS).toISOString()
  const matching = messagesMatching(tx, { ...filter, from, to: now.toISOString() }).select('m.received_at as at')
  const since = (days: number) => new Date(today - days * DAY_MS)
  const found = await sql<{ today: number; before: number; week: number }>`select
    (count(*) filter (where at >= ${since(0)}))::int as today,
    (count(*) filter (where at >= ${since(1)} and at < ${since(0)}))::int as before,
    (count(*) filter (where at < ${since(0)}))::int as week from (${matching}) x`.execute(tx)
  const { today: n, before, week } = found.rows[0] ?? { today: 0, before: 0, week: 0 }
  const weekDaily = Math.round((week / 7) * 10) / 10
  return { today: n, dayBefore: before, weekDaily, trend: Math.round((n - weekDaily) * 10) / 10 }
}

/** Throws AppError `name-taken`, `bad-dates`, `too-many`. */
export async function saveQuery(tx: Tx, actor: AuditActor, wanted: NewQuery, now: Date): Promise<SavedQuery> {
  await alone(tx)
  await roomFor(tx, wanted.tracked ?? false, MOST - 1)
  const row = await named(wanted.name, () =>
    tx
      .insertInto('saved_query')
      .values({
        tenant_id: TENANT,
        id: uuidv7(),
        ...nameOf(wanted.name),
        filter: jsonText(wanted.filter),
        days: datesOf(wanted.filter, wanted.days),
        tracked: wanted.tracked ?? false,
        author: actor.name,
        created_at: now,
        updated_at: now,
      })
      .onConflict((oc) => oc.columns(['tenant_id', 'name_key']).doNothing())
      .returningAll()
      .executeTakeFirst(),
  )
  return await noted(tx, actor, 'save', row)
}

/** What is not given stays. Throws AppError `no-query`, `name-taken`, `bad-dates`, `too-many`. */
export async function changeQuery(
  tx: Tx,
  actor: AuditActor,
  id: string,
  change: QueryChange,
  now: Date,
): Promise<SavedQuery> {
  await alone(tx)
  const before = await queryOf(tx, id)
  if (change.tracked && !before.tracked) await roomFor(tx, true, MOST)
  const filter = change.filter ?? before.filter
  const days = datesOf(filter, change.days ?? (exact(filter) ? undefined : (before.days ?? undefined)))
  const name = nameOf(change.name ?? before.name)
  const other = tx.selectFrom('saved_query').select('id').where('name_key', '=', name.name_key).where('id', '<>', id)
  const row = await named(name.name, async () =>
    (await other.executeTakeFirst())
      ? undefined
      : await tx
          .updateTable('saved_query')
          .set({ ...name, filter: jsonText(filter), days, tracked: change.tracked ?? before.tracked, updated_at: now })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst(),
  )
  return await noted(tx, actor, 'edit', row)
}

/** Throws AppError `no-query`. */
export async function removeQuery(tx: Tx, actor: AuditActor, id: string): Promise<SavedQuery> {
  const row = await tx.deleteFrom('saved_query').where('id', '=', id).returningAll().executeTakeFirst()
  if (!row) throw missing(id)
  return await noted(tx, actor, 'remove', row)
}

/** Its filter with dates as of now; notes that it was asked. Throws AppError `no-query`. */
export async function runQuery(
  tx: Tx,
  id: string,
  now: Date,
): Promise<{ id: string; name: string; filter: MessageFilter }> {
  const row = await tx
    .updateTable('saved_query')
    .set({ last_run_at: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
  if (!row) throw missing(id)
  const from = row.days === null ? {} : { from: new Date(now.getTime() - row.days * DAY_MS).toISOString() }
  return { id: row.id, name: row.name, filter: { ...row.filter, ...from } }
}

async function queryOf(tx: Tx, id: string): Promise<Row> {
  const row = await tx.selectFrom('saved_query').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw missing(id)
  return row
}

/** Limits and names are checked by one at a time in an organisation. */
const alone = (tx: Tx) =>
  sql`select pg_advisory_xact_lock(hashtextextended('recourse saved_query ' || recourse_tenant(), 0))`.execute(tx)

async function roomFor(tx: Tx, tracked: boolean, most: number): Promise<void> {
  const all = await tx.selectFrom('saved_query').select('tracked').execute()
  const many = tracked ? all.filter((q) => q.tracked).length >= MOST_TRACKED : false
  if (many || all.length > most)
    throw new AppError(
      'too-many',
      many ? `${MOST_TRACKED} queries are tracked already.` : `There are ${MOST} saved queries already.`,
      many ? 'Stop tracking one of them first.' : 'Remove one of them first.',
      { status: 422 },
    )
}

const nameOf = (text: string) => ({ name: text.trim(), name_key: text.trim().toLowerCase() })

const exact = (filter: MessageFilter): boolean => filter.from !== undefined || filter.to !== undefined

/** Days of a query whose dates move, null of one with exact dates. */
function datesOf(filter: MessageFilter, days: number | undefined): number | null {
  if (!exact(filter)) return days ?? DAYS
  if (days === undefined) return null
  throw new AppError('bad-dates', 'A query has exact dates or a number of days, not both.', 'Leave out one of them.')
}

async function named(name: string, write: () => Promise<Row | undefined>): Promise<Row> {
  const row = await write()
  if (row) return row
  throw new AppError('name-taken', `There is a query “${name.trim()}” already.`, 'Choose another name.', {
    status: 409,
  })
}

const missing = (id: string) =>
  new AppError('no-query', `There is no saved query ${id}.`, 'Look at the list of them.', { status: 404 })

async function noted(tx: Tx, actor: AuditActor, what: string, row: Row): Promise<SavedQuery> {
  const { name, filter, days, tracked } = row
  const detail = { name, filter, days, tracked }
  await record(tx, { actor, action: `query.${what}`, subject: { kind: 'query', id: row.id }, detail })
  return viewOf(row)
}
