import Type, { type Static, type TSchema } from 'typebox'
import { InstantText, PageOf } from '../access/index.ts'
import type { HtmlFacts, Inside, WritingFacts } from '../mail/index.ts'
import {
  Actions,
  AdditionalActions,
  AuthResults,
  Directions,
  Locations,
  Technologies,
  Threats,
} from '../records/index.ts'

const orNull = <T extends TSchema>(type: T) => Type.Union([type, Type.Null()])
const text = Type.String()
const anything = Type.Record(Type.String(), Type.Unknown())

export const Direction = Directions
export const Technology = Technologies
const Placement = Type.Enum(['deliver', 'junk', 'quarantine'])

/** A recipient copy in brief. */
export const CopyRow = Type.Object({
  id: text,
  recipient: text,
  mailboxId: orNull(text),
  action: Actions,
  originalLocation: Locations,
  latestLocation: Locations,
  latestFolder: orNull(text),
  /** What was done with it after its delivery, each once, the latest last; also what has been taken back since. */
  additionalActions: Type.Array(AdditionalActions),
})
export type CopyRow = Static<typeof CopyRow>

export const MessageRow = Type.Object({
  id: text,
  receivedAt: InstantText,
  subject: text,
  senderName: text,
  senderAddress: orNull(text),
  senderDomain: orNull(text),
  /** The envelope's sender, and the server that it came from. */
  mailFrom: orNull(text),
  clientIp: orNull(text),
  internetMessageId: orNull(text),
  direction: Direction,
  threat: Threats,
  technology: Technology,
  size: Type.Integer(),
  /** How many of each the message holds. */
  urls: Type.Integer(),
  attachments: Type.Integer(),
  reported: Type.Boolean(),
  /** The first 20; `copyCount` says how many there are. */
  copies: Type.Array(CopyRow),
  copyCount: Type.Integer(),
  snippet: text,
})
export type MessageRow = Static<typeof MessageRow>

export const MessagePage = PageOf(MessageRow)

const AuthResult = AuthResults
const Address = Type.Object({ name: text, address: orNull(text), raw: text })
const EntityRef = Type.Object({
  kind: Type.Enum([
    'url',
    'url-domain',
    'file-hash',
    'sender',
    'sender-domain',
    'sender-ip',
    'spoof',
    'subject-fingerprint',
    'body-fingerprint',
    'structure-fingerprint',
    'url-fingerprint',
    'image-fingerprint',
  ]),
  value: text,
})

export const AuthenticationView = Type.Object({
  source: Type.Enum(['trusted-header', 'own-check', 'none']),
  spf: Type.Object({ result: AuthResult, domain: orNull(text), reason: Type.Optional(text) }),
  dkim: Type.Array(
    Type.Object({ result: AuthResult, domain: orNull(text), selector: orNull(text), reason: Type.Optional(text) }),
  ),
  dmarc: Type.Object({ result: AuthResult, domain: orNull(text), policy: orNull(text) }),
  arc: AuthResult,
  aligned: Type.Boolean(),
})

export const SignalView = Type.Object({
  id: text,
  version: Type.Integer(),
  weight: Type.Number(),
  threat: Threats,
  technology: Technology,
  summary: text,
  evidence: anything,
  entities: Type.Array(EntityRef),
})

const Cause = Type.Object({
  kind: Type.Enum(['signal', 'entry', 'policy', 'person', 'action', 'submission']),
  id: text,
  version: Type.Integer(),
})

export const VerdictView = Type.Object({
  engine: Type.Integer(),
  threat: Threats,
  technology: Technology,
  score: Type.Number(),
  placement: Placement,
  wouldPlace: Placement,
  policy: Type.Enum(['standard', 'strict', 'observe']),
  overrides: Type.Array(
    Type.Object({
      entryId: text,
      version: Type.Integer(),
      action: Type.Enum(['allow', 'block']),
      entity: EntityRef,
      applied: Type.Boolean(),
      reason: text,
    }),
  ),
  /** Signals that were found and did not count, because the organisation has suspended them; absent = none. */
  suspended: Type.Optional(Type.Array(Cause)),
  causes: Type.Array(Cause),
  because: Type.Array(text),
})

/** A submission or user report on the message, in brief. */
export const SubmissionBrief = Type.Object({
  id: text,
  as: Type.Enum(['user', 'analyst']),
  opinion: Type.Enum(['should-not-have-been-blocked', 'should-have-been-blocked']),
  threat: orNull(Type.Enum(['phish', 'spam', 'malware'])),
  reason: orNull(text),
  recipient: orNull(text),
  by: text,
  createdAt: InstantText,
  /** In the words of the field: `No threats found`, `Blocked due to organizational overrides`… */
  result: text,
  resultDetail: text,
})

