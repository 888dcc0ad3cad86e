import type { EntryRule } from '../lists/index.ts'
import { decide } from './decide.ts'
import type { DecidePolicy, Placement, Signal, StoredInput, Threat, Verdict } from './types.ts'

/** What records keep of a judgement: the evidence and everything else that decided. */
export interface StoredJudgement {
  readonly signals: readonly Signal[]
  readonly inputs: StoredInput
}

/**
 * Judges stored evidence anew: signals and entities as they were frozen at receipt, lists matched anew, nothing asked.
 * `now` decides which entries are alive; absent = as of the receipt. Left out parts stay as they were stored.
 */
export function replay(
  stored: StoredJudgement,
  change: { entries?: readonly EntryRule[]; policy?: DecidePolicy; now?: string } = {},
): Verdict {
  return decide({
    ...stored.inputs,
    signals: stored.signals,
    entries: change.entries ?? stored.inputs.entries,
    policy: change.policy ?? stored.inputs.policy,
    now: change.now ?? stored.inputs.now,
  })
}

export interface Flip {
  readonly from: { readonly threat: Threat; readonly placement: Placement }
  readonly to: { readonly threat: Threat; readonly placement: Placement }
}

/** Does the message end up elsewhere, or is it called something else? In *observe only*: would it? */
export function flip(before: Verdict, after: Verdict): Flip | null {
  const place = (v: Verdict): Placement => (v.policy === 'observe' ? v.wouldPlace : v.placement)
  if (before.threat === after.threat && place(before) === place(after)) return null
  return {
    from: { threat: before.threat, placement: place(before) },
    to: { threat: after.threat, placement: place(after) },
  }
}
