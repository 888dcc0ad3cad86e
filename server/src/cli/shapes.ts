import Type, { type Static, type TSchema } from 'typebox'

// What the command line shows of the API's answers; answers may hold more.
const orNull = <T extends TSchema>(type: T) => Type.Union([type, Type.Null()])
const text = Type.String()
const n = Type.Integer()
const Reason = Type.Object({ reason: text, count: n })

export const listOf = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item), next: orNull(text) })

export const Plan = Type.Object({
  copies: n,
  mailboxes: n,
  messages: n,
  items: Type.Object({ actionable: n, alreadyThere: n, notFound: n, impossible: n }),
  byFolder: Type.Array(Type.Object({ folder: text, count: n })),
  notExact: Type.Array(Reason),
  impossible: Type.Array(Reason),
})
export type Plan = Static<typeof Plan>

export const UndoPlan = Type.Object({
  copies: n,
  mailboxes: n,
  exact: n,
  notExact: Type.Array(Reason),
  impossible: Type.Array(Reason),
})
export type UndoPlan = Static<typeof UndoPlan>

export const Submitted = Type.Object({ id: text, name: text, state: text })

export const Action = Type.Object({
  id: text,
  kind: text,
  name: text,
  state: text,
  requestedBy: Type.Object({ name: text }),
  createdAt: text,
  startedAt: orNull(text),
  endedAt: orNull(text),
  undoOf: orNull(text),
  undoneBy: orNull(text),
  counts: Type.Object({
    total: n,
    planned: n,
    executing: n,
    done: n,
    alreadyThere: n,
    notFound: n,
    skipped: n,
    ambiguous: n,
    failed: n,
    verified: n,
  }),
})
export type Action = Static<typeof Action>

export const Item = Type.Object({
  recipient: text,
  subject: text,
  state: text,
  reason: orNull(text),
  verifiedAt: orNull(text),
})
export type Item = Static<typeof Item>

export const Step = Type.Object({ kind: text, label: text, body: Type.Record(text, Type.Unknown()) })

export const Made = Type.Object({
  id: text,
  result: text,
  resultDetail: text,
  differs: Type.Array(text),
  next: Type.Array(Step),
})
