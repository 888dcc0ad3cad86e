import type { Api } from '../../access/index.ts'
import type { Storage } from '../../storage/index.ts'
import { MessageParams } from '../query-schemas.ts'
import { changeQuery, removeQuery, runQuery, savedQueries, saveQuery } from './queries.ts'
import { NewQuery, QueriesAsked, QueryChange, QueryRun, SavedQueries, SavedQuery } from './schemas.ts'

// Who reads mail may ask what others have saved; who may propose actions saves.
const reads = { permission: 'mail.read' } as const
const saves = { permission: 'remediation.propose' } as const

export function registerSaved(app: Api, storage: Pick<Storage, 'tenant'>): void {
  app.get(
    '/saved-queries',
    {
      config: reads,
      schema: {
        summary: 'Saved queries of the organisation, by name',
        querystring: QueriesAsked,
        response: { 200: SavedQueries },
      },
    },
    async ({ actor, query }) => ({
      items: await storage.tenant(actor.tenant, (tx) => savedQueries(tx, query.counts ?? false, new Date())),
    }),
  )
  app.post(
    '/saved-queries',
    { config: saves, schema: { summary: 'Save a query', body: NewQuery, response: { 201: SavedQuery } } },
    async ({ actor, body }, reply) =>
      reply.status(201).send(await storage.tenant(actor.tenant, (tx) => saveQuery(tx, actor, body, new Date()))),
  )
  app.patch(
    '/saved-queries/:id',
    {
      config: saves,
      schema: {
        summary: 'Change it; what is not given stays',
        params: MessageParams,
        body: QueryChange,
        response: { 200: SavedQuery },
      },
    },
    ({ actor, params, body }) =>
      storage.tenant(actor.tenant, (tx) => changeQuery(tx, actor, params.id, body, new Date())),
  )
  app.delete(
    '/saved-queries/:id',
    { config: saves, schema: { summary: 'Remove it', params: MessageParams, response: { 200: SavedQuery } } },
    ({ actor, params }) => storage.tenant(actor.tenant, (tx) => removeQuery(tx, actor, params.id)),
  )
  app.post(
    '/saved-queries/:id/run',
    {
      config: reads,
      schema: {
        summary: 'Its filter with dates as of now, to list, count or act by',
        params: MessageParams,
        response: { 200: QueryRun },
      },
    },
    ({ actor, params }) => storage.tenant(actor.tenant, (tx) => runQuery(tx, params.id, new Date())),
  )
}
