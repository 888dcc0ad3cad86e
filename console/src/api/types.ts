// What the API answers. Types that the server's rooms export are taken from there; the rest follows the API's page.

import type {
  Cause,
  Override,
  Placement,
  PolicyMode,
  Signal,
  Technology,
  Threat,
  Verdict,
} from '../../../server/src/judgement/types.ts'
import type {
  Address,
  AttachmentFound,
  Authentication,
  Fingerprints,
  HeaderLine,
  UrlFound,
} from '../../../server/src/mail/types.ts'
import type { DeliveryAction, Location } from '../../../server/src/records/tables.ts'

export type {
  Address,
  AttachmentFound,
  Authentication,
  Cause,
  DeliveryAction,
  Fingerprints,
  HeaderLine,
  Location,
  Override,
  Placement,
  PolicyMode,
  Signal,
  Technology,
  Threat,
  UrlFound,
  Verdict,
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

export type Permission =
  | 'mail.read'
  | 'mail.content'
  | 'submission.write'
  | 'remediation.propose'
  | 'remediation.approve'
  | 'quarantine.manage'
  | 'lists.read'
  | 'lists.write'
  | 'settings.read'
  | 'settings.write'
  | 'users.manage'
  | 'audit.read'
  | 'import.write'

export interface Session {
  readonly user: { readonly id: string; readonly name: string; readonly email: string }
  readonly tenant: { readonly id: string; readonly name: string }
  readonly permissions: readonly Permission[]
}

/** A recipient copy in brief. */
export interface Copy {
  readonly id: string
  readonly recipient: string
  readonly action: DeliveryAction
  readonly originalLocation: Location
  readonly latestLocation: Location
  readonly latestFolder: string | null
}

export interface MessageRow {
  readonly id: string
  readonly receivedAt: string
  readonly subject: string
  readonly senderName: string
  readonly senderAddress: string | null
  readonly senderDomain: string | null
  readonly direction: 'inbound' | 'internal' | 'outbound'
  readonly threat: Threat
  readonly technology: Technology
  readonly size: number
  readonly urls: number
  readonly attachments: number
  readonly reported: boolean
  readonly copies: readonly Copy[]
}

export interface SubmissionRow {
  readonly id: string
  readonly messageId: string
  readonly subject: string
  readonly as: 'user' | 'analyst'
  readonly opinion: 'should-not-have-been-blocked' | 'should-have-been-blocked'
  readonly threat: 'phish' | 'spam' | 'malware' | null
  readonly reason: string | null
  readonly recipient: string | null
  readonly by: string
  readonly createdAt: string
}

export interface EntryMatch {
  readonly id: string
  readonly action: 'allow' | 'block'
  readonly kind: EntryKind
  readonly value: string
}

export interface NextStep {
  readonly kind: 'release' | 'remove' | 'allow-entry' | 'block-entry'
  readonly label: string
  /** Ready to POST: an ActionRequest or an entry. */
  readonly body: Record<string, unknown>
}

export interface SubmissionMade extends SubmissionRow {
  readonly today: {
    readonly verdict: Verdict
    readonly wouldPlace: Placement
    readonly signals: readonly Signal[]
    readonly entries: readonly EntryMatch[]
  }
  readonly next: readonly NextStep[]
}

export interface MessageDetail extends MessageRow {
  readonly internetMessageId: string | null
  readonly mailFrom: string | null
  readonly clientIp: string | null
  readonly sha256: string
  readonly parseState: 'parsed' | 'unparsable'
  readonly parseError: string | null
  readonly headers: readonly HeaderLine[]
  readonly from: readonly Address[]
  readonly sender: Address | null
  readonly replyTo: readonly Address[]
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly returnPath: string | null
  readonly authentication: Authentication
  readonly urlList: readonly UrlFound[]
  readonly attachmentList: readonly AttachmentFound[]
  readonly fingerprints: Fingerprints
  readonly defects: readonly string[]
  readonly verdict: Verdict
  readonly signals: readonly Signal[]
  readonly judgedAt: string
  readonly submissions: readonly SubmissionRow[]
  readonly actions: readonly ActionRow[]
}

export interface TimelineEvent {
  readonly at: string
  readonly kind: string
  readonly actor: string
  readonly summary: string
  readonly detail: Record<string, unknown>
}

export type ActionKind = 'move' | 'soft-delete' | 'hard-delete' | 'quarantine' | 'release'
export type MoveTarget = 'inbox' | 'junk' | 'deleted-items'

export interface ActionRequest {
  readonly kind: ActionKind
  readonly target?: MoveTarget
  readonly select:
    | { readonly deliveryIds: readonly string[] }
    | { readonly messageIds: readonly string[]; readonly recipients?: readonly string[] }
    | { readonly filter: Record<string, string | readonly string[]> }
  readonly recipients?: readonly string[]
  readonly name?: string
  readonly description?: string
}

export interface Reason {
  readonly reason: string
  readonly count: number
}

export interface Plan {
  readonly copies: number
  readonly mailboxes: number
  readonly messages: number
  readonly items: {
    readonly actionable: number
    readonly alreadyThere: number
    readonly notFound: number
    readonly impossible: number
  }
  readonly byFolder: readonly { readonly folder: string; readonly count: number }[]
  readonly notExact: readonly Reason[]
  readonly impossible: readonly Reason[]
  readonly at: string
}

export type ActionState =
  | 'pending-approval'
  | 'queued'
  | 'running'
  | 'completed'
  | 'partially-completed'
  | 'failed'
  | 'rejected'
  | 'expired'
  | 'undone'
  | 'partially-undone'
  | 'cancelled'

export type ItemState =
  | 'planned'
  | 'approved'
  | 'executing'
  | 'done'
  | 'already-there'
  | 'not-found'
  | 'skipped'
  | 'ambiguous'
  | 'failed'

export interface ActionCounts {
  readonly total: number
  readonly planned: number
  readonly executing: number
  readonly done: number
  readonly alreadyThere: number
  readonly notFound: number
  readonly skipped: number
  readonly ambiguous: number
  readonly failed: number
  readonly verified: number
}

export interface ActionRow {
  readonly id: string
  readonly kind: ActionKind | 'undo'
  readonly target: MoveTarget | null
  readonly name: string
  readonly description: string | null
  readonly state: ActionState
  readonly requestedBy: string
  readonly cause: Cause | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly undoOf: string | null
  readonly undoneBy: string | null
  readonly counts: ActionCounts
}

export interface ItemPlace {
  readonly folder?: string | null
  readonly location?: Location | null
  readonly flags?: readonly string[]
}

export interface ActionItem {
  readonly id: string
  readonly deliveryId: string
  readonly messageId: string
  readonly recipient: string
  readonly subject: string
  readonly state: ItemState
  readonly reason: string | null
  readonly before: ItemPlace | null
  readonly after: ItemPlace | null
  readonly verifiedAt: string | null
  readonly attempts: number
}

export interface UndoPlan {
  readonly copies: number
  readonly mailboxes: number
  readonly exact: number
  readonly notExact: readonly Reason[]
  readonly impossible: readonly Reason[]
  readonly at: string
}

export type EntryKind = 'sender' | 'sender-domain' | 'url' | 'url-domain' | 'file-hash' | 'sender-ip'

export interface Entry {
  readonly id: string
  readonly version: number
  readonly action: 'allow' | 'block'
  readonly kind: EntryKind
  readonly value: string
  readonly expiresAt: string | null
  readonly note: string | null
  readonly createdBy: string
  readonly createdAt: string
  readonly lastMatchedAt: string | null
  readonly matches: number
  readonly state: 'active' | 'expired' | 'removed'
}

export interface NewEntry {
  readonly action: 'allow' | 'block'
  readonly kind: EntryKind
  readonly value: string
  readonly expiresInDays: number | null
  readonly note: string | null
}

export interface QuarantineRow {
  readonly messageId: string
  readonly subject: string
  readonly senderAddress: string | null
  readonly receivedAt: string
  readonly reason: Threat
  readonly expiresAt: string | null
  readonly recipients: readonly { readonly deliveryId: string; readonly recipient: string; readonly state: string }[]
}

export interface AuditEntry {
  readonly id: string
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly subject: { readonly kind: string; readonly id: string } | null
  readonly detail: Record<string, unknown>
}

export interface AuditCheck {
  readonly ok: boolean
  readonly entries: number
  readonly problems: readonly string[]
}

export interface Organisation {
  readonly domains: readonly string[]
  readonly mailboxes: readonly {
    readonly address: string
    readonly displayName: string
    readonly kind: 'user' | 'shared' | 'secops'
    readonly protected: boolean
  }[]
  readonly aliases: readonly { readonly address: string; readonly target: string }[]
  readonly groups: readonly {
    readonly address: string
    readonly displayName: string
    readonly members: readonly string[]
  }[]
}

export interface Policy {
  readonly mode: PolicyMode
  readonly version: number
  readonly trustedAuthserv: readonly string[]
}

export interface NewUser {
  readonly name: string
  readonly email: string
  readonly password: string
  readonly role: string
}

export interface NewToken {
  readonly name: string
  readonly permissions: readonly Permission[]
}

export interface UserRow {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: string
  readonly createdAt: string
}

export interface TokenRow {
  readonly id: string
  readonly name: string
  readonly permissions: readonly Permission[]
  readonly createdAt: string
  readonly lastUsedAt: string | null
}

export interface Histogram {
  readonly bucket: 'hour' | 'day'
  readonly series: readonly {
    readonly key: string
    readonly points: readonly { readonly at: string; readonly count: number }[]
  }[]
  readonly total: number
}