/** An action that touched a copy of the message, in brief; `GET /actions/:id` has the whole. */
export const ActionBrief = Type.Object({
  id: text,
  kind: text,
  target: orNull(text),
  name: text,
  state: text,
  requestedBy: text,
  createdAt: InstantText,
  endedAt: orNull(InstantText),
  undoOf: orNull(text),
  /** Copies of this message in it, and how many of them are done. */
  copies: Type.Integer(),
  done: Type.Integer(),
})
export type ActionBrief = Static<typeof ActionBrief>

export const MessageDetail = Type.Object({
  ...MessageRow.properties,
  source: Type.Enum(['gateway', 'import', 'mailbox']),
  sha256: text,
  parseState: Type.Enum(['parsed', 'unparsable']),
  parseError: orNull(text),
  /** The Date header as ISO 8601, null when missing or unreadable. */
  date: orNull(text),
  headers: Type.Array(Type.Object({ name: text, value: text })),
  from: Type.Array(Address),
  /** How many From headers there are; more than one is odd. */
  fromHeaders: Type.Integer(),
  sender: orNull(Address),
  replyTo: Type.Array(Address),
  to: Type.Array(Address),
  cc: Type.Array(Address),
  returnPath: orNull(text),
  authentication: AuthenticationView,
  urlList: Type.Array(
    Type.Object({
      url: text,
      host: text,
      domain: orNull(text),
      place: Type.Enum(['link', 'text', 'form', 'image', 'attachment', 'header', 'qr']),
      anchor: orNull(text),
    }),
  ),
  attachmentList: Type.Array(
    Type.Object({
      name: text,
      declaredType: text,
      realType: orNull(text),
      size: Type.Integer(),
      sha256: text,
      inline: Type.Boolean(),
      contentId: orNull(text),
      /** What was found inside (`Inside` of room mail); absent where nothing was. */
      inside: Type.Optional(Type.Unsafe<Inside>(anything)),
    }),
  ),
  fingerprints: Type.Object({
    subject: orNull(text),
    body: orNull(text),
    structure: Type.Optional(orNull(text)),
    urls: Type.Optional(orNull(text)),
    image: Type.Optional(orNull(text)),
  }),
  defects: Type.Array(text),
  hasHtml: Type.Boolean(),
  /** How the HTML is made (`HtmlFacts` of room mail); null: none, or stored before this was noted. */
  html: orNull(Type.Unsafe<HtmlFacts>(anything)),
  /** How the text is written (`WritingFacts`); null: stored before this was noted. */
  writing: orNull(Type.Unsafe<WritingFacts>(anything)),
  /** All copies, not only the first 20. */
  copies: Type.Array(
    Type.Object({
      ...CopyRow.properties,
      handover: Type.Enum(['none', 'handing-over', 'handed-over', 'possibly-twice', 'refused']),
      handoverDetail: orNull(text),
      updatedAt: InstantText,
    }),
  ),
  verdict: VerdictView,
  /** The policy for some recipients by which it was judged; null: the one for everybody. */
  ownPolicy: orNull(Type.Object({ id: text, name: text })),
  signals: Type.Array(SignalView),
  judgedAt: InstantText,
  submissions: Type.Array(SubmissionBrief),
  actions: Type.Array(ActionBrief),
})
export type MessageDetail = Static<typeof MessageDetail>

export const TimelineEvent = Type.Object({
  id: text,
  at: InstantText,
  kind: text,
  actor: text,
  summary: text,
  /** The recipient whose copy it concerns; null = the whole message. */
  recipient: orNull(text),
  detail: anything,
})
export type TimelineEvent = Static<typeof TimelineEvent>

export const Timeline = Type.Object({ items: Type.Array(TimelineEvent) })

export const Histogram = Type.Object({
  bucket: Type.Enum(['hour', 'day']),
  /**
   * One series per value of `by`, with every bucket from the first to the last (over spans of many years only those that hold
   * something). Recipient copies are counted, not messages.
   */
  series: Type.Array(
    Type.Object({ key: text, points: Type.Array(Type.Object({ at: InstantText, count: Type.Integer() })) }),
  ),
  total: Type.Integer(),
})
export type Histogram = Static<typeof Histogram>
