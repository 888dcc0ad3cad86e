import Type, { type Static, type TSchema } from 'typebox'

// What the command line shows of what the API says of quarantine; answers may hold more.
const text = Type.String()
const n = Type.Integer()
const orNull = <T extends TSchema>(type: T) => Type.Union([type, Type.Null()])

const Recipient = Type.Object({
  deliveryId: text,
  recipient: text,
  address: text,
  status: text,
  statusAt: orNull(text),
  statusBy: orNull(text),
  expiresAt: orNull(text),
})
export const Held = Type.Object({
  messageId: text,
  internetMessageId: orNull(text),
  subject: text,
  sender: orNull(text),
  receivedAt: text,
  direction: text,
  size: n,
  reason: text,
  policyType: text,
  policyName: text,
  expiresAt: orNull(text),
  counts: Type.Object({ held: n, denied: n, released: n, deleted: n, expired: n, elsewhere: n }),
  recipients: Type.Array(Recipient),
})
export type Held = Static<typeof Held>

const Result = Type.Object({ messageId: text, subject: text, ok: Type.Boolean(), copies: n, says: text })
export const Results = Type.Object({ done: n, refused: n, copies: n, results: Type.Array(Result) })
export type Results = Static<typeof Results>
export const Done = Type.Object({
  ...Results.properties,
  approvalId: text,
  name: text,
  actions: Type.Array(Type.Object({ id: text, state: text, copies: n })),
  submissions: Type.Array(Type.Object({ id: text, result: text })),
  entries: Type.Array(Type.Object({ value: text, expiresAt: orNull(text) })),
  advice: Type.Array(text),
})
export const Plan = Type.Object({
  messages: n,
  copies: n,
  mailboxes: n,
  back: n,
  first: n,
  refused: Type.Array(Type.Object({ reason: text, count: n })),
  approval: Type.Object({ needed: n, why: orNull(text) }),
})
export const Blocked = Type.Object({
  entries: Type.Array(Type.Object({ kind: text, value: text, expiresAt: orNull(text) })),
  refused: Type.Array(Type.Object({ value: text, says: text })),
})
