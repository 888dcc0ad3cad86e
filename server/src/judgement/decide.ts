import { type Match, matchEntries } from './match.ts'
import { reasoning } from './reasoning.ts'
import { ENGINE, FAMILY_OF, harsher, reaches, THREAT_ORDER } from './table.ts'
import { placeOf, strongestFirst, type Tally, tally } from './tally.ts'
import type {
  Cause,
  DecideInput,
  DecidePolicy,
  Override,
  Placement,
  Signal,
  Technology,
  Threat,
  Verdict,
} from './types.ts'

/**
 * Judges one message. A pure function: the same input gives the same verdict, in whatever order signals, entities and
 * entries come; nothing is asked. Order of precedence after allow-block-list §8.5, as far as it applies here:
 * blocks (steps 2, 6, 7) · allows, each only over what it reaches (step 9) · what remains, by policy (steps 10, 14, 15).
 */
export function decide(input: DecideInput): Verdict {
  const { policy } = input
  const all = strongestFirst(input.signals)
  const suspended = all.filter((s) => isSuspended(s, policy))
  const signals = all.filter((s) => !suspended.includes(s))
  const matches = matchEntries(input.entities, input.entries, input.now)
  const raw = tally(signals, policy.thresholds, policy.mode)
  const judged = apply(input, signals, matches, raw)
  const outcome = byRecipient(input, judged)
  const acting = outcome.placement
  const observing = policy.mode === 'observe'
  const verdict = {
    engine: ENGINE,
    threat: outcome.threat,
    technology: outcome.technology,
    score: outcome.score,
    placement: observing ? ('deliver' as const) : acting,
    wouldPlace: observing ? acting : withUnparsable(raw.placement, input, false),
    policy: policy.mode,
    overrides: outcome.overrides,
    ...(suspended.length > 0 ? { suspended: suspended.map(causeOf) } : {}),
    causes: causesOf(input, signals, outcome),
  }
  return { ...verdict, because: reasoning(input, { signals, suspended, setAside: outcome.setAside }, raw, verdict) }
}

/**
 * §8.5 steps 11 and 12, after everything that nobody's own list may save: list blocks, malware, high-confidence phishing. Ours: a safe
 * sender has to be proved, as with allow entries, else anybody could use it by writing the name.
 */
function byRecipient(input: DecideInput, judged: Outcome): Outcome {
  const { threat, placement, overrides } = judged
  if (input.recipientList === undefined || overrides.some((o) => o.action === 'block')) return judged
  if (isSevere(threat)) return judged
  if (input.recipientList === 'safe')
    return input.authentication.aligned ? { ...judged, placement: withUnparsable('deliver', input, false) } : judged
  return { ...judged, placement: threat === 'bulk' ? 'junk' : harsher('junk', placement) }
}

const isSuspended = (signal: Signal, { suspended = [] }: DecidePolicy): boolean =>
  suspended.some((s) => s.id === signal.id && (s.version === null || s.version === signal.version))

const causeOf = ({ id, version }: Signal): Cause => ({ kind: 'signal', id, version })

interface Outcome {
  readonly threat: Threat
  readonly technology: Technology
  readonly score: number
  readonly placement: Placement
  readonly overrides: readonly Override[]
  /** Signals that an allow entry took out of the sum. */
  readonly setAside: ReadonlySet<Signal>
}

function apply(input: DecideInput, signals: readonly Signal[], matches: readonly Match[], raw: Tally): Outcome {
  const blocks = matches.filter((m) => m.entry.action === 'block')
  if (blocks.some((m) => m.entry.kind !== 'spoof')) return blocked(matches, blocks, raw)
  return blocks.length > 0 ? spoofed(input, signals, matches, raw) : allowed(input, signals, matches, raw)
}

