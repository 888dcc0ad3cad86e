import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import type { Entry, EntryPreview, NewEntry } from '../../api/types.ts'
import { usePages } from '../../parts/usePages.ts'

export const useEntries = (action: 'allow' | 'block' | null) =>
  usePages<Entry>(['entries'], '/entries', { action: action ?? undefined })

/** What the entry would have changed in the past; asked only when the entry is complete. */
export const useEntryPreview = (entry: NewEntry | null) =>
  useQuery({
    queryKey: ['entry-preview', entry],
    queryFn: () => api.post<EntryPreview>('/entries/preview', entry),
    enabled: entry !== null,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  })

/** What an allow entry would have let through, to those for whom it is held at this moment. */
export const useGiveBack = () =>
  useMutation({ mutationFn: (step: EntryPreview['now'][number]) => api.post<{ id: string }>('/actions', step.body) })

export function useAddEntry(onAdded: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (entry: NewEntry) => api.post<Entry>('/entries', entry),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['entries'] })
      onAdded()
    },
  })
}

export function useRemoveEntries(onRemoved: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (ids: readonly string[]) => {
      for (const id of ids) await api.delete(`/entries/${encodeURIComponent(id)}`)
    },
    onSuccess: onRemoved,
    onSettled: () => client.invalidateQueries({ queryKey: ['entries'] }),
  })
}
