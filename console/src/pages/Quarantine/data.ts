import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'
import { api, download } from '../../api/client.ts'
import type { HeldCounts, HeldDone, HeldPlan, HeldResults, QuarantineRow } from '../../api/types.ts'
import { withPart } from '../../parts/filters/search.ts'
import { useKey } from '../../parts/useKey.ts'
import { usePages } from '../../parts/usePages.ts'
import { asQuery, type HeldQuery, type HeldSearch, heldFilter, keepSearch, keptSearch, orderOf } from './search.ts'

const MINUTE = 60_000

/** The search in the address, and how to change it; `undefined` removes a part. The last one is there again at the next visit. */
export function useHeldSearch() {
  const search = useSearch({ from: '/inside/quarantine' })
  const navigate = useNavigate({ from: '/quarantine' })
  const begun = useRef(false)
  useEffect(() => {
    if (begun.current) return
    begun.current = true
    const kept = keptSearch()
    if (Object.keys(search).length === 0 && Object.keys(kept).length > 0) void navigate({ search: kept, replace: true })
  }, [search, navigate])
  const set = (next: HeldSearch, replace = true) => {
    keepSearch(next)
    void navigate({ search: next, replace })
  }
  const change = (part: { readonly [K in keyof HeldSearch]?: HeldSearch[K] | undefined }) => {
    // The details are a step of their own: Back closes them.
    set(withPart(search, part), !('open' in part))
  }
  return { search, change, clear: () => set({}) }
}

export function useHeld(search: HeldSearch) {
  // Relative ranges count from the last refresh: pages of one list must not have different beginnings.
  const [now, setNow] = useState(() => Math.floor(Date.now() / MINUTE) * MINUTE)
  const filter = useMemo(() => heldFilter(search, now), [search, now])
  const order = orderOf(search)
  const pages = usePages<QuarantineRow>(['quarantine'], '/quarantine', { ...asQuery(filter), ...order })
  const counts = useQuery({
    queryKey: ['quarantine', 'counts', filter],
    queryFn: ({ signal }) => api.get<HeldCounts>('/quarantine/counts', asQuery(filter), signal),
    placeholderData: keepPreviousData,
  })
  return {
    filter,
    pages,
    counts: counts.data,
    refresh: () => {
      setNow(Math.floor(Date.now() / MINUTE) * MINUTE)
      pages.reload()
    },
  }
}

export const useHeldMessage = (id: string) =>
  useQuery({
    queryKey: ['quarantine', 'one', id],
    queryFn: ({ signal }) => api.get<QuarantineRow>(`/quarantine/${encodeURIComponent(id)}`, {}, signal),
  })

/** What is acted on: messages that were chosen, or everything that a filter matches. */
export type Select =
  | { readonly messageIds: readonly string[] }
  | { readonly deliveryIds: readonly string[] }
  | { readonly filter: HeldQuery }

export interface Wish {
  readonly do: 'release' | 'delete'
  readonly permanently?: boolean
  readonly select: Select
  readonly copyTo?: readonly string[]
}

/** Counted by the server before anything is done. */
export function usePlan(wish: Wish | null) {
  return useQuery({
    queryKey: ['quarantine-plan', wish],
    queryFn: () => api.ask<HeldPlan>('/quarantine/preview', wish),
    enabled: wish !== null,
    staleTime: 0,
    gcTime: 0,
  })
}

export interface ReleaseWish {
  readonly select: Select
  readonly copyTo?: readonly string[]
  readonly submit?: boolean
  readonly allow?: { readonly days: number; readonly note?: string }
  readonly note?: string
}

function useChanged() {
  const client = useQueryClient()
  return async () => {
    for (const key of ['quarantine', 'actions', 'submissions', 'entries'])
      await client.invalidateQueries({ queryKey: [key] })
  }
}

export function useRelease() {
  const key = useKey()
  const onSuccess = useChanged()
  return useMutation({
    mutationFn: (wish: ReleaseWish) => api.post<HeldDone>('/quarantine/release', { ...wish, idempotencyKey: key }),
    onSuccess,
  })
}

export function useDelete() {
  const key = useKey()
  const onSuccess = useChanged()
  return useMutation({
    mutationFn: (wish: { select: Select; permanently: boolean }) =>
      api.post<HeldDone>('/quarantine/delete', { ...wish, idempotencyKey: key }),
    onSuccess,
  })
}

export function useDecision(what: 'deny' | 'extend') {
  const onSuccess = useChanged()
  return useMutation({
    mutationFn: (wish: { select: Select; days?: number; note?: string }) =>
      api.post<HeldResults>(`/quarantine/${what}`, wish),
    onSuccess,
  })
}

export interface Blocked {
  readonly entries: readonly { readonly value: string; readonly expiresAt: string | null }[]
  readonly refused: readonly { readonly value: string; readonly says: string }[]
}

export function useBlock() {
  const onSuccess = useChanged()
  return useMutation({
    mutationFn: (wish: { select: Select; what: 'sender' | 'sender-domain'; days: number | null; note?: string }) =>
      api.post<Blocked>('/quarantine/block-sender', wish),
    onSuccess,
  })
}

export const useDownload = (onDone: () => void) =>
  useMutation({
    mutationFn: (wish: {
      messageIds: readonly string[]
      password: string
      reason: string
      cipher: 'aes-256' | 'zipcrypto'
    }) => download('/quarantine/download', wish, 'Quarantined Messages.zip'),
    onSuccess: onDone,
  })
