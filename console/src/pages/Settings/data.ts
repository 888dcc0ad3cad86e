import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import type {
  AuditCheck,
  AuditEntry,
  EnginesView,
  Lesson,
  MailPolicies,
  NewToken,
  NewUser,
  Organisation,
  Page,
  Policy,
  Retention,
  RetentionEffect,
  RetentionState,
  TokenRow,
  UserRow,
} from '../../api/types.ts'
import { usePages } from '../../parts/usePages.ts'

export const useOrganisation = () =>
  useQuery({ queryKey: ['organisation'], queryFn: () => api.get<Organisation>('/organisation') })

export const usePolicy = () => useQuery({ queryKey: ['policy'], queryFn: () => api.get<Policy>('/policy') })

export const usePolicies = () => useQuery({ queryKey: ['policies'], queryFn: () => api.get<MailPolicies>('/policies') })

/** Saves a document as a whole; the key is also its path. The answer is the document as it is now. */
export function useSaveDocument<T>(key: 'organisation' | 'policy' | 'policies' | 'retention') {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (document: T) => api.put<T>(`/${key}`, document),
    onSuccess: async (saved) => {
      client.setQueryData([key], saved)
      // What follows from it: `retention/state`.
      await client.invalidateQueries({ queryKey: [key], predicate: (query) => query.queryKey.length > 1 })
    },
  })
}

export const useRetention = () => useQuery({ queryKey: ['retention'], queryFn: () => api.get<Retention>('/retention') })

export const useRetentionState = () =>
  useQuery({
    queryKey: ['retention', 'state'],
    queryFn: () => api.get<RetentionState>('/retention/state'),
    refetchInterval: 60_000,
  })

/** What the change would end by now. Counted anew each time it is asked. */
export const useRetentionEffect = (change: Retention) =>
  useQuery({
    queryKey: ['retention', 'preview', change],
    queryFn: () => api.ask<RetentionEffect>('/retention/preview', change),
    staleTime: 0,
    gcTime: 0,
  })

export function useConfirmClock() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => api.post<RetentionState>('/retention/confirm'),
    onSuccess: (state) => client.setQueryData(['retention', 'state'], state),
  })
}

export const useEngines = () =>
  useQuery({ queryKey: ['engines'], queryFn: () => api.get<EnginesView>('/engines'), refetchInterval: 10_000 })

export const MOST_LESSONS = 200

export const useLessons = () =>
  useQuery({
    queryKey: ['engines', 'lessons'],
    queryFn: () => api.get<{ items: readonly Lesson[] }>('/engines/classifier/lessons', { limit: MOST_LESSONS }),
  })

export function useForget() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (hash: string) => api.delete<{ forgotten: number }>(`/engines/classifier/lessons/${hash}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['engines'] }),
  })
}

export const useUsers = () => useQuery({ queryKey: ['users'], queryFn: () => api.get<Page<UserRow>>('/users') })

export const useTokens = () => useQuery({ queryKey: ['tokens'], queryFn: () => api.get<Page<TokenRow>>('/tokens') })

/** Adds or removes a person or a token, then reads the list anew. */
export function useChange<Body, Answer>(key: 'users' | 'tokens', call: (body: Body) => Promise<Answer>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: call,
    onSettled: () => client.invalidateQueries({ queryKey: [key] }),
  })
}

export const addUser = (user: NewUser) => api.post('/users', user)
export const removeUser = (id: string) => api.delete(`/users/${encodeURIComponent(id)}`)
export const setRole = ({ id, role }: { id: string; role: NewUser['role'] }) =>
  api.patch(`/users/${encodeURIComponent(id)}`, { role })
export const addToken = (token: NewToken) => api.post<{ token: string }>('/tokens', token)
export const removeToken = (id: string) => api.delete(`/tokens/${encodeURIComponent(id)}`)

export const useAudit = () => usePages<AuditEntry>(['audit'], '/audit')
export const useVerify = () => useMutation({ mutationFn: () => api.get<AuditCheck>('/audit/verify') })
