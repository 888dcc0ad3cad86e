import { type Static, Type } from 'typebox'
import { InstantText } from '../access/index.ts'
import { type EntryId, Uuid } from '../base/index.ts'
import type { Entry } from './door.ts'
import { ENTRY_KINDS, overrides } from './types.ts'

/** Most values or entries of one request. */
export const MOST = 500

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

export const EntryActions = Type.Enum(['allow', 'block'])
export const EntryKinds = Type.Enum([...ENTRY_KINDS])
export const States = Type.Enum(['active', 'expired', 'removed'])

const Instant = Type.Optional(Type.String({ format: 'date-time' }))

/** What of the list is asked for. */
export const EntryListQuery = Type.Object({
  action: Type.Optional(EntryActions),
  kind: Type.Optional(EntryKinds),
  state: Type.Optional(States),
  q: Type.Optional(Type.String({ maxLength: 200, description: 'part of value or note' })),
  by: Type.Optional(Type.String({ maxLength: 200, description: 'part of the name of who changed it last' })),
  neverEnds: Type.Optional(Type.Boolean()),
  ...{ endsBefore: Instant, updatedSince: Instant, updatedBefore: Instant, usedSince: Instant, unusedSince: Instant },
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  cursor: Type.Optional(Uuid<EntryId>()),
})

export const EntryBody = Type.Object(
  {
    action: EntryActions,
    kind: EntryKinds,
    value: Type.String({ minLength: 1, maxLength: 1000 }),
    expiresInDays: Type.Optional(
      Nullable(
        Type.Integer({
          minimum: 1,
          maximum: 90,
          description: 'null = never; absent = 30, for IP addresses and spoofed senders never',
        }),
      ),
    ),
    note: Type.Optional(Type.String({ maxLength: 1000 })),
    submissionId: Type.Optional(
      Nullable(
        Type.String({
          format: 'uuid',
          description: 'the ID of the submission that it is made by; such an allow reaches further',
        }),
      ),
    ),
  },
  { additionalProperties: false },
)
export type EntryBody = Static<typeof EntryBody>

export const EntryRow = Type.Object({
  id: Type.String(),
  version: Type.Integer(),
  action: EntryActions,
  kind: EntryKinds,
  value: Type.String(),
  expiresAt: Nullable(InstantText),
  note: Type.String(),
  createdBy: Type.String(),
  createdAt: InstantText,
  updatedAt: InstantText,
  modifiedBy: Type.String(),
  overrides: Type.String({ description: 'how bad a verdict may be that it overrides: Up to …' }),
  lastMatchedAt: Nullable(InstantText),
  matches: Type.Integer(),
  state: States,
  origin: Type.Enum(['direct', 'submission']),
  submissionId: Nullable(Type.String()),
})
export type EntryRow = Static<typeof EntryRow>

const { value, ...common } = EntryBody.properties

/** Entries of one action and kind. */
export const ManyBody = Type.Object(
  { ...common, values: Type.Array(value, { minItems: 1, maxItems: MOST }) },
  { additionalProperties: false },
)
export type ManyBody = Static<typeof ManyBody>

export const ManyOutcomes = Type.Object({
  results: Type.Array(
    Type.Object({
      of: Type.String({ description: 'the value as it was written, or the id of the entry' }),
      status: Type.Enum(['succeeded', 'skipped', 'failed']),
      entry: Nullable(EntryRow),
      error: Nullable(Type.Object({ code: Type.String(), message: Type.String(), cure: Type.String() })),
    }),
  ),
})
export type ManyOutcomes = Static<typeof ManyOutcomes>

export const EntryDetail = Type.Object({
  ...EntryRow.properties,
  history: Type.Array(
    Type.Object({
      version: Type.Integer(),
      change: Type.Enum(['added', 'edited', 'renewed', 'removed']),
      at: InstantText,
      actor: Type.String(),
      expiresAt: Nullable(InstantText),
      note: Type.String(),
    }),
  ),
})

export function entryRow(entry: Entry): EntryRow {
  const { updatedAt, createdAt, lastMatchedAt, ...rest } = entry
  return {
    ...rest,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    lastMatchedAt: lastMatchedAt?.toISOString() ?? null,
    overrides: overrides(entry),
  }
}
