import { Type } from 'typebox'
import { type ActionId, Uuid } from '../../base/index.ts'
import { MailKinds, orNull, State, someIds, strict, Targets } from './request-schemas.ts'

// What is decided about proposals, and what became of it.

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
  {
    ids: Type.Array(Uuid<ActionId>(), { minItems: 1, maxItems: 200 }),
    verb: Type.Enum(['approve', 'reject', 'undo']),
    why,
  },
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
