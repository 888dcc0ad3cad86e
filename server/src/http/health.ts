import type { FastifyInstance } from 'fastify'
import { type Metrics, messageOf } from '../base/index.ts'

/** Throws what is wrong. */
export type Check = () => Promise<unknown>

export interface HealthDeps {
  readonly metrics: Metrics
  readonly checks: Readonly<Record<string, Check>>
  /** What is told beside them and makes nothing unready. */
  readonly details?: () => Readonly<Record<string, unknown>>
}

const KEPT_MS = 2000
const LIMIT_MS = 5000

/** `/healthz`: the process answers. `/readyz`: what it stands on works. `/metrics`: figures for Prometheus. */
export function registerHealth(app: FastifyInstance, { metrics, checks, details }: HealthDeps): void {
  const config = { permission: 'none' as const }
  app.get('/healthz', { config }, () => ({ status: 'ok' }))

  let last: { readonly at: number; readonly result: ReturnType<typeof run> } | null = null
  const run = async (log: FastifyInstance['log']) => {
    const states = await Promise.all(
      Object.entries(checks).map(async ([name, check]): Promise<[string, string]> => {
        try {
          await within(check())
          return [name, 'ok']
        } catch (error) {
          log.warn({ check: name, reason: messageOf(error) }, 'not ready')
          return [name, 'failed']
        }
      }),
    )
    return { ready: states.every(([, state]) => state === 'ok'), checks: Object.fromEntries(states) }
  }
  app.get('/readyz', { config }, async (_, reply) => {
    if (!last || Date.now() - last.at > KEPT_MS) last = { at: Date.now(), result: run(app.log) }
    const result = await last.result
    return reply.code(result.ready ? 200 : 503).send({ ...result, ...details?.() })
  })

  app.get('/metrics', { config }, async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
}

async function within(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LIMIT_MS / 1000} s`)), LIMIT_MS)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
