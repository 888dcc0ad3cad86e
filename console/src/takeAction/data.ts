import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import type { Taken, TakePreview, TakeWish } from '../api/types.ts'
import { useKey } from '../parts/useKey.ts'

/** What the whole wish would touch, counted by the server from the recorded state; null = not asked yet. */
export function usePreview(wish: TakeWish | null) {
  return useQuery({
    queryKey: ['plan', wish],
    queryFn: () => api.ask<TakePreview>('/take-action/preview', wish),
    enabled: wish !== null,
    staleTime: 0,
    gcTime: 0,
  })
}

/** Starts it, all or nothing. One key for one wizard: a second click is the same wish. */
export function useStart(onStarted: () => void) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const idempotencyKey = useKey()
  return useMutation({
    mutationFn: (wish: TakeWish) => api.post<Taken>('/take-action', { ...wish, idempotencyKey }),
    onSuccess: async ({ actions }) => {
      for (const key of ['actions', 'entries', 'submissions', 'quarantine', 'message'])
        await client.invalidateQueries({ queryKey: [key] })
      onStarted()
      const [first] = actions
      if (first) await navigate({ to: '/action-center/$id', params: { id: first.id } })
      else await navigate({ to: '/action-center' })
    },
  })
}
