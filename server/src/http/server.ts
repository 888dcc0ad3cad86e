import { isUtf8 } from 'node:buffer'
import type { Server } from 'node:http'
import fastifySwagger, { type SwaggerTransform } from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type Api, type Auth, guard, PERMISSIONS, registerSignIn } from '../access/index.ts'
import { AppError, type Log, type Metrics, refuseUnclear, UnclearJson } from '../base/index.ts'
import type { Storage } from '../storage/index.ts'
import { serveConsole } from './console.ts'
import { answerError, answerNoRequest, handleErrors } from './errors.ts'
import { LiveEvents, registerEvents } from './events.ts'
import { hardenHeaders } from './headers.ts'
import { type Check, registerHealth } from './health.ts'
import { validatorCompiler } from './validation.ts'

export interface HttpDeps {
  readonly storage: Storage
  readonly auth: Auth
  readonly log: Log
  readonly metrics: Metrics
  readonly checks: Readonly<Record<string, Check>>
  /** Told by `/readyz` beside them; makes nothing unready. */
  readonly details?: () => Readonly<Record<string, unknown>>
  readonly publicUrl: string | null
  /** Addresses of proxies whose X-Forwarded-* we believe; empty = nobody. */
  readonly trustedProxies: readonly string[]
  readonly consoleDir: string
  /** Bytes of a request's body, where the route says nothing else. */
  readonly maxBody: number
  /** The rooms' routes, below /api/v1. */
  readonly routes: (api: Api) => void
  /** What is not below /api/v1. */
  readonly pages?: (app: FastifyInstance) => void
}

export const API_PATH = '/api/v1'

/** The whole HTTP server, not listening yet. Refuses to be built when a route declares no permission. */
export async function createHttp(deps: HttpDeps): Promise<FastifyInstance> {
  const log: FastifyBaseLogger = deps.log.child(
    { room: 'http' },
    { level: deps.log.level === 'info' ? 'warn' : deps.log.level },
  )
  const app: FastifyInstance = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: deps.trustedProxies.length > 0 ? [...deps.trustedProxies] : false,
    bodyLimit: deps.maxBody,
    clientErrorHandler: answerNoRequest,
    frameworkErrors: answerError,
    routerOptions: { maxParamLength: 500 },
    genReqId: () => crypto.randomUUID(),
  })
  app.setValidatorCompiler(validatorCompiler)
  handleErrors(app)
  jsonBodies(app)
  hardenHeaders(app, deps)
  measure(app, deps.metrics)
  guard(app, deps)
  const live = new LiveEvents(deps.storage)
  app.addHook('preClose', async () => {
    live.close()
    endConnections(app.server)
  })
  deps.metrics.gauge('recourse_live_streams', 'Pages that listen for live events.', [], () => live.open)
  await app.register(fastifySwagger, { openapi: OPENAPI, transform: describe })
  await app.register(
    async (scope) => {
      const api = scope.withTypeProvider<TypeBoxTypeProvider>()
      mailBodies(api)
      deps.routes(api)
      registerEvents(api, live)
      api.get('/openapi.json', { config: { permission: 'none' } }, () => app.swagger())
    },
    { prefix: API_PATH },
  )
  registerSignIn(app.withTypeProvider<TypeBoxTypeProvider>(), deps)
  registerHealth(app, deps)
  deps.pages?.(app)
  await serveConsole(app, { dir: deps.consoleDir, publicUrl: deps.publicUrl })
  await app.ready()
  return app
}

const GRACE_MS = 10_000

/**
 * A stop waits for every connection. One that was busy when it began is kept alive for a minute after its answer, and one whose request
 * never comes to its end would hold it up for ever.
 */
function endConnections(server: Server): void {
  if (!server.listening) return
  const idle = setInterval(() => server.closeIdleConnections(), 100)
  const all = setTimeout(() => server.closeAllConnections(), GRACE_MS)
  server.once('close', () => {
    clearInterval(idle)
    clearTimeout(all)
  })
}

const OPENAPI = {
  openapi: '3.1.0' as const,
  info: {
    title: 'Recourse',
    version: '1',
    description: 'Every verdict can be challenged and every action can be undone.',
  },
  components: {
    securitySchemes: {
      token: { type: 'http' as const, scheme: 'bearer', description: 'An API token: rcs_…' },
      session: { type: 'apiKey' as const, in: 'cookie' as const, name: 'recourse.session_token' },
    },
  },
}

/** The document says what each route needs; what is not below /api/v1 is no part of it. */
const describe: SwaggerTransform = ({ schema, url, route }) => {
  const permission = route.config?.permission ?? 'none'
  if (!url.startsWith(API_PATH)) return { schema: { ...schema, hide: true }, url }
  const needs =
    permission === 'none'
      ? 'Anybody.'
      : permission === 'signed-in'
        ? 'Anybody signed in.'
        : `Needs ${permission}: ${PERMISSIONS[permission]}.`
  const security = permission === 'none' ? [] : [{ token: [] }, { session: [] }]
  return {
    schema: { ...schema, description: schema?.description ? `${schema.description} ${needs}` : needs, security },
    url,
  }
}

/** Mail is taken as it is. */
function mailBodies(api: Api): void {
  api.addContentTypeParser(['message/rfc822', 'application/octet-stream'], { parseAs: 'buffer' }, (_, body, done) =>
    done(null, body),
  )
}

/**
 * JSON is UTF-8 (RFC 8259, 8.1). Bytes that are none would be kept as other letters than those that were meant, and of a name that stands
 * twice only the last one would count: a block that is an allow to the next reader.
 */
function jsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (!isUtf8(body)) {
      done(new AppError('not-utf8', 'The body is not UTF-8.', 'Send JSON in UTF-8.', { status: 400 }))
      return
    }
    const text = body.toString()
    parse(request, text, (error, value) => done(error ?? unclear(text), value))
  })
}

function unclear(text: string): AppError | null {
  try {
    refuseUnclear(text)
    return null
  } catch (error) {
    if (!(error instanceof UnclearJson)) throw error
    return new AppError(
      'unclear-json',
      `The body cannot be taken: ${error.message}.`,
      'Correct it, and send it again.',
      {
        status: 400,
        places: error.at === null ? [] : [{ at: error.at, message: 'stands in it twice' }],
      },
    )
  }
}

function measure(app: FastifyInstance, metrics: Metrics): void {
  const seconds = metrics.histogram('recourse_http_seconds', 'Time to answer requests, by route.', [
    'method',
    'route',
    'status',
  ])
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    seconds.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
  })
}
