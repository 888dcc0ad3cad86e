import { type Static, Type } from 'typebox'
import type { Actor, Api } from '../access/index.ts'
import { type ActionId, AppError, type DeliveryId, type ItemId, type MessageId } from '../base/index.ts'
import type { Storage } from '../storage/index.ts'
import * as schemas from './schemas.ts'
import type { Remediation } from './service.ts'
import type { ActionRequest, Requester, Selection } from './types.ts'
import { getAction, listActions, listItems, transitionsOf } from './view.ts'

export interface RemediationRoutesDeps {
  readonly storage: Pick<Storage, 'tenant'>
  readonly remediation: Remediation
}

const requester = ({ tenant, user, name, permissions }: Actor): Requester => ({ tenant, user, name, permissions })

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T]

type Body = Static<typeof schemas.ActionRequestBody>

/** The border where checked text becomes an ID of ours. */
function selection(select: Body['select']): Selection {
  if ('filter' in select) return { filter: select.filter }
  if ('deliveryIds' in select) return { deliveryIds: select.deliveryIds as DeliveryId[] }
  const { messageIds, recipients } = select
  return { messageIds: messageIds as MessageId[], ...(recipients ? { recipients } : {}) }
}

const request = (body: Body): ActionRequest => ({ ...body, select: selection(body.select) })

export function register(app: Api, { storage, remediation }: RemediationRoutesDeps): void {
  registerProposals(app, remediation)
  registerDecisions(app, remediation)
  registerUndo(app, remediation)
  registerViews(app, storage)
}

function registerProposals(app: Api, remediation: Remediation): void {
  app.post(
    '/actions/preview',
    {
      config: { permission: 'remediation.propose' },
      schema: {
        summary: 'What an action would touch, from recorded state',
        body: schemas.ActionRequestBody,
        response: { 200: schemas.PlanBody },
      },
    },
    async ({ actor, body }) => {
      const plan = await remediation.preview(requester(actor), request(body))
      return {
        ...plan,
        byFolder: [...plan.byFolder],
        notExact: [...plan.notExact],
        impossible: plan.impossible.map((i) => ({ ...i, sample: [...i.sample] })),
      }
    },
  )
  app.post(
    '/actions',
    {
      config: { permission: 'remediation.propose' },
      schema: {
        summary: 'Act on messages; without remediation.approve it waits for approval',
        body: schemas.ActionRequestBody,
        response: { 201: schemas.SubmittedBody },
      },
    },
    async ({ actor, body }, reply) => reply.code(201).send(await remediation.submit(requester(actor), request(body))),
  )
}

function registerDecisions(app: Api, remediation: Remediation): void {
  for (const verb of ['approve', 'reject', 'cancel'] as const) {
    app.post(
      `/actions/:id/${verb}`,
      {
        config: { permission: 'remediation.approve' },
        schema: {
          params: schemas.Id,
          body: Type.Union([schemas.Why, Type.Null()]),
          response: { 200: schemas.DecidedBody },
        },
      },
      ({ actor, params, body }) => remediation[verb](requester(actor), params.id as ActionId, body?.why),
    )
  }
}

function registerUndo(app: Api, remediation: Remediation): void {
  app.post(
    '/actions/:id/undo/preview',
    {
      config: { permission: 'remediation.propose' },
      schema: {
        summary: 'What an undo would bring back, and what it could not',
        params: schemas.Id,
        body: Type.Union([schemas.UndoBody, Type.Null()]),
        response: { 200: schemas.UndoPreviewBody },
      },
    },
    async ({ actor, params, body }) => {
      const items = body?.items as ItemId[] | undefined
      const preview = await remediation.undoPreview(requester(actor), params.id as ActionId, items)
      return { ...preview, notExact: [...preview.notExact], impossible: [...preview.impossible] }
    },
  )
  app.post(
    '/actions/:id/undo',
    {
      config: { permission: 'remediation.approve' },
      schema: {
        summary: 'Take an action back, as a new action',
        params: schemas.Id,
        body: Type.Union([schemas.UndoBody, Type.Null()]),
        response: { 201: schemas.SubmittedBody },
      },
    },
    async ({ actor, params, body }, reply) => {
      const { items, ...rest } = body ?? {}
      const options = { ...rest, ...(items ? { items: items as ItemId[] } : {}) }
      return reply.code(201).send(await remediation.submitUndo(requester(actor), params.id as ActionId, options))
    },
  )
}

function registerViews(app: Api, storage: Pick<Storage, 'tenant'>): void {
  app.get(
    '/actions',
    {
      config: { permission: 'mail.read' },
      schema: {
        summary: 'Actions, newest first',
        querystring: schemas.ActionsQuery,
        response: { 200: schemas.ActionPage },
      },
    },
    async ({ actor, query }) => {
      const page = { limit: query.limit ?? 100, before: query.cursor ?? null, state: list(query.state) }
      const { items, next } = await storage.tenant(actor.tenant, (tx) => listActions(tx, actor.tenant, page))
      return { items: items.map(mutable), next }
    },
  )
  app.get(
    '/actions/:id',
    { config: { permission: 'mail.read' }, schema: { params: schemas.Id, response: { 200: schemas.ActionRow } } },
    async ({ actor, params }) => {
      const found = await storage.tenant(actor.tenant, (tx) => getAction(tx, actor.tenant, params.id as ActionId))
      if (!found) throw noAction()
      return mutable(found)
    },
  )
  app.get(
    '/actions/:id/items',
    {
      config: { permission: 'mail.read' },
      schema: { params: schemas.Id, querystring: schemas.ItemsQuery, response: { 200: schemas.ItemPage } },
    },
    async ({ actor, params, query }) => {
      const page = { limit: query.limit ?? 100, after: query.cursor ?? null, state: list(query.state) }
      const { items, next } = await storage.tenant(actor.tenant, async (tx) => {
        if (!(await getAction(tx, actor.tenant, params.id as ActionId))) throw noAction()
        return await listItems(tx, actor.tenant, params.id as ActionId, page)
      })
      return { items: items.map(mutable), next }
    },
  )
  app.get(
    '/actions/:id/items/:item/transitions',
    {
      config: { permission: 'mail.read' },
      schema: {
        summary: 'Who moved an item from state to state, and why',
        params: Type.Object({ id: Type.String(), item: Type.String({ format: 'uuid' }) }),
        response: { 200: schemas.TransitionList },
      },
    },
    async ({ actor, params }) => {
      const found = await storage.tenant(actor.tenant, async (tx) => {
        if (!(await getAction(tx, actor.tenant, params.id as ActionId))) throw noAction()
        return await transitionsOf(tx, actor.tenant, params.item as ItemId)
      })
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
