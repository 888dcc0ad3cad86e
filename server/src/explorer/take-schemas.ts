import { type Static, type TSchema, Type } from 'typebox'
import { InstantText } from '../access/index.ts'
import { EntryBody } from '../lists/index.ts'
import { Locations } from '../records/index.ts'
import { ACTION_STATES, schemas, TAKE_SOURCES } from '../remediation/index.ts'

const strict = { additionalProperties: false }
const orNull = <T extends TSchema>(item: T) => Type.Union([item, Type.Null()])
const text = Type.String()
const n = Type.Integer()
const uuid = Type.String({ format: 'uuid' })
const address = Type.String({ minLength: 3, maxLength: 320 })

const { action, kind, value, expiresInDays, note } = EntryBody.properties
export const PlanEntry = Type.Object({ action, kind, value, expiresInDays, note }, strict)

/** What somebody wants done with a selection of mail, in one go. */
export const TakeActionBody = Type.Object(
  {
    select: schemas.SelectBody,
    move: Type.Optional(
      Type.Object(
        {
          kind: Type.Enum(['move', 'soft-delete', 'hard-delete', 'quarantine']),
          target: Type.Optional(schemas.Targets),
          senderCopy: Type.Optional(
            Type.Boolean({
              description: 'the copy in the Sent of a sender of ours: taken too, and with target inbox put back there',
            }),
          ),
        },
        strict,
      ),
    ),
    release: Type.Optional(
      Type.Object(
        {
          recipients: Type.Optional(
            Type.Array(address, { minItems: 1, maxItems: 10_000, description: 'absent = all original recipients' }),
          ),
          copyTo: Type.Optional(
            Type.Array(address, { minItems: 1, maxItems: 50, description: 'others of ours who get a copy' }),
          ),
        },
        strict,
      ),
    ),
    submit: Type.Optional(
      Type.Object(
        {
          as: Type.Enum(['clean', 'phish', 'spam', 'malware']),
          note: Type.Optional(Type.String({ maxLength: 2000 })),
        },
        strict,
      ),
    ),
    entries: Type.Optional(Type.Array(PlanEntry, { minItems: 1, maxItems: 50 })),
    propose: Type.Optional(Type.Boolean({ description: 'wait for approval although the asker could run it' })),
    addTo: Type.Optional(
      Type.String({ format: 'uuid', description: 'the ID of the waiting action of the same kind to join' }),
    ),
    name: Type.Optional(schemas.Name),
    description: Type.Optional(schemas.Description),
    severity: Type.Optional(schemas.Severities),
    source: Type.Optional(Type.Enum([...TAKE_SOURCES])),
    idempotencyKey: Type.Optional(Type.String({ minLength: 8, maxLength: 100 })),
  },
  strict,
)
export type TakeActionBody = Static<typeof TakeActionBody>

const Reason = Type.Object({ reason: text, count: n })
const MoveKinds = Type.Enum(['move', 'soft-delete', 'hard-delete', 'quarantine', 'release'])
const PlannedAction = Type.Object({
  kind: MoveKinds,
  target: orNull(schemas.Targets),
  name: text,
  copies: n,
  messages: n,
  mailboxes: n,
  senderCopies: n,
  alreadyThere: n,
  notFound: n,
  byFolder: Type.Array(Type.Object({ folder: text, count: n })),
  notExact: Type.Array(Reason),
  impossible: Type.Array(Type.Object({ reason: text, count: n, sample: Type.Array(text) })),
})

export const Refusal = Type.Object({ code: text, message: text, cure: text })
/** Copies to others than the recipients. */
export const Others = Type.Object({ messages: n, mailboxes: n, copies: n })

export const TakePreview = Type.Object({
  at: InstantText,
  selection: Type.Object({
    by: Type.Enum(['hand', 'query', 'action']),
    copies: n,
    messages: n,
    unknown: Type.Integer({ description: 'given by id, and not there' }),
    query: orNull(text),
  }),
  /** What can be chosen for this selection, with the copies it would touch; 0 = it cannot be chosen. */
  possible: Type.Array(Type.Object({ kind: MoveKinds, target: orNull(schemas.Targets), copies: n })),
  actions: Type.Array(PlannedAction),
  /** The copies in senders' Sent that would be put back. */
  sentBack: n,
  others: orNull(Others),
  submit: orNull(Type.Object({ as: text, messages: n })),
  entries: Type.Array(Type.Object({ action: text, kind: text, value: text, expiresAt: orNull(InstantText) })),
  approval: Type.Object({ needed: Type.Integer({ minimum: 0, maximum: 2 }), why: orNull(text) }),
  /** Why it would be refused as it is; null = it would be taken. */
  refused: orNull(Refusal),
})
export type TakePreview = Static<typeof TakePreview>

export const TargetRow = Type.Object({
  deliveryId: text,
  messageId: text,
  recipient: text,
  subject: text,
  sender: orNull(text),
  location: Locations,
  folder: orNull(text),
  does: Type.Enum(['move', 'release', 'none']),
  reason: orNull(text),
})
export type TargetRow = Static<typeof TargetRow>
export const TargetsBody = Type.Object(
  {
    ...TakeActionBody.properties,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    cursor: Type.Optional(uuid),
  },
  strict,
)
export const TargetPage = Type.Object({ items: Type.Array(TargetRow), next: orNull(text) })

const State = Type.Enum([...ACTION_STATES])
export const TakenBody = Type.Object({
  approvalId: text,
  name: text,
  link: text,
  /** The same wish was asked before with this key: this is what it was answered. */
  repeated: Type.Boolean(),
  actions: Type.Array(
    Type.Object({ id: text, kind: text, target: orNull(schemas.Targets), name: text, state: State, copies: n }),
  ),
  submissions: Type.Array(Type.Object({ id: text, messageId: text, result: text })),
  entries: Type.Array(
    Type.Object({
      id: orNull(text),
      action: text,
      kind: text,
      value: text,
      /** It stood in the list already; nothing was changed. */
      existed: Type.Boolean(),
    }),
  ),
})
export type TakenBody = Static<typeof TakenBody>
