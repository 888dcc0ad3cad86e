import { Type } from 'typebox'
import { type Api, InstantText } from '../../access/index.ts'
import type { Storage } from '../../storage/index.ts'
import { letGo, listNotices } from './notices.ts'

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

export const NoticeRow = Type.Object({
  id: Type.String(),
  source: Type.Object({ kind: Type.Enum(['signal', 'entry']), id: Type.String(), version: Type.Integer() }),
  value: orNull(Type.String({ description: 'what the entry is about' })),
  why: Type.String(),
  senders: Type.Array(Type.String()),
  at: InstantText,
  suspended: Type.Boolean({ description: 'false: told only, it still counts' }),
  closedBy: orNull(Type.String()),
  closedAt: orNull(InstantText),
})

export function registerBrake(app: Api, { storage }: { readonly storage: Pick<Storage, 'tenant' | 'outbox'> }): void {
  app.get(
    '/sources/braked',
    {
      config: { permission: 'lists.read' },
      schema: {
        summary:
          'Feeds, signals and entries that kept the mail of too many known senders out of the Inbox, newest first',
        querystring: Type.Object({ all: Type.Optional(Type.Boolean({ description: 'those let go too' })) }),
        response: { 200: Type.Object({ items: Type.Array(NoticeRow) }) },
      },
    },
    async ({ actor, query }) => ({
      items: await storage.tenant(actor.tenant, (tx) => listNotices(tx, { all: query.all ?? false })),
    }),
  )
  app.delete(
    '/sources/braked/:id',
    {
      config: { permission: 'lists.write' },
      schema: {
        summary: 'Let it go: it counts (again), and is left alone for a day',
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
        response: { 200: NoticeRow },
      },
    },
    ({ actor, params }) => storage.tenant(actor.tenant, (tx) => letGo(tx, storage.outbox, actor, params.id)),
  )
}
