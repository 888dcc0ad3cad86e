import type { ApiFilter, Pivot, TopOf } from '../../api/types.ts'
import { asFilter, type Conditions, isInstant, readConditions } from '../../parts/filters/search.ts'
import { isPivot } from './pivots.ts'
import { type FilterKey, PROPERTIES } from './properties.ts'
import { isTop } from './tops.ts'

/** `7d`: the last seven days. */
export type RangeKey = `${number}d` | 'all' | 'custom'

/** What the address of the page carries. */
export type ExplorerSearch = Conditions<FilterKey> & {
  readonly range?: RangeKey
  readonly from?: string
  readonly to?: string
  readonly by?: Pivot
  /** What most copies have, instead of the list. */
  readonly top?: TopOf
  /** The saved query that was opened. */
  readonly query?: string
}

const DAY = 86_400_000
const MOST_DAYS = 366
export const DEFAULT_RANGE: RangeKey = '30d'
const RANGES = ['1d', '2d', '7d', '14d', '30d', 'all', 'custom'] as const
const WORDS: Readonly<Record<string, string>> = { '1d': 'Last 24 hours', all: 'All time', custom: 'Custom' }
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Days of a relative range; null of the others. */
export function daysOf(range: string): number | null {
  const days = /^([1-9]\d{0,2})d$/.exec(range)?.[1]
  return days !== undefined && Number(days) <= MOST_DAYS ? Number(days) : null
}

export const isRange = (value: unknown): value is RangeKey =>
  typeof value === 'string' && (value === 'all' || value === 'custom' || daysOf(value) !== null)

/** The usual ranges with their words, and the one that is in use. */
export const rangeWords = (used: RangeKey): Record<string, string> =>
  Object.fromEntries(
    [...new Set<string>([...RANGES, used])].map((key) => [key, WORDS[key] ?? `Last ${daysOf(key) ?? key} days`]),
  )

/** Reads the page's address; what is not understood is left out. */
export function explorerSearch(raw: Record<string, unknown>): ExplorerSearch {
  const search = readConditions(raw, PROPERTIES)
  if (isRange(raw['range'])) search['range'] = raw['range']
  if (isInstant(raw['from'])) search['from'] = raw['from']
  if (isInstant(raw['to'])) search['to'] = raw['to']
  if (isPivot(raw['by']) && raw['by'] !== 'action') search['by'] = raw['by']
  if (isTop(raw['top'])) search['top'] = raw['top']
  if (typeof raw['query'] === 'string' && UUID.test(raw['query'])) search['query'] = raw['query']
  return search as ExplorerSearch
}

/** The API's filter for a search: relative ranges become instants, counted from `now`. */
export function apiFilter(search: ExplorerSearch, now: number): ApiFilter {
  const filter = asFilter(search, PROPERTIES)
  const range = search.range ?? DEFAULT_RANGE
  const days = daysOf(range)
  if (range === 'custom') {
    if (search.from) filter['from'] = search.from
    if (search.to) filter['to'] = search.to
  } else if (days !== null) filter['from'] = new Date(now - days * DAY).toISOString()
  return filter
}
