import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Type, { type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { AppError, messageOf } from '../base/index.ts'

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

const ErrorBody = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String(), cure: Type.String() }),
})
const ServerFile = Type.Object({ url: Type.String() })

/** What the server refused, or that it could not be asked. */
export class Refused extends AppError {}

/** Talks to a running server; the same API that the console uses. */
export class Client {
  readonly url: string
  readonly #token: string
  constructor(url: string, token: string) {
    this.url = url.replace(/\/$/, '')
    this.#token = token
  }

  /** The answer, checked against `schema` where one is given. */
  async call<T extends TSchema>(
    schema: T,
    method: string,
    path: string,
    body?: unknown,
    query: Query = {},
  ): Promise<Static<T>> {
    return checked(schema, `${method} ${path}`, await this.#request(method, path + queryText(query), body))
  }

  /** Whatever the server answers. */
  async raw(method: string, path: string, body?: unknown, query: Query = {}): Promise<unknown> {
    const text = await this.#request(method, path + queryText(query), body)
    return answerOf(`${method} ${path}`, text)
  }

  /** An export, as it is. */
  text(method: string, path: string, body?: unknown, query: Query = {}): Promise<string> {
    return this.#request(method, path + queryText(query), body)
  }

  /** Uploads one mail as it is. */
  async mail<T extends TSchema>(schema: T, path: string, bytes: Buffer, query: Query): Promise<Static<T>> {
    return checked(schema, `POST ${path}`, await this.#request('POST', path + queryText(query), bytes))
  }

  /** A file that is asked for by what is posted. */
  async file(path: string, body: unknown): Promise<Buffer> {
    const response = await this.#send('POST', path, body)
    const bytes = Buffer.from(await this.#whole(response.arrayBuffer()))
    if (!response.ok) throw refused(response.status, bytes.toString('utf8'))
    return bytes
  }

  async #request(method: string, path: string, body: unknown): Promise<string> {
    const response = await this.#send(method, path, body)
    const text = await this.#whole(response.text())
    if (response.ok) return text
    throw refused(response.status, text)
  }

  /** Of what was asked nobody knows whether it was done when the answer breaks off. */
  async #whole<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (cause) {
      throw new Refused(
        'broken-off',
        `The server at ${this.url} broke off its answer: ${messageOf(causeOf(cause))}.`,
        'Look whether it still runs, and whether what you asked for was done, before you ask again.',
        { cause },
      )
    }
  }

  async #send(method: string, path: string, body: unknown): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}`, accept: 'application/json' }
    const init: RequestInit = { method, headers }
    if (Buffer.isBuffer(body)) {
      headers['content-type'] = 'message/rfc822'
      init.body = new Uint8Array(body)
    } else if (body !== undefined) {
      headers['content-type'] = 'application/json'
      init.body = JSON.stringify(body)
    }
    try {
      return await fetch(`${this.url}/api/v1${path}`, init)
    } catch (cause) {
      throw new Refused(
        'unreachable',
        `The server at ${this.url} cannot be reached: ${messageOf(causeOf(cause))}.`,
        'Start it with "recourse serve", or set RECOURSE_URL to where it runs.',
        { cause },
      )
    }
  }
}

function checked<T extends TSchema>(schema: T, asked: string, text: string): Static<T> {
  const value = answerOf(asked, text)
  if (Value.Check(schema, value)) return value
  const wrong = [...Value.Errors(schema, value)].slice(0, 3).map((e) => `${e.instancePath} ${e.message}`)
  throw new AppError(
    'unexpected-answer',
    `The server's answer to ${asked} has an unknown form: ${wrong.join('; ')}.`,
    'Use the command line of the same version as the server.',
  )
}

/** Throws AppError `unexpected-answer`: some other server speaks there. */
function answerOf(asked: string, text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError(
      'unexpected-answer',
      `The answer to ${asked} is no JSON: ${text.slice(0, 60)}`,
      'Is this address a Recourse server? RECOURSE_URL is its address without any path.',
      { cause },
    )
  }
}

const causeOf = (error: unknown): unknown => (error instanceof Error && error.cause !== undefined ? error.cause : error)

function refused(status: number, text: string): Refused {
  const body = parsed(text)
  if (Value.Check(ErrorBody, body)) return new Refused(body.error.code, body.error.message, body.error.cure, { status })
  return new Refused(
    `http-${status}`,
    `The server answered ${status}: ${text.slice(0, 200)}`,
    'Is this address a Recourse server?',
    { status },
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function queryText(query: Query): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) params.append(key, String(one))
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

export const dataDir = (): string => resolve(process.env['RECOURSE_DATA_DIR'] ?? 'data')

/** The server's address from RECOURSE_URL or its data directory; the token from RECOURSE_TOKEN or there. */
export function connectClient(): Client {
  const url = process.env['RECOURSE_URL'] ?? urlOfDataDir()
  const token = (process.env['RECOURSE_TOKEN'] ?? tokenOfDataDir()).trim()
  // Asked with, it would come back in the words of a library that refuses the header.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new Refused(
      'no-token',
      token === '' ? 'The token is empty.' : 'The token holds a character that no token has.',
      'Set RECOURSE_TOKEN to an API token (Settings, API tokens), and to nothing else.',
    )
  return new Client(url, token)
}

function urlOfDataDir(): string {
  const path = join(dataDir(), 'server.json')
  if (!existsSync(path))
    throw new Refused(
      'no-server',
      `No server runs on the data directory ${dataDir()}.`,
      'Start it with "recourse serve", or set RECOURSE_DATA_DIR to its data directory or RECOURSE_URL to its address.',
    )
  const value = parsed(read(path))
  if (!Value.Check(ServerFile, value))
    throw new Refused('no-server', `${path} cannot be understood.`, 'Start the server anew.')
  return value.url
}

function tokenOfDataDir(): string {
  const path = join(dataDir(), 'cli-token')
  if (!existsSync(path))
    throw new Refused(
      'no-token',
      'There is no token to ask the server with.',
      "Set RECOURSE_TOKEN to an API token (Settings, API tokens), or RECOURSE_DATA_DIR to the server's data directory.",
    )
  return read(path).trim()
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Refused(
      'unreadable',
      `${path} cannot be read: ${messageOf(cause)}.`,
      'Use the account that the server runs as, or set RECOURSE_URL and RECOURSE_TOKEN.',
      { cause },
    )
  }
}
