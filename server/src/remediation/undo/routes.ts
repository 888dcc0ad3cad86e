import type { Static } from 'typebox'
import type { Actor, Api } from '../../access/index.ts'
import type { ActionId, DeliveryId, ItemId, MessageId } from '../../base/index.ts'
import { SubmittedBody } from '../api/schemas.ts'
import type { ActionState } from '../ledger/states.ts'
import type { Requester } from '../types.ts'
import type { UndoPreview, UndoRequest } from './index.ts'
import * as schemas from './schemas.ts'
import type { UndoSelection } from './selection.ts'

/** The part of remediation that undoes by selection and by cause. */
export interface Undoing {
  /** From recorded state; nothing is asked of a mailbox. */
  previewUndoOf(requester: Requester, select: UndoSelection): Promise<UndoPreview>
  /** Runs with `remediation.approve`, else waits for approval. */
  undoAll(
    requester: Requester,
    request: UndoRequest,
  ): Promise<{ readonly id: ActionId; readonly name: string; readonly state: ActionState }>
}

const requester = ({ tenant, user, name, permissions }: Actor): Requester => ({ tenant, user, name, permissions })

/** The border where checked text becomes an ID of ours. */
function selection({
  actions,
  items,
  deliveryIds,
  messageIds,
  ...rest
}: Static<typeof schemas.UndoSelection>): UndoSelection {
  return {
    ...rest,
    ...(actions ? { actions: actions as ActionId[] } : {}),
    ...(items ? { items: items as ItemId[] } : {}),
    ...(deliveryIds ? { deliveryIds: deliveryIds as DeliveryId[] } : {}),
    ...(messageIds ? { messageIds: messageIds as MessageId[] } : {}),
  }
}

export function registerUndoRoutes(app: Api, undoing: Undoing): void {
  app.post(
    '/undo/preview',
    {
      config: { permission: 'remediation.propose' },
      schema: {
        summary: 'What an undo by selection or by cause would bring back, and what it could not',
        body: schemas.UndoPreviewRequest,
        response: { 200: schemas.UndoPreviewBody },
      },
    },
    async ({ actor, body }) => previewBody(await undoing.previewUndoOf(requester(actor), selection(body.select))),
  )
  app.post(
    '/undo',
    {
      config: { permission: 'remediation.propose' },
      schema: {
        summary: 'Take back what matches, as one action; without remediation.approve it waits for approval',
        body: schemas.UndoRequestBody,
        response: { 201: SubmittedBody },
      },
    },
    async ({ actor, body }, reply) =>
      reply.code(201).send(await undoing.undoAll(requester(actor), { ...body, select: selection(body.select) })),
  )
}

/** What the serialiser's types want; nothing is changed. */
export const previewBody = (p: UndoPreview): Static<typeof schemas.UndoPreviewBody> => ({
  ...p,
  notExact: [...p.notExact],
  impossible: [...p.impossible],
  byFolder: [...p.byFolder],
  actions: [...p.actions],
  running: { ...p.running, actions: [...p.running.actions] },
  future: [...p.future],
})
