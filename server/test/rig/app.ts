import { ALL_PERMISSIONS, createToken } from '../../src/access/index.ts'
import { type App, startApp } from '../../src/app.ts'
import { SYSTEM } from '../../src/audit/index.ts'
import { createLog, type TenantId } from '../../src/base/index.ts'
import type { Config } from '../../src/config.ts'
import type { TestStorage } from './storage.ts'

/** A whole server in this process, spoken to by its API for both organisations. */
export async function startTestApp(t: TestStorage, config: Config) {
  const app: App = await startApp(config, createLog({ level: 'silent' }))
  const tokens = new Map<TenantId, string>()
  for (const tenant of [t.a, t.b]) {
    const made = await t.storage.tenant(tenant, (tx) =>
      createToken(tx, { name: 'test', permissions: ALL_PERMISSIONS }, SYSTEM),
    )
    tokens.set(tenant, made.secret)
  }

  /** Throws for every refusal. A body that is text is a message. */
  const call = async (tenant: TenantId, method: string, path: string, body?: unknown) => {
    const type = typeof body === 'string' ? 'message/rfc822' : 'application/json'
    const answer = await fetch(`${app.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokens.get(tenant)}`,
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const told = answer.status === 204 ? null : await answer.json()
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(told)}`)
    return told
  }
  const detail = (tenant: TenantId, id: string) => call(tenant, 'GET', `/messages/${id}`)
  const locations = async (tenant: TenantId, id: string): Promise<string[]> =>
    (await detail(tenant, id)).copies.map((d: { latestLocation: string }) => d.latestLocation)
  return { app, call, detail, locations }
}

export type TestApp = Awaited<ReturnType<typeof startTestApp>>
