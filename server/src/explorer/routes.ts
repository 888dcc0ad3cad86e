import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Static } from 'typebox'
import type { Api } from '../access/index.ts'
import type { MessageId } from '../base/index.ts'
import type { Storage } from '../storage/index.ts'
import { messageDetail, messageTimeline } from './detail.ts'
import { messagesCsv } from './export.ts'
import { histogram, histogramCsv } from './histogram.ts'
import { listMessages } from './list.ts'
import { ExportQuery, HistogramQuery, MessageParams, MessageQuery, Top, TopQuery } from './query-schemas.ts'
import { registerSaved } from './saved/routes.ts'
import { Histogram, MessageDetail, MessagePage, Timeline } from './schemas.ts'
import { topCsv, topOf } from './top.ts'

export interface ExplorerDeps {
  readonly storage: Pick<Storage, 'tenant'>
}

const LIMIT = 50
const permission = 'mail.read'
/** The border where checked text becomes an ID of ours. */
const idOf = (params: { id: string }): MessageId => params.id.toLowerCase() as MessageId

export function register(app: Api, { storage }: ExplorerDeps): void {
  app.get(
    '/messages',
    {
      config: { permission },
      schema: {
        summary: 'Messages that match, newest first. All parameters must match; a repeated one means any of its values',
        querystring: MessageQuery,
        response: { 200: MessagePage },
      },
    },
    ({ actor, query }) => {
      const { limit, cursor, sort: _, ...filter } = query
      return storage.tenant(actor.tenant, (tx) => listMessages(tx, filter, { limit: limit ?? LIMIT, cursor }))
    },
  )
  app.get(
    '/messages/histogram',
    {
      config: { permission },
      schema: {
        summary: 'Recipient copies over time that match',
        querystring: HistogramQuery,
        response: { 200: Histogram },
      },
    },
    ({ actor, query }) => {
      const { by, ...filter } = query
      return storage.tenant(actor.tenant, (tx) => histogram(tx, filter, by ?? 'action'))
    },
  )
  registerFiles(app, storage)
  registerTop(app, storage)
  registerSaved(app, storage)
  app.get(
    '/messages/:id',
    {
      config: { permission },
      schema: { summary: 'Everything about one message', params: MessageParams, response: { 200: MessageDetail } },
    },
    ({ actor, params }) => storage.tenant(actor.tenant, (tx) => messageDetail(tx, idOf(params))),
  )
  app.get(
    '/messages/:id/timeline',
    {
      config: { permission },
      schema: {
        summary: 'What happened to a message and its copies, oldest first',
        params: MessageParams,
        response: { 200: Timeline },
      },
    },
    async ({ actor, params }) => ({
      items: await storage.tenant(actor.tenant, (tx) => messageTimeline(tx, idOf(params))),
    }),
  )
}

const file = (reply: FastifyReply, name: string): FastifyReply =>
  reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${name}.csv"`)

/** What the page shows, for a spreadsheet. */
function registerFiles(app: Api, storage: ExplorerDeps['storage']): void {
  app.get(
    '/messages.csv',
    {
      config: { permission },
      schema: {
        summary:
          'A line for each recipient copy that matches, newest first, up to 200,000, with the columns that are chosen',
        querystring: ExportQuery,
      },
    },
    ({ actor, query }, reply) => {
      const { columns, ...filter } = query
      const chosen = columns === undefined ? undefined : [columns].flat()
      return file(reply, 'Email').send(Readable.from(messagesCsv(storage, actor.tenant, filter, chosen)))
    },
  )
  app.get(
    '/messages/histogram.csv',
    { config: { permission }, schema: { summary: 'The numbers of the same chart', querystring: HistogramQuery } },
    async ({ actor, query }, reply) => {
      const { by, ...filter } = query
      const data = await storage.tenant(actor.tenant, (tx) => histogram(tx, filter, by ?? 'action'))
      return file(reply, 'Chart').send(histogramCsv(data))
    },
  )
}

function registerTop(app: Api, storage: ExplorerDeps['storage']): void {
  const found = (
    tenant: Parameters<ExplorerDeps['storage']['tenant']>[0],
    { of, limit, ...filter }: Static<typeof TopQuery>,
  ) => storage.tenant(tenant, (tx) => topOf(tx, filter, of, limit ?? 5))
  app.get(
    '/messages/top',
    {
      config: { permission },
      schema: {
        summary: 'The recipients, senders, links or files that most of the matching copies have',
        querystring: TopQuery,
        response: { 200: Top },
      },
    },
    async ({ actor, query }) => ({ items: await found(actor.tenant, query) }),
  )
  app.get(
    '/messages/top.csv',
    { config: { permission }, schema: { summary: 'The same for a spreadsheet, up to 3,000', querystring: TopQuery } },
    async ({ actor, query }, reply) => file(reply, 'Top').send(topCsv(await found(actor.tenant, query))),
  )
}
