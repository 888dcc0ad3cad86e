import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api } from '../../api/client.ts'
import type { Entry, EntryOutcomes, EntryPreview, NewEntries, NewEntry } from '../../api/types.ts'
import { usePages } from '../../parts/usePages.ts'
import { type EntrySearch, entryQuery } from './search.ts'

/** The search in the address and how to put another there. */
export function useEntrySearch() {
  const search = useSearch({ from: '/inside/tenant-allow-block-list' })
  const navigate = useNavigate({ from: '/tenant-allow-block-list' })
  return { search, go: (next: EntrySearch) => void navigate({ search: next, replace: true }) }
}

/** Times count from the moment when the page was opened: pages of one list must not have different beginnings. */
export function useEntries(search: EntrySearch) {
  const [now] = useState(() => Date.now())
  const query = useMemo(() => entryQuery(search, now), [search, now])
  return usePages<Entry>(['entries'], '/entries', query)
}

/** What the entry would have changed in the past; asked only when the entry is complete. */
export const useEntryPreview = (entry: NewEntry | null) =>
  useQuery({
    queryKey: ['entry-preview', entry],
    queryFn: () => api.ask<EntryPreview>('/entries/preview', entry),
    enabled: entry !== null,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  })

/** What an allow entry would have let through, to those for whom it is held at this moment. */
export const useGiveBack = () =>
  useMutation({
    mutationFn: (step: EntryPreview['now'][number]) =>
      api.post<{ id: string }>('/actions', { ...step.body, source: 'lists' }),
  })

/** One entry or several at once; null: one, and it was made. Of several each has its result. */
export function useAddEntries(onAdded: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ values, ...rest }: NewEntries): Promise<EntryOutcomes | null> => {
      const [value] = values
      if (values.length > 1 || value === undefined) return api.post<EntryOutcomes>('/entries/add', { ...rest, values })
      await api.post<Entry>('/entries', { ...rest, value })
      return null
    },
    onSuccess: async (done) => {
      await client.invalidateQueries({ queryKey: ['entries'] })
      if (done === null || done.results.every((r) => r.status === 'succeeded')) onAdded()
    },
  })
}

export function useRemoveEntries(onRemoved: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (ids: readonly string[]): Promise<EntryOutcomes> => {
      const results: EntryOutcomes['results'] = []
      for (let i = 0; i < ids.length; i += AT_ONCE)
        results.push(...(await api.post<EntryOutcomes>('/entries/remove', { ids: ids.slice(i, i + AT_ONCE) })).results)
      return { results }
    },
    onSuccess: ({ results }) => {
      if (results.every((r) => r.status !== 'failed')) onRemoved()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['entries'] }),
  })
}

/** As many as the API takes in one request. */
export const AT_ONCE = 500
