import type { Query } from '../../api/client.ts'
import { asFilter, type Conditions, isInstant, type Property, readConditions } from '../../parts/filters/search.ts'
import { DIRECTION, POLICY_TYPE, REASON, RELEASE_STATUS } from '../../words.ts'

export type HeldKey =
  | 'reason'
  | 'policyType'
  | 'policyName'
  | 'status'
  | 'sender'
  | 'recipient'
  | 'messageId'
  | 'direction'
  | 'reported'

export type Received = '1d' | '7d' | '14d' | '30d' | 'all' | 'custom'
export type Expires = 'today' | '2d' | '7d' | 'custom'
export type SortKey = 'received' | 'expires' | 'subject' | 'sender' | 'reason'

/** What the address of the page carries. */
export type HeldSearch = Conditions<HeldKey> & {
  readonly received?: Received
  readonly from?: string
  readonly to?: string
  readonly expires?: Expires
  readonly expiresFrom?: string
  readonly expiresTo?: string
  readonly sort?: SortKey
  readonly dir?: 'asc' | 'desc'
  /** The message whose details are open. */
  readonly open?: string
}

export const PROPERTIES: readonly Property<HeldKey>[] = [
  { key: 'status', label: 'Release status', options: RELEASE_STATUS },
  { key: 'reason', label: 'Quarantine reason', options: REASON },
  { key: 'policyType', label: 'Policy type', options: POLICY_TYPE },
  { key: 'policyName', label: 'Policy name', hint: 'Strict' },
  { key: 'sender', label: 'Sender address', hint: 'name@example.com' },
  { key: 'recipient', label: 'Recipient address', hint: 'name@example.com' },
  { key: 'messageId', label: 'Message ID', hint: '<id@example.com>, or the network message ID' },
  { key: 'direction', label: 'Mail direction', options: DIRECTION },
  { key: 'reported', label: 'Reported', options: { true: 'Reported', false: 'Not reported' }, yesNo: true },
]

const DAY = 86_400_000
export const RECEIVED: Record<Received, { readonly label: string; readonly ms: number | null }> = {
  '1d': { label: 'Last 24 hours', ms: DAY },
  '7d': { label: 'Last 7 days', ms: 7 * DAY },
  '14d': { label: 'Last 14 days', ms: 14 * DAY },
  '30d': { label: 'Last 30 days', ms: 30 * DAY },
  all: { label: 'All time', ms: null },
  custom: { label: 'Custom', ms: null },
}
export const DEFAULT_RECEIVED: Received = '7d'
export const EXPIRES: Record<Expires, string> = {
  today: 'Today',
  '2d': 'Next 2 days',
  '7d': 'Next 7 days',
  custom: 'Custom',
}

export const isReceived = (value: unknown): value is Received =>
  typeof value === 'string' && Object.hasOwn(RECEIVED, value)
export const isExpires = (value: unknown): value is Expires =>
  typeof value === 'string' && Object.hasOwn(EXPIRES, value)

const SORTS: ReadonlySet<unknown> = new Set(['received', 'expires', 'subject', 'sender', 'reason'])
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Reads the page's address; what is not understood is left out. */
export function heldSearch(raw: Record<string, unknown>): HeldSearch {
  const search = readConditions(raw, PROPERTIES)
  if (isReceived(raw['received'])) search['received'] = raw['received']
  if (isExpires(raw['expires'])) search['expires'] = raw['expires']
  for (const key of ['from', 'to', 'expiresFrom', 'expiresTo'] as const) if (isInstant(raw[key])) search[key] = raw[key]
  if (SORTS.has(raw['sort'])) search['sort'] = raw['sort']
  if (raw['dir'] === 'asc' || raw['dir'] === 'desc') search['dir'] = raw['dir']
  if (typeof raw['open'] === 'string' && UUID.test(raw['open'])) search['open'] = raw['open']
  return search as HeldSearch
}

export type HeldQuery = Record<string, string | number | boolean | readonly string[]>

/** The API's filter: relative ranges become instants, counted from `now`. */
export function heldFilter(search: HeldSearch, now: number): HeldQuery {
  const filter: HeldQuery = asFilter(search, PROPERTIES)
  const received = search.received ?? DEFAULT_RECEIVED
  const ms = RECEIVED[received].ms
  if (received === 'custom') {
    if (search.from) filter['from'] = search.from
    if (search.to) filter['to'] = search.to
  } else if (ms !== null) filter['from'] = new Date(now - ms).toISOString()
  return { ...filter, ...expiry(search, now) }
}

function expiry(search: HeldSearch, now: number): HeldQuery {
  switch (search.expires) {
    case 'custom':
      return {
        ...(search.expiresFrom ? { expiresFrom: search.expiresFrom } : {}),
        ...(search.expiresTo ? { expiresTo: search.expiresTo } : {}),
      }
    case 'today': {
      const midnight = new Date(now)
      midnight.setHours(24, 0, 0, 0)
      return { expiresFrom: new Date(now).toISOString(), expiresTo: midnight.toISOString() }
    }
    case '2d':
    case '7d':
      return {
        expiresFrom: new Date(now).toISOString(),
        expiresTo: new Date(now + (search.expires === '2d' ? 2 : 7) * DAY).toISOString(),
      }
    default:
      return {}
  }
}

export const orderOf = (search: HeldSearch): { sort: SortKey; dir: 'asc' | 'desc' } => {
  const sort = search.sort ?? 'received'
  return { sort, dir: search.dir ?? (sort === 'received' ? 'desc' : 'asc') }
}

/** The same column again turns the order round. */
export function sortedBy(search: HeldSearch, sort: SortKey): Pick<HeldSearch, 'sort' | 'dir'> {
  const now = orderOf(search)
  if (now.sort === sort) return { sort, dir: now.dir === 'asc' ? 'desc' : 'asc' }
  return { sort, dir: sort === 'received' ? 'desc' : 'asc' }
}

const KEPT = 'recourse.quarantine'

/** Filters of the last visit, for the next one (quarantine #46); a browser that keeps nothing has none. */
export function keptSearch(): HeldSearch {
  try {
    const { open: _, ...kept } = heldSearch(JSON.parse(localStorage.getItem(KEPT) ?? '{}'))
    return kept
  } catch {
    return {}
  }
}

export function keepSearch({ open: _, ...search }: HeldSearch): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(search))
  } catch {
    // A browser that keeps nothing begins anew each time.
  }
}

export const asQuery = (filter: HeldQuery): Query => filter
