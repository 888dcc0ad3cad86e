import { Type } from 'typebox'
import { InstantText, PageOf } from '../access/index.ts'
import { Locations, MessageFilter } from '../records/index.ts'
import { ACTION_SORTS, PERIODS } from './history.ts'
import { ACTION_STATES, ITEM_STATES } from './states.ts'
import { SOURCES, TAKE_SOURCES } from './types.ts'
import { RESULT_CLASSES } from './view.ts'

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

const someIds = Type.Optional(Type.Array(uuid, { minItems: 1, maxItems: MANY }))

/** Which copies: by hand, by query with exclusions, or what an earlier action touched. */
export const SelectBody = Type.Union([
  Type.Object({ deliveryIds: Type.Array(uuid, { minItems: 1, maxItems: MANY }) }, strict),
  Type.Object({ messageIds: Type.Array(uuid, { minItems: 1, maxItems: MANY }), recipients }, strict),
  Type.Object(
    {
      filter: MessageFilter,
      except: Type.Optional(Type.Object({ deliveryIds: someIds, messageIds: someIds }, strict)),
    },
    strict,
  ),
  Type.Object({ actionId: uuid, itemIds: someIds }, strict),
])

export const MailKinds = Type.Enum(['move', 'soft-delete', 'hard-delete', 'quarantine', 'release'])
export const Targets = Type.Enum(['inbox', 'junk', 'deleted-items'], { description: 'for move' })
export const Severities = Type.Enum(['low', 'medium', 'high'])
export const Sources = Type.Enum([...SOURCES])
export const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' })
export const Description = Type.String({ maxLength: 2000 })

export const ActionRequestBody = Type.Object(
  {
    kind: MailKinds,
    target: Type.Optional(Targets),
    select: SelectBody,
    recipients,
    name: Type.Optional(Name),
    description: Type.Optional(Description),
    cause: Type.Optional(Cause),
    severity: Type.Optional(Severities),
    source: Type.Optional(Type.Enum([...TAKE_SOURCES])),
    propose: Type.Optional(Type.Boolean({ description: 'wait for approval although the asker could run it' })),
    senderCopy: Type.Optional(Type.Boolean({ description: 'with a deletion: the copy in the sender’s Sent too' })),
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
  senderCopies: Type.Integer(),
  byFolder: Type.Array(Type.Object({ folder: Type.String(), count: Type.Integer() })),
  notExact: Type.Array(Reason),
  impossible: Type.Array(
    Type.Object({ reason: Type.String(), count: Type.Integer(), sample: Type.Array(Type.String()) }),
  ),
  at: InstantText,
})

export { UndoPreviewBody, UndoPreviewRequest, UndoRequestBody, UndoSelection } from './undo/schemas.ts'

