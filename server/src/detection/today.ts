import { AppError, type MessageId } from '../base/index.ts'
import {
  type DecidePolicy,
  type Flip,
  flip,
  replay,
  type Signal,
  type StoredJudgement,
  storedJudgement,
  type Verdict,
} from '../judgement/index.ts'
import { type EntryRule, entriesFor, noteMatches } from '../lists/index.ts'
import { type CurrentVerdict, currentVerdict, getMessage } from '../records/index.ts'
import type { Outbox, Tx } from '../storage/index.ts'
import type { Brake } from './brake/brake.ts'
import { policyOfMessage } from './facts.ts'

/** A stored verdict and the same evidence judged with today's lists and policy. Nothing is asked of the network again. */
export interface Explanation {
  readonly stored: CurrentVerdict
  readonly judgement: StoredJudgement
  readonly today: {
    readonly verdict: Verdict
    /** Entries that match today. */
    readonly entries: readonly EntryRule[]
    readonly policy: DecidePolicy
    readonly at: string
  }
  /** Null when the message would be judged the same. */
  readonly flip: Flip | null
  /** What is different, in sentences; empty when nothing is. */
  readonly differs: readonly string[]
}

/** Throws AppError `message-not-found` (404) and `verdict-not-replayable`. */
export async function explain(tx: Tx, messageId: MessageId): Promise<Explanation> {
  const stored = await currentVerdict(tx, messageId)
  if (stored === null) throw notFound(messageId)
  const judgement = storedJudgement(stored)
  const now = new Date()
  const entries = await entriesFor(tx, judgement.inputs.entities, now)
  const message = await getMessage(tx, messageId)
  if (message === null) throw notFound(messageId)
  const policy = await policyOfMessage(tx, message)
  const verdict = replay(judgement, { entries, policy, now: now.toISOString() })
  const matched = new Set(verdict.overrides.map((o) => o.entryId))
  const today = { verdict, entries: entries.filter((e) => matched.has(e.id)), policy, at: now.toISOString() }
  return {
    stored,
    judgement,
    today,
    flip: flip(stored.verdict, verdict),
    differs: differences(stored, judgement, today),
  }
}

export const notFound = (id: string): AppError =>
  new AppError('message-not-found', `There is no message ${id}.`, 'Look for it in the Explorer.', { status: 404 })

function differences(stored: CurrentVerdict, judgement: StoredJudgement, today: Explanation['today']): string[] {
  const { verdict } = stored
  const name = (e: { action: string; entity: { value: string } }) => `${e.action} entry on ${e.entity.value}`
  const then = new Map(verdict.overrides.map((o) => [o.entryId, o]))
  const now = new Map(today.verdict.overrides.map((o) => [o.entryId, o]))
  const policyThen = judgement.inputs.policy
  return [
    ...[...now.values()].filter((o) => !then.has(o.entryId)).map((o) => `New since then: ${name(o)}.`),
    ...[...then.values()].filter((o) => !now.has(o.entryId)).map((o) => `No longer in force: ${name(o)}.`),
    ...[...now.values()]
      .filter((o) => then.has(o.entryId) && then.get(o.entryId)?.applied !== o.applied)
      .map((o) => `${o.applied ? 'Applied now' : 'Applied no more'}: ${name(o)}.`),
    ...suspensions(verdict, today.verdict),
    ...(policyThen.version === today.policy.version && policyThen.mode === today.policy.mode
      ? []
      : [
          `Policy: ${policyThen.mode}, version ${policyThen.version} then; ${today.policy.mode}, version ${today.policy.version} now.`,
        ]),
    ...(verdict.engine === today.verdict.engine
      ? []
      : [`Judged by version ${verdict.engine} of the engine then, by version ${today.verdict.engine} now.`]),
    ...(verdict.threat === today.verdict.threat
      ? []
      : [`Threat: ${verdict.threat} then, ${today.verdict.threat} now.`]),
    ...(verdict.placement === today.verdict.placement
      ? []
      : [`Placement: ${verdict.placement} then, ${today.verdict.placement} now.`]),
  ]
}

function suspensions(then: Verdict, now: Verdict): string[] {
  const names = (v: Verdict) => (v.suspended ?? []).map((c) => `${c.id} (version ${c.version})`)
  const [before, after] = [names(then), names(now)]
  return [
    ...after.filter((n) => !before.includes(n)).map((n) => `Suspended since then, so that it does not count: ${n}.`),
    ...before.filter((n) => !after.includes(n)).map((n) => `Suspended then, counts now: ${n}.`),
  ]
}

/** The signals that speak against a message, strongest first. */
export const convicting = (signals: readonly Signal[]): Signal[] =>
  signals.filter((s) => s.weight > 0 && s.threat !== 'none').sort((a, b) => b.weight - a.weight)

/**
 * Counts what entries decided (*last used*), after the fact: intake shall not wait for the row of a popular entry; and what the brake counts,
 * of the same verdict. Call it before `storage.start()`.
 */
export function countMatches(outbox: Outbox, brake?: Brake): void {
  outbox.subscribe('lists.last-used', ['message.received'], async (tx, { data }) => {
    const current = await currentVerdict(tx, data.messageId)
    if (current === null) return
    await brake?.judged(tx, data.messageId, current)
    const applied = current.verdict.overrides.filter((o) => o.applied).map((o) => o.entryId)
    await noteMatches(tx, [...new Set(applied)], current.at)
  })
}
