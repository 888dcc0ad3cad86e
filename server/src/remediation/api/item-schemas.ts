import { Type } from 'typebox'
import { InstantText, PageOf } from '../../access/index.ts'
import { Locations } from '../../records/index.ts'
import { ITEM_STATES } from '../ledger/states.ts'
import { RESULT_CLASSES } from '../views/items.ts'
import { orNull } from './request-schemas.ts'

export const Classes = Type.Enum([...RESULT_CLASSES])

export const ItemPlace = Type.Object({
  location: orNull(Locations),
  folder: orNull(Type.String()),
  flags: Type.Array(Type.String()),
  keywords: Type.Array(Type.String()),
  internalDate: orNull(Type.String()),
  size: orNull(Type.Integer()),
})

/** Who has said which of two copies stays. */
export const KeptBy = Type.Object({
  actionId: Type.String(),
  by: Type.String(),
  at: Type.String(),
  keeps: Type.String({ description: 'path of the folder whose copy stays' }),
  state: Type.Enum([...ITEM_STATES]),
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
  both: orNull(Type.Object({ source: ItemPlace, target: ItemPlace, decided: orNull(KeptBy) })),
  class: Classes,
})
export const ItemPage = PageOf(ItemRow)

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
