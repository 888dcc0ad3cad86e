import { lookFirst, tellsNothing } from './lost.ts'

export interface Problem {
  readonly code: string
  readonly message: string
  readonly cure: string
  /** What of the request is wrong, part by part. */
  readonly places?: readonly { readonly at: string; readonly message: string }[]
}

/** What the server said was wrong, or that it could not be asked; `cure` is what a person can do about it. */
export class ApiError extends Error {
  readonly code: string
  readonly cure: string
  readonly status: number
  readonly places: NonNullable<Problem['places']>
  /** A write that may have been done all the same: its answer did not arrive, or tells nothing. */
  readonly unsure: boolean
  constructor(status: number, problem: Problem, unsure = false) {
    super(problem.message)
    this.name = 'ApiError'
    this.status = status
    this.code = problem.code
    this.cure = problem.cure
    this.places = problem.places ?? []
    this.unsure = unsure
  }
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** Repeats a parameter for each of its values, leaves out what is not set. */
export function queryString(query: Query): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue
    for (const one of Array.isArray(value) ? value : [value]) params.append(key, String(one))
  }
  const text = params.toString()
  return text ? `?${text}` : ''
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null)
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : isRecord(body) ? body : {}
  const text = (key: string, otherwise: string) => {
    const value = error[key]
    return typeof value === 'string' && value !== '' ? value : otherwise
  }
  return {
    code: text('code', `http-${response.status}`),
    message: text('message', `The server answered ${response.status}.`),
    cure: text('cure', response.status >= 500 ? 'Try again; if it stays, look into the server’s log.' : ''),
    places: placesOf(error['places']),
  }
}

const placesOf = (places: unknown): NonNullable<Problem['places']> =>
  (Array.isArray(places) ? places : []).flatMap((place: unknown) => {
    const [at, message] = isRecord(place) ? [place['at'], place['message']] : []
    return typeof at === 'string' && typeof message === 'string' ? [{ at, message }] : []
  })

/** What is wrong with each parameter of a query, by its name. */
export const wrongWith = (error: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    error instanceof ApiError ? error.places.map(({ at, message }) => [at.split('.')[0] ?? at, message]) : [],
  )

/** A file that is asked for by what is posted; its bytes go to the browser's downloads. */
export async function download(path: string, body: unknown, name: string): Promise<void> {
  const bytes = await request({ method: 'POST', path: `${BASE}${path}`, body }, (response) => response.blob())
  const url = URL.createObjectURL(bytes)
  saveFrom(url, name)
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** Leaves an address to the browser's downloads: nothing of a large file passes through the page. */
export function saveFrom(href: string, name: string): void {
  const link = document.createElement('a')
  link.href = href
  link.download = name
  link.click()
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  /** What it changes may be changed although no answer comes: where to look for it. */
  readonly look?: string
}

async function request<T>(asked: Asked, read: (response: Response) => Promise<T>): Promise<T> {
  const { method, path, body, signal, look } = asked
  const init: RequestInit = { method, headers: { accept: 'application/json' }, credentials: 'same-origin' }
  if (signal) init.signal = signal
  if (body !== undefined) {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' }
    init.body = JSON.stringify(body)
  }
  try {
    const response = await fetch(path, init)
    if (response.ok) return await read(response)
    const problem = await problemOf(response)
    if (look === undefined || !tellsNothing(response.status, problem.code)) throw new ApiError(response.status, problem)
    throw new ApiError(response.status, { ...problem, cure: look }, true)
  } catch (error) {
    if (error instanceof ApiError || (error instanceof DOMException && error.name === 'AbortError')) throw error
    throw look === undefined ? UNREACHABLE() : NO_ANSWER(look)
  }
}

const UNREACHABLE = () =>
  new ApiError(0, {
    code: 'unreachable',
    message: 'The server cannot be reached.',
    cure: 'Check the connection and that Recourse is running; this page tries again by itself.',
  })

/** Whether the request was lost or only its answer, the browser does not tell. */
const NO_ANSWER = (look: string) =>
  new ApiError(0, { code: 'no-answer', message: 'No answer came from the server.', cure: look }, true)

async function json(response: Response): Promise<unknown> {
  const text = await response.text()
  return text === '' ? undefined : JSON.parse(text)
}

const underWay = new Map<string, Promise<unknown>>()

/** A double click, or Enter and a click, is one wish: what is asked for in the same words while it is under way is not asked for again. */
function once(method: string, path: string, body?: unknown, base = BASE): Promise<unknown> {
  const wish = JSON.stringify([method, base, path, body])
  const known = underWay.get(wish)
  if (known) return known
  const write = { method, path: `${base}${path}`, body, look: lookFirst(path) }
  const asked = request(write, json).finally(() => underWay.delete(wish))
  underWay.set(wish, asked)
  return asked
}

const BASE = '/api/v1'
/** Where a file of the API is, for links. */
export const fileAt = (path: string, query: Query): string => `${BASE}${path}${queryString(query)}`

/** The one place where an answer gets its type: the server validated it against the schema that the type comes from. */
export const api = {
  get: async <T>(path: string, query: Query = {}, signal?: AbortSignal) =>
    (await request({ method: 'GET', path: `${BASE}${path}${queryString(query)}`, signal }, json)) as T,
  /** A question that is too long for an address: changes nothing. */
  ask: async <T>(path: string, body: unknown) =>
    (await request({ method: 'POST', path: `${BASE}${path}`, body }, json)) as T,
  post: async <T>(path: string, body: unknown = {}) => (await once('POST', path, body)) as T,
  put: async <T>(path: string, body: unknown) => (await once('PUT', path, body)) as T,
  patch: async <T>(path: string, body: unknown) => (await once('PATCH', path, body)) as T,
  delete: async <T>(path: string) => (await once('DELETE', path)) as T,
  auth: async <T>(path: string, body: unknown) => (await once('POST', path, body, '/api/auth')) as T,
}
