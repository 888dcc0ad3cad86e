import type { Api } from '../access/index.ts'
import type { MessageId } from '../base/index.ts'
import type { Storage } from '../storage/index.ts'
import { messageDetail, messageTimeline } from './detail.ts'
import { histogram } from './histogram.ts'
import { listMessages } from './list.ts'
import {
  Histogram,
  HistogramQuery,
  MessageDetail,
  MessagePage,
  MessageParams,
  MessageQuery,
  Timeline,
} from './schemas.ts'

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
