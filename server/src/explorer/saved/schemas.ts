import Type, { type Static } from 'typebox'
import { InstantText } from '../../access/index.ts'
import { MessageFilter } from '../../records/index.ts'

const strict = { additionalProperties: false }
const name = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' })
const days = Type.Integer({
  minimum: 1,
  maximum: 366,
  description: 'the last so many days; the filter has no from and to',
})

export const NewQuery = Type.Object(
  {
    name,
    /** With `from` or `to` the dates are exact; without, they move along with `days`. */
    filter: MessageFilter,
    days: Type.Optional(days),
    tracked: Type.Optional(
      Type.Boolean({ description: 'its counts are shown: today, the day before, the week before' }),
    ),
  },
  strict,
)
export type NewQuery = Static<typeof NewQuery>

export const QueryChange = Type.Object(
  {
    name: Type.Optional(name),
    filter: Type.Optional(MessageFilter),
    days: Type.Optional(days),
    tracked: Type.Optional(Type.Boolean()),
  },
  strict,
)
export type QueryChange = Static<typeof QueryChange>

/** Messages by the day (UTC) on which they came. */
export const QueryCounts = Type.Object({
  today: Type.Integer(),
  dayBefore: Type.Integer(),
  /** A day's average of the seven days before today, and how far today is above or below it. */
  weekDaily: Type.Number(),
  trend: Type.Number(),
})

export const SavedQuery = Type.Object({
  id: Type.String(),
  name: Type.String(),
  filter: MessageFilter,
  /** Null: the dates are exact. */
  days: Type.Union([Type.Integer(), Type.Null()]),
  tracked: Type.Boolean(),
  author: Type.String(),
  createdAt: InstantText,
  updatedAt: InstantText,
  lastRunAt: Type.Union([InstantText, Type.Null()]),
  /** Of tracked queries, where they were asked for. */
  counts: Type.Union([QueryCounts, Type.Null()]),
})
export type SavedQuery = Static<typeof SavedQuery>

export const SavedQueries = Type.Object({ items: Type.Array(SavedQuery) })
export const QueriesAsked = Type.Object({ counts: Type.Optional(Type.Boolean()) }, strict)
/** The filter with its dates as of now. */
export const QueryRun = Type.Object({ id: Type.String(), name: Type.String(), filter: MessageFilter })
