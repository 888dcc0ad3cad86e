import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api } from '../../api/client.ts'
import type { ApiFilter, Histogram, MessageRow, Pivot, TopOf, TopRow } from '../../api/types.ts'
import { withPart } from '../../parts/filters/search.ts'
import { usePages } from '../../parts/usePages.ts'
import { apiFilter, type ExplorerSearch } from './filters.ts'

const MINUTE = 60_000

/** The search in the address and how to change it; `undefined` removes a part. */
export function useExplorerSearch() {
  const search = useSearch({ from: '/inside/explorer' })
  const navigate = useNavigate({ from: '/explorer' })
  const change = (part: { readonly [K in keyof ExplorerSearch]?: ExplorerSearch[K] | undefined }) => {
    // What is shown of the same mail is a step of its own: Back returns from it.
    void navigate({ search: withPart(search, part), replace: !('top' in part) })
  }
  const open = (next: ExplorerSearch) => void navigate({ search: next })
  const clear = () => void navigate({ search: {}, replace: true })
  return { search, change, open, clear }
}

export function useMessages(search: ExplorerSearch) {
  // Relative ranges count from the last refresh: pages of one list must not have different beginnings.
  const [now, setNow] = useState(() => Math.floor(Date.now() / MINUTE) * MINUTE)
  const filter = useFilter(search, now)
  const pages = usePages<MessageRow>(['messages'], '/messages', filter)
  return {
    filter,
    pages,
    refresh: () => {
      setNow(Math.floor(Date.now() / MINUTE) * MINUTE)
      pages.reload()
    },
  }
}

/** The same object as long as it asks the same: the chart of it need not be drawn again. */
function useFilter(search: ExplorerSearch, now: number): ApiFilter {
  const text = JSON.stringify(apiFilter(search, now))
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is the filter
  return useMemo(() => apiFilter(search, now), [text])
}

export function useHistogram(filter: ApiFilter, by: Pivot) {
  return useQuery({
    queryKey: ['messages', 'histogram', filter, by],
    queryFn: ({ signal }) => api.get<Histogram>('/messages/histogram', { ...filter, by }, signal),
    placeholderData: keepPreviousData,
  })
}

export function useTop(filter: ApiFilter, of: TopOf, limit: number) {
  return useQuery({
    queryKey: ['messages', 'top', filter, of, limit],
    queryFn: ({ signal }) => api.get<{ items: readonly TopRow[] }>('/messages/top', { ...filter, of, limit }, signal),
  })
}
