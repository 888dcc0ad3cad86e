import { type Static, type TSchema, Type } from 'typebox'
import { InstantText, PageOf } from '../access/index.ts'
import type { Signal, Verdict } from '../judgement/index.ts'
import { Actions, Locations, Threats } from '../records/index.ts'

const orNull = <T extends TSchema>(type: T) => Type.Union([type, Type.Null()])
const text = Type.String()
const anything = { type: 'object', additionalProperties: true } as const
const Placement = Type.Enum(['deliver', 'junk', 'quarantine'])
/** As `GET /messages/:id` shows them. */
const VerdictOf = Type.Unsafe<Verdict>(anything)
const SignalOf = Type.Unsafe<Signal>(anything)

export const SubmittedAs = Type.Enum(['user', 'analyst'])
export const Opinion = Type.Enum(['should-not-have-been-blocked', 'should-have-been-blocked'])

export const ReportBody = Type.Object(
  {
    as: SubmittedAs,
    opinion: Opinion,
    threat: Type.Optional(orNull(Type.Enum(['phish', 'spam', 'malware']))),
    reason: Type.Optional(orNull(Type.String({ maxLength: 2_000 }))),
    /** The recipient who has the trouble; a reporter may leave it out and only name himself. */
    recipient: Type.Optional(orNull(Type.String({ maxLength: 320 }))),
  },
  { additionalProperties: false },
)
export type ReportBody = Static<typeof ReportBody>

export const SubmissionRow = Type.Object({
  id: text,
  messageId: text,
  subject: text,
  as: SubmittedAs,
  opinion: Opinion,
  threat: orNull(Type.Enum(['phish', 'spam', 'malware'])),
  reason: orNull(text),
  recipient: orNull(text),
  by: text,
  createdAt: InstantText,
  status: Type.Enum(['Completed']),
  /** In the words of the field: `No threats found`, `Blocked due to organizational overrides`… */
  result: text,
  resultDetail: text,
})
export type SubmissionRow = Static<typeof SubmissionRow>
export const SubmissionPage = PageOf(SubmissionRow)

const EntryMatch = Type.Object({
  id: text,
  version: Type.Integer(),
  action: Type.Enum(['allow', 'block']),
  kind: text,
  value: text,
  expiresAt: orNull(InstantText),
  origin: Type.Enum(['direct', 'submission']),
})

const NextStep = Type.Object({
  kind: Type.Enum(['release', 'remove', 'allow-entry', 'block-entry']),
  label: text,
  body: Type.Unsafe<Readonly<Record<string, unknown>>>(anything),
})

export const SubmissionMade = Type.Object({
  ...SubmissionRow.properties,
  /** Null for those who may report but not see verdicts. */
  today: orNull(
    Type.Object({
      verdict: VerdictOf,
      /** Where it would be put today, or in *observe only* where a policy that acts would put it. */
      wouldPlace: Placement,
      signals: Type.Array(SignalOf),
      entries: Type.Array(EntryMatch),
    }),
  ),
  /** What is different from the verdict at receipt, in sentences. */
  differs: Type.Array(text),
  next: Type.Array(NextStep),
  /** What no step says: why something is not offered, which entry stands in the way. */
  advice: Type.Array(text),
})
export type SubmissionMade = Static<typeof SubmissionMade>

export const ExplanationView = Type.Object({
  messageId: text,
  stored: Type.Object({ at: InstantText, verdict: VerdictOf, policyVersion: Type.Integer() }),
  /** The evidence, frozen at receipt. Both verdicts rest on it. */
  signals: Type.Array(SignalOf),
  entities: Type.Array(Type.Object({ kind: text, value: text })),
  today: Type.Object({
    at: InstantText,
    verdict: VerdictOf,
    policyVersion: Type.Integer(),
    entries: Type.Array(EntryMatch),
  }),
  same: Type.Boolean(),
  differs: Type.Array(text),
})
export type ExplanationView = Static<typeof ExplanationView>

const Judged = Type.Object({ threat: Threats, placement: Placement })

/** A row as the Explorer shows it, with what the message was judged and would be. */
export const PreviewRow = Type.Object({
  id: text,
  receivedAt: InstantText,
  subject: text,
  senderName: text,
  senderAddress: orNull(text),
  senderDomain: orNull(text),
  direction: Type.Enum(['inbound', 'internal', 'outbound']),
  threat: Threats,
  technology: text,
  size: Type.Integer(),
  urls: Type.Integer(),
  attachments: Type.Integer(),
  reported: Type.Boolean(),
  copies: Type.Array(
    Type.Object({
      id: text,
      recipient: text,
      mailboxId: orNull(text),
      action: Actions,
      originalLocation: Locations,
      latestLocation: Locations,
      latestFolder: orNull(text),
    }),
  ),
  copyCount: Type.Integer(),
  snippet: text,
  from: Judged,
  to: Judged,
})
export type PreviewRow = Static<typeof PreviewRow>

export const EntryPreview = Type.Object({
  /** Messages that the entry matches, and how many of them would be judged otherwise. */
  matching: Type.Integer(),
  flips: Type.Integer(),
  sample: Type.Array(PreviewRow),
  /** What of it lies in quarantine or Junk at this moment; ready to be posted (POST /actions). The entry itself is for what comes. */
  now: Type.Array(NextStep),
  since: InstantText,
  /** False: only the newest were looked at. */
  complete: Type.Boolean(),
})
export type EntryPreview = Static<typeof EntryPreview>
