import { queryOptions } from '@tanstack/react-query'
import { api } from './client.ts'
import type { MessageDetail } from './types.ts'

export const messageQuery = (id: string) =>
  queryOptions({
    queryKey: ['message', id],
    queryFn: ({ signal }) => api.get<MessageDetail>(`/messages/${encodeURIComponent(id)}`, {}, signal),
  })
