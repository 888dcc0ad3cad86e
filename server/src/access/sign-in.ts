import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Value } from 'typebox/value'
import { record } from '../audit/index.ts'
import { AppError } from '../base/index.ts'
import type { Storage } from '../storage/index.ts'
import type { Api } from './api.ts'
import { AUTH_PATH, AUTH_ROUTES, type Auth, CLIENT_IP_HEADER } from './auth.ts'
import { assertSameOrigin, type GateDeps } from './gate.ts'
import { assertNotLocked, forgetFailures, noteFailure, refusalKey } from './guard.ts'
import { membershipsOf } from './people.ts'
import { asUser } from './tokens.ts'

export const SIGN_IN = '/sign-in/email'
const Credentials = Type.Object({ email: Type.String(), password: Type.String() })
const Refusal = Type.Object({ code: Type.Optional(Type.String()), message: Type.Optional(Type.String()) })

/** `/api/auth/*`: the part of the sign-in library that is open, with our lock-out, audit and error shape around it. */
export function registerSignIn(app: Api, deps: GateDeps): void {
  app.route({
    method: ['GET', 'POST'],
    url: `${AUTH_PATH}/*`,
    config: { permission: 'none' },
    handler: async (request, reply) => {
      const path = new URL(request.url, 'http://x').pathname.slice(AUTH_PATH.length)
      if (!AUTH_ROUTES.has(`${request.method} ${path}`))
        throw new AppError(
          'not-found',
          `There is no ${request.method} ${AUTH_PATH}${path}.`,
          `Known: ${[...AUTH_ROUTES].join(', ')}.`,
          { status: 404 },
        )
      assertSameOrigin(request, deps.publicUrl)
      if (path === SIGN_IN) return await signIn(request, reply, deps)
      return await answer(reply, await ask(deps.auth, request, path, request.body))
    },
  })
}

async function signIn(request: FastifyRequest, reply: FastifyReply, deps: GateDeps): Promise<unknown> {
  if (!Value.Check(Credentials, request.body))
    throw new AppError('credentials', 'Send email and password.', 'As JSON: { "email": "…", "password": "…" }.', {
      status: 422,
    })
  const { email, password } = request.body
  const { db } = deps.storage
  const key = refusalKey(email, request.ip)
  await assertNotLocked(db, key)
  const response = await ask(deps.auth, request, SIGN_IN, { email, password })
  if (response.ok) {
    await forgetFailures(db, key)
    await note(deps.storage, deps.auth, email, 'session.sign-in', { ip: request.ip })
  } else if (response.status === 401) {
    const locked = await noteFailure(db, key)
    await note(deps.storage, deps.auth, email, 'session.refused', { ip: request.ip, locked })
  }
  return await answer(reply, response)
}

/** In the log of each tenant of that person; an address that nobody has here is nobody's business. */
async function note(
  storage: Storage,
  auth: Auth,
  email: string,
  action: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const { internalAdapter } = await auth.$context
  const user = (await internalAdapter.findUserByEmail(email.toLowerCase()))?.user
  if (!user) return
  for (const { tenant } of await membershipsOf(storage.db, user.id))
    await storage.tenant(tenant, (tx) =>
      record(tx, {
        actor: { user: asUser(user.id), name: user.name },
        action,
        subject: { kind: 'user', id: user.id },
        detail,
      }),
    )
}

/** The library speaks in web requests. */
export async function ask(auth: Auth, request: FastifyRequest, path: string, body: unknown): Promise<Response> {
  const headers = new Headers()
  for (const name of [
    'cookie',
    'origin',
    'referer',
    'user-agent',
    'sec-fetch-site',
    'sec-fetch-mode',
    'sec-fetch-dest',
    'x-recourse-tenant',
  ]) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  headers.set(CLIENT_IP_HEADER, request.ip)
  const init: RequestInit = { method: request.method, headers }
  if (request.method !== 'GET') {
    headers.set('content-type', 'application/json')
    init.body = JSON.stringify(body ?? {})
  }
  return await auth.handler(new Request(new URL(AUTH_PATH + path, `${request.protocol}://${request.host}`), init))
}

export async function answer(reply: FastifyReply, response: Response): Promise<unknown> {
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) reply.header('set-cookie', cookies)
  const retry = response.headers.get('x-retry-after')
  if (retry) reply.header('retry-after', retry)
  const text = await response.text()
  const body: unknown = text === '' ? null : JSON.parse(text)
  if (response.ok) return reply.code(response.status).send(withoutTokens(body))
  throw refusal(response.status, Value.Check(Refusal, body) ? body : {}, retry)
}

function refusal(status: number, body: { code?: string; message?: string }, retry: string | null): AppError {
  if (status === 429)
    return new AppError('too-many', 'Too many requests from here.', `Wait ${retry ?? 60} seconds and try again.`, {
      status,
    })
  if (status === 401)
    return new AppError(
      'sign-in',
      'Address or password is wrong, or nobody is signed in.',
      'Check both; an administrator can set a new password.',
      { status },
    )
  return new AppError(
    body.code?.toLowerCase().replaceAll('_', '-') ?? 'sign-in',
    body.message ?? 'The request was refused.',
    'Correct it and try again.',
    { status },
  )
}

/** The cookie carries the session's token where no script can read it; the answer must not tell it either. */
function withoutTokens(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTokens)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (key === 'token' ? [] : [[key, withoutTokens(inner)]])),
  )
}
