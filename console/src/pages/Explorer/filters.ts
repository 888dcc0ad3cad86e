import type { ApiFilter } from '../../api/types.ts'
import { DELIVERY, LOCATION, THREAT } from '../../words.ts'

export type FilterKey =
  | 'threat'
  | 'action'
  | 'location'
  | 'sender'
  | 'senderDomain'
  | 'recipient'
  | 'url'
  | 'urlDomain'
  | 'fileHash'
  | 'ip'
  | 'internetMessageId'
  | 'reported'

export type RangeKey = '1d' | '2d' | '7d' | '14d' | '30d' | 'all' | 'custom'

/** What the address of the page carries. */
export type ExplorerSearch = { readonly [K in FilterKey]?: readonly string[] } & {
  readonly q?: string
  readonly range?: RangeKey
  readonly from?: string
  readonly to?: string
  readonly by?: 'threat' | 'location'
}

export interface FilterProperty {
  readonly key: FilterKey
  readonly label: string
  /** Discrete values with their words; without, values are typed in. */
  readonly options?: Readonly<Record<string, string>>
  readonly hint?: string
}

export const PROPERTIES: readonly FilterProperty[] = [
  { key: 'threat', label: 'Threat type', options: THREAT },
  { key: 'action', label: 'Delivery action', options: DELIVERY },
  { key: 'location', label: 'Latest delivery location', options: LOCATION },
  { key: 'sender', label: 'Sender address', hint: 'name@example.com' },
  { key: 'senderDomain', label: 'Sender domain', hint: 'example.com' },
  { key: 'recipient', label: 'Recipient', hint: 'name@example.com' },
  { key: 'urlDomain', label: 'URL domain', hint: 'example.com' },
  { key: 'url', label: 'URL', hint: 'https://example.com/path' },
  { key: 'fileHash', label: 'Attachment SHA256', hint: '64 hexadecimal digits' },
  { key: 'ip', label: 'Sender IP', hint: '203.0.113.7' },
  { key: 'internetMessageId', label: 'Internet message ID', hint: '<id@example.com>' },
  { key: 'reported', label: 'Reported', options: { true: 'Reported', false: 'Not reported' } },
]

const DAY = 86_400_000
export const RANGES: Record<RangeKey, { readonly label: string; readonly ms: number | null }> = {
  '1d': { label: 'Last 24 hours', ms: DAY },
  '2d': { label: 'Last 2 days', ms: 2 * DAY },
  '7d': { label: 'Last 7 days', ms: 7 * DAY },
  '14d': { label: 'Last 14 days', ms: 14 * DAY },
  '30d': { label: 'Last 30 days', ms: 30 * DAY },
  all: { label: 'All time', ms: null },
  custom: { label: 'Custom', ms: null },
}
export const DEFAULT_RANGE: RangeKey = '30d'

const isRange = (value: unknown): value is RangeKey => typeof value === 'string' && Object.hasOwn(RANGES, value)
const isInstant = (value: unknown): value is string => typeof value === 'string' && !Number.isNaN(Date.parse(value))

/** Reads the page's address; what is not understood is left out. */
export function explorerSearch(raw: Record<string, unknown>): ExplorerSearch {
  const search: Record<string, unknown> = {}
  for (const { key } of PROPERTIES) {
    const value = raw[key]
    const values = (Array.isArray(value) ? value : [value]).filter(
      (v): v is string => typeof v === 'string' && v !== '',
    )
    if (values.length > 0) search[key] = [...new Set(values)]
  }
  if (typeof raw['q'] === 'string' && raw['q'].trim() !== '') search['q'] = raw['q']
  if (isRange(raw['range'])) search['range'] = raw['range']
  if (isInstant(raw['from'])) search['from'] = raw['from']
  if (isInstant(raw['to'])) search['to'] = raw['to']
  if (raw['by'] === 'threat' || raw['by'] === 'location') search['by'] = raw['by']
  return search as ExplorerSearch
}

/** The API's filter for a search: relative ranges become instants, counted from `now`. */
export function apiFilter(search: ExplorerSearch, now: number): ApiFilter {
  const filter: Record<string, string | boolean | readonly string[]> = {}
  for (const { key } of PROPERTIES) {
    const values = search[key]
    if (!values || values.length === 0) continue
    // Both answers are no condition.
    if (key === 'reported') {
      if (values.length === 1) filter[key] = values[0] === 'true'
    } else filter[key] = values
  }
  if (search.q) filter['q'] = search.q
  const range = search.range ?? DEFAULT_RANGE
  const length = RANGES[range].ms
  if (range === 'custom') {
    if (search.from) filter['from'] = search.from
    if (search.to) filter['to'] = search.to
  } else if (length !== null) filter['from'] = new Date(now - length).toISOString()
  return filter
}
