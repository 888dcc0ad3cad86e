import { type InfiniteData, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, type Query } from '../api/client.ts'
import type { Page } from '../api/types.ts'

export interface Pages<T> {
  readonly rows: readonly T[]
  readonly loading: boolean
  readonly stale: boolean
  readonly error: unknown
  readonly more: boolean
  readonly loadMore: () => void
  readonly reload: () => void
}

const LIMIT = 200

/** A list of the API, page after page by its cursor. `key` begins with the name by which events mark it stale. */
export function usePages<T>(
  key: readonly unknown[],
  path: string,
  query: Query = {},
  options: { refetchInterval?: number | false; enabled?: boolean } = {},
): Pages<T> {
  const result = useInfiniteQuery<Page<T>, Error, InfiniteData<Page<T>>, readonly unknown[], string | null>({
    queryKey: [...key, query],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<T>>(path, { ...query, limit: LIMIT, cursor: pageParam ?? undefined }, signal),
    initialPageParam: null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    ...options,
  })
  const rows = useMemo(() => result.data?.pages.flatMap((page) => page.items) ?? [], [result.data])
  return {
    rows,
    loading: result.isPending,
    stale: result.isPlaceholderData,
    error: result.error,
    more: result.hasNextPage,
    loadMore: () => {
      if (result.hasNextPage && !result.isFetchingNextPage && !result.isPlaceholderData) void result.fetchNextPage()
    },
    reload: () => void result.refetch(),
  }
}
