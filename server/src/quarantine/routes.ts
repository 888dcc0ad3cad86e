import { type TSchema, Type } from 'typebox'
import { type Api, InstantText, PageOf } from '../access/index.ts'
import { AppError } from '../base/index.ts'
import { Locations, Threats } from '../records/index.ts'
import type { Storage } from '../storage/index.ts'
import { type HeldQuery, heldMessages } from './queries.ts'

const orNull = <T extends TSchema>(item: T) => Type.Union([item, Type.Null()])

export const HeldRecipientRow = Type.Object({
  deliveryId: Type.String(),
  recipient: Type.String(),
  mailboxId: orNull(Type.String()),
  status: Type.Enum(['needs-review', 'released', 'deleted', 'elsewhere']),
  location: Locations,
  heldSince: orNull(InstantText),
  expiresAt: orNull(InstantText),
  releasedAt: orNull(InstantText),
  releasedBy: orNull(Type.String()),
  taken: Type.Boolean(),
})

export const HeldMessageRow = Type.Object({
  messageId: Type.String(),
  internetMessageId: orNull(Type.String()),
  subject: Type.String(),
  senderName: Type.String(),
  sender: orNull(Type.String()),
  receivedAt: InstantText,
  size: Type.Integer(),
  reason: Threats,
  expiresAt: orNull(InstantText),
  recipients: Type.Array(HeldRecipientRow),
})

const Query = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  cursor: Type.Optional(Type.String({ maxLength: 200 })),
  status: Type.Optional(Type.Enum(['held', 'released', 'all'])),
})

/** Received instant and id of the last row. */
function position(cursor: string): NonNullable<HeldQuery['before']> {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ')
  const date = new Date(at)
  if (Number.isNaN(date.getTime()) || !/^[0-9a-f-]{36}$/.test(id)) {
    throw new AppError('bad-cursor', 'This cursor was not given by a list.', 'Begin again without cursor.')
  }
  return { at: date, id }
}

export function register(app: Api, { storage }: { readonly storage: Pick<Storage, 'tenant'> }): void {
  app.get(
    '/quarantine',
    {
      config: { permission: 'quarantine.manage' },
      schema: {
        summary: 'Held messages, newest first; releasing is an action of kind release',
        querystring: Query,
        response: { 200: PageOf(HeldMessageRow) },
      },
    },
    async ({ actor, query }) => {
      const limit = query.limit ?? 100
      const before = query.cursor === undefined ? null : position(query.cursor)
      const which = { limit: limit + 1, before, status: query.status ?? 'held' } as const
      const found = await storage.tenant(actor.tenant, (tx) => heldMessages(tx, actor.tenant, which))
      const items = found.slice(0, limit).map((m) => ({ ...m, recipients: [...m.recipients] }))
      const last = items.at(-1)
      const cursor = last && Buffer.from(`${last.receivedAt} ${last.messageId}`, 'latin1').toString('base64url')
      return { items, next: found.length > limit ? (cursor ?? null) : null }
    },
  )
}
