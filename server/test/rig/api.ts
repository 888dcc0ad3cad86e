import { randomBytes } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify from 'fastify'
import { type Api, createToken, guard, makeAuth, type Permission } from '../../src/access/index.ts'
import { AppError, type TenantId } from '../../src/base/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { quietLog } from './office.ts'

export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

export interface TestApi {
  /** A token of this tenant with these permissions; its name is the actor's. */
  token(tenant: TenantId, permissions: readonly Permission[], name?: string): Promise<string>
  call(
    token: string | null,
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<Answer>
  close(): Promise<void>
}

/** The routes of some rooms behind the real gate, without a socket. */
export async function testApi(storage: Storage, routes: (app: Api) => void): Promise<TestApi> {
  const app = fastify().withTypeProvider<TypeBoxTypeProvider>()
  const log = { ...quietLog, debug: () => {}, child: () => log } as unknown as Parameters<typeof makeAuth>[0]['log']
  guard(app, {
    storage,
    auth: makeAuth({ db: storage.db, key: randomBytes(32), publicUrl: null, log }),
    publicUrl: null,
  })
  app.setErrorHandler((error, _request, reply) => {
    const known = error instanceof AppError
    const { code, message, cure } = known ? error : { code: 'other', message: String(error), cure: '' }
    const status = known ? error.status : ((error as { statusCode?: number }).statusCode ?? 500)
    return reply.code(status).send({ error: { code, message, cure } })
  })
  await app.register(async (scope) => routes(scope.withTypeProvider<TypeBoxTypeProvider>()), { prefix: '/api/v1' })
  await app.ready()
  return {
    token: (tenant, permissions, name = 'Test') =>
      storage.tenant(tenant, async (tx) => {
        const actor = { user: 'test', name: 'Test' }
        return (await createToken(tx, { name, permissions }, actor)).secret
      }),
    call: async (token, method, path, body) => {
      const answer = await app.inject({
        method,
        url: `/api/v1${path}`,
        ...(token === null ? {} : { headers: { authorization: `Bearer ${token}` } }),
        ...(body === undefined ? {} : { payload: body }),
      })
      return { status: answer.statusCode, body: answer.body === '' ? {} : answer.json() }
    },
    close: () => app.close(),
  }
}
