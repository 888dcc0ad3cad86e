import type { Change } from '../ledger/ledger.ts'
import type { WorkItem } from '../types.ts'
import type { Desk } from './desk.ts'
import { LONGEST_WAIT_MS } from './due.ts'

/** Failed, and tried again later: twice as long each time, up to an hour, until its attempts are used up. */
export function failure(desk: Pick<Desk, 'deps'>, item: WorkItem, why: string): Change {
  const { backoffMs, maxAttempts } = desk.deps.tuning
  const attempts = item.attempts + 1
  if (attempts >= maxAttempts) return { item, to: 'failed', why: `${why} (${attempts} attempts; no more will be made)` }
  const wait = Math.min(backoffMs * 2 ** Math.min(item.attempts, 20), LONGEST_WAIT_MS)
  const next_attempt_at = new Date(desk.deps.clock().getTime() + wait).toISOString()
  return { item, to: 'failed', why, set: { next_attempt_at } }
}
