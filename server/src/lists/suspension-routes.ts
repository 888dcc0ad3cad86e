import { Type } from 'typebox'
import { type Api, InstantText } from '../access/index.ts'
import type { Storage } from '../storage/index.ts'
import { listSuspensions, revokeSuspension, suspendSignal } from './suspensions.ts'

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

export const SuspensionRow = Type.Object({
  id: Type.String(),
  signalId: Type.String(),
  version: orNull(Type.Integer()),
  why: Type.String(),
  by: Type.String(),
  at: InstantText,
  until: orNull(InstantText),
  undoId: orNull(Type.String()),
  revokedBy: orNull(Type.String()),
  revokedAt: orNull(InstantText),
  state: Type.Enum(['active', 'expired', 'revoked']),
})

export const SuspensionBody = Type.Object(
  {
    signalId: Type.String({ minLength: 1, maxLength: 200, description: 'as verdicts name it' }),
    version: Type.Optional(orNull(Type.Integer({ minimum: 0, description: 'null or absent: every version' }))),
    why: Type.String({ minLength: 1, maxLength: 1000 }),
    untilDays: Type.Optional(orNull(Type.Integer({ minimum: 1, maximum: 3650 }))),
  },
  { additionalProperties: false },
)

export function registerSuspensions(
  app: Api,
  { storage }: { readonly storage: Pick<Storage, 'tenant' | 'outbox'> },
): void {
  app.get(
    '/signals/suspended',
    {
      config: { permission: 'lists.read' },
      schema: {
        summary: 'Detection signals that are found but do not count, newest first',
        querystring: Type.Object({ all: Type.Optional(Type.Boolean({ description: 'those that are over too' })) }),
        response: { 200: Type.Object({ items: Type.Array(SuspensionRow) }) },
      },
    },
    async ({ actor, query }) => ({
      items: await storage.tenant(actor.tenant, (tx) => listSuspensions(tx, { all: query.all ?? false, limit: 500 })),
    }),
  )
  app.post(
    '/signals/suspended',
    {
      config: { permission: 'lists.write' },
      schema: { summary: 'Suspend a signal', body: SuspensionBody, response: { 201: SuspensionRow } },
    },
    async ({ actor, body }, reply) => {
      const wanted = { ...body, version: body.version ?? null }
      return reply
        .code(201)
        .send(await storage.tenant(actor.tenant, (tx) => suspendSignal(tx, storage.outbox, actor, wanted)))
    },
  )
  app.delete(
    '/signals/suspended/:id',
    {
      config: { permission: 'lists.write' },
      schema: {
        summary: 'Let it count again; the suspension stays readable',
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
        response: { 200: SuspensionRow },
      },
    },
    ({ actor, params }) => storage.tenant(actor.tenant, (tx) => revokeSuspension(tx, storage.outbox, actor, params.id)),
  )
}
