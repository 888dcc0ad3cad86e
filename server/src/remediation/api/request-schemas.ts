import { Type } from 'typebox'
import { InstantText } from '../../access/index.ts'
import { MessageFilter } from '../../records/index.ts'
import { ACTION_STATES } from '../ledger/states.ts'
import { SOURCES, TAKE_SOURCES } from '../types.ts'

// What is asked for, and its preview; with the small parts that all bodies of this room share.

export const uuid = Type.String({ format: 'uuid' })
export const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(item: T) => Type.Union([item, Type.Null()])
export const strict = { additionalProperties: false }
export const MANY = 200_000

export const State = Type.Enum([...ACTION_STATES])

export const Cause = Type.Object(
  {
    kind: Type.Enum(['signal', 'entry', 'policy', 'person', 'action', 'submission']),
    id: Type.String({ minLength: 1, maxLength: 200 }),
    version: Type.Integer({ minimum: 0 }),
  },
  strict,
)

const recipients = Type.Optional(Type.Array(Type.String({ maxLength: 320 }), { minItems: 1, maxItems: 10_000 }))

export const someIds = Type.Optional(Type.Array(uuid, { minItems: 1, maxItems: MANY }))

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

export const Reason = Type.Object({ reason: Type.String(), count: Type.Integer() })

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

export const SubmittedBody = Type.Object({
  id: Type.String(),
  name: Type.String(),
  state: State,
  approvalId: Type.Optional(Type.String()),
  copies: Type.Optional(Type.Integer({ description: 'that it will touch, as recorded' })),
})
