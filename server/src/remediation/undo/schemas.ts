import { Type } from 'typebox'
import { InstantText } from '../../access/index.ts'
import { MessageFilter } from '../../records/index.ts'
import { ACTION_STATES } from '../ledger/states.ts'
import { TAKE_SOURCES } from '../types.ts'

const uuid = Type.String({ format: 'uuid' })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(item: T) => Type.Union([item, Type.Null()])
const strict = { additionalProperties: false }
const MANY = 200_000
const ids = (description: string) => Type.Optional(Type.Array(uuid, { minItems: 1, maxItems: MANY, description }))
const CauseRef = Type.Object(
  { id: Type.String({ minLength: 1, maxLength: 200 }), version: Type.Optional(Type.Integer({ minimum: 0 })) },
  strict,
)

export const UndoSelection = Type.Object(
  {
    actions: ids('what these actions did; an undo among them is redone'),
    items: ids('only these items'),
    deliveryIds: ids('what was done to these recipient copies'),
    messageIds: ids('what was done to these messages'),
    filter: Type.Optional(MessageFilter),
    entry: Type.Optional(CauseRef),
    signal: Type.Optional(CauseRef),
    policy: Type.Optional(CauseRef),
    submission: Type.Optional(uuid),
    person: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'who asked or approved: id or name' }),
    ),
    from: Type.Optional(Type.String({ maxLength: 40, description: 'done from this instant on' })),
    to: Type.Optional(Type.String({ maxLength: 40, description: 'done before this instant' })),
  },
  { ...strict, description: 'every part narrows; a cause without version means all its versions' },
)

export const UndoRequestBody = Type.Object(
  {
    select: UndoSelection,
    folderGone: Type.Optional(Type.Enum(['recreate', 'inbox'])),
    source: Type.Optional(Type.Enum([...TAKE_SOURCES])),
    suspendCause: Type.Optional(Type.Boolean({ description: 'new mail is judged without it from now on' })),
    releaseHeld: Type.Optional(
      Type.Boolean({
        description:
          'also into the inboxes of their recipients what the gate has kept or put into Junk because of the named causes',
      }),
    ),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
  },
  strict,
)
export const UndoPreviewRequest = Type.Object({ select: UndoSelection }, strict)

const Reason = Type.Object({ reason: Type.String(), count: Type.Integer() })
const State = Type.Enum([...ACTION_STATES])
const CauseKind = Type.Enum(['signal', 'entry', 'policy', 'person', 'action', 'submission'])

export const UndoPreviewBody = Type.Object({
  copies: Type.Integer(),
  messages: Type.Integer(),
  mailboxes: Type.Integer(),
  exact: Type.Integer(),
  notExact: Type.Array(Reason),
  impossible: Type.Array(Reason),
  byFolder: Type.Array(Type.Object({ folder: Type.String(), count: Type.Integer() })),
  actions: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      state: State,
      requestedBy: Type.Object({ id: orNull(Type.String()), name: Type.String() }),
      createdAt: InstantText,
      cause: orNull(Type.Object({ kind: CauseKind, id: Type.String(), version: Type.Integer() })),
      copies: Type.Integer(),
      impossible: Type.Integer(),
    }),
  ),
  past: Type.Object({ copies: Type.Integer(), from: orNull(InstantText), to: orNull(InstantText) }),
  running: Type.Object({
    copies: Type.Integer(),
    actions: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), state: State, left: Type.Integer() })),
  }),
  heldAtGate: Type.Integer(),
  junkedAtGate: Type.Integer(),
  future: Type.Array(
    Type.Object({
      cause: Type.Object({ kind: CauseKind, id: Type.String(), version: orNull(Type.Integer()) }),
      state: Type.Enum(['acts', 'suspended', 'gone', 'unknown']),
      canSuspend: Type.Boolean(),
      says: Type.String(),
    }),
  ),
  at: InstantText,
})
