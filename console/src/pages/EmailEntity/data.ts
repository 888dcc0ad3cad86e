import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../../api/client.ts'
import { messageQuery } from '../../api/message.ts'
import type { Explanation, NextStep, SubmissionMade, Taken, TakeWish, TimelineEvent } from '../../api/types.ts'
import { useKey } from '../../parts/useKey.ts'

export const useMessage = (id: string) => useQuery(messageQuery(id))

export const useTimeline = (id: string) =>
  useQuery({
    queryKey: ['message', id, 'timeline'],
    queryFn: ({ signal }) =>
      api.get<{ items: readonly TimelineEvent[] }>(`/messages/${encodeURIComponent(id)}/timeline`, {}, signal),
  })

export const useExplanation = (id: string, asked: boolean) =>
  useQuery({
    queryKey: ['message', id, 'explain'],
    queryFn: ({ signal }) => api.get<Explanation>(`/messages/${encodeURIComponent(id)}/explain`, {}, signal),
    enabled: asked,
  })

export interface Report {
  readonly as: 'user' | 'analyst'
  readonly opinion: 'should-not-have-been-blocked' | 'should-have-been-blocked'
  readonly threat?: 'phish' | 'spam' | 'malware'
  readonly reason?: string
}

export function useReport(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (report: Report) => api.post<SubmissionMade>(`/messages/${encodeURIComponent(id)}/submissions`, report),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['message', id] })
      await client.invalidateQueries({ queryKey: ['submissions'] })
    },
  })
}

const ENTRY_STEPS: ReadonlySet<string> = new Set(['allow-entry', 'block-entry'])

/** Takes a step that a report offered: its body is ready to be posted. */
export function useNextStep() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: async (step: NextStep): Promise<{ action: string | null }> => {
      if (ENTRY_STEPS.has(step.kind)) {
        await api.post('/entries', step.body)
        return { action: null }
      }
      const { id } = await api.post<{ id: string }>('/actions', { ...step.body, source: 'message' })
      return { action: id }
    },
    onSuccess: async ({ action }) => {
      await client.invalidateQueries({ queryKey: ['entries'] })
      if (action) await navigate({ to: '/action-center/$id', params: { id: action } })
    },
  })
}

/** Blocks what a message carries, as a job of its own; one key for one dialog: a second click is the same wish. */
export function useBlock(id: string) {
  const client = useQueryClient()
  const idempotencyKey = useKey()
  return useMutation({
    mutationFn: ({
      entry,
      ...rest
    }: { entry: NonNullable<TakeWish['entries']>[number] } & Pick<TakeWish, 'name' | 'description'>) =>
      api.post<Taken>('/take-action', {
        ...rest,
        select: { messageIds: [id] },
        entries: [entry],
        source: 'message',
        idempotencyKey,
      }),
    onSuccess: async () => {
      for (const key of ['actions', 'entries']) await client.invalidateQueries({ queryKey: [key] })
    },
  })
}
