import { type TSchema, Type } from 'typebox'
import { InstantText, PageOf } from '../access/index.ts'
import { type MessageId, Uuid } from '../base/index.ts'
import { Locations, Threats } from '../records/index.ts'
import { SORTS } from './cursor.ts'
import { HeldFilter } from './filter.ts'
import { LONGEST_DAYS } from './retention.ts'
import { HeldSelection } from './selection.ts'
import { PolicyTypes, Reasons, Statuses } from './words.ts'

const orNull = <T extends TSchema>(item: T) => Type.Union([item, Type.Null()])
const text = Type.String()
const n = Type.Integer()

export const HeldRecipientRow = Type.Object({
  deliveryId: text,
  recipient: text,
  address: text,
  mailboxId: orNull(text),
  status: Statuses,
  location: Locations,
  reason: Reasons,
  policyType: PolicyTypes,
  policyName: text,
  heldSince: orNull(InstantText),
  expiresAt: orNull(InstantText),
  extendedBy: orNull(text),
  statusAt: orNull(InstantText),
  statusBy: orNull(text),
  releasedAt: orNull(InstantText),
  releasedBy: orNull(text),
  taken: Type.Boolean(),
})

export const HeldMessageRow = Type.Object({
  messageId: text,
  internetMessageId: orNull(text),
  subject: text,
  senderName: text,
  sender: orNull(text),
  receivedAt: InstantText,
  size: n,
  direction: Type.Enum(['inbound', 'internal', 'outbound']),
  threat: Threats,
  technology: text,
  reported: Type.Boolean(),
  reason: Reasons,
  policyType: PolicyTypes,
  policyName: text,
  expiresAt: orNull(InstantText),
  counts: Type.Object({ held: n, denied: n, released: n, deleted: n, expired: n, elsewhere: n }),
  recipients: Type.Array(HeldRecipientRow),
})
export const HeldPage = PageOf(HeldMessageRow)

const order = {
  sort: Type.Optional(Type.Enum([...SORTS])),
  dir: Type.Optional(Type.Enum(['asc', 'desc'])),
}
export const HeldListQuery = Type.Object(
  {
    ...HeldFilter.properties,
    ...order,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 6000 })),
  },
  { additionalProperties: false },
)
export const HeldCsvQuery = Type.Object({ ...HeldFilter.properties, ...order }, { additionalProperties: false })

export const HeldCountsBody = Type.Object({
  messages: n,
  copies: n,
  held: n,
  reasons: Type.Array(Type.Object({ reason: Reasons, count: n })),
})

export const MessageResultRow = Type.Object({
  messageId: text,
  subject: text,
  ok: Type.Boolean(),
  copies: n,
  says: text,
})
/** The first thousand messages; `done` and `refused` count all. */
export const Results = Type.Object({ done: n, refused: n, copies: n, results: Type.Array(MessageResultRow) })

const note = Type.Optional(Type.String({ maxLength: 2000 }))
export const DenyBody = Type.Object({ select: HeldSelection, note }, { additionalProperties: false })
export const ExtendBody = Type.Object(
  {
    select: HeldSelection,
    days: Type.Integer({ minimum: 1, maximum: LONGEST_DAYS, description: 'days from now; never earlier than it is' }),
    note,
  },
  { additionalProperties: false },
)
export const DownloadBody = Type.Object(
  {
    messageIds: Type.Array(Uuid<MessageId>(), { minItems: 1, maxItems: 1000 }),
    password: Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: '^[\\x20-\\x7e]+$',
      description: 'printable ASCII',
    }),
    reason: Type.String({ minLength: 1, maxLength: 1000, description: 'kept in the audit log' }),
    cipher: Type.Optional(Type.Enum(['aes-256', 'zipcrypto'])),
  },
  { additionalProperties: false },
)
export const MessageParams = Type.Object({ id: Uuid<MessageId>() })
