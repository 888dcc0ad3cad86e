import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Api, createToken, makeAuth, type Permission } from '../../src/access/index.ts'
import { createLog, createMetrics, type TenantId } from '../../src/base/index.ts'
import { API_PATH, createHttp } from '../../src/http/index.ts'
import type { Storage } from '../../src/storage/index.ts'

export interface Answer {
  readonly status: number
  /** What is not JSON (an export) stands in `text`. */
  readonly body: Record<string, unknown>
}

export interface TestApi {
  /** A token of this tenant with these permissions; its name is the actor's. */
  token(tenant: TenantId, permissions: readonly Permission[], name?: string): Promise<string>
  call(
    token: string | null,
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    /** A Buffer is a raw message. */
    body?: object,
  ): Promise<Answer>
  /** The answer's bytes, whatever they are. */
  raw(
    token: string,
    method: 'GET' | 'POST',
    path: string,
    body?: object,
  ): Promise<{ status: number; type: string; body: Buffer }>
  close(): Promise<void>
}

/** The routes of some rooms in the real HTTP server, without a socket. */
export async function testApi(storage: Storage, routes: (api: Api) => void): Promise<TestApi> {
  const log = createLog({ level: 'silent' })
  const app = await createHttp({
    storage,
    auth: makeAuth({ db: storage.db, key: randomBytes(32), publicUrl: null, log }),
    log,
    metrics: createMetrics(),
    checks: {},
    publicUrl: null,
    trustedProxies: [],
    consoleDir: join(tmpdir(), 'recourse-no-console'),
    maxBody: 1024 * 1024,
    routes,
  })
  return {
    token: (tenant, permissions, name = 'Test') =>
      storage.tenant(tenant, async (tx) => {
        const actor = { user: 'test', name: 'Test' }
        return (await createToken(tx, { name, permissions }, actor)).secret
      }),
    call: async (token, method, path, body) => {
      const answer = await app.inject({
        method,
        url: `${API_PATH}${path}`,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(Buffer.isBuffer(body) ? { 'content-type': 'message/rfc822' } : {}),
        },
        ...(body === undefined ? {} : { payload: body }),
      })
      if (answer.body === '') return { status: answer.statusCode, body: {} }
      const json = String(answer.headers['content-type']).startsWith('application/json')
      return { status: answer.statusCode, body: json ? answer.json() : { text: answer.body } }
    },
    raw: async (token, method, path, body) => {
      const answer = await app.inject({
        method,
        url: `${API_PATH}${path}`,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { payload: body }),
      })
      return { status: answer.statusCode, type: String(answer.headers['content-type']), body: answer.rawPayload }
    },
    close: () => app.close(),
  }
}
