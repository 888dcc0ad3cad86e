import { Type } from 'typebox'

/** *Quarantine reason*: what the verdict was when the copy came in, or who has put it there. */
export const REASONS = [
  'malware',
  'high-confidence-phish',
  'phish',
  'high-confidence-spam',
  'spam',
  'bulk',
  'spoof',
  'impersonation',
  'unparsable',
  'transport-rule',
  'admin-action',
] as const
export type Reason = (typeof REASONS)[number]

/** *Policy type*: tied to the reason (quarantine #7). */
export const POLICY_TYPES = ['anti-malware', 'anti-spam', 'anti-phishing', 'transport-rule', 'none'] as const
export type PolicyType = (typeof POLICY_TYPES)[number]

/** What became of a held copy. `denied`: looked at and kept; it can still be released. `elsewhere`: put back by an undo. */
export const STATES = ['held', 'denied', 'released', 'deleted', 'expired', 'elsewhere'] as const
export type State = (typeof STATES)[number]

/** *Release status*, as it is shown. */
export const STATUSES = ['needs-review', 'denied', 'released', 'deleted', 'expired', 'elsewhere'] as const
export type ReleaseStatus = (typeof STATUSES)[number]

export const statusOf = (state: State): ReleaseStatus => (state === 'held' ? 'needs-review' : state)
export const stateOf = (status: ReleaseStatus): State => (status === 'needs-review' ? 'held' : status)

export const Reasons = Type.Enum([...REASONS])
export const PolicyTypes = Type.Enum([...POLICY_TYPES])
export const Statuses = Type.Enum([...STATUSES])
