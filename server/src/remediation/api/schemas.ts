import { Type } from 'typebox'
import { InstantText, PageOf } from '../../access/index.ts'
import { type ActionId, type ItemId, Uuid } from '../../base/index.ts'
import { ITEM_STATES } from '../ledger/states.ts'
import { TAKE_SOURCES } from '../types.ts'
import { ACTION_SORTS, PERIODS } from '../views/history.ts'
import { Classes } from './item-schemas.ts'
import { Cause, MANY, orNull, Reason, Severities, Sources, State, strict, uuid } from './request-schemas.ts'

export { UndoPreviewBody, UndoPreviewRequest, UndoRequestBody, UndoSelection } from '../undo/schemas.ts'
export * from './decide-schemas.ts'
export { ItemPage, ItemRow, TransitionList } from './item-schemas.ts'
export {
  ActionRequestBody,
  Cause,
  Description,
  MailKinds,
  Name,
  PlanBody,
  SelectBody,
  Severities,
  Sources,
  SubmittedBody,
  Targets,
} from './request-schemas.ts'

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
export const ResultsBody = Type.Object({
  results: Type.Array(Type.Object({ class: Classes, count: Type.Integer(), reasons: Type.Array(Reason) })),
})
export const ActionPage = PageOf(ActionRow)

export const UndoBody = Type.Object(
  {
    items: Type.Optional(Type.Array(Uuid<ItemId>(), { minItems: 1, maxItems: MANY })),
    folderGone: Type.Optional(Type.Enum(['recreate', 'inbox'])),
    suspendCause: Type.Optional(Type.Boolean()),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    source: Type.Optional(Type.Enum([...TAKE_SOURCES])),
  },
  strict,
)

export const Id = Type.Object({ id: Uuid<ActionId>() })

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
