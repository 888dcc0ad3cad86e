import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api } from '../../api/client.ts'
import type { ApiFilter, Histogram, MessageRow } from '../../api/types.ts'
import { withPart } from '../../parts/filters/search.ts'
import { usePages } from '../../parts/usePages.ts'
import { apiFilter, type ExplorerSearch } from './filters.ts'

const MINUTE = 60_000

/** The search in the address and how to change it; `undefined` removes a part. */
export function useExplorerSearch() {
  const search = useSearch({ from: '/inside/explorer' })
  const navigate = useNavigate({ from: '/explorer' })
  const change = (part: { readonly [K in keyof ExplorerSearch]?: ExplorerSearch[K] | undefined }) => {
    void navigate({ search: withPart(search, part), replace: true })
  }
  const clear = () => void navigate({ search: {}, replace: true })
  return { search, change, clear }
}

export function useMessages(search: ExplorerSearch) {
  // Relative ranges count from the last refresh: pages of one list must not have different beginnings.
  const [now, setNow] = useState(() => Math.floor(Date.now() / MINUTE) * MINUTE)
  const filter = useMemo(() => apiFilter(search, now), [search, now])
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

export function useHistogram(filter: ApiFilter, by: 'action' | 'threat' | 'location') {
  return useQuery({
    queryKey: ['messages', 'histogram', filter, by],
    queryFn: ({ signal }) => api.get<Histogram>('/messages/histogram', { ...filter, by }, signal),
    placeholderData: keepPreviousData,
  })
}
