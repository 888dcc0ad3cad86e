import type { EntryKind } from '../../api/types.ts'
import { withPart } from '../../parts/filters/search.ts'
import { ENTRY_KIND } from '../../words.ts'

export const STATE = { all: 'Every state', active: 'Active', expired: 'Expired', removed: 'Removed' } as const
export const ENDS = {
  all: 'Any end',
  never: 'Never expire',
  '7d': 'Expire within 7 days',
  '30d': 'Expire within 30 days',
} as const
export const USED = {
  all: 'Used or not',
  '30d': 'Used in the last 30 days',
  'not-30d': 'Not used for 30 days',
  'not-90d': 'Not used for 90 days',
} as const
export const CHANGED = {
  all: 'Changed at any time',
  '1d': 'Changed in the last 24 hours',
  '7d': 'Changed in the last 7 days',
  '30d': 'Changed in the last 30 days',
} as const
export const KIND: Readonly<Record<'all' | EntryKind, string>> = { all: 'Every type', ...ENTRY_KIND }

/** What the address of the page carries; what is absent does not narrow. */
export interface EntrySearch {
  readonly action?: 'allow' | 'block'
  readonly kind?: EntryKind
  readonly state?: Exclude<keyof typeof STATE, 'all'>
  readonly ends?: Exclude<keyof typeof ENDS, 'all'>
  readonly used?: Exclude<keyof typeof USED, 'all'>
  readonly changed?: Exclude<keyof typeof CHANGED, 'all'>
  /** Part of the name of who changed it last. */
  readonly by?: string
  /** Part of value or note. */
  readonly q?: string
}

const CHOICES = { kind: KIND, state: STATE, ends: ENDS, used: USED, changed: CHANGED } as const
export const TEXTS = ['by', 'q'] as const
const LONGEST = 200

/** Reads the page's address; what is not understood is left out. */
export function entrySearch(raw: Readonly<Record<string, unknown>>): EntrySearch {
  const search: Record<string, string> = {}
  const { action } = raw
  if (action === 'allow' || action === 'block') search['action'] = action
  for (const [key, options] of Object.entries(CHOICES)) {
    const value = raw[key]
    if (typeof value === 'string' && value !== 'all' && Object.hasOwn(options, value)) search[key] = value
  }
  for (const key of TEXTS) {
    const value = raw[key]
    if (typeof value === 'string' && value.trim() !== '') search[key] = value.trim().slice(0, LONGEST)
  }
  return search as EntrySearch
}

/** The search with one choice made; `all` takes it away. */
export const chosen = (search: EntrySearch, key: keyof typeof CHOICES, value: string): EntrySearch => {
  const { [key]: _, ...rest } = search
  return entrySearch({ ...rest, [key]: value })
}

export const isNarrowed = (search: EntrySearch): boolean =>
  Object.keys(withPart(search, { action: undefined })).length > 0

const DAY = 86_400_000
const daysIn = (text: string): number => Number(/(\d+)d$/.exec(text)?.[1])

/** The API's query; times count from `now`. */
export function entryQuery(search: EntrySearch, now: number): Record<string, string | boolean> {
  const { ends, used, changed, ...same } = search
  const at = (days: number): string => new Date(now + days * DAY).toISOString()
  return {
    ...same,
    ...(ends === 'never' ? { neverEnds: true } : {}),
    // What has ended already does not end any more.
    ...(ends !== undefined && ends !== 'never' ? { state: same.state ?? 'active', endsBefore: at(daysIn(ends)) } : {}),
    ...(used === undefined ? {} : { [used.startsWith('not') ? 'unusedSince' : 'usedSince']: at(-daysIn(used)) }),
    ...(changed === undefined ? {} : { updatedSince: at(-daysIn(changed)) }),
  }
}
