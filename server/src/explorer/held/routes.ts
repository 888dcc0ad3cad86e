import { type Api, requirePermission } from '../../access/index.ts'
import { deleteHeld, type HeldDeps, previewHeld, releaseHeld } from './act.ts'
import { blockSenders } from './block.ts'
import * as schemas from './schemas.ts'

const permission = 'quarantine.manage'

/** What a quarantine does that needs actions, submissions and lists: those rooms stand below it. */
export function registerHeld(app: Api, deps: HeldDeps): void {
  app.post(
    '/quarantine/preview',
    {
      config: { permission },
      schema: {
        summary: 'What a release or deletion would do, and with which copies it cannot be done',
        body: schemas.PreviewBody,
        response: { 200: schemas.HeldPlan },
      },
    },
    ({ actor, body }) => previewHeld(deps, actor, body),
  )
  app.post(
    '/quarantine/release',
    {
      config: { permission },
      schema: {
        summary:
          'Release to all or some of the original recipients, with submission and allow entries in the same step',
        body: schemas.ReleaseBody,
        response: { 201: schemas.HeldDone, 200: schemas.HeldDone },
      },
    },
    async ({ actor, body }, reply) => {
      const done = await releaseHeld(deps, actor, body)
      return reply.code(done.repeated ? 200 : 201).send(done)
    },
  )
  app.post(
    '/quarantine/delete',
    {
      config: { permission },
      schema: {
        summary: 'Delete from quarantine: recoverable, or permanently',
        body: schemas.DeleteBody,
        response: { 201: schemas.HeldDone, 200: schemas.HeldDone },
      },
    },
    async ({ actor, body }, reply) => {
      const done = await deleteHeld(deps, actor, body)
      return reply.code(done.repeated ? 200 : 201).send(done)
    },
  )
  app.post(
    '/quarantine/block-sender',
    {
      config: { permission },
      schema: {
        summary: 'Block the senders of these messages for the whole organisation',
        body: schemas.BlockBody,
        response: { 201: schemas.BlockDone },
      },
    },
    async ({ actor, body }, reply) => {
      requirePermission(actor, 'lists.write')
      const { storage } = deps
      const done = await storage.tenant(actor.tenant, (tx) => blockSenders(tx, storage.outbox, actor, body))
      return reply.code(201).send({ entries: [...done.entries], refused: [...done.refused] })
    },
  )
}
