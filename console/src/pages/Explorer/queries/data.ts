import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../../api/client.ts'
import type { MessageFilter, NewQuery, SavedQuery } from '../../../api/types.ts'
import { type ExplorerSearch, explorerSearch } from '../filters.ts'

/** Those of the organisation, by name; `counts`: with the numbers of the tracked ones. */
export const useQueries = (counts: boolean, enabled = true) =>
  useQuery({
    queryKey: ['saved-queries', counts],
    queryFn: ({ signal }) => api.get<{ items: readonly SavedQuery[] }>('/saved-queries', { counts }, signal),
    enabled,
  })

const path = (id: string, rest = '') => `/saved-queries/${encodeURIComponent(id)}${rest}`

function useChanged() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['saved-queries'] })
}

/** Saves a new query, or this one anew. */
export function useSave(id: string | null) {
  const onSuccess = useChanged()
  return useMutation({
    mutationFn: (query: NewQuery) =>
      id === null ? api.post<SavedQuery>('/saved-queries', query) : api.patch<SavedQuery>(path(id), query),
    onSuccess,
  })
}

export function useRemove() {
  const onSuccess = useChanged()
  return useMutation({ mutationFn: (id: string) => api.delete<SavedQuery>(path(id)), onSuccess })
}

/** Asks it by its name, which notes that it was asked; the answer is the address that shows it. */
export function useOpen() {
  const onSuccess = useChanged()
  return useMutation({
    mutationFn: async (query: SavedQuery) => {
      const { filter } = await api.ask<{ filter: MessageFilter }>(path(query.id, '/run'), {})
      return searchOf(query, filter)
    },
    onSuccess,
  })
}

/** The address that asks what a saved query asks: dates that move along stay relative. */
export function searchOf({ id, days }: Pick<SavedQuery, 'id' | 'days'>, filter: MessageFilter): ExplorerSearch {
  const raw: Record<string, unknown> = { query: id, range: days === null ? 'custom' : `${days}d` }
  for (const [key, value] of Object.entries(filter)) {
    if (days !== null && (key === 'from' || key === 'to')) continue
    raw[key] = Array.isArray(value) ? value.map(String) : String(value)
  }
  return explorerSearch(raw)
}
