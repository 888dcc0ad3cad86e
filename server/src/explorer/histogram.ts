import { type RawBuilder, sql } from 'kysely'
import { copiesMatching, factsMatching, type MessageFilter } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import type { Histogram } from './schemas.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Up to here a chart is by hour. */
const HOURLY_MS = 3 * DAY_MS
/** Beyond this, only buckets that hold something are listed. */
const MAX_BUCKETS = 800

type By = 'action' | 'threat' | 'location'
interface Counted {
  readonly key: string
  readonly at: Date
  readonly count: number
}

/** Recipient copies over time, in buckets of UTC hours or days. Throws AppError `bad-filter`. */
export async function histogram(tx: Tx, filter: MessageFilter, by: By): Promise<Histogram> {
  const from = filter.from === undefined ? await oldest(tx) : new Date(filter.from)
  const to = filter.to === undefined ? new Date() : new Date(filter.to)
  const bucket = to.getTime() - from.getTime() <= HOURLY_MS ? 'hour' : 'day'
  const counted = await count(tx, filter, by, bucket)
  const step = bucket === 'hour' ? HOUR_MS : DAY_MS
  const buckets = allBuckets(counted, step)
  const series = [...Map.groupBy(counted, (row) => row.key)].map(([key, rows]) => {
    const counts = new Map(rows.map((row) => [row.at.getTime(), row.count]))
    const points = (buckets ?? [...counts.keys()].sort((a, b) => a - b)).map((at) => ({
      at: new Date(at).toISOString(),
      count: counts.get(at) ?? 0,
    }))
    return { key, points }
  })
  series.sort((a, b) => (a.key < b.key ? -1 : 1))
  return { bucket, series, total: counted.reduce((sum, row) => sum + row.count, 0) }
}

async function oldest(tx: Tx): Promise<Date> {
  const query = tx.selectFrom('message').select('received_at').orderBy('received_at').limit(1)
  return (await query.executeTakeFirst())?.received_at ?? new Date()
}

/** From the narrow facts where they can answer, else from the messages and their copies. */
async function count(tx: Tx, filter: MessageFilter, by: By, bucket: 'hour' | 'day'): Promise<Counted[]> {
  // Counting from 1970 in UTC: days and hours begin where those of UTC do, and it is cheaper than to truncate.
  const stride = `1 ${bucket}`
  const truncated = (column: RawBuilder<unknown>) =>
    sql<Date>`date_bin(${stride}::interval, ${column}, '1970-01-01 00:00:00+00'::timestamptz)`
  const facts = factsMatching(tx, filter)
  if (facts)
    return await facts
      .select([sql.ref<string>(`f.${by}`).as('key'), truncated(sql.ref('f.received_at')).as('at')])
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .groupBy([sql`1`, sql`2`])
      .execute()
  const column = { action: 'd.action', threat: 'm.threat', location: 'd.latest_location' }[by]
  return await copiesMatching(tx, filter)
    .select([sql.ref<string>(column).as('key'), truncated(sql.ref('m.received_at')).as('at')])
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .groupBy([sql`1`, sql`2`])
    .execute()
}

/** Every bucket from the first to the last, or null when they are too many. */
function allBuckets(counted: readonly Counted[], step: number): number[] | null {
  const times = counted.map((row) => row.at.getTime())
  const first = times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY)
  const last = times.reduce((most, at) => Math.max(most, at), Number.NEGATIVE_INFINITY)
  if (times.length === 0 || (last - first) / step >= MAX_BUCKETS) return null
  return Array.from({ length: Math.round((last - first) / step) + 1 }, (_, i) => first + i * step)
}
