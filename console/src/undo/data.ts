import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import type { UndoPlan, UndoSelection } from '../api/types.ts'

export interface UndoWish {
  readonly select: UndoSelection
  readonly source: 'message' | 'action-center' | 'lists'
  readonly folderGone: 'recreate' | 'inbox'
  readonly suspendCause?: boolean
  readonly releaseHeld?: boolean
}

/** What would come back, counted by the server before anything is done. */
export const useUndoOf = (select: UndoSelection | null) =>
  useQuery({
    queryKey: ['undo', select],
    queryFn: () => api.ask<UndoPlan>('/undo/preview', { select }),
    enabled: select !== null,
    staleTime: 0,
    gcTime: 0,
  })

/** Starts the undo, an action of its own, and opens its page. */
export function useStartUndo(onStarted: () => void) {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (wish: UndoWish) => api.post<{ id: string }>('/undo', wish),
    onSuccess: async ({ id }) => {
      for (const key of ['action', 'actions', 'message', 'entries', 'signals'])
        await client.invalidateQueries({ queryKey: [key] })
      onStarted()
      await navigate({ to: '/action-center/$id', params: { id } })
    },
  })
}