const State = Type.Enum([...ACTION_STATES])
export const SubmittedBody = Type.Object({
  id: Type.String(),
  name: Type.String(),
  state: State,
  approvalId: Type.Optional(Type.String()),
  copies: Type.Optional(Type.Integer({ description: 'that it will touch, as recorded' })),
})
export const DecidedBody = Type.Object({
  id: Type.String(),
  state: State,
  approvals: Type.Integer(),
  needed: Type.Integer(),
  derived: orNull(Type.String()),
})
const why = Type.Optional(Type.String({ maxLength: 2000 }))
export const Why = Type.Object({ why }, strict)
export const ApproveBody = Type.Object(
  {
    why,
    except: Type.Optional(Type.Object({ itemIds: someIds, deliveryIds: someIds, messageIds: someIds }, strict)),
    instead: Type.Optional(Type.Object({ kind: MailKinds, target: Type.Optional(Targets) }, strict)),
  },
  strict,
)
export const RejectBody = Type.Object(
  {
    why,
    falsePositive: Type.Optional(
      Type.Literal(true, { description: 'submit its messages as clean, allow, and classify, in one step' }),
    ),
    allow: Type.Optional(
      Type.Array(
        Type.Object(
          {
            kind: Type.String({ maxLength: 40 }),
            value: Type.String({ minLength: 1, maxLength: 4096 }),
            expiresInDays: Type.Optional(orNull(Type.Integer({ minimum: 1, maximum: 90 }))),
            note: Type.Optional(Type.String({ maxLength: 1000 })),
          },
          strict,
        ),
        { maxItems: 50, description: 'absent = what the reports offer; [] = none' },
      ),
    ),
  },
  strict,
)
export const RejectedBody = Type.Object({
  ...DecidedBody.properties,
  submissions: Type.Integer({ description: 'messages that were submitted as clean' }),
  entries: Type.Array(
    Type.Object({ id: Type.String(), action: Type.String(), kind: Type.String(), value: Type.String() }),
  ),
})
export const DecideBody = Type.Object(
  { ids: Type.Array(uuid, { minItems: 1, maxItems: 200 }), verb: Type.Enum(['approve', 'reject', 'undo']), why },
  strict,
)
export const DecideResults = Type.Object({
  results: Type.Array(
    Type.Object({
      id: Type.String(),
      ok: Type.Boolean(),
      state: orNull(State),
      error: orNull(Type.Object({ code: Type.String(), message: Type.String(), cure: Type.String() })),
    }),
  ),
})

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
  undoes: Type.Array(Type.String()),
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
  approvalId: Type.String(),
  severity: orNull(Severities),
  source: Sources,
  about: orNull(
    Type.Union([
      Type.Object({
        as: Type.String(),
        messages: Type.Integer(),
        submissionIds: Type.Array(Type.String()),
      }),
      Type.Object({ entryId: Type.String(), action: Type.String(), kind: Type.String(), value: Type.String() }),
    ]),
  ),
  approvalsNeeded: Type.Integer(),
  decidedBy: orNull(Type.String()),
  decidedAt: orNull(InstantText),
  expiresAt: orNull(InstantText),
  expiring: Type.Boolean(),
  derivedFrom: orNull(Type.String()),
  classification: orNull(
    Type.Object({
      value: Type.Literal('false-positive'),
      by: Type.String(),
      at: Type.String(),
      note: orNull(Type.String()),
    }),
  ),
  updatedAt: InstantText,
  problem: orNull(Type.String()),
  proof: orNull(Type.Array(Type.String())),
})

const Brief = Type.Object({
  id: Type.String(),
  kind: ActionRow.properties.kind,
  name: Type.String(),
  state: State,
})
export const ActionDetail = Type.Object({
  ...ActionRow.properties,
  selection: orNull(
    Type.Object({
      by: Type.Enum(['hand', 'query', 'action']),
      query: orNull(Type.String()),
      at: Type.String(),
      copies: Type.Integer(),
      messages: Type.Integer(),
    }),
  ),
  together: Type.Array(Brief),
  derived: Type.Array(Brief),
  can: Type.Object({
    approve: Type.Boolean(),
    reject: Type.Boolean(),
    approvePart: Type.Boolean(),
    cancel: Type.Boolean(),
    undo: Type.Boolean(),
    redo: Type.Boolean(),
  }),
})
const Classes = Type.Enum([...RESULT_CLASSES])
export const ResultsBody = Type.Object({
  results: Type.Array(Type.Object({ class: Classes, count: Type.Integer(), reasons: Type.Array(Reason) })),
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
  senderCopy: Type.Boolean(),
  class: Classes,
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

const word = Type.String({ minLength: 1, maxLength: 200 })
const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  cursor: Type.Optional(uuid),
}
const periods = Object.keys(PERIODS) as (keyof typeof PERIODS)[]
export const ActionsFilter = Type.Object({
  tab: Type.Optional(Type.Enum(['pending', 'history'])),
  period: Type.Optional(Type.Enum([...periods, 'all'])),
  from: Type.Optional(InstantText),
  to: Type.Optional(InstantText),
  kind: many(ActionRow.properties.kind),
  state: many(State),
  source: many(Sources),
  severity: many(Severities),
  decidedBy: many(word),
  requestedBy: many(word),
  approval: many(word),
  q: Type.Optional(Type.String({ maxLength: 200, description: 'text in name, description, approval ID' })),
  sort: Type.Optional(Type.Enum([...ACTION_SORTS])),
  dir: Type.Optional(Type.Enum(['asc', 'desc'])),
})
export const ActionsQuery = Type.Object({
  ...ActionsFilter.properties,
  limit: page.limit,
  cursor: Type.Optional(Type.String({ maxLength: 1000 })),
})
export const ItemsFilter = Type.Object({
  state: many(Type.Enum([...ITEM_STATES])),
  class: many(Classes),
  q: Type.Optional(Type.String({ maxLength: 200, description: 'text in recipient or subject' })),
})
export const ItemsQuery = Type.Object({ ...ItemsFilter.properties, ...page })

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