/** §8.5 steps 2, 6 and 7: whatever blocks, wins; held, never refused or dropped, because nothing may be lost. */
function blocked(matches: readonly Match[], blocks: readonly Match[], raw: Tally): Outcome {
  const kinds = new Set(blocks.map((m) => m.entry.kind))
  const verdicts: Threat[] = [raw.threat]
  if (kinds.has('file-hash')) verdicts.push('malware')
  if (kinds.has('url') || kinds.has('url-domain') || kinds.has('sender') || kinds.has('sender-domain'))
    verdicts.push('high-confidence-phish')
  // Ours: the product rejects at the edge and keeps nothing; we hold it, as what an unwanted source sends.
  if (kinds.has('sender-ip')) verdicts.push('high-confidence-spam')
  const threat = THREAT_ORDER.find((t) => verdicts.includes(t)) ?? 'none'
  return {
    threat,
    technology: 'list-entry',
    score: raw.score,
    placement: 'quarantine',
    overrides: matches.map((m) =>
      m.entry.action === 'block' ? override(m, true, blockReason(m)) : override(m, false, BLOCKS_WIN),
    ),
    setAside: new Set(),
  }
}

/** §8.5 step 8: a spoofed sender is placed as the policy places spoofing, unless the message is malware or high-confidence phishing. */
function spoofed(input: DecideInput, signals: readonly Signal[], matches: readonly Match[], raw: Tally): Outcome {
  const isBlock = (m: Match) => m.entry.action === 'block'
  const others = matches.filter((m) => !isBlock(m))
  const found = isSevere(raw.threat) ? allowed(input, signals, others, raw) : { ...raw, ...unasked(others) }
  const decides = !isSevere(found.threat)
  const why = (m: Match) => (decides ? blockReason(m) : 'what else was found here is worse')
  const overrides = [...matches.filter(isBlock).map((m) => override(m, decides, why(m))), ...found.overrides]
  if (!decides) return { ...found, overrides }
  const place = placeOf(new Map([['spoof', 'suspicious']]), input.policy.mode)
  return {
    threat: THREAT_ORDER.find((t) => t === found.threat || t === 'spoof') ?? 'spoof',
    technology: 'list-entry',
    score: found.score,
    placement: withUnparsable(harsher(found.placement, place), input, false),
    overrides,
    setAside: found.setAside,
  }
}

const isSevere = (threat: Threat): boolean => threat === 'malware' || threat === 'high-confidence-phish'

/** Allows beside a block that wins. */
const unasked = (allows: readonly Match[]): Pick<Outcome, 'overrides' | 'setAside'> => ({
  overrides: allows.map((m) => override(m, false, BLOCKS_WIN)),
  setAside: new Set(),
})
const BLOCKS_WIN = 'a block entry matches as well, and blocks win'

const blockReason = ({ entities }: Match): string =>
  entities.length === 1 ? `blocks ${entities[0]?.value}` : `blocks ${entities.length} things in this message`

/** §8.5 step 9: each allow takes away the verdicts that it reaches; what is left is judged as if they had not been. */
function allowed(input: DecideInput, signals: readonly Signal[], allows: readonly Match[], raw: Tally): Outcome {
  const standing = allows.map((match) => ({ match, refused: refusal(match, input) }))
  const usable = standing.filter((s) => s.refused === null).map((s) => s.match)
  // Where nothing is convicted there is nothing to override, and no entry is *used* (§5.2).
  const subject = raw.threat === 'none' ? [] : signals
  const taken = new Map(subject.map((signal) => [signal, liftedBy(signal, usable, raw)]))
  const setAside = new Set(signals.filter((s) => (taken.get(s)?.length ?? 0) > 0))
  const rest = tally(
    signals.filter((s) => !setAside.has(s)),
    input.policy.thresholds,
    input.policy.mode,
  )
  const trusted = usable.some(readsUnparsable)
  const overrides = standing.map(({ match, refused }) => {
    if (refused !== null) return override(match, false, refused)
    const lifted = signals.filter((s) => taken.get(s)?.includes(match))
    const lets = input.unparsable !== null && readsUnparsable(match)
    return override(match, lifted.length > 0 || lets, allowReason(lifted, lets, raw))
  })
  return {
    threat: rest.threat,
    technology: rest.technology,
    score: rest.score,
    placement: withUnparsable(rest.placement, input, trusted),
    overrides,
    setAside,
  }
}

