import { Type } from 'typebox'
import { InstantText, PageOf } from '../access/index.ts'
import { Locations, MessageFilter } from '../records/index.ts'
import { ACTION_STATES, ITEM_STATES } from './states.ts'

const uuid = Type.String({ pattern: '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(item: T) => Type.Union([item, Type.Null()])
const strict = { additionalProperties: false }
const MANY = 200_000

export const Cause = Type.Object(
  {
    kind: Type.Enum(['signal', 'entry', 'policy', 'person', 'action', 'submission']),
    id: Type.String({ minLength: 1, maxLength: 200 }),
    version: Type.Integer({ minimum: 0 }),
  },
  strict,
)

const recipients = Type.Optional(Type.Array(Type.String({ maxLength: 320 }), { minItems: 1, maxItems: 10_000 }))

export const ActionRequestBody = Type.Object(
  {
    kind: Type.Enum(['move', 'soft-delete', 'hard-delete', 'quarantine', 'release']),
    target: Type.Optional(Type.Enum(['inbox', 'junk', 'deleted-items'], { description: 'for move' })),
    select: Type.Union([
      Type.Object({ deliveryIds: Type.Array(uuid, { minItems: 1, maxItems: MANY }) }, strict),
      Type.Object({ messageIds: Type.Array(uuid, { minItems: 1, maxItems: MANY }), recipients }, strict),
      Type.Object({ filter: MessageFilter }, strict),
    ]),
    recipients,
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    cause: Type.Optional(Cause),
  },
  strict,
)

const Reason = Type.Object({ reason: Type.String(), count: Type.Integer() })

export const PlanBody = Type.Object({
  copies: Type.Integer(),
  mailboxes: Type.Integer(),
  messages: Type.Integer(),
  items: Type.Object({
    actionable: Type.Integer(),
    alreadyThere: Type.Integer(),
    notFound: Type.Integer(),
    impossible: Type.Integer(),
  }),
  byFolder: Type.Array(Type.Object({ folder: Type.String(), count: Type.Integer() })),
  notExact: Type.Array(Reason),
  impossible: Type.Array(
    Type.Object({ reason: Type.String(), count: Type.Integer(), sample: Type.Array(Type.String()) }),
  ),
  at: InstantText,
})

export const UndoPreviewBody = Type.Object({
  copies: Type.Integer(),
  mailboxes: Type.Integer(),
  exact: Type.Integer(),
  notExact: Type.Array(Reason),
  impossible: Type.Array(Reason),
  at: InstantText,
})

const State = Type.Enum([...ACTION_STATES])
export const SubmittedBody = Type.Object({ id: Type.String(), name: Type.String(), state: State })
export const DecidedBody = Type.Object({ id: Type.String(), state: State })
export const Why = Type.Object({ why: Type.Optional(Type.String({ maxLength: 2000 })) }, strict)

const Person = Type.Object({ id: orNull(Type.String()), name: Type.String() })

export const ActionRow = Type.Object({
  id: Type.String(),
  kind: Type.Enum(['move', 'soft-delete', 'hard-delete', 'quarantine', 'release', 'undo', 'submit', 'list-entry']),
  target: orNull(Type.Enum(['inbox', 'junk', 'deleted-items'])),
  name: Type.String(),
  description: Type.String(),
  state: State,
  requestedBy: Person,
  approvals: Type.Array(
    Type.Object({
      id: orNull(Type.String()),
      name: Type.String(),
      at: Type.String(),
      decision: Type.Enum(['approved', 'rejected', 'cancelled']),
      why: orNull(Type.String()),
    }),
  ),
  cause: orNull(Cause),
  createdAt: InstantText,
  startedAt: orNull(InstantText),
  endedAt: orNull(InstantText),
  undoOf: orNull(Type.String()),
  undoneBy: orNull(Type.String()),
  counts: Type.Object({
    total: Type.Integer(),
    planned: Type.Integer(),
    approved: Type.Integer(),
    executing: Type.Integer(),
    done: Type.Integer(),
    alreadyThere: Type.Integer(),
    notFound: Type.Integer(),
    skipped: Type.Integer(),
    ambiguous: Type.Integer(),
    failed: Type.Integer(),
    verified: Type.Integer(),
    retrying: Type.Integer(),
    reverted: Type.Integer(),
    doubtful: Type.Integer(),
  }),
  problem: orNull(Type.String()),
  proof: orNull(Type.Array(Type.String())),
})
export const ActionPage = PageOf(ActionRow)

const ItemPlace = Type.Object({
  location: orNull(Locations),
  folder: orNull(Type.String()),
  flags: Type.Array(Type.String()),
  keywords: Type.Array(Type.String()),
  internalDate: orNull(Type.String()),
  size: orNull(Type.Integer()),
})

export const ItemRow = Type.Object({
  id: Type.String(),
  deliveryId: Type.String(),
  messageId: Type.String(),
  recipient: Type.String(),
  subject: Type.String(),
  state: Type.Enum([...ITEM_STATES]),
  reason: orNull(Type.String()),
  before: orNull(ItemPlace),
  after: orNull(ItemPlace),
  lost: Type.Array(Type.String()),
  verifiedAt: orNull(InstantText),
  attempts: Type.Integer(),
  nextAttemptAt: orNull(InstantText),
  undoes: orNull(Type.String()),
  sameAs: orNull(Type.String()),
  revertedBy: orNull(Type.String()),
})
export const ItemPage = PageOf(ItemRow)

export const UndoBody = Type.Object(
  {
    items: Type.Optional(Type.Array(uuid, { minItems: 1, maxItems: MANY })),
    folderGone: Type.Optional(Type.Enum(['recreate', 'inbox'])),
    suspendCause: Type.Optional(Type.Boolean()),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
  },
  strict,
)

export const Id = Type.Object({ id: uuid })

/** A query parameter that may be repeated. */
export const many = <T extends Parameters<typeof Type.Union>[0][number]>(item: T) =>
  Type.Optional(Type.Union([item, Type.Array(item, { maxItems: 20 })]))

const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  cursor: Type.Optional(uuid),
}
export const ActionsQuery = Type.Object({ ...page, state: many(State) })
export const ItemsQuery = Type.Object({ ...page, state: many(Type.Enum([...ITEM_STATES])) })

export const TransitionList = Type.Object({
  items: Type.Array(
    Type.Object({
      at: InstantText,
      who: Type.String(),
      from: orNull(Type.Enum([...ITEM_STATES])),
      to: Type.Enum([...ITEM_STATES]),
      why: orNull(Type.String()),
    }),
  ),
})
