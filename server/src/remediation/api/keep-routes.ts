import { type Static, Type } from 'typebox'
import type { Actor, Api } from '../../access/index.ts'
import { type ActionId, type ItemId, Uuid } from '../../base/index.ts'
import type { Remediation } from '../contract.ts'
import type { KeepRequest } from '../submit/keep.ts'
import { type Requester, TAKE_SOURCES } from '../types.ts'
import { placeOfCopy } from '../views/items.ts'
import { ItemPlace, KeptBy } from './item-schemas.ts'
import { Description, orNull, SubmittedBody, strict } from './request-schemas.ts'

const Params = Type.Object({ id: Uuid<ActionId>(), item: Uuid<ItemId>() })
const KeepBody = Type.Object(
  {
    folder: Type.String({ minLength: 1, maxLength: 1000, description: 'path of the folder whose copy stays' }),
    description: Type.Optional(Description),
    source: Type.Optional(Type.Enum([...TAKE_SOURCES])),
    propose: Type.Optional(Type.Boolean({ description: 'wait for approval although the asker could run it' })),
  },
  strict,
)
const KeepPreviewBody = Type.Object({
  keeps: ItemPlace,
  removes: ItemPlace,
  approval: Type.Object({ needed: Type.Integer(), why: orNull(Type.String()) }),
  decided: orNull(KeptBy),
})

const requestOf = (params: Static<typeof Params>, body: Static<typeof KeepBody>): KeepRequest => ({
  ...body,
  action: params.id,
  item: params.item,
})

const mutable = (place: ReturnType<typeof placeOfCopy>) => ({
  ...place,
  flags: [...place.flags],
  keywords: [...place.keywords],
})

/** Which of two copies in doubt stays. */
export function registerKeep(app: Api, remediation: Remediation, requester: (actor: Actor) => Requester): void {
  app.post(
    '/actions/:id/items/:item/keep/preview',
    {
      config: { permission: 'remediation.propose' },
      schema: {
        summary:
          'What would stay and what would be removed, from recorded state; and whether somebody has decided already',
        params: Params,
        body: KeepBody,
        response: { 200: KeepPreviewBody },
      },
    },
    async ({ actor, params, body }) => {
      const found = await remediation.keepPreview(requester(actor), requestOf(params, body))
      const { keeps, removes, ...rest } = found
      return { ...rest, keeps: mutable(placeOfCopy(keeps)), removes: mutable(placeOfCopy(removes)) }
    },
  )
  app.post(
    '/actions/:id/items/:item/keep',
    {
      config: { permission: 'remediation.propose' },
      schema: {
        summary:
          'Of two copies of one message, left in doubt, keep this one: the other is removed as by a soft delete, if it is the same',
        params: Params,
        body: KeepBody,
        response: { 201: SubmittedBody },
      },
    },
    async ({ actor, params, body }, reply) =>
      reply.code(201).send(await remediation.keep(requester(actor), requestOf(params, body))),
  )
}
