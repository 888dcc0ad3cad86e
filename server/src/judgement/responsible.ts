import { decide } from './decide.ts'
import { replay, type StoredJudgement } from './replay.ts'
import type { Signal, Threat, Verdict } from './types.ts'

/** What can be taken out of judging: a signal, or a block entry. */
export interface Source {
  readonly kind: 'signal' | 'entry'
  readonly id: string
  readonly version: number
  /** The worst that it said of this message; an entry's is the verdict's. */
  readonly threat: Threat
}

const acts = (verdict: Verdict): boolean => verdict.placement !== 'deliver'

/**
 * Whose doing it is that a message is not in the Inbox: block entries that were applied, and signals without which it would be there, or
 * which alone keep it out. What only adds to others is not among them. Pure; empty where the policy alone decides, or the users' own lists.
 */
export function sourcesOf(stored: StoredJudgement): Source[] {
  const verdict = replay(stored)
  if (!acts(verdict)) return []
  const entries = verdict.overrides
    .filter((o) => o.applied && o.action === 'block')
    .map((o): Source => ({ kind: 'entry', id: o.entryId, version: o.version, threat: verdict.threat }))
  const ids = new Set(verdict.causes.filter((c) => c.kind === 'signal').map((c) => c.id))
  const signals = [...ids].flatMap((id): Source[] => {
    const [strongest] = stored.signals.filter((s) => s.id === id).sort((a, b) => b.weight - a.weight)
    if (strongest === undefined || (acts(without(stored, id)) && !acts(alone(stored, id)))) return []
    return [{ kind: 'signal', id, version: strongest.version, threat: strongest.threat }]
  })
  return [...new Map([...entries, ...signals].map((s) => [`${s.kind} ${s.id}`, s])).values()]
}

function without(stored: StoredJudgement, id: string): Verdict {
  const { policy } = stored.inputs
  return replay(stored, { policy: { ...policy, suspended: [...(policy.suspended ?? []), { id, version: null }] } })
}

/** With everything that speaks for the message, and nothing else that speaks against it. */
function alone({ inputs, signals }: StoredJudgement, id: string): Verdict {
  const { recipientList: _, ...rest } = inputs
  const kept = (s: Signal) => s.id === id || s.weight <= 0
  const entries = inputs.entries.filter((e) => e.action === 'allow')
  return decide({ ...rest, entries, unparsable: null, signals: signals.filter(kept) })
}
