import type { ActionRow } from '../../api/types.ts'
import { type Conditions, isInstant, type Property, readConditions } from '../../parts/filters/search.ts'
import { ACTION_KIND, ACTION_STATE, SEVERITY, SOURCE } from '../../words.ts'

export type Tab = 'pending' | 'history'
export type Period = '1d' | '7d' | '30d' | '180d' | 'all' | 'custom'
export type ListKey = 'kind' | 'state' | 'source' | 'severity' | 'decidedBy' | 'requestedBy' | 'approval'
export type SortKey = 'updated' | 'created' | 'expires' | 'name' | 'kind' | 'state' | 'decided' | 'copies'

/** What the address of the page carries. */
export type ActionSearch = Conditions<ListKey> & {
  readonly tab?: Tab
  readonly period?: Period
  /** Of a custom period: changed at or after, and before. */
  readonly from?: string
  readonly to?: string
  readonly sort?: SortKey
  readonly dir?: 'asc' | 'desc'
  /** The action whose details are open. */
  readonly open?: string
}

const ENDED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ACTION_STATE).filter(([key]) => key !== 'pending-approval'),
)

export const PROPERTIES: readonly Property<ListKey>[] = [
  { key: 'kind', label: 'Action type', options: ACTION_KIND },
  { key: 'state', label: 'Status', options: ENDED },
  { key: 'source', label: 'Action source', options: SOURCE },
  { key: 'severity', label: 'Severity', options: SEVERITY },
  { key: 'decidedBy', label: 'Decided by', hint: 'Name of a person' },
  { key: 'requestedBy', label: 'Requested by', hint: 'Name of a person' },
  { key: 'approval', label: 'Approval ID', hint: 'as it was told at submission' },
]

export const PERIOD: Record<Period, string> = {
  '1d': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  '180d': 'Last 6 months',
  all: 'All time',
  custom: 'Custom',
}
export const isPeriod = (value: unknown): value is Period => typeof value === 'string' && Object.hasOwn(PERIOD, value)
export const DEFAULT_PERIOD: Record<Tab, Period> = { pending: 'all', history: '30d' }

const SORTS: ReadonlySet<unknown> = new Set([
  'updated',
  'created',
  'expires',
  'name',
  'kind',
  'state',
  'decided',
  'copies',
] satisfies SortKey[])
export const isSort = (value: unknown): value is SortKey => SORTS.has(value)
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Reads the page's address; what is not understood is left out. */
export function actionSearch(raw: Record<string, unknown>): ActionSearch {
  const search = readConditions(raw, PROPERTIES)
  if (raw['tab'] === 'pending' || raw['tab'] === 'history') search['tab'] = raw['tab']
  if (isPeriod(raw['period'])) search['period'] = raw['period']
  for (const key of ['from', 'to'] as const) if (isInstant(raw[key])) search[key] = raw[key]
  if (isSort(raw['sort'])) search['sort'] = raw['sort']
  if (raw['dir'] === 'asc' || raw['dir'] === 'desc') search['dir'] = raw['dir']
  if (typeof raw['open'] === 'string' && UUID.test(raw['open'])) search['open'] = raw['open']
  return search as ActionSearch
}

export const tabOf = (search: ActionSearch): Tab => search.tab ?? 'history'
export const periodOf = (search: ActionSearch): Period => search.period ?? DEFAULT_PERIOD[tabOf(search)]

export const orderOf = (search: ActionSearch): { sort: SortKey; dir: 'asc' | 'desc' } => {
  const sort = search.sort ?? (tabOf(search) === 'pending' ? 'created' : 'updated')
  const late = sort === 'updated' || sort === 'created' || sort === 'copies'
  return { sort, dir: search.dir ?? (late ? 'desc' : 'asc') }
}

/** The same column again turns the order round. */
export function sortedBy(search: ActionSearch, sort: SortKey): Pick<ActionSearch, 'sort' | 'dir'> {
  const now = orderOf(search)
  if (now.sort === sort) return { sort, dir: now.dir === 'asc' ? 'desc' : 'asc' }
  return { sort, dir: orderOf({ sort }).dir }
}

/** The API's query. */
export function actionQuery(search: ActionSearch): Record<string, string | readonly string[]> {
  const { open: _, tab: __, period: ___, from, to, sort: ____, dir: _____, ...conditions } = search
  const period = periodOf(search)
  const bounds = Object.entries({ from, to }).flatMap(([key, at]) => (at ? [[key, new Date(at).toISOString()]] : []))
  const time = period === 'custom' ? Object.fromEntries(bounds) : { period }
  return { ...conditions, tab: tabOf(search), ...time, ...orderOf(search) }
}

export const idOf = (action: Pick<ActionRow, 'id'>): string => action.id
