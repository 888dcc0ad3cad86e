import type { EntityRef, Signal, Technology, Threat } from '../judgement/index.ts'
import { points } from './reading.ts'

/** One thing that an analysis found; several of one analysis tell of the same hand, so they add up with diminishing weight. */
export interface Finding {
  readonly what: string
  readonly weight: number
  /** What it hangs on: whoever allows all of these has allowed the finding. */
  readonly entities?: readonly EntityRef[]
}

interface Of {
  readonly id: string
  readonly threat: Threat
  readonly technology: Technology
  /** Begins the sentence; the strongest findings follow. */
  readonly lead: string
  readonly evidence?: Readonly<Record<string, unknown>>
  /** At most so many points. */
  readonly most?: number
}

/** From here on a finding convicts by itself. */
const STRONG = 4

/** The signal of an analysis, or none: the strongest finding whole, the next half, the next a quarter … */
export function signalOf(of: Of, findings: readonly Finding[]): Signal[] {
  const sorted = [...findings].sort((a, b) => b.weight - a.weight || (a.what < b.what ? -1 : a.what > b.what ? 1 : 0))
  const [worst] = sorted
  if (worst === undefined) return []
  const sum = sorted.reduce((all, f, i) => all + f.weight * 0.5 ** i, 0)
  // Whoever allows one of several bad things has not allowed the others: all that could convict are named.
  const counted = sorted.filter((f) => f.weight >= Math.min(worst.weight, STRONG))
  return [
    {
      id: of.id,
      version: 1,
      weight: points(Math.min(of.most ?? 12, sum)),
      threat: of.threat,
      technology: of.technology,
      summary: `${of.lead} ${[...new Set(sorted.map((f) => f.what))].slice(0, 3).join('; ')}`,
      evidence: {
        found: sorted.slice(0, 20).map(({ what, weight }) => ({ what, weight: points(weight) })),
        ...of.evidence,
      },
      entities: entities(counted),
    },
  ]
}

function entities(findings: readonly Finding[]): EntityRef[] {
  const all = new Map(findings.flatMap((f) => f.entities ?? []).map((e) => [`${e.kind} ${e.value}`, e]))
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entity]) => entity)
}
