import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { api } from '../../api/client.ts'
import { usePolling } from '../../api/live.tsx'
import type {
  ActionDetail,
  ActionItem,
  ActionResults,
  ActionRow,
  ActionState,
  DecideResults,
  ResultClass,
  UndoPlan,
} from '../../api/types.ts'
import { withPart } from '../../parts/filters/search.ts'
import { usePages } from '../../parts/usePages.ts'
import { type ActionSearch, actionQuery } from './search.ts'

const OPEN: ReadonlySet<ActionState> = new Set(['pending-approval', 'queued', 'running'])
export const isOpen = (state: ActionState): boolean => OPEN.has(state)

const path = (id: string, rest = '') => `/actions/${encodeURIComponent(id)}${rest}`

/** The search in the address, and how to change it; `undefined` removes a part. */
export function useActionSearch() {
  const search = useSearch({ from: '/inside/action-center' })
  const navigate = useNavigate({ from: '/action-center' })
  const change = (part: { readonly [K in keyof ActionSearch]?: ActionSearch[K] | undefined }) => {
    // The details are a step of their own: Back closes them.
    void navigate({ search: withPart(search, part), replace: !('open' in part) && !('tab' in part) })
  }
  return { search, change, clear: () => void navigate({ search: search.tab ? { tab: search.tab } : {} }) }
}

export const useActions = (search: ActionSearch) =>
  usePages<ActionRow>(['actions'], '/actions', actionQuery(search), { refetchInterval: usePolling(true) })

/** An action; follows it while it runs, by events or, without them, by asking. */
export function useAction(id: string) {
  const often = usePolling(true)
  return useQuery({
    queryKey: ['action', id],
    queryFn: ({ signal }) => api.get<ActionDetail>(path(id), {}, signal),
    refetchInterval: (query) => (query.state.data && isOpen(query.state.data.state) ? often : false),
  })
}

/** The state is part of the key: what a last look in the old state has shown is not the end of it. */
export function useResults(id: string, state: ActionState) {
  const refetchInterval = usePolling(isOpen(state))
  return useQuery({
    queryKey: ['action', id, 'results', state],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get<ActionResults>(path(id, '/results'), {}, signal),
    refetchInterval,
  })
}

export function useItems(id: string, state: ActionState, cls: ResultClass | null, q: string) {
  const refetchInterval = usePolling(isOpen(state))
  const query = { class: cls ?? undefined, q: q || undefined }
  return usePages<ActionItem>(['action', id, 'items', state], path(id, '/items'), query, { refetchInterval })
}

function useChanged() {
  const client = useQueryClient()
  return async () => {
    for (const key of ['action', 'actions', 'quarantine', 'submissions', 'entries'])
      await client.invalidateQueries({ queryKey: [key] })
  }
}

export interface Approve {
  readonly verb: 'approve'
  readonly why?: string
  readonly except?: { readonly itemIds: readonly string[] }
  readonly instead?: { readonly kind: string; readonly target?: string }
}
export interface Reject {
  readonly verb: 'reject'
  readonly why?: string
  readonly falsePositive?: true
  readonly allow?: readonly { readonly kind: string; readonly value: string; readonly expiresInDays: number }[]
}
export interface Cancel {
  readonly verb: 'cancel'
  readonly why?: string
}

export function useDecide(id: string, onDone: () => void) {
  const changed = useChanged()
  return useMutation({
    mutationFn: ({ verb, ...body }: Approve | Reject | Cancel) => api.post<unknown>(path(id, `/${verb}`), body),
    onSuccess: onDone,
    onSettled: changed,
  })
}

export interface FalsePositiveOffer {
  readonly messages: number
  readonly allow: readonly { readonly kind: string; readonly value: string; readonly caution: string | null }[]
}
export const useFalsePositive = (id: string, wanted: boolean) =>
  useQuery({
    queryKey: ['action', id, 'false-positive'],
    queryFn: ({ signal }) => api.get<FalsePositiveOffer>(path(id, '/false-positive'), {}, signal),
    enabled: wanted,
  })

export function useDecideMany() {
  const changed = useChanged()
  return useMutation({
    mutationFn: (wish: { ids: readonly string[]; verb: 'approve' | 'reject' | 'undo'; why?: string }) =>
      api.post<DecideResults>('/actions/decide', wish),
    onSettled: changed,
  })
}

export interface UndoRequest {
  readonly items?: readonly string[]
  readonly folderGone: 'recreate' | 'inbox'
  readonly suspendCause?: boolean
  readonly source?: 'action-center'
}

export const useUndoPlan = (id: string, request: UndoRequest) =>
  useQuery({
    queryKey: ['action', id, 'undo', request],
    queryFn: () => api.ask<UndoPlan>(path(id, '/undo/preview'), request),
    staleTime: 0,
    gcTime: 0,
  })

/** Starts the undo, an action of its own, and opens its page. */
export function useUndo(id: string, onStarted: () => void) {
  const changed = useChanged()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (request: UndoRequest) => api.post<{ id: string }>(path(id, '/undo'), request),
    onSuccess: async (undo) => {
      await changed()
      onStarted()
      await navigate({ to: '/action-center/$id', params: { id: undo.id } })
    },
  })
}

/** Starts the removal of the other one of two copies, an action of its own, and opens its page. */
export function useKeep(id: string, item: string, onStarted: () => void) {
  const changed = useChanged()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (wish: { folder: string; description?: string }) =>
      api.post<{ id: string }>(path(id, `/items/${encodeURIComponent(item)}/keep`), {
        ...wish,
        source: 'action-center',
      }),
    onSuccess: async (kept) => {
      onStarted()
      await navigate({ to: '/action-center/$id', params: { id: kept.id } })
    },
    // Also where somebody was faster: what he has decided shows in the log.
    onSettled: changed,
  })
}
