import { queryOptions, useQuery } from '@tanstack/react-query'
import { ApiError, api } from './client.ts'
import type { Permission, Session } from './types.ts'

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Session | null> => {
    try {
      return await api.get<Session>('/session')
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null
      throw error
    }
  },
  staleTime: 60_000,
})

export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: () => api.get<{ needed: boolean }>('/setup'),
  staleTime: 0,
})

export function useSession(): Session | null {
  return useQuery(sessionQuery).data ?? null
}

/** Allow entries need a right besides the one to write entries: they let mail through. */
export const mayAllow = (can: (permission: Permission) => boolean): boolean => can('lists.write') && can('lists.allow')

/** Whether the signed-in person may do this; the server checks again. */
export function useCan(): (permission: Permission) => boolean {
  const session = useSession()
  return (permission) => session?.permissions.includes(permission) ?? false
}
