import type { EntryRule, SuspensionRule } from '../lists/index.ts'
import type { Authentication } from '../mail/index.ts'
import type { Threat } from './threats.ts'

/** Kinds of entity that lists match, clusters group by and Explorer pivots on. */
export type EntityKind =
  | 'url'
  | 'url-domain'
  | 'file-hash'
  | 'sender'
  | 'sender-domain'
  | 'sender-ip'
  /** A sender that is not proved with what is known of the server that sent it: `lists/spoof.ts`. */
  | 'spoof'
  | 'subject-fingerprint'
  | 'body-fingerprint'
  | 'structure-fingerprint'
  | 'url-fingerprint'
  | 'image-fingerprint'

export interface EntityRef {
  readonly kind: EntityKind
  /** Normalised: lower case, canonical URL without fragment, SHA-256 hex. */
  readonly value: string
}

export type { Threat }

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
  /**
   * …and what it would have done: in *observe only*, what the policy would do if it acted (lists included);
   * otherwise what it would do without the list entries. Equal to `placement` when neither made a difference.
   */
  readonly wouldPlace: Placement
  readonly policy: PolicyMode
  readonly overrides: readonly Override[]
  /** Signals that were found and did not count, because the organisation has suspended them. Absent = none. */
  readonly suspended?: readonly Cause[]
  /** Signals and entries that made the difference, strongest first. */
  readonly causes: readonly Cause[]
  /** The reasoning in sentences, in order. */
  readonly because: readonly string[]
}

/** Points from which evidence counts. See `table.ts` for what they mean and for the defaults. */
export interface Thresholds {
  readonly suspicious: number
  readonly high: number
}

/** What the organisation's policy says, as far as judging goes. */
export interface DecidePolicy {
  /** Of a policy for some recipients; absent = the one for everybody. */
  readonly id?: string
  readonly name?: string
  readonly mode: PolicyMode
  /** Grows with every change; a verdict names it. */
  readonly version: number
  readonly thresholds: Thresholds
  /** Signals that are found and shown, but do not count. Absent = none. */
  readonly suspended?: readonly SuspensionRule[]
  /** What happens to mail that could not be read: it is never dropped, and never judged clean either. */
  readonly unparsable: Placement
}

/** Everything `decide` looks at. JSON: stored with the verdict, so that it can be replayed. */
export interface DecideInput {
  readonly signals: readonly Signal[]
  readonly entities: readonly EntityRef[]
  readonly authentication: Authentication
  /** Candidates; those that do not match or have expired change nothing. */
  readonly entries: readonly EntryRule[]
  readonly policy: DecidePolicy
  /** Why the mail could not be read, else null. */
  readonly unparsable: string | null
  /** What the recipients' own lists say about the sender (allow-block-list §8.5 steps 11, 12); absent = nothing. */
  readonly recipientList?: 'safe' | 'blocked'
  /** ISO instant of the judgement: decides which entries are alive. */
  readonly now: string
}

/** `DecideInput` without the signals, which are stored beside it (`verdict.inputs`). */
export type StoredInput = Omit<DecideInput, 'signals'>
