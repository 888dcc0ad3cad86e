import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../base/index.ts'
import type { Storage } from '../storage/index.ts'
import type { Actor } from './actor.ts'
import type { Auth } from './auth.ts'
import { actorOfPerson } from './people.ts'
import { forbidden } from './permissions.ts'
import { actorOfToken } from './tokens.ts'

export interface GateDeps {
  readonly storage: Storage
  readonly auth: Auth
  readonly publicUrl: string | null
}

export const signedOut = (): AppError =>
  new AppError('signed-out', 'Nobody is signed in.', 'Sign in, or send an API token: "Authorization: Bearer rcs_…".', {
    status: 401,
  })

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Stands before every route of the server: a route without `config.permission` cannot be added, and no handler runs for somebody who
 * lacks it. Call before any route is registered.
 */
export function guard(app: FastifyInstance, deps: GateDeps): void {
  const actors = new WeakMap<FastifyRequest, Actor>()
  app.decorateRequest('actor', {
    getter() {
      const actor = actors.get(this)
      if (!actor) throw signedOut()
      return actor
    },
  })
  app.addHook('onRoute', (route) => {
    if (route.config?.permission === undefined)
      throw new AppError(
        'route-without-permission',
        `The route ${String(route.method)} ${route.url} declares no permission.`,
        "Give it config: { permission: '…' }; 'none' where anybody may ask.",
        { status: 500 },
      )
  })
  app.addHook('onRequest', async (request) => {
    const permission = request.routeOptions.config.permission
    // Unknown paths have no route and no permission: they answer 404 without saying who asks.
    if (permission === undefined || permission === 'none') return
    const actor = await identify(request, deps)
    if (!actor) throw signedOut()
    if (permission !== 'signed-in' && !actor.permissions.has(permission)) throw forbidden(permission)
    actors.set(request, actor)
  })
}

async function identify(request: FastifyRequest, deps: GateDeps): Promise<Actor | null> {
  const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (bearer !== undefined) return await actorOfToken(deps.storage, bearer)
  if (!request.headers.cookie) return null
  const session = await deps.auth.api.getSession({ headers: new Headers({ cookie: request.headers.cookie }) })
  if (!session) return null
  assertSameOrigin(request, deps.publicUrl)
  const tenant = request.headers['x-recourse-tenant']
  return await actorOfPerson(deps.storage.db, session.user, typeof tenant === 'string' ? tenant : null)
}

/** A cookie is sent by the browser whoever asked for it: what changes something must come from our own pages. */
export function assertSameOrigin(request: FastifyRequest, publicUrl: string | null): void {
  if (SAFE.has(request.method)) return
  const { origin } = request.headers
  const site = request.headers['sec-fetch-site']
  const own = publicUrl ?? `${request.protocol}://${request.host}`
  if (origin === undefined ? site === 'same-origin' : origin === new URL(own).origin) return
  throw new AppError(
    'cross-origin',
    `This request comes from ${origin ?? 'an unknown page'}, not from ${new URL(own).origin}.`,
    'Open the console at its own address (http.publicUrl says which); programs use an API token instead of a cookie.',
    { status: 403 },
  )
}
