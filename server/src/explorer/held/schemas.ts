import { type Static, type TSchema, Type } from 'typebox'
import { HeldSelection, Results } from '../../quarantine/index.ts'
import { Others, Refusal } from '../take-schemas.ts'

const orNull = <T extends TSchema>(type: T) => Type.Union([type, Type.Null()])
const text = Type.String()
const n = Type.Integer()
const strict = { additionalProperties: false }
const note = Type.Optional(Type.String({ maxLength: 2000 }))
const key = Type.Optional(
  Type.String({ minLength: 8, maxLength: 100, description: 'the same wish with the same key is done once' }),
)
const recipients = Type.Optional(
  Type.Array(Type.String({ minLength: 1, maxLength: 320 }), {
    minItems: 1,
    maxItems: 10_000,
    description: 'some of the original recipients: an address, an alias or a group that leads to them; absent = all',
  }),
)

const copyTo = Type.Optional(
  Type.Array(Type.String({ minLength: 3, maxLength: 320 }), {
    minItems: 1,
    maxItems: 10,
    description: 'of a release: somebody else of ours, who gets a copy of each message',
  }),
)

export const ReleaseBody = Type.Object(
  {
    select: HeldSelection,
    recipients,
    submit: Type.Optional(Type.Boolean({ description: 'report as a false positive in the same step' })),
    allow: Type.Optional(
      Type.Object(
        { days: Type.Integer({ minimum: 1, maximum: 30 }), note: Type.Optional(Type.String({ maxLength: 1000 })) },
        { ...strict, description: 'with submit: allow entries for what held it, for so many days' },
      ),
    ),
    copyTo,
    note,
    idempotencyKey: key,
  },
  strict,
)
export type ReleaseBody = Static<typeof ReleaseBody>

export const DeleteBody = Type.Object(
  {
    select: HeldSelection,
    recipients,
    permanently: Type.Optional(Type.Boolean({ description: 'hard delete; absent: soft delete' })),
    note,
    idempotencyKey: key,
  },
  strict,
)
export type DeleteBody = Static<typeof DeleteBody>

export const PreviewBody = Type.Object(
  {
    do: Type.Enum(['release', 'delete']),
    permanently: Type.Optional(Type.Boolean()),
    select: HeldSelection,
    recipients,
    copyTo,
  },
  strict,
)
export type PreviewBody = Static<typeof PreviewBody>

const Reason = Type.Object({ reason: text, count: n })
export const HeldPlan = Type.Object({
  messages: n,
  copies: n,
  mailboxes: n,
  /** Copies that go back where they were taken from, and such as are delivered for the first time. */
  back: n,
  first: n,
  notExact: Type.Array(Reason),
  /** Copies with which it cannot be done. */
  refused: Type.Array(Reason),
  others: orNull(Others),
  /** Why the copies to others stop all of it; null = they do not. */
  stopped: orNull(Refusal),
  /** Who has to agree before anything is done. */
  approval: Type.Object({ needed: n, why: orNull(text) }),
  at: text,
})
export type HeldPlan = Static<typeof HeldPlan>

export const HeldDone = Type.Object({
  ...Results.properties,
  approvalId: text,
  name: text,
  repeated: Type.Boolean(),
  actions: Type.Array(Type.Object({ id: text, state: text, copies: n })),
  submissions: Type.Array(Type.Object({ id: text, messageId: text, result: text })),
  entries: Type.Array(Type.Object({ id: text, action: text, kind: text, value: text, expiresAt: orNull(text) })),
  /** What was asked for and is not possible, in sentences. */
  advice: Type.Array(text),
})
export type HeldDone = Static<typeof HeldDone>

export const BlockBody = Type.Object(
  {
    select: HeldSelection,
    what: Type.Optional(Type.Enum(['sender', 'sender-domain'])),
    days: Type.Optional(
      orNull(Type.Integer({ minimum: 1, maximum: 90, description: 'null = never ends; absent = 30' })),
    ),
    note: Type.Optional(Type.String({ maxLength: 1000 })),
  },
  strict,
)
export const BlockDone = Type.Object({
  entries: Type.Array(Type.Object({ id: text, kind: text, value: text, expiresAt: orNull(text) })),
  refused: Type.Array(Type.Object({ value: text, says: text })),
})
