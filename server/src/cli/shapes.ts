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
  messages: n,
  mailboxes: n,
  exact: n,
  notExact: Type.Array(Reason),
  impossible: Type.Array(Reason),
  byFolder: Type.Array(Type.Object({ folder: text, count: n })),
  actions: Type.Array(
    Type.Object({ id: text, name: text, requestedBy: Type.Object({ name: text }), copies: n, impossible: n }),
  ),
  past: Type.Object({ from: orNull(text), to: orNull(text) }),
  running: Type.Object({ actions: Type.Array(Type.Object({ id: text, name: text, left: n })) }),
  heldAtGate: n,
  junkedAtGate: n,
  future: Type.Array(Type.Object({ says: text })),
  at: text,
})
export type UndoPlan = Static<typeof UndoPlan>

export const Submitted = Type.Object({ id: text, name: text, state: text })

/** What a whole wish would touch. */
export const TakePlan = Type.Object({
  selection: Type.Object({ copies: n, messages: n, unknown: n, query: orNull(text) }),
  possible: Type.Array(Type.Object({ kind: text, target: orNull(text), copies: n })),
  actions: Type.Array(
    Type.Object({
      kind: text,
      target: orNull(text),
      copies: n,
      messages: n,
      mailboxes: n,
      senderCopies: n,
      alreadyThere: n,
      notFound: n,
      byFolder: Type.Array(Type.Object({ folder: text, count: n })),
      notExact: Type.Array(Reason),
      impossible: Type.Array(Reason),
    }),
  ),
  sentBack: n,
  others: orNull(Type.Object({ messages: n, mailboxes: n, copies: n })),
  submit: orNull(Type.Object({ as: text, messages: n })),
  entries: Type.Array(Type.Object({ action: text, kind: text, value: text, expiresAt: orNull(text) })),
  approval: Type.Object({ needed: n, why: orNull(text) }),
  refused: orNull(Type.Object({ code: text, message: text, cure: text })),
})
export type TakePlan = Static<typeof TakePlan>

export const Taken = Type.Object({
  approvalId: text,
  name: text,
  link: text,
  repeated: Type.Boolean(),
  actions: Type.Array(Type.Object({ id: text, kind: text, name: text, state: text, copies: n })),
  submissions: Type.Array(Type.Object({ id: text, messageId: text, result: text })),
  entries: Type.Array(Type.Object({ action: text, kind: text, value: text, existed: Type.Boolean() })),
})
export type Taken = Static<typeof Taken>

export const Decided = Type.Object({
  id: text,
  state: text,
  approvals: n,
  needed: n,
  derived: orNull(text),
  submissions: Type.Optional(n),
  entries: Type.Optional(Type.Array(Type.Object({ kind: text, value: text }))),
})

export const Decisions = Type.Object({
  results: Type.Array(
    Type.Object({
      id: text,
      ok: Type.Boolean(),
      state: orNull(text),
      error: orNull(Type.Object({ message: text, cure: text })),
    }),
  ),
})

export const Results = Type.Object({
  results: Type.Array(Type.Object({ class: text, count: n, reasons: Type.Array(Reason) })),
})

export const Action = Type.Object({
  id: text,
  approvalId: text,
  kind: text,
  name: text,
  state: text,
  source: text,
  decidedBy: orNull(text),
  expiresAt: orNull(text),
  expiring: Type.Boolean(),
  updatedAt: text,
  requestedBy: Type.Object({ name: text }),
  createdAt: text,
  startedAt: orNull(text),
  endedAt: orNull(text),
  undoOf: orNull(text),
  undoneBy: orNull(text),
  undoes: Type.Array(text),
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

const KeptBy = Type.Object({ actionId: text, by: text, at: text, keeps: text, state: text })

export const Item = Type.Object({
  id: text,
  recipient: text,
  subject: text,
  state: text,
  reason: orNull(text),
  verifiedAt: orNull(text),
  both: orNull(Type.Object({ decided: orNull(KeptBy) })),
})
export type Item = Static<typeof Item>

const CopyPlace = Type.Object({ folder: orNull(text), flags: Type.Array(text), keywords: Type.Array(text) })
/** Which of two copies would stay. */
export const KeepPlan = Type.Object({
  keeps: CopyPlace,
  removes: CopyPlace,
  approval: Type.Object({ needed: n, why: orNull(text) }),
  decided: orNull(KeptBy),
})
export type KeepPlan = Static<typeof KeepPlan>

export const Step = Type.Object({ kind: text, label: text, body: Type.Record(text, Type.Unknown()) })

export const Made = Type.Object({
  id: text,
  result: text,
  resultDetail: text,
  differs: Type.Array(text),
  next: Type.Array(Step),
})

export const Session = Type.Object({ tenant: Type.Object({ id: text }), permissions: Type.Array(text) })

export const Person = Type.Object({ id: text, name: text, email: text, role: text, createdAt: text })

const token = {
  id: text,
  name: text,
  permissions: Type.Array(text),
  createdBy: text,
  expiresAt: orNull(text),
  lastUsedAt: orNull(text),
}
export const Token = Type.Object(token)
export const TokenMade = Type.Object({ ...token, token: text })

export const Entry = Type.Object({
  id: text,
  action: text,
  kind: text,
  value: text,
  state: text,
  expiresAt: orNull(text),
  lastMatchedAt: orNull(text),
  matches: n,
  createdBy: text,
  modifiedBy: text,
  overrides: text,
  note: text,
})

export const EntryOutcomes = Type.Object({
  results: Type.Array(
    Type.Object({
      of: text,
      status: text,
      entry: orNull(Entry),
      error: orNull(Type.Object({ message: text, cure: text })),
    }),
  ),
})

export const EntryEffect = Type.Object({
  matching: n,
  flips: n,
  now: Type.Array(Type.Object({ label: text })),
  sample: Type.Array(
    Type.Object({
      receivedAt: text,
      subject: text,
      senderAddress: orNull(text),
      from: Type.Object({ threat: text, placement: text }),
      to: Type.Object({ threat: text, placement: text }),
    }),
  ),
})

export const Audited = Type.Object({
  seq: n,
  at: text,
  actor: text,
  action: text,
  target: orNull(text),
  detail: Type.Record(text, Type.Unknown()),
})

export const AuditProof = Type.Object({
  ok: Type.Boolean(),
  entries: n,
  head: orNull(Type.Object({ seq: n, hash: text })),
  problems: Type.Array(text),
})

export const Organisation = Type.Object({
  version: n,
  domains: Type.Array(text),
  mailboxes: Type.Array(
    Type.Object({ address: text, login: text, displayName: text, kind: text, protected: Type.Boolean() }),
  ),
  aliases: Type.Array(Type.Unknown()),
  groups: Type.Array(Type.Unknown()),
})

export const PolicyShape = Type.Object({
  mode: text,
  version: n,
  trustedAuthserv: Type.Array(text),
  trustedArcSealers: Type.Array(text),
  thresholds: orNull(Type.Object({ suspicious: Type.Number(), high: Type.Number() })),
  unparsable: text,
  approvals: Type.Object({ ownProposals: Type.Boolean(), secondAbove: orNull(n), secondForHardDelete: Type.Boolean() }),
})
export type PolicyShape = Static<typeof PolicyShape>

export const Imported = Type.Object({ messageId: text, duplicate: Type.Boolean() })
