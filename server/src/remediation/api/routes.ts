import { type Static, Type } from 'typebox'
import type { Actor, Api } from '../../access/index.ts'
import type { ActionId, DeliveryId, ItemId, MessageId } from '../../base/index.ts'
import type { Storage } from '../../storage/index.ts'
import type { Remediation } from '../contract.ts'
import type { Part } from '../decide/decide.ts'
import { registerRetention } from '../retention/routes.ts'
import type { ActionRequest, Except, Requester, Selection } from '../types.ts'
import { previewBody, registerUndoRoutes } from '../undo/routes.ts'
import { UndoPreviewBody } from '../undo/schemas.ts'
import { registerHistory } from './history-routes.ts'
import { registerKeep } from './keep-routes.ts'
import * as schemas from './schemas.ts'

export interface RemediationRoutesDeps {
  readonly storage: Pick<Storage, 'tenant'>
  readonly remediation: Remediation
  /** Submissions stand below this room; without it nothing can be rejected as a false positive. */
  readonly rejectAsFalsePositive?: RejectAsFalsePositive
}

export type RejectAsFalsePositive = (
  actor: Actor,
  id: ActionId,
  body: Omit<Static<typeof schemas.RejectBody>, 'falsePositive'>,
) => Promise<Static<typeof schemas.RejectedBody>>

const requester = ({ tenant, user, name, permissions }: Actor): Requester => ({ tenant, user, name, permissions })

type Body = Static<typeof schemas.ActionRequestBody>

const exceptOf = (except: { deliveryIds?: string[]; messageIds?: string[] }): Except => ({
  ...(except.deliveryIds ? { deliveryIds: except.deliveryIds as DeliveryId[] } : {}),
  ...(except.messageIds ? { messageIds: except.messageIds as MessageId[] } : {}),
})

/** The border where checked text becomes an ID of ours. */
export function selectionOf(select: Static<typeof schemas.SelectBody>): Selection {
  if ('filter' in select)
    return { filter: select.filter, ...(select.except ? { except: exceptOf(select.except) } : {}) }
  if ('deliveryIds' in select) return { deliveryIds: select.deliveryIds as DeliveryId[] }
  if ('actionId' in select) {
    const itemIds = select.itemIds as ItemId[] | undefined
    return { actionId: select.actionId as ActionId, ...(itemIds ? { itemIds } : {}) }
  }
  const { messageIds, recipients } = select
  return { messageIds: messageIds as MessageId[], ...(recipients ? { recipients } : {}) }
}

const request = (body: Body): ActionRequest => ({ ...body, select: selectionOf(body.select) })

export function register(app: Api, deps: RemediationRoutesDeps): void {
  const { storage, remediation } = deps
  registerProposals(app, remediation)
  registerDecisions(app, remediation)
  registerReject(app, deps)
  registerUndo(app, remediation)
  registerKeep(app, remediation, requester)
  registerUndoRoutes(app, remediation)
  registerRetention(app, storage)
  registerHistory(app, storage, remediation.clock)
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

/** The border where checked text becomes an ID of ours. */
function partOf({ except, instead }: Static<typeof schemas.ApproveBody>): Part | undefined {
  if (!except && !instead) return undefined
  return {
    ...(except ? { except: { ...exceptOf(except), ...(except.itemIds ? { itemIds: except.itemIds } : {}) } } : {}),
    ...(instead ? { instead } : {}),
  }
}

function registerDecisions(app: Api, remediation: Remediation): void {
  const permission = 'remediation.approve' as const
  app.post(
    '/actions/:id/approve',
    {
      config: { permission },
      schema: {
        summary: 'Approve all of it, or part: without some items, or another action on them',
        params: schemas.Id,
        body: Type.Union([schemas.ApproveBody, Type.Null()]),
        response: { 200: schemas.DecidedBody },
      },
    },
    ({ actor, params, body }) =>
      remediation.approve(requester(actor), params.id, body?.why, body ? partOf(body) : undefined),
  )
  app.post(
    '/actions/:id/cancel',
    {
      config: { permission },
      schema: {
        summary: 'Stop what has not begun; what was done stays done and can be undone',
        params: schemas.Id,
        body: Type.Union([schemas.Why, Type.Null()]),
        response: { 200: schemas.DecidedBody },
      },
    },
    ({ actor, params, body }) => remediation.cancel(requester(actor), params.id, body?.why),
  )
  app.post(
    '/actions/decide',
    {
      config: { permission },
      schema: {
        summary: 'One decision on several actions of the same kind; each is decided by itself and answers for itself',
        body: schemas.DecideBody,
        response: { 200: schemas.DecideResults },
      },
    },
    async ({ actor, body }) => ({
      results: [...(await remediation.decideAll(requester(actor), body.ids, body.verb, body.why))],
    }),
  )
}

function registerReject(app: Api, { remediation, rejectAsFalsePositive }: RemediationRoutesDeps): void {
  app.post(
    '/actions/:id/reject',
    {
      config: { permission: 'remediation.approve' },
      schema: {
        summary:
          'It is never run. As a false positive: its messages are submitted as clean and allowed in the same step',
        params: schemas.Id,
        body: Type.Union([schemas.RejectBody, Type.Null()]),
        response: { 200: schemas.RejectedBody },
      },
    },
    async ({ actor, params, body }) => {
      const id = params.id
      const { falsePositive, ...rest } = body ?? {}
      if (falsePositive && rejectAsFalsePositive) return await rejectAsFalsePositive(actor, id, rest)
      return { ...(await remediation.reject(requester(actor), id, rest.why)), submissions: 0, entries: [] }
    },
  )
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
        response: { 200: UndoPreviewBody },
      },
    },
    async ({ actor, params, body }) => {
      return previewBody(await remediation.undoPreview(requester(actor), params.id, body?.items))
    },
  )
  app.post(
    '/actions/:id/undo',
    {
      config: { permission: 'remediation.propose' },
      schema: {
        summary: 'Take an action back, as a new action; without remediation.approve it waits for approval',
        params: schemas.Id,
        body: Type.Union([schemas.UndoBody, Type.Null()]),
        response: { 201: schemas.SubmittedBody },
      },
    },
    async ({ actor, params, body }, reply) => {
      return reply.code(201).send(await remediation.submitUndo(requester(actor), params.id, body ?? {}))
    },
  )
}
