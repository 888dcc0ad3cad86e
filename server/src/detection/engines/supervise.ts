import { type Clock, type Log, messageOf, systemClock } from '../../base/index.ts'
import type { Signal } from '../../judgement/index.ts'
import type { Asked } from './types.ts'

/** A program beside us that is asked about messages. */
export interface EngineClient {
  readonly id: 'rspamd' | 'clamav'
  /** Where it is, without secrets. */
  readonly address: string
  /** Larger messages are not shown to it. */
  readonly maxBytes: number
  readonly timeoutMs: number
  /** Rejects for everything but an answer that makes sense. */
  ask(asked: Asked, signal: AbortSignal): Promise<Signal[]>
  /** Whether it is there at all. */
  ping(signal: AbortSignal): Promise<void>
}

export interface EngineStatus {
  readonly id: EngineClient['id']
  readonly address: string
  /** `unknown` = not asked yet. */
  readonly state: 'up' | 'down' | 'unknown'
  /** Since when it is so; ISO. */
  readonly since: string
  readonly lastError: { readonly at: string; readonly message: string } | null
  /** Of late, smoothed; null before the first answer. */
  readonly latencyMs: number | null
  readonly answered: number
  readonly failed: number
  /** Messages that were larger than it takes. */
  readonly tooLarge: number
}

export type Heard =
  | { readonly kind: 'answer'; readonly signals: readonly Signal[] }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'absent' }

export interface Supervised {
  readonly id: EngineClient['id']
  status(): EngineStatus
  /** Never rejects, and takes no longer than the engine's time-out. */
  ask(asked: Asked): Promise<Heard>
  /** Asks whether it is there, now. */
  check(): Promise<void>
  stop(): void
}

export interface SuperviseOptions {
  readonly log: Pick<Log, 'warn' | 'info'>
  /** Called when it answers again after it did not. */
  readonly onUp?: () => void
  readonly observe?: (id: string, outcome: 'answered' | 'failed' | 'skipped', ms: number) => void
  readonly clock?: Clock
  /** Failures in a row after which it is not asked any more until it answers a ping; default 3. */
  readonly breakAfter?: number
  /** Milliseconds between pings of one that is down, doubled up to 30 times as much; default 1,000. */
  readonly retryMs?: number
  /** Messages that it is asked about at the same time; default 32. */
  readonly atOnce?: number
}

/** Asks an engine, keeps watch on how it does, and leaves it alone while it is down: mail does not wait for what does not come. */
export function supervise(client: EngineClient, options: SuperviseOptions): Supervised {
  const clock = options.clock ?? systemClock
  const { breakAfter = 3, retryMs = 1000, atOnce = 32 } = options
  const iso = () => clock.now().toISOString()
  let state: EngineStatus['state'] = 'unknown'
  let since = iso()
  let lastError: EngineStatus['lastError'] = null
  let latencyMs: number | null = null
  let [answered, failed, tooLarge, inARow, busy, pings] = [0, 0, 0, 0, 0, 0]
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  function become(next: 'up' | 'down'): void {
    if (state === next) return
    const before = state
    state = next
    since = iso()
    const about = { engine: client.id, address: client.address, reason: lastError?.message }
    if (next === 'down') options.log.warn(about, 'an engine is down; mail is judged without it')
    else if (before === 'down') options.log.info({ engine: client.id }, 'an engine answers again')
    if (next === 'up' && before !== 'up') options.onUp?.()
  }

  function worked(ms: number): void {
    answered++
    inARow = 0
    pings = 0
    latencyMs = latencyMs === null ? ms : latencyMs * 0.9 + ms * 0.1
    become('up')
  }

  function broke(error: unknown): void {
    failed++
    inARow++
    lastError = { at: iso(), message: messageOf(error).slice(0, 300) }
    if (inARow >= breakAfter || state !== 'up') {
      become('down')
      later()
    }
  }

  function later(): void {
    if (timer !== undefined || stopped) return
    const wait = retryMs * Math.min(30, 2 ** Math.min(pings++, 5))
    timer = setTimeout(() => {
      timer = undefined
      void check()
    }, wait)
    timer.unref()
  }

  async function check(): Promise<void> {
    try {
      await within(Math.min(client.timeoutMs, 5000), (signal) => client.ping(signal))
      inARow = 0
      pings = 0
      become('up')
    } catch (error) {
      lastError = { at: iso(), message: messageOf(error).slice(0, 300) }
      become('down')
      later()
    }
  }

  async function ask(asked: Asked): Promise<Heard> {
    if (asked.raw.length > client.maxBytes) {
      tooLarge++
      return { kind: 'too-large' }
    }
    if (state === 'down' || busy >= atOnce) {
      options.observe?.(client.id, 'skipped', 0)
      return { kind: 'absent' }
    }
    busy++
    const start = performance.now()
    try {
      const signals = await within(client.timeoutMs, (signal) => client.ask(asked, signal))
      worked(performance.now() - start)
      options.observe?.(client.id, 'answered', performance.now() - start)
      return { kind: 'answer', signals }
    } catch (error) {
      broke(error)
      options.observe?.(client.id, 'failed', performance.now() - start)
      return { kind: 'absent' }
    } finally {
      busy--
    }
  }

  return {
    id: client.id,
    status: () => ({
      ...{ id: client.id, address: client.address, state, since, lastError },
      ...{ latencyMs: latencyMs === null ? null : Math.round(latencyMs * 10) / 10, answered, failed, tooLarge },
    }),
    ask,
    check,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** Ends by itself even where the work does not heed the signal. */
async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`no answer within ${ms} ms`)
      reject(error)
      stop.abort(error)
    }, ms)
  })
  try {
    return await Promise.race([work(stop.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
