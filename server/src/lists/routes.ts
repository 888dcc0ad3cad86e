import { type Static, Type } from 'typebox'
import { type Api, InstantText, PageOf } from '../access/index.ts'
import { AppError, type EntryId, type SubmissionId } from '../base/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import type { Entry } from './door.ts'
import { addEntry, editEntry, gone, removeEntry } from './entries.ts'
import { getEntry, historyOf, listEntries } from './queries.ts'
import { registerSuspensions } from './suspension-routes.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

export const EntryActions = Type.Enum(['allow', 'block'])
export const EntryKinds = Type.Enum(['sender', 'sender-domain', 'url', 'url-domain', 'file-hash', 'sender-ip'])
const States = Type.Enum(['active', 'expired', 'removed'])

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
  const { updatedAt: _, createdAt, lastMatchedAt, ...rest } = entry
  return { ...rest, createdAt: createdAt.toISOString(), lastMatchedAt: lastMatchedAt?.toISOString() ?? null }
}

export interface ListsDeps {
  readonly storage: Pick<Storage, 'tenant' | 'outbox'>
  /** Submissions stand below this room; without it no entry can name one. */
  readonly submissionExists?: (tx: Tx, id: SubmissionId) => Promise<boolean>
}

const Id = Type.Object({ id: Type.String({ format: 'uuid' }) })

export function register(app: Api, { storage, submissionExists }: ListsDeps): void {
  registerSuspensions(app, { storage })
  app.get(
    '/entries',
    {
      config: { permission: 'lists.read' },
      schema: {
        summary: 'Allow and block entries, newest first',
        querystring: Type.Object({
          action: Type.Optional(EntryActions),
          kind: Type.Optional(EntryKinds),
          state: Type.Optional(States),
          q: Type.Optional(Type.String({ maxLength: 200 })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
          cursor: Type.Optional(Type.String({ format: 'uuid' })),
        }),
        response: { 200: PageOf(EntryRow) },
      },
    },
    async ({ actor, query: { cursor, limit = 100, ...query } }) => {
      const after = cursor === undefined ? {} : { after: cursor as EntryId }
      const entries = await storage.tenant(actor.tenant, (tx) =>
        listEntries(tx, { ...query, ...after, limit: limit + 1 }),
      )
      const items = entries.slice(0, limit).map(entryRow)
      return { items, next: entries.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
  )

  app.get(
    '/entries/:id',
    {
      config: { permission: 'lists.read' },
      schema: { summary: 'One entry with its history', params: Id, response: { 200: EntryDetail } },
    },
    async ({ actor, params }) => {
      const id = params.id as EntryId
      return storage.tenant(actor.tenant, async (tx) => {
        const entry = await getEntry(tx, id)
        if (entry === null) throw gone(id)
        const history = await historyOf(tx, id)
        return {
          ...entryRow(entry),
          history: history.map((h) => ({
            ...h,
            at: h.at.toISOString(),
            expiresAt: h.expiresAt?.toISOString() ?? null,
          })),
        }
      })
    },
  )

  app.post(
    '/entries',
    {
      config: { permission: 'lists.write' },
      schema: { summary: 'Add an entry', body: EntryBody, response: { 201: EntryRow } },
    },
    async ({ actor, body }, reply) => {
      const submissionId = (body.submissionId ?? null) as SubmissionId | null
      const entry = await storage.tenant(actor.tenant, async (tx) => {
        if (submissionId !== null && !(await submissionExists?.(tx, submissionId))) throw noSubmission(submissionId)
        return addEntry(tx, storage.outbox, actor, { ...body, submissionId })
      })
      return reply.code(201).send(entryRow(entry))
    },
  )

  app.patch(
    '/entries/:id',
    {
      config: { permission: 'lists.write' },
      schema: {
        summary: 'Change expiry or note; the value never changes',
        params: Id,
        body: Type.Object(
          { expiresInDays: EntryBody.properties.expiresInDays, note: EntryBody.properties.note },
          { additionalProperties: false },
        ),
        response: { 200: EntryRow },
      },
    },
    async ({ actor, params, body }) =>
      entryRow(
        await storage.tenant(actor.tenant, (tx) => editEntry(tx, storage.outbox, actor, params.id as EntryId, body)),
      ),
  )

  app.delete(
    '/entries/:id',
    {
      config: { permission: 'lists.write' },
      schema: { summary: 'Remove an entry; it stays readable', params: Id, response: { 200: EntryRow } },
    },
    async ({ actor, params }) =>
      entryRow(
        await storage.tenant(actor.tenant, (tx) => removeEntry(tx, storage.outbox, actor, params.id as EntryId)),
      ),
  )
}

const noSubmission = (id: string): AppError =>
  new AppError(
    'submission-not-found',
    `There is no submission ${id}.`,
    'Report the message first, then take the offered entry.',
    {
      status: 404,
    },
  )
