import { FAMILY_OF, type Family, harsher, type Level, MIN_OWN, PLACES, THREAT_OF, THREAT_ORDER } from './table.ts'
import type { Placement, PolicyMode, Signal, Technology, Threat, Thresholds } from './types.ts'

/** What the signals alone amount to. */
export interface Tally {
  /** Points against less points for, with two decimals. */
  readonly score: number
  readonly threat: Threat
  readonly technology: Technology
  readonly placement: Placement
  /** Convicted families and how surely. */
  readonly convicted: ReadonlyMap<Family, Level>
}

/** Points are added as whole hundredths: the sum must not depend on the order in which signals arrive. */
const hundredths = (n: number): number => Math.round(n * 100)

export function tally(signals: readonly Signal[], thresholds: Thresholds, mode: PolicyMode): Tally {
  const own = new Map<Family, number>()
  let against = 0
  let inFavour = 0
  for (const signal of signals) {
    const points = hundredths(signal.weight)
    if (points < 0) inFavour -= points
    if (points <= 0 || signal.threat === 'none') continue
    const family = FAMILY_OF[signal.threat]
    own.set(family, (own.get(family) ?? 0) + points)
    against += points
  }
  const convicted = new Map<Family, Level>()
  for (const [family, points] of own) {
    if (points < hundredths(MIN_OWN)) continue
    // Nothing speaks for a message so well that its malware may be forgotten.
    const support = points + (against - points) / 2 - (family === 'malware' ? 0 : inFavour)
    if (support >= hundredths(thresholds.high)) convicted.set(family, 'high')
    else if (support >= hundredths(thresholds.suspicious)) convicted.set(family, 'suspicious')
  }
  const threat = worst(convicted)
  return {
    score: (against - inFavour) / 100,
    threat,
    technology: technologyOf(threat, signals),
    placement: placeOf(convicted, mode),
    convicted,
  }
}

function worst(convicted: ReadonlyMap<Family, Level>): Threat {
  const threats = new Set([...convicted].map(([family, level]) => THREAT_OF[family][level]))
  return THREAT_ORDER.find((threat) => threats.has(threat)) ?? 'none'
}

function placeOf(convicted: ReadonlyMap<Family, Level>, mode: PolicyMode): Placement {
  const places = PLACES[mode === 'strict' ? 'strict' : 'standard']
  return [...convicted].reduce<Placement>((place, [family, level]) => harsher(place, places[family][level]), 'deliver')
}

/** The technology of the strongest signal of the family that names the threat. */
function technologyOf(threat: Threat, signals: readonly Signal[]): Technology {
  if (threat === 'none') return 'none'
  const family = FAMILY_OF[threat]
  const mine = signals.filter((s) => s.threat !== 'none' && FAMILY_OF[s.threat] === family)
  return strongestFirst(mine)[0]?.technology ?? 'none'
}

/** By weight, then by id and content: one order whatever the input's. */
export const strongestFirst = (signals: readonly Signal[]): Signal[] =>
  [...signals].sort((a, b) => b.weight - a.weight || compare(a.id, b.id) || compare(keyOf(a), keyOf(b)))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const keyOf = (s: Signal): string =>
  `${s.version} ${s.threat} ${s.technology} ${s.summary} ${JSON.stringify(s.entities)}`
