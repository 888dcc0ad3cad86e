import { diminished, groupOf } from './groups.ts'
import {
  BY_FORM,
  FAMILY_OF,
  type Family,
  harsher,
  type Level,
  MAX_FAVOUR,
  MIN_OWN,
  PHISH_TOLD,
  PLACES,
  THREAT_OF,
  THREAT_ORDER,
} from './table.ts'
import type { Placement, PolicyMode, Signal, Technology, Threat, Thresholds } from './types.ts'

/** What the signals alone amount to. */
export interface Tally {
  /** The support of the family that has most, in points with three decimals; what speaks for the message when nothing speaks against it. */
  readonly score: number
  readonly threat: Threat
  /** It is convicted as phish as well, and called spam, because nothing in it tells phish. */
  readonly renamed: boolean
  readonly technology: Technology
  readonly placement: Placement
  /** Convicted families and how surely. */
  readonly convicted: ReadonlyMap<Family, Level>
}

/** Points are added as whole hundredths: the sum must not depend on the order in which signals arrive. */
const hundredths = (n: number): number => Math.round(n * 100)

export function tally(signals: readonly Signal[], thresholds: Thresholds, mode: PolicyMode): Tally {
  const own = ownPoints(signals)
  const inFavour = Math.min(hundredths(MAX_FAVOUR), favour(signals))
  const against = [...own.values()].reduce((sum, points) => sum + points, 0)
  const convicted = new Map<Family, Level>()
  let most = 0 - inFavour
  for (const [family, points] of own) {
    // Nothing speaks for a message so well that its malware may be forgotten.
    const support = points + (against - points) / 2 - (family === 'malware' ? 0 : inFavour)
    most = Math.max(most, support)
    if (points < hundredths(MIN_OWN)) continue
    if (support >= hundredths(thresholds.high)) convicted.set(family, 'high')
    else if (support >= hundredths(thresholds.suspicious)) convicted.set(family, 'suspicious')
  }
  const renamed = tellsSpamOnly(convicted, signals)
  const threat = worst(renamed ? new Map([...convicted].filter(([family]) => family !== 'phish')) : convicted)
  return {
    score: Math.round(most * 10) / 1000,
    threat,
    renamed,
    technology: technologyOf(threat, signals),
    placement: placeOf(convicted, mode),
    convicted,
  }
}

/** See `BY_FORM`. Only where phish would be the name otherwise. */
function tellsSpamOnly(convicted: ReadonlyMap<Family, Level>, signals: readonly Signal[]): boolean {
  if (!convicted.has('spam') || worst(convicted) !== 'phish') return false
  const told = ownPoints(signals.filter((s) => !BY_FORM.has(s.id)))
  const points = (...families: Family[]) => families.reduce((sum, f) => sum + (told.get(f) ?? 0), 0)
  return points('phish', 'spoof', 'impersonation') < hundredths(PHISH_TOLD) && points('spam') >= hundredths(MIN_OWN)
}

/** What speaks for each family, evidence of one kind diminished: see `groups.ts`. */
function ownPoints(signals: readonly Signal[]): Map<Family, number> {
  const grouped = new Map<Family, Map<string, number[]>>()
  for (const { id, weight, threat } of signals) {
    if (weight <= 0 || threat === 'none') continue
    const groups = grouped.get(FAMILY_OF[threat]) ?? new Map<string, number[]>()
    grouped.set(FAMILY_OF[threat], groups)
    groups.set(groupOf(id), [...(groups.get(groupOf(id)) ?? []), hundredths(weight)])
  }
  const sum = (groups: Map<string, number[]>) =>
    [...groups.values()].reduce((all, points) => all + diminished(points), 0)
  return new Map([...grouped].sort().map(([family, groups]) => [family, sum(groups)]))
}

function favour(signals: readonly Signal[]): number {
  const groups = new Map<string, number[]>()
  for (const { id, weight } of signals)
    if (weight < 0) groups.set(groupOf(id), [...(groups.get(groupOf(id)) ?? []), -hundredths(weight)])
  return [...groups.values()].reduce((all, points) => all + diminished(points), 0)
}

function worst(convicted: ReadonlyMap<Family, Level>): Threat {
  const threats = new Set([...convicted].map(([family, level]) => THREAT_OF[family][level]))
  return THREAT_ORDER.find((threat) => threats.has(threat)) ?? 'none'
}

/** Where the policy puts what is convicted of these: the harshest place wins. */
export function placeOf(convicted: ReadonlyMap<Family, Level>, mode: PolicyMode): Placement {
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
