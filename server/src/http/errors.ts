import type { FastifyError, FastifyInstance } from 'fastify'
import { AppError, messageOf } from '../base/index.ts'

const FRAMEWORK: Readonly<Record<string, readonly [message: string, cure: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'The body is too large.',
    'Send less at once; large mail has a limit in the configuration.',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'The content type is not one that this route takes.',
    'Send application/json, or message/rfc822 where mail is taken.',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: [
    'The body is empty although its content type is JSON.',
    'Send a JSON body, or no content type.',
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ['The body is not JSON.', 'Send valid JSON.'],
}

/** Whatever goes wrong becomes `{ error: { code, message, cure } }`; what we did not foresee is logged and told in no detail. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | AppError, request, reply) => {
    const told = toTell(error)
    if (told.status >= 500) request.log.error({ err: error, code: told.code }, 'a request failed')
    reply
      .code(told.status)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify({ error: { code: told.code, message: told.message, cure: told.cure } }))
  })
}

export function toTell(error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  const status = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined
  if (typeof code === 'string' && typeof status === 'number' && status < 500) {
    const [message, cure] = FRAMEWORK[code] ?? [messageOf(error), 'Correct the request and try again.']
    return new AppError(code.startsWith('FST_ERR_') ? 'bad-request' : code, message, cure, { status })
  }
  if (isDatabaseOutage(code))
    return new AppError(
      'database-down',
      'The database cannot be reached just now.',
      'Try again in a moment; /readyz shows when it is back.',
      { status: 503 },
    )
  if (code === '22P02')
    return new AppError('not-found', 'There is nothing with this id.', 'Check the id.', { status: 404 })
  return new AppError(
    'internal',
    'Something unexpected went wrong on the server.',
    "Try again; if it stays, look into the server's log.",
    { status: 500 },
  )
}

const isDatabaseOutage = (code: unknown): boolean =>
  typeof code === 'string' && (/^(08|57P0)/.test(code) || code === 'ECONNREFUSED' || code === 'ECONNRESET')
