// What the API answers, by the schemas and views of the server's rooms: types only, nothing of the server is bundled.
import type { Static } from 'typebox'
import type { Permission } from '../../../server/src/access/permissions.ts'
import type {
  NewToken as NewTokenSchema,
  NewUser as NewUserSchema,
  SessionInfo,
  TokenRow as TokenSchema,
  UserRow as UserSchema,
} from '../../../server/src/access/routes.ts'
import type {
  EngineRow as EngineSchema,
  EnginesView as EnginesSchema,
  FeedRow as FeedSchema,
  LessonRow,
} from '../../../server/src/detection/routes.ts'
import type { HeldDone, HeldPlan } from '../../../server/src/explorer/held/schemas.ts'
import type { ExportColumn, Pivot, TopOf, TopRow } from '../../../server/src/explorer/query-schemas.ts'
import type { NewQuery, SavedQuery as SavedQuerySchema } from '../../../server/src/explorer/saved/schemas.ts'
import type {
  AuthenticationView,
  CopyRow,
  Histogram,
  MessageDetail,
  MessageRow,
  SignalView,
  TimelineEvent,
  VerdictView,
} from '../../../server/src/explorer/schemas.ts'
import type {
  TakeActionBody,
  TakenBody,
  TakePreview as TakePreviewSchema,
} from '../../../server/src/explorer/take-schemas.ts'
import type { AuditResult, AuditRow } from '../../../server/src/http/audit.ts'
import type { EntryBody, EntryRow, ManyBody, ManyOutcomes } from '../../../server/src/lists/schemas.ts'
import type { Inside } from '../../../server/src/mail/facts.ts'
import type { OrganisationDocument } from '../../../server/src/organisation/document.ts'
import type { MailPolicies, MailPolicy } from '../../../server/src/organisation/policies.ts'
import type { Policy } from '../../../server/src/organisation/policy.ts'
import type { Retention } from '../../../server/src/organisation/retention.ts'
import type { HeldCountsBody, HeldMessageRow, Results } from '../../../server/src/quarantine/schemas.ts'
import type { MessageFilter, Negatable } from '../../../server/src/records/filter.ts'
import type {
  ActionDetail as ActionDetailSchema,
  ActionRow as ActionRowSchema,
  DecideResults as DecideResultsSchema,
  ItemRow,
  ResultsBody,
} from '../../../server/src/remediation/api/schemas.ts'
import type { ActionState, ItemState } from '../../../server/src/remediation/ledger/states.ts'
import type {
  RetentionEffect as RetentionEffectSchema,
  RetentionState,
} from '../../../server/src/remediation/retention/routes.ts'
import type { Plan } from '../../../server/src/remediation/submit/preview.ts'
import type { MailKind, MoveTarget } from '../../../server/src/remediation/types.ts'
import type {
  UndoPreviewBody,
  UndoSelection as UndoSelectionSchema,
} from '../../../server/src/remediation/undo/schemas.ts'
import type { ItemPlace } from '../../../server/src/remediation/views/items.ts'
import type {
  EntryPreview,
  ExplanationView,
  PreviewRow,
  SubmissionMade,
  SubmissionRow,
} from '../../../server/src/submissions/schemas.ts'

export type {
  ActionState,
  EntryPreview,
  ExportColumn,
  HeldDone,
  HeldPlan,
  Histogram,
  Inside,
  ItemPlace,
  ItemState,
  MailPolicies,
  MailPolicy,
  MessageDetail,
  MessageFilter,
  MessageRow,
  MoveTarget,
  Negatable,
  NewQuery,
  Permission,
  Pivot,
  Plan,
  Policy,
  PreviewRow,
  Retention,
  RetentionState,
  SubmissionMade,
  SubmissionRow,
  TimelineEvent,
  TopOf,
  TopRow,
}
export type Copy = CopyRow
export type Session = Static<typeof SessionInfo>
export type Threat = MessageRow['threat']
export type Technology = MessageRow['technology']
export type DeliveryAction = Copy['action']
export type AdditionalAction = Copy['additionalActions'][number]
export type Location = Copy['latestLocation']
export type Verdict = Static<typeof VerdictView>
export type Placement = Verdict['placement']
export type Override = Verdict['overrides'][number]
export type Signal = Static<typeof SignalView>
export type Authentication = Static<typeof AuthenticationView>
export type AuthResult = Authentication['arc']
export type SavedQuery = Static<typeof SavedQuerySchema>
export type Address = MessageDetail['from'][number]
export type UrlFound = MessageDetail['urlList'][number]
export type AttachmentFound = MessageDetail['attachmentList'][number]
export type ActionKind = MailKind
export type ActionRow = Static<typeof ActionRowSchema>
export type ActionDetail = Static<typeof ActionDetailSchema>
export type ActionBrief = ActionDetail['derived'][number]
export type ResultClass = Static<typeof ResultsBody>['results'][number]['class']
export type ActionResults = Static<typeof ResultsBody>
export type DecideResults = Static<typeof DecideResultsSchema>
export type ActionItem = Static<typeof ItemRow>
export type UndoPlan = Static<typeof UndoPreviewBody>
export type UndoSelection = Static<typeof UndoSelectionSchema>
export type Entry = EntryRow
export type EntryKind = Entry['kind']
export type NewEntry = EntryBody
export type NewEntries = ManyBody
export type EntryOutcomes = ManyOutcomes
export type Organisation = OrganisationDocument
export type UserRow = Static<typeof UserSchema>
export type NewUser = Static<typeof NewUserSchema>
export type TokenRow = Static<typeof TokenSchema>
export type NewToken = Static<typeof NewTokenSchema>
export type AuditEntry = Static<typeof AuditRow>
export type AuditCheck = Static<typeof AuditResult>
export type Explanation = ExplanationView
export type NextStep = SubmissionMade['next'][number]
export type QuarantineRow = Static<typeof HeldMessageRow>
export type HeldRecipient = QuarantineRow['recipients'][number]
export type HeldReason = QuarantineRow['reason']
export type PolicyType = QuarantineRow['policyType']
export type ReleaseStatus = HeldRecipient['status']
export type HeldCounts = Static<typeof HeldCountsBody>
export type HeldResults = Static<typeof Results>
export type TakeWish = Static<typeof TakeActionBody>
export type TakePreview = Static<typeof TakePreviewSchema>
export type Taken = Static<typeof TakenBody>
export type RetentionEffect = Static<typeof RetentionEffectSchema>
export type EngineRow = Static<typeof EngineSchema>
export type EnginesView = Static<typeof EnginesSchema>
export type FeedRow = Static<typeof FeedSchema>
export type Lesson = Static<typeof LessonRow>
export type Reason = UndoPlan['notExact'][number]

export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** A filter of Explorer as query and as part of an action. */
export type ApiFilter = Readonly<Record<string, string | number | boolean | readonly string[]>>
