import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../../api/client.ts'
import { usePolling } from '../../api/live.tsx'
import type { ActionItem, ActionRow, ActionState, ItemState, UndoPlan } from '../../api/types.ts'
import { usePages } from '../../parts/usePages.ts'

const OPEN: ReadonlySet<ActionState> = new Set(['pending-approval', 'queued', 'running'])
export const isOpen = (state: ActionState): boolean => OPEN.has(state)

const UNDOABLE: ReadonlySet<ActionState> = new Set(['completed', 'partially-completed', 'failed', 'partially-undone'])
/** Whether it did something that can be taken back. */
export const canUndo = ({ state, counts }: ActionRow): boolean => UNDOABLE.has(state) && counts.done > counts.reverted

const path = (id: string, rest = '') => `/actions/${encodeURIComponent(id)}${rest}`

export const useActions = () => usePages<ActionRow>(['actions'], '/actions', {}, { refetchInterval: usePolling(true) })

/** An action; follows it while it runs, by events or, without them, by asking. */
export function useAction(id: string) {
  const often = usePolling(true)
  return useQuery({
    queryKey: ['action', id],
    queryFn: ({ signal }) => api.get<ActionRow>(path(id), {}, signal),
    refetchInterval: (query) => (query.state.data && isOpen(query.state.data.state) ? often : false),
  })
}

export function useItems(id: string, state: ItemState | null, running: boolean) {
  const refetchInterval = usePolling(running)
  return usePages<ActionItem>(
    ['action', id, 'items'],
    path(id, '/items'),
    { state: state ?? undefined },
    { refetchInterval },
  )
}

export type Decision = 'approve' | 'reject' | 'cancel'

export function useDecide(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (decision: Decision) => api.post(path(id, `/${decision}`)),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ['action', id] })
      await client.invalidateQueries({ queryKey: ['actions'] })
    },
  })
}

export interface UndoRequest {
  readonly items?: readonly string[]
  readonly folderGone: 'recreate' | 'inbox'
  readonly suspendCause?: boolean
}

export const useUndoPlan = (id: string, request: UndoRequest) =>
  useQuery({
    queryKey: ['action', id, 'undo', request],
    queryFn: () => api.post<UndoPlan>(path(id, '/undo/preview'), request),
    staleTime: 0,
    gcTime: 0,
  })

/** Starts the undo, an action of its own, and opens its page. */
export function useUndo(id: string, onStarted: () => void) {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (request: UndoRequest) => api.post<{ id: string }>(path(id, '/undo'), request),
    onSuccess: async (undo) => {
      await client.invalidateQueries({ queryKey: ['action', id] })
      await client.invalidateQueries({ queryKey: ['actions'] })
      onStarted()
      await navigate({ to: '/action-center/$id', params: { id: undo.id } })
    },
  })
}
