import type { ApiFilter } from '../../api/types.ts'
import { asFilter, type Conditions, isInstant, type Property, readConditions } from '../../parts/filters/search.ts'
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
export type ExplorerSearch = Conditions<FilterKey> & {
  readonly range?: RangeKey
  readonly from?: string
  readonly to?: string
  readonly by?: 'threat' | 'location'
}

export const PROPERTIES: readonly Property<FilterKey>[] = [
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

export const isRange = (value: unknown): value is RangeKey => typeof value === 'string' && Object.hasOwn(RANGES, value)

/** Reads the page's address; what is not understood is left out. */
export function explorerSearch(raw: Record<string, unknown>): ExplorerSearch {
  const search = readConditions(raw, PROPERTIES)
  if (isRange(raw['range'])) search['range'] = raw['range']
  if (isInstant(raw['from'])) search['from'] = raw['from']
  if (isInstant(raw['to'])) search['to'] = raw['to']
  if (raw['by'] === 'threat' || raw['by'] === 'location') search['by'] = raw['by']
  return search as ExplorerSearch
}

/** The API's filter for a search: relative ranges become instants, counted from `now`. */
export function apiFilter(search: ExplorerSearch, now: number): ApiFilter {
  const filter = asFilter(search, PROPERTIES)
  const range = search.range ?? DEFAULT_RANGE
  const length = RANGES[range].ms
  if (range === 'custom') {
    if (search.from) filter['from'] = search.from
    if (search.to) filter['to'] = search.to
  } else if (length !== null) filter['from'] = new Date(now - length).toISOString()
  return filter
}
