import type { Api } from '../access/index.ts'
import { AppError } from '../base/index.ts'
import type { Storage } from '../storage/index.ts'
import { archive } from './archive.ts'
import { heldCsv } from './csv.ts'
import type { Sort } from './cursor.ts'
import { denyHeld, extendHeld, type MessageResult } from './decide.ts'
import { countHeld, heldMessage, listHeld } from './queries.ts'
import * as schemas from './schemas.ts'

export interface QuarantineRoutesDeps {
  readonly storage: Pick<Storage, 'tenant' | 'blobs'>
}

const permission = 'mail.read'
const sortOf = (query: { sort?: Sort['by']; dir?: 'asc' | 'desc' }): Sort => {
  const by = query.sort ?? 'received'
  return { by, descending: query.dir ? query.dir === 'desc' : by === 'received' }
}

/** What the list, its counts and its file share; who may see mail at all sees what is held (quarantine #109). */
export function register(app: Api, { storage }: QuarantineRoutesDeps): void {
  registerViews(app, storage)
  registerDecisions(app, storage)
}

function registerViews(app: Api, storage: QuarantineRoutesDeps['storage']): void {
  app.get(
    '/quarantine',
    {
      config: { permission },
      schema: {
        summary:
          'Messages of which copies are or were held; all parameters must match, a repeated one means any of its values',
        querystring: schemas.HeldListQuery,
        response: { 200: schemas.HeldPage },
      },
    },
    async ({ actor, query }) => {
      const { limit = 100, cursor, sort, dir, ...filter } = query
      const order = sortOf({ ...(sort ? { sort } : {}), ...(dir ? { dir } : {}) })
      const page = await storage.tenant(actor.tenant, (tx) => listHeld(tx, { filter, sort: order, limit, cursor }))
      return { items: page.items.map(rowOf), next: page.next }
    },
  )
  app.get(
    '/quarantine/counts',
    {
      config: { permission },
      schema: {
        summary: 'How many messages and copies match',
        querystring: schemas.HeldCsvQuery,
        response: { 200: schemas.HeldCountsBody },
      },
    },
    async ({ actor, query }) => {
      const { sort: _, dir: __, ...filter } = query
      const counts = await storage.tenant(actor.tenant, (tx) => countHeld(tx, filter))
      return { ...counts, reasons: [...counts.reasons] }
    },
  )
  app.get(
    '/quarantine.csv',
    {
      config: { permission },
      schema: { summary: 'The list as CSV, a line for each recipient', querystring: schemas.HeldCsvQuery },
    },
    async ({ actor, query }, reply) => {
      const { sort, dir, ...filter } = query
      const order = sortOf({ ...(sort ? { sort } : {}), ...(dir ? { dir } : {}) })
      const text = await storage.tenant(actor.tenant, (tx) => heldCsv(tx, filter, order))
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="Quarantine.csv"')
        .send(text)
    },
  )
  app.get(
    '/quarantine/:id',
    {
      config: { permission },
      schema: {
        summary: 'One message with all its recipients and what became of each copy',
        params: schemas.MessageParams,
        response: { 200: schemas.HeldMessageRow },
      },
    },
    async ({ actor, params }) => {
      const found = await storage.tenant(actor.tenant, (tx) => heldMessage(tx, params.id))
      if (!found)
        throw new AppError(
          'not-in-quarantine',
          `Message ${params.id} is not in quarantine and never was.`,
          'Look for it in Explorer.',
          {
            status: 404,
          },
        )
      return rowOf(found)
    },
  )
}

function registerDecisions(app: Api, storage: QuarantineRoutesDeps['storage']): void {
  app.post(
    '/quarantine/deny',
    {
      config: { permission: 'quarantine.manage' },
      schema: {
        summary: 'Looked at and kept, for all recipients; it can still be released',
        body: schemas.DenyBody,
        response: { 200: schemas.Results },
      },
    },
    async ({ actor, body }) =>
      resultsBody(await storage.tenant(actor.tenant, (tx) => denyHeld(tx, { ...body, actor, now: new Date() }))),
  )
  app.post(
    '/quarantine/extend',
    {
      config: { permission: 'quarantine.manage' },
      schema: {
        summary: 'Keep held copies longer',
        body: schemas.ExtendBody,
        response: { 200: schemas.Results },
      },
    },
    async ({ actor, body }) =>
      resultsBody(await storage.tenant(actor.tenant, (tx) => extendHeld(tx, { ...body, actor, now: new Date() }))),
  )
  app.post(
    '/quarantine/download',
    {
      config: { permission: 'mail.content' },
      schema: { summary: 'Raw messages in an archive with a password', body: schemas.DownloadBody },
    },
    async ({ actor, body }, reply) => {
      const wish = {
        messageIds: body.messageIds,
        password: body.password,
        reason: body.reason,
        zipCrypto: body.cipher === 'zipcrypto',
      }
      const packed = await archive(storage, actor.tenant, actor, wish)
      return reply
        .type('application/zip')
        .header('content-disposition', 'attachment; filename="Quarantined Messages.zip"')
        .send(packed)
    },
  )
}

const rowOf = (m: Awaited<ReturnType<typeof listHeld>>['items'][number]) => ({
  ...m,
  counts: { ...m.counts },
  recipients: m.recipients.map((r) => ({ ...r })),
})

const SHOWN = 1000

/** A thousand lines are enough to read; the numbers are of all. */
export function resultsBody(results: readonly MessageResult[]) {
  return {
    done: results.filter((r) => r.ok).length,
    refused: results.filter((r) => !r.ok).length,
    copies: results.reduce((sum, r) => sum + r.copies, 0),
    results: [...results].sort((a, b) => Number(a.ok) - Number(b.ok)).slice(0, SHOWN),
  }
}
