import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import type { ActionRequest, ActionState, Plan } from '../api/types.ts'

/** What the action would do, counted by the server from the recorded state; null = not asked yet. */
export function usePlan(request: ActionRequest | null) {
  return useQuery({
    queryKey: ['plan', request],
    queryFn: () => api.post<Plan>('/actions/preview', request),
    enabled: request !== null,
    staleTime: 0,
    gcTime: 0,
  })
}

/** Starts the action and opens its page. */
export function useStart(onStarted: () => void) {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (request: ActionRequest) =>
      api.post<{ id: string; name: string; state: ActionState }>('/actions', request),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: ['actions'] })
      onStarted()
      await navigate({ to: '/action-center/$id', params: { id } })
    },
  })
}
