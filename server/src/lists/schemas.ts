import { type Static, Type } from 'typebox'
import { InstantText } from '../access/index.ts'
import type { Entry } from './door.ts'
import { overrides } from './types.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

export const EntryActions = Type.Enum(['allow', 'block'])
export const EntryKinds = Type.Enum(['sender', 'sender-domain', 'url', 'url-domain', 'file-hash', 'sender-ip'])
export const States = Type.Enum(['active', 'expired', 'removed'])

export const EntryBody = Type.Object(
  {
    action: EntryActions,
    kind: EntryKinds,
    value: Type.String({ minLength: 1, maxLength: 1000 }),
    expiresInDays: Type.Optional(
      Nullable(
        Type.Integer({ minimum: 1, maximum: 90, description: 'null = never; absent = 30, for IP addresses never' }),
      ),
    ),
    note: Type.Optional(Type.String({ maxLength: 1000 })),
    submissionId: Type.Optional(
      Nullable(
        Type.String({
          format: 'uuid',
          description: 'the submission that it is made by; such an allow reaches further',
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
