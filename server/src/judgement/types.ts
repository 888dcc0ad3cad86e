/** Kinds of entity that lists match, clusters group by and Explorer pivots on. */
export type EntityKind =
  | 'url'
  | 'url-domain'
  | 'file-hash'
  | 'sender'
  | 'sender-domain'
  | 'sender-ip'
  | 'subject-fingerprint'
  | 'body-fingerprint'

export interface EntityRef {
  readonly kind: EntityKind
  /** Normalised: lower case, canonical URL without fragment, SHA-256 hex. */
  readonly value: string
}

export type Threat =
  | 'malware'
  | 'high-confidence-phish'
  | 'phish'
  | 'high-confidence-spam'
  | 'spam'
  | 'bulk'
  | 'spoof'
  | 'impersonation'
  | 'none'

/** The field's *detection technology* that a verdict names. */
export type Technology =
  | 'authentication'
  | 'impersonation-user'
  | 'impersonation-domain'
  | 'url-reputation'
  | 'url-analysis'
  | 'file-analysis'
  | 'content'
  | 'list-entry'
  | 'none'

/** Evidence that one analysis found; frozen at receipt, replayed without asking anything again. */
export interface Signal {
  /** File name of the analysis: `link-mismatch`. */
  readonly id: string
  readonly version: number
  /** Badness; 0 = noted only; negative = speaks for the message. */
  readonly weight: number
  readonly threat: Threat
  readonly technology: Technology
  /** One sentence that a person understands, naming what was found. */
  readonly summary: string
  readonly evidence: Readonly<Record<string, unknown>>
  readonly entities: readonly EntityRef[]
}

export type Placement = 'deliver' | 'junk' | 'quarantine'

export type PolicyMode = 'standard' | 'strict' | 'observe'

/** Why something happened: (kind, id, version) of a signal, list entry, policy, person or action. */
export interface Cause {
  readonly kind: 'signal' | 'entry' | 'policy' | 'person' | 'action' | 'submission'
  readonly id: string
  readonly version: number
}

/** An allow or block entry that matched, or an allow that would have but was refused, with the reason. */
export interface Override {
  readonly entryId: string
  readonly version: number
  readonly action: 'allow' | 'block'
  readonly entity: EntityRef
  readonly applied: boolean
  readonly reason: string
}

export interface Verdict {
  /** Version of `decide`. */
  readonly engine: number
  readonly threat: Threat
  readonly technology: Technology
  readonly score: number
  /** What the policy does with it… */
  readonly placement: Placement
  /** …and what it would have done without *observe only* and without overrides. */
  readonly wouldPlace: Placement
  readonly policy: PolicyMode
  readonly overrides: readonly Override[]
  /** Signals and entries that made the difference, strongest first. */
  readonly causes: readonly Cause[]
  /** The reasoning in sentences, in order. */
  readonly because: readonly string[]
}
