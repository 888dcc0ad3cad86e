import { messageOf, type TenantId } from '../../base/index.ts'
import { Spared } from './learn.ts'
import { type HindsightDeps, lookBack } from './look-back.ts'

export interface Hindsight {
  /** Looks back soon; while it does, once more afterwards. Returns at once. */
  wake(): void
  /** Begins nothing new and waits for what runs. */
  stop(): Promise<void>
}

const RETRY_MS = 60_000
/** Mail that was judged by the old feed may be recorded after a look at it: two minutes later there is another one, at what has come since a while before. */
const FOLLOW_MS = 120_000
const OVERLAP_MS = 600_000

/** Looks back in every organisation whenever it is woken, and at the latest mail once more; what fails is tried again a minute later. */
export function createHindsight(deps: HindsightDeps, followMs = FOLLOW_MS): Hindsight {
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const spared = new Spared()

  const failed = (error: unknown, tenant?: TenantId): void =>
    deps.log.warn(
      { ...(tenant ? { tenant } : {}), reason: messageOf(error) },
      'mail could not be looked at again; it is tried again in a minute',
    )

  /** One organisation's trouble is not another's. */
  async function round(arrivedSince: Date | null) {
    let well = true
    const underway: Date[] = []
    const tenants = await deps.storage.tenants().catch((error) => {
      well = false
      failed(error)
      return []
    })
    for (const tenant of tenants) {
      if (stopped) break
      try {
        const looked = await lookBack(deps, tenant, { spared, arrivedSince })
        if (looked.underway !== null) underway.push(looked.underway)
        const { judged } = looked
        if (judged > 0) deps.log.info({ tenant, judged }, 'mail was judged again because a feed has learnt')
      } catch (error) {
        well = false
        failed(error, tenant)
      }
    }
    return { well, underway }
  }

  async function run(arrivedSince: Date | null): Promise<void> {
    for (let since = arrivedSince; !stopped; since = null) {
      again = false
      const overlap = since === null ? [new Date(deps.clock.now().getTime() - OVERLAP_MS)] : []
      const { well, underway } = await round(since)
      const next = [...overlap, ...underway].sort((a, b) => a.getTime() - b.getTime())[0]
      if (!well) later(null, RETRY_MS)
      else if (next !== undefined) later(next, followMs)
      if (!again) return
    }
  }

  function later(arrivedSince: Date | null, ms: number): void {
    clearTimeout(timer)
    if (stopped) return
    timer = setTimeout(start, ms, arrivedSince)
    timer.unref()
  }

  function start(arrivedSince: Date | null): void {
    if (stopped || deps.hours === 0 || deps.feeds.look.empty) return
    running ??= run(arrivedSince).finally(() => {
      running = null
    })
  }

  return {
    wake: () => {
      again = true
      start(null)
    },
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