/** Why this allow may not be used at all; null when it may. */
function refusal({ entry }: Match, { authentication, entities }: DecideInput): string | null {
  if (entry.kind !== 'sender' && entry.kind !== 'sender-domain') return null
  if (entities.filter((e) => e.kind === 'sender').length !== 1)
    return 'the message names several From addresses, so its sender is not known'
  if (authentication.aligned) return null
  return authentication.source === 'none'
    ? 'nothing says whether the sender is genuine: there is no authentication result'
    : 'the sender could not be authenticated: neither SPF nor DKIM passed for the From domain'
}

/** The allows that together take this signal away; none when one of its URLs or files is not allowed. */
function liftedBy(signal: Signal, allows: readonly Match[], raw: Tally): Match[] {
  if (signal.threat === 'none' || signal.weight <= 0) return []
  // Also where its family is not convicted: else more of it could convict it, lift it, and leave less for the others.
  const level = raw.convicted.get(FAMILY_OF[signal.threat]) ?? 'suspicious'
  const able = allows.filter((m) => reaches(m.entry, signal, level))
  // All that would do it, so that removing one of two is known to change nothing.
  return [...able.filter((m) => !isPart(m.entry.kind)), ...byParts(signal, able)]
}

const isPart = (kind: string): boolean => kind === 'url' || kind === 'url-domain' || kind === 'file-hash'

function byParts(signal: Signal, able: readonly Match[]): Match[] {
  const parts = signal.entities.filter((e) => e.kind === 'url' || e.kind === 'file-hash')
  const covers = (m: Match, value: string) => m.entities.some((e) => e.value === value)
  if (parts.length === 0 || !parts.every((p) => able.some((m) => covers(m, p.value)))) return []
  return able.filter((m) => parts.some((p) => covers(m, p.value)))
}

/** A known, authenticated sender whose mail an analyst has looked at may send what our parser cannot read. */
const readsUnparsable = ({ entry }: Match): boolean =>
  entry.origin === 'submission' && (entry.kind === 'sender' || entry.kind === 'sender-domain')

function withUnparsable(placement: Placement, input: DecideInput, trusted: boolean): Placement {
  return input.unparsable === null || trusted ? placement : harsher(placement, input.policy.unparsable)
}

function allowReason(lifted: readonly Signal[], lets: boolean, raw: Tally): string {
  if (lifted.length > 0) return `sets aside ${[...new Set(lifted.map((s) => s.id))].sort().join(', ')}`
  if (lets) return 'lets mail through that could not be read'
  return raw.threat === 'none'
    ? 'there was nothing to override'
    : `does not reach what was found here (${raw.threat.replaceAll('-', ' ')})`
}

function override({ entry, entities }: Match, applied: boolean, reason: string): Override {
  const [entity] = entities
  if (entity === undefined) throw new Error('a match without an entity')
  return { entryId: entry.id, version: entry.version, action: entry.action, entity, applied, reason }
}

/** Strongest first: entries that were applied, then the signals left in the sum, then the policy where it alone decided. */
function causesOf(input: DecideInput, signals: readonly Signal[], outcome: Outcome): Cause[] {
  const entries = outcome.overrides
    .filter((o) => o.applied)
    .map((o): Cause => ({ kind: 'entry', id: o.entryId, version: o.version }))
  const found =
    outcome.threat === 'none'
      ? []
      : signals.filter((s) => s.weight > 0 && s.threat !== 'none' && !outcome.setAside.has(s)).map(causeOf)
  const byPolicy =
    input.policy.mode === 'observe' || (input.unparsable !== null && outcome.placement !== 'deliver')
      ? [{ kind: 'policy' as const, id: input.policy.id ?? input.policy.mode, version: input.policy.version }]
      : []
  const byUser =
    input.recipientList === undefined
      ? []
      : [{ kind: 'policy' as const, id: `user-${input.recipientList}-senders`, version: input.policy.version }]
  return unique([...entries, ...found, ...byUser, ...byPolicy])
}

const unique = (causes: readonly Cause[]): Cause[] => [
  ...new Map(causes.map((c) => [`${c.kind} ${c.id} ${c.version}`, c])).values(),
]
