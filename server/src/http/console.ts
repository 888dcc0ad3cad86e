import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../base/index.ts'
import { consoleCsp } from './headers.ts'

export interface ConsoleOptions {
  /** Where the built console lies. */
  readonly dir: string
  readonly publicUrl: string | null
}

const NOT_PAGES = /^\/(api|preview|metrics|healthz|readyz|assets)(\/|$)/

/** The console's files; every other path that a browser opens is a page of it. */
export async function serveConsole(app: FastifyInstance, { dir, publicUrl }: ConsoleOptions): Promise<void> {
  await app.register(fastifyStatic, { root: dir, serve: false, cacheControl: false, etag: true, dotfiles: 'ignore' })
  app.get('/*', { config: { permission: 'none' } }, (request, reply) => {
    const path = decodePath(request.url)
    if (existsSync(join(dir, 'index.html'))) {
      reply.header(
        'content-security-policy',
        consoleCsp(publicUrl ? new URL(publicUrl).origin : `${request.protocol}://${request.host}`),
      )
      if (path !== '/' && /\.[a-z0-9]+$/i.test(path)) return reply.sendFile(path.slice(1))
      if (!NOT_PAGES.test(path)) return reply.header('cache-control', 'no-cache').sendFile('index.html')
    }
    throw notFound(request.method, path)
  })
  app.setNotFoundHandler((request) => {
    throw notFound(request.method, decodePath(request.url))
  })
}

function decodePath(url: string): string {
  const path = url.split('?', 1)[0] ?? '/'
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const notFound = (method: string, path: string): AppError =>
  new AppError('not-found', `There is no ${method} ${path} here.`, '/api/v1/openapi.json lists what there is.', {
    status: 404,
  })
