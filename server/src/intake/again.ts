import type { MessageId } from '../base/index.ts'
import { ABSENT, policyOfMessage } from '../detection/index.ts'
import { decide, type Signal, storedJudgement, type Verdict } from '../judgement/index.ts'
import { entriesFor } from '../lists/index.ts'
import {
  type CurrentVerdict,
  currentVerdict,
  deliveriesOf,
  getMessage,
  lockMessage,
  rejudge,
} from '../records/index.ts'
import type { Events, Tx } from '../storage/index.ts'
import { isBeingHandedOver } from './copies.ts'

/** What has been learnt about a message since it was judged. */
export interface Learnt {
  /** The signals of today, made of those before; null: nothing is new. */
  readonly signals: (before: readonly Signal[]) => readonly Signal[] | null
  readonly actor: string
  /** A sentence for the timeline. */
  readonly why: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface Again {
  readonly before: Verdict
  readonly after: Verdict
  /** By the lists and the policy of today, without what was learnt. */
  readonly otherwise: Verdict
}

/**
 * Nobody hands copies of it over, or judges it, until the end of the transaction. False: a copy is on its way into its mailbox just now,
 * where nothing could take it yet; judge it a little later. One that has not been begun yet is held by a new verdict (`resume`).
 */
export async function lockArrived(tx: Tx, id: MessageId, now: Date): Promise<boolean> {
  await lockMessage(tx, id)
  return !(await deliveriesOf(tx, id)).some((copy) => isBeingHandedOver(copy, now))
}

/**
 * Judges a message anew: what was found at receipt stays as it was frozen, what was learnt is added, and the lists and the policy of
 * today decide. The new verdict stands beside the old ones. Null: there is no such message, or nothing is new.
 */
export async function judgeAgain(tx: Tx, id: MessageId, learnt: Learnt, now: Date): Promise<Again | null> {
  await lockMessage(tx, id)
  const [current, message] = [await currentVerdict(tx, id), await getMessage(tx, id)]
  if (current === null || message === null) return null
  const { inputs, signals: before } = storedJudgement(current)
  const signals = learnt.signals(before)
  if (signals === null) return null
  const entries = await entriesFor(tx, inputs.entities, now)
  const policy = await policyOfMessage(tx, message)
  const next = { ...inputs, entries, policy, now: now.toISOString() }
  const verdict = decide({ ...next, signals })
  await rejudge(
    tx,
    id,
    { verdict, signals, inputs: { ...next } },
    {
      actor: learnt.actor,
      summary: `Judged again: ${learnt.why} ${changeOf(current.verdict, verdict)}`,
      detail: learnt.detail,
    },
  )
  return { before: current.verdict, after: verdict, otherwise: decide({ ...next, signals: before }) }
}

const changeOf = (before: Verdict, after: Verdict): string =>
  before.threat === after.threat && before.placement === after.placement
    ? 'The verdict stays.'
    : `Was ${before.threat}, ${before.placement}; is ${after.threat}, ${after.placement}.`

export const harsher = (a: Pick<Verdict, 'placement'>, b: Pick<Verdict, 'placement'>): boolean => rank(a) > rank(b)

const rank = (v: Pick<Verdict, 'placement'>): number => ['deliver', 'junk', 'quarantine'].indexOf(v.placement)

/** What speaks most against the message, or for it: the cause of what follows from a verdict. */
export function strongest(signals: readonly Signal[], against = true): Signal | null {
  const speaking = signals.filter((s) => s.id !== ABSENT && (against ? s.weight > 0 : s.weight < 0))
  return speaking.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))[0] ?? null
}

export interface LateVerdict {
  readonly kind: 'verdict.late'
  readonly data: Events['verdict.late']
}

/**
 * Of a copy that has come to its mailbox as an earlier verdict said, or may have: what the current one would do is done by an action, which
 * this event asks for. Emit it in the transaction that records the arrival. Null: the current verdict is no harsher.
 */
export function lateVerdict(
  messageId: MessageId,
  { verdict, signals }: CurrentVerdict,
  placement: 'deliver' | 'junk',
): LateVerdict | null {
  if (!harsher(verdict, { placement })) return null
  const cause = strongest(signals)
  const data = {
    messageId,
    signal: cause && { id: cause.id, version: cause.version },
    from: { threat: 'none', placement },
    to: { threat: verdict.threat, placement: verdict.placement },
    why: 'Its delivery was in doubt when it was convicted',
  }
  return { kind: 'verdict.late', data }
}
