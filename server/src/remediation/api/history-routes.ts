import { Readable } from 'node:stream'
import { type Static, Type } from 'typebox'
import type { Api } from '../../access/index.ts'
import { type ActionId, AppError, type ItemId, type TenantId, Uuid } from '../../base/index.ts'
import { getPolicy } from '../../organisation/index.ts'
import type { Storage } from '../../storage/index.ts'
import { purges } from '../rules/rights.ts'
import { getAction } from '../views/action.ts'
import { actionsCsv, itemsCsv } from '../views/exports.ts'
import { type ActionQuery, canDo, detailOf, listActions, PERIODS, resultsOf } from '../views/history.ts'
import { listItems, transitionsOf } from '../views/items.ts'
import * as schemas from './schemas.ts'

const permission = 'mail.read'

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T]

const DAY_MS = 86_400_000

function filterOf(query: Static<typeof schemas.ActionsFilter>): Omit<ActionQuery, 'limit' | 'cursor'> {
  const { tab, period, from, to, q, sort, dir } = query
  const since = period && period !== 'all' ? new Date(Date.now() - PERIODS[period] * DAY_MS) : null
  const start = from ? new Date(from) : since
  return {
    ...(tab ? { tab } : {}),
    ...(start ? { from: start } : {}),
    ...(to ? { to: new Date(to) } : {}),
    kind: list(query.kind),
    state: list(query.state),
    source: list(query.source),
    severity: list(query.severity),
    decidedBy: list(query.decidedBy),
    requestedBy: list(query.requestedBy),
    approval: list(query.approval),
    ...(q ? { q } : {}),
    ...(sort ? { sort } : {}),
    ...(dir ? { dir } : {}),
  }
}

const itemFilter = ({ state, class: classes, q }: Static<typeof schemas.ItemsFilter>) => ({
  state: list(state),
  class: list(classes),
  ...(q ? { q } : {}),
})

/** Lists, details and exports of the Action center. */
export function registerHistory(app: Api, storage: Pick<Storage, 'tenant'>, clock: () => Date): void {
  registerLists(app, storage)
  registerOne(app, storage, clock)
  registerItems(app, storage)
}

function registerLists(app: Api, storage: Pick<Storage, 'tenant'>): void {
  app.get(
    '/actions',
    {
      config: { permission },
      schema: {
        summary: 'The Action center: what waits for a decision, and what was decided and done',
        querystring: schemas.ActionsQuery,
        response: { 200: schemas.ActionPage },
      },
    },
    async ({ actor, query }) => {
      const { limit, cursor, ...rest } = query
      const page = { ...filterOf(rest), limit: limit ?? 100, ...(cursor ? { cursor } : {}) }
      const { items, next } = await storage.tenant(actor.tenant, (tx) => listActions(tx, actor.tenant, page))
      return { items: items.map(mutable), next }
    },
  )
  app.get(
    '/actions.csv',
    {
      config: { permission },
      schema: { summary: 'The same list for a spreadsheet, up to 100,000 rows', querystring: schemas.ActionsFilter },
    },
    ({ actor, query }, reply) =>
      reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="Action center.csv"')
        .send(Readable.from(actionsCsv(storage, actor.tenant, filterOf(query)))),
  )
}

function registerOne(app: Api, storage: Pick<Storage, 'tenant'>, clock: () => Date): void {
  app.get(
    '/actions/:id',
    {
      config: { permission },
      schema: {
        summary: 'One action, how its targets were chosen, what belongs to it, and what the asker may do with it',
        params: schemas.Id,
        response: { 200: schemas.ActionDetail },
      },
    },
    ({ actor, params }) =>
      storage.tenant(actor.tenant, async (tx) => {
        const found = await getAction(tx, actor.tenant, params.id as ActionId)
        if (!found) throw noAction()
        const { ownProposals } = (await getPolicy(tx)).approvals
        const pending = found.state === 'pending-approval'
        const rules = { ownProposals, purges: pending && (await purges(tx, actor.tenant, found)), now: clock() }
        return { ...mutable(await detailOf(tx, actor.tenant, found)), can: canDo(found, actor, rules) }
      }),
  )
  app.get(
    '/actions/:id/results',
    {
      config: { permission },
      schema: {
        summary: 'How the items ended, by class, and why',
        params: schemas.Id,
        response: { 200: schemas.ResultsBody },
      },
    },
    ({ actor, params }) =>
      storage.tenant(actor.tenant, async (tx) => {
        if (!(await getAction(tx, actor.tenant, params.id as ActionId))) throw noAction()
        return { results: mutable(await resultsOf(tx, actor.tenant, params.id as ActionId)) }
      }),
  )
}

/** Throws AppError `no-action`. */
async function known(storage: Pick<Storage, 'tenant'>, tenant: TenantId, id: string): Promise<ActionId> {
  if (!(await storage.tenant(tenant, (tx) => getAction(tx, tenant, id as ActionId)))) throw noAction()
  return id as ActionId
}

function registerItems(app: Api, storage: Pick<Storage, 'tenant'>): void {
  app.get(
    '/actions/:id/items',
    {
      config: { permission },
      schema: { params: schemas.Id, querystring: schemas.ItemsQuery, response: { 200: schemas.ItemPage } },
    },
    async ({ actor, params, query }) => {
      const { limit, cursor, ...rest } = query
      const id = await known(storage, actor.tenant, params.id)
      const page = { ...itemFilter(rest), limit: limit ?? 100, after: cursor ?? null }
      const { items, next } = await storage.tenant(actor.tenant, (tx) => listItems(tx, actor.tenant, id, page))
      return { items: items.map(mutable), next }
    },
  )
  app.get(
    '/actions/:id/items.csv',
    {
      config: { permission },
      schema: {
        summary: 'The action log for a spreadsheet, up to 100,000 rows',
        params: schemas.Id,
        querystring: schemas.ItemsFilter,
      },
    },
    async ({ actor, params, query }, reply) => {
      const id = await known(storage, actor.tenant, params.id)
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="Action log.csv"')
        .send(Readable.from(itemsCsv(storage, actor.tenant, id, itemFilter(query))))
    },
  )
  app.get(
    '/actions/:id/items/:item/transitions',
    {
      config: { permission },
      schema: {
        summary: 'Who moved an item from state to state, and why',
        params: Type.Object({ id: Type.String(), item: Uuid<ItemId>() }),
        response: { 200: schemas.TransitionList },
      },
    },
    async ({ actor, params }) => {
      await known(storage, actor.tenant, params.id)
      const found = await storage.tenant(actor.tenant, (tx) => transitionsOf(tx, actor.tenant, params.item))
      return { items: [...found] }
    },
  )
}

const noAction = (): AppError =>
  new AppError('no-action', 'There is no such action.', 'Look at the list of actions.', { status: 404 })

type Mutable<T> = T extends string
  ? T
  : T extends readonly (infer U)[]
    ? Mutable<U>[]
    : T extends object
      ? { -readonly [K in keyof T]: Mutable<T[K]> }
      : T
/** What the serialiser's types want; nothing is changed. */
const mutable = <T>(value: T): Mutable<T> => value as Mutable<T>
