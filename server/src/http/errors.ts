import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
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
  FST_ERR_BAD_URL: ['The address is not valid.', 'Encode it as UTF-8 in percent signs.'],
  FST_STATIC_FORBIDDEN_PATH: ['This path leads out of the console’s files.', 'Ask for a path without "..".'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['The body is not JSON.', 'Send valid JSON.'],
}

/** Whatever goes wrong becomes `{ error: { code, message, cure } }`, with `places` where it is known; what we did not foresee is logged and told in no detail. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler(answerError)
}

export function answerError(error: FastifyError | AppError, request: FastifyRequest, reply: FastifyReply): void {
  const told = toTell(error)
  if (told.status >= 500) request.log.error({ err: error, code: told.code }, 'a request failed')
  reply
    .code(told.status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify({ error: bodyOf(told) }))
}

const bodyOf = ({ code, message, cure, places }: AppError) => ({
  ...{ code, message, cure },
  ...(places.length > 0 ? { places } : {}),
})

/** What is no request at all (Node's own parser refused it) is answered in the same form, and the connection ends. */
export function answerNoRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, message, cure] = NO_REQUEST[error.code ?? ''] ?? [
    '400 Bad Request',
    'This is no HTTP request.',
    'Speak HTTP/1.1 here; mail is taken on the ports of the gateway.',
  ]
  const body = JSON.stringify({ error: { code: 'bad-request', message, cure } })
  const type = 'Content-Type: application/json; charset=utf-8'
  socket.end(`HTTP/1.1 ${status}\r\n${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
}

const NO_REQUEST: Readonly<Record<string, readonly [status: string, message: string, cure: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'Address and headers together are larger than 16 kB.',
    'Send a shorter query; long lists belong into a body.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'The request did not come in time.',
    'Send it again, on a faster connection.',
  ],
}

/** Whatever was thrown, as it may be told to a client: our own errors as they are, the framework's in our words, all others without what they contain. */
export function toTell(error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  const status = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const name = typeof code === 'string' && !code.startsWith('FST_') ? code : 'bad-request'
    const [message, cure] = FRAMEWORK[String(code)] ?? [messageOf(error), 'Correct the request and try again.']
    return new AppError(name, message, cure, { status })
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
  const unstorable = typeof code === 'string' ? UNSTORABLE[code] : undefined
  if (unstorable !== undefined)
    return new AppError('invalid-request', unstorable, 'Correct the request and send it again.', { status: 422 })
  return new AppError(
    'internal',
    'Something unexpected went wrong on the server.',
    "Try again; if it stays, look into the server's log.",
    { status: 500 },
  )
}

const NO_TEXT = 'The request holds a character that cannot be stored: NUL, or half of a pair.'
/** What only the database finds wrong with a value (SQLSTATE). */
const UNSTORABLE: Readonly<Record<string, string>> = {
  '22021': NO_TEXT,
  '22P05': NO_TEXT,
  '22003': 'A number of the request is too large.',
  '22007': 'The request holds a date that cannot be understood.',
  '22008': 'A date of the request is out of range.',
}

const isDatabaseOutage = (code: unknown): boolean =>
  typeof code === 'string' && (/^(08|57P0)/.test(code) || code === 'ECONNREFUSED' || code === 'ECONNRESET')
