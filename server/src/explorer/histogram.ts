import { sql } from 'kysely'
import { type CsvColumn, csvText } from '../base/index.ts'
import { copiesMatching, factsMatching, type MessageFilter } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import type { Pivot } from './query-schemas.ts'
import type { Histogram } from './schemas.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Up to here a chart is by hour. */
const HOURLY_MS = 3 * DAY_MS
/** Beyond this, only buckets that hold something are listed. */
const MAX_BUCKETS = 800

/** Of domains and addresses there may be very many: so many have a series of their own. */
const SERIES = 10
export const OTHERS = '(others)'
const NONE = '(none)'

/** Where a pivot stands: in the narrow facts, or only in the messages and their copies. */
const COLUMN: Readonly<Record<Pivot, { readonly fact?: string; readonly wide: string; readonly many?: true }>> = {
  action: { fact: 'f.action', wide: 'd.action' },
  threat: { fact: 'f.threat', wide: 'm.threat' },
  location: { fact: 'f.location', wide: 'd.latest_location' },
  direction: { fact: 'f.direction', wide: 'm.direction' },
  technology: { wide: 'm.technology' },
  senderDomain: { fact: 'f.sender_domain', wide: 'm.sender_domain', many: true },
  ip: { wide: 'm.client_ip', many: true },
}

interface Counted {
  readonly key: string
  readonly at: Date
  readonly count: number
}

/** Recipient copies over time, in buckets of UTC hours or days. Throws AppError `bad-filter`. */
export async function histogram(tx: Tx, filter: MessageFilter, by: Pivot): Promise<Histogram> {
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
async function count(tx: Tx, filter: MessageFilter, by: Pivot, bucket: 'hour' | 'day'): Promise<Counted[]> {
  const { fact, wide, many } = COLUMN[by]
  const facts = fact === undefined ? null : factsMatching(tx, filter)
  const copies =
    facts && fact !== undefined
      ? facts.select([sql.ref<string | null>(fact).as('key'), 'f.received_at as at'])
      : copiesMatching(tx, filter).select([sql.ref<string | null>(wide).as('key'), 'm.received_at as at'])
  const most = many
    ? await sql<{
        key: string | null
      }>`select key from (${copies}) x group by 1 order by count(*) desc, 1 limit ${SERIES}`.execute(tx)
    : null
  const own = most?.rows.flatMap(({ key }) => key ?? [])
  const named = sql`coalesce(x.key, ${NONE})`
  const key = own ? sql`case when x.key is null or x.key = any(${own}::text[]) then ${named} else ${OTHERS} end` : named
  // Counting from 1970 in UTC: days and hours begin where those of UTC do, and it is cheaper than to truncate.
  const found = await sql<Counted>`select ${key} as key,
      date_bin(${`1 ${bucket}`}::interval, x.at, '1970-01-01 00:00:00+00'::timestamptz) as at, count(*) as count
    from (${copies}) x group by 1, 2`.execute(tx)
  return found.rows
}

/** The numbers of a chart: a line for each hour or day, a column for each series. */
export function histogramCsv(data: Histogram): string {
  const times = [...new Set(data.series.flatMap((s) => s.points.map((p) => p.at)))].sort()
  const counts = new Map(data.series.map((s) => [s.key, new Map(s.points.map((p) => [p.at, p.count]))]))
  const column = (key: string): CsvColumn<string> => [key, (at) => counts.get(key)?.get(at) ?? 0]
  return csvText(times, [['Time', (at) => at], ...data.series.map((s) => column(s.key))])
}

/** Every bucket from the first to the last, or null when they are too many. */
function allBuckets(counted: readonly Counted[], step: number): number[] | null {
  const times = counted.map((row) => row.at.getTime())
  const first = times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY)
  const last = times.reduce((most, at) => Math.max(most, at), Number.NEGATIVE_INFINITY)
  if (times.length === 0 || (last - first) / step >= MAX_BUCKETS) return null
  return Array.from({ length: Math.round((last - first) / step) + 1 }, (_, i) => first + i * step)
}
