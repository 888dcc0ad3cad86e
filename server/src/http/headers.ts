import type { FastifyInstance } from 'fastify'

export interface HeaderOptions {
  readonly publicUrl: string | null
}

/** For answers that are data: nothing in them may be shown as a page. */
const DATA_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"

/**
 * For the console: scripts are our own files only; styles may be inline, because the component library writes them at run time; the only
 * thing that may be framed is a preview.
 */
export const consoleCsp = (origin: string): string =>
  [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    `frame-src ${origin}/preview/`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Headers of every answer; a handler that set its own Content-Security-Policy keeps it. */
export function hardenHeaders(app: FastifyInstance, { publicUrl }: HeaderOptions): void {
  const https = publicUrl?.startsWith('https://') ?? false
  app.addHook('onSend', async (request, reply) => {
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', DATA_CSP)
    reply.header('x-content-type-options', 'nosniff')
    reply.header('referrer-policy', 'no-referrer')
    reply.header('cross-origin-opener-policy', 'same-origin')
    reply.header('cross-origin-resource-policy', 'same-origin')
    reply.header('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=()')
    if (https) reply.header('strict-transport-security', 'max-age=31536000')
    if (!reply.hasHeader('cache-control'))
      reply.header(
        'cache-control',
        request.url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-store',
      )
  })
}
