import { Type } from 'typebox'
import { type Api, PageOf, requireAllow } from '../access/index.ts'
import { AppError, type EntryId, type SubmissionId, Uuid } from '../base/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import { addEntry, editEntry, gone, removeEntry } from './entries.ts'
import { registerMany } from './many-routes.ts'
import { getEntry, historyOf, listEntries } from './queries.ts'
import { EntryBody, EntryDetail, EntryListQuery, EntryRow, entryRow } from './schemas.ts'
import { registerSuspensions } from './suspension-routes.ts'

export interface ListsDeps {
  readonly storage: Pick<Storage, 'tenant' | 'outbox'>
  /** Submissions stand below this room; without it no entry can name one. */
  readonly submissionExists?: (tx: Tx, id: SubmissionId) => Promise<boolean>
}

const Id = Type.Object({ id: Uuid<EntryId>() })

export function register(app: Api, { storage, submissionExists }: ListsDeps): void {
  const checkSubmission = async (tx: Tx, text: string | null): Promise<SubmissionId | null> => {
    const id = text as SubmissionId | null
    if (id !== null && !(await submissionExists?.(tx, id))) throw noSubmission(id)
    return id
  }
  registerSuspensions(app, { storage })
  registerMany(app, { storage, checkSubmission })
  app.get(
    '/entries',
    {
      config: { permission: 'lists.read' },
      schema: {
        summary: 'Allow and block entries, newest first',
        querystring: EntryListQuery,
        response: { 200: PageOf(EntryRow) },
      },
    },
    async ({ actor, query: { cursor, limit = 100, ...query } }) => {
      const after = cursor === undefined ? {} : { after: cursor }
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
      const { id } = params
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
      if (body.action === 'allow') requireAllow(actor)
      const entry = await storage.tenant(actor.tenant, async (tx) => {
        const submissionId = await checkSubmission(tx, body.submissionId ?? null)
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
        await storage.tenant(actor.tenant, async (tx) => {
          const { id } = params
          // To let it live longer is to let more through.
          if (body.expiresInDays !== undefined && (await getEntry(tx, id))?.action === 'allow') requireAllow(actor)
          return editEntry(tx, storage.outbox, actor, id, body)
        }),
      ),
  )

  app.delete(
    '/entries/:id',
    {
      config: { permission: 'lists.write' },
      schema: { summary: 'Remove an entry; it stays readable', params: Id, response: { 200: EntryRow } },
    },
    async ({ actor, params }) =>
      entryRow(await storage.tenant(actor.tenant, (tx) => removeEntry(tx, storage.outbox, actor, params.id))),
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
