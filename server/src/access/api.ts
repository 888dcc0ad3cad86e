import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import Type, { type TSchema } from 'typebox'
import type { Actor } from './actor.ts'
import type { Permission } from './permissions.ts'

/**
 * What a room's `register(app: Api, deps)` gets. Paths are relative to `/api/v1`: `app.get('/messages', …)`. Each route declares
 * `config: { permission }`; one without makes the server refuse to start.
 */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `signed-in`: anybody known; `none`: anybody at all. */
    permission?: Permission | 'signed-in' | 'none'
  }
  interface FastifyRequest {
    /** Throws AppError `signed-out` (401) on a route with permission `none` where nobody is signed in. */
    readonly actor: Actor
  }
}

/** A list's answer: `next` is the cursor of the following page, null at the end. */
export const PageOf = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) })

/** An instant as ISO 8601 text. */
export const InstantText = Type.String({ format: 'date-time' })

export const ErrorBody = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    cure: Type.String(),
    /** What of the request is wrong, part by part: `fileHash`, `select.filter.from`. */
    places: Type.Optional(Type.Array(Type.Object({ at: Type.String(), message: Type.String() }))),
  }),
})
