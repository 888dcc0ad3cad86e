import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { useCan } from './session.ts'

const LiveContext = createContext(false)

/** True while server-sent events arrive; where they do not, queries poll (`pollEvery`). */
export const useLive = (): boolean => useContext(LiveContext)

/** How often a query asks by itself: rarely while events arrive, often while they do not. */
export function usePolling(running: boolean): number | false {
  const live = useLive()
  if (!running) return false
  return live ? 5_000 : 2_000
}

/** Listens to the server's events and marks what they name as stale. */
export function LiveEvents({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [live, setLive] = useState(false)
  const may = useCan()('mail.read')
  useEffect(() => {
    if (!may) return
    const refresh = new Throttle(250, (keys) => {
      for (const key of keys) void client.invalidateQueries({ queryKey: JSON.parse(key) as string[] })
    })
    const listen = (source: EventSource) => {
      source.addEventListener('action', (event) => {
        const id = idOf(event, 'actionId')
        if (id) refresh.add(['action', id])
        refresh.add(['actions'])
      })
      source.addEventListener('message', (event) => {
        const id = idOf(event, 'messageId')
        if (id) refresh.add(['message', id])
        refresh.add(['quarantine'])
      })
      source.addEventListener('entry', () => refresh.add(['entries']))
      source.addEventListener('signal', () => refresh.add(['signals']))
      source.addEventListener('settings', () => {
        for (const key of ['organisation', 'policy', 'policies', 'retention']) refresh.add([key])
      })
    }
    const stop = keepOpen(listen, (open, missed) => {
      setLive(open)
      if (missed) void client.invalidateQueries()
    })
    return () => {
      stop()
      setLive(false)
      refresh.stop()
    }
  }, [client, may])
  return <LiveContext value={live}>{children}</LiveContext>
}

const AGAIN_MS = 5_000
const MOST_AGAIN_MS = 60_000

/**
 * The browser asks again by itself where a connection breaks, and never where it was refused: by a proxy whose server restarts, or after the
 * end of a session. Then we do. `missed`: events may have come while nobody listened.
 */
function keepOpen(listen: (source: EventSource) => void, say: (open: boolean, missed: boolean) => void): () => void {
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined
  let wait = AGAIN_MS
  let broken = false
  const begin = () => {
    source = new EventSource('/api/v1/events')
    listen(source)
    source.addEventListener('open', () => {
      say(true, broken)
      broken = false
      wait = AGAIN_MS
    })
    source.addEventListener('error', () => {
      say(false, false)
      broken = true
      if (source.readyState !== EventSource.CLOSED) return
      timer = setTimeout(begin, wait)
      wait = Math.min(wait * 2, MOST_AGAIN_MS)
    })
  }
  begin()
  return () => {
    clearTimeout(timer)
    source.close()
  }
}

function idOf(event: Event, key: string): string | null {
  if (!(event instanceof MessageEvent) || typeof event.data !== 'string') return null
  try {
    const data: unknown = JSON.parse(event.data)
    const value = typeof data === 'object' && data !== null ? Reflect.get(data, key) : null
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}

/** Gathers query keys and hands them over at most every `ms`: an action over thousands of copies sends many events. */
class Throttle {
  #keys = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #ms: number
  readonly #run: (keys: readonly string[]) => void
  constructor(ms: number, run: (keys: readonly string[]) => void) {
    this.#ms = ms
    this.#run = run
  }
  add(key: readonly string[]): void {
    this.#keys.add(JSON.stringify(key))
    this.#timer ??= setTimeout(() => {
      const keys = [...this.#keys]
      this.#keys.clear()
      this.#timer = undefined
      this.#run(keys)
    }, this.#ms)
  }
  stop(): void {
    clearTimeout(this.#timer)
  }
}
