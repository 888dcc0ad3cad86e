import { useMemo, useSyncExternalStore } from 'react'

/** Whether the window is at most this many pixels wide. */
export function useNarrow(width: number): boolean {
  const query = useMemo(() => matchMedia(`(max-width: ${width}px)`), [width])
  return useSyncExternalStore(
    (changed) => {
      query.addEventListener('change', changed)
      return () => query.removeEventListener('change', changed)
    },
    () => query.matches,
  )
}
