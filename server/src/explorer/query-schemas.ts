import Type, { type Static } from 'typebox'
import { MessageFilter } from '../records/index.ts'

// What lists, charts, counts and files are asked with.

export const MessageQuery = Type.Object(
  {
    ...MessageFilter.properties,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 200 })),
    sort: Type.Optional(Type.Enum(['received'])),
  },
  { additionalProperties: false },
)
export type MessageQuery = Static<typeof MessageQuery>

/** What a chart can be grouped by; of domains and addresses the ten commonest, the others together. */
export const PIVOTS = ['action', 'threat', 'location', 'technology', 'direction', 'senderDomain', 'ip'] as const
export type Pivot = (typeof PIVOTS)[number]
export const HistogramQuery = Type.Object(
  { ...MessageFilter.properties, by: Type.Optional(Type.Enum([...PIVOTS])) },
  { additionalProperties: false },
)

export const EXPORT_COLUMNS = [
  'date',
  'subject',
  'recipient',
  'recipientDomain',
  'senderAddress',
  'senderName',
  'senderDomain',
  'ip',
  'mailFrom',
  'mailFromDomain',
  'additional',
  'action',
  'location',
  'folder',
  'originalLocation',
  'threat',
  'technology',
  'direction',
  'attachments',
  'urls',
  'size',
  'internetMessageId',
  'messageId',
] as const
export type ExportColumn = (typeof EXPORT_COLUMNS)[number]
const Column = Type.Enum([...EXPORT_COLUMNS])
export const ExportQuery = Type.Object(
  {
    ...MessageFilter.properties,
    columns: Type.Optional(Type.Union([Column, Type.Array(Column, { minItems: 1, maxItems: EXPORT_COLUMNS.length })])),
  },
  { additionalProperties: false },
)

/** What can be counted: recipients (*top targeted users*), who sent it, and what it holds. */
export const TOPS = ['recipient', 'sender', 'senderDomain', 'ip', 'url', 'urlDomain', 'fileHash'] as const
export type TopOf = (typeof TOPS)[number]
export const TopQuery = Type.Object(
  {
    ...MessageFilter.properties,
    of: Type.Enum([...TOPS]),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 3000, default: 5 })),
  },
  { additionalProperties: false },
)
export const TopRow = Type.Object({
  value: Type.String(),
  /** Recipient copies that match, and of these how they were delivered. */
  copies: Type.Integer(),
  delivered: Type.Integer(),
  junked: Type.Integer(),
  blocked: Type.Integer(),
})
export type TopRow = Static<typeof TopRow>
export const Top = Type.Object({ items: Type.Array(TopRow) })

/** A message's id in the path; anything else is a 400. */
export const MessageParams = Type.Object({
  id: Type.String({ format: 'uuid' }),
})
