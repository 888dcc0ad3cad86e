import { AppError, type MessageId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import { type Again, judgeAgain, type Learnt } from '../again.ts'
import type { HindsightDeps } from './look-back.ts'

/** As `judgeAgain`; a verdict that cannot be replayed is told, stays, and holds up nothing else. */
export async function judged(
  tx: Tx,
  { clock, log }: Pick<HindsightDeps, 'clock' | 'log'>,
  id: MessageId,
  learnt: Learnt,
): Promise<Again | null> {
  try {
    return await judgeAgain(tx, id, learnt, clock.now())
  } catch (error) {
    // It is thrown before anything is written.
    if (!(error instanceof AppError) || error.code !== 'verdict-not-replayable') throw error
    log.warn({ message: id, reason: error.message }, 'a message could not be judged again')
    return null
  }
}
