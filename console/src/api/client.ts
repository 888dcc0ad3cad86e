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
  constructor(status: number, problem: Problem) {
    super(problem.message)
    this.name = 'ApiError'
    this.status = status
    this.code = problem.code
    this.cure = problem.cure
    this.places = problem.places ?? []
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
  const response = await fetch(`${BASE}${path}`, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new ApiError(response.status, await problemOf(response))
  const url = URL.createObjectURL(await response.blob())
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

async function request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
  const init: RequestInit = { method, headers: { accept: 'application/json' }, credentials: 'same-origin' }
  if (signal) init.signal = signal
  if (body !== undefined) {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' }
    init.body = JSON.stringify(body)
  }
  let response: Response
  try {
    response = await fetch(path, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, {
      code: 'unreachable',
      message: 'The server cannot be reached.',
      cure: 'Check the connection and that Recourse is running; this page tries again by itself.',
    })
  }
  if (!response.ok) throw new ApiError(response.status, await problemOf(response))
  if (response.status === 204) return undefined
  const text = await response.text()
  return text === '' ? undefined : JSON.parse(text)
}

const underWay = new Map<string, Promise<unknown>>()

/** A double click, or Enter and a click, is one wish: what is asked for in the same words while it is under way is not asked for again. */
function once(method: string, path: string, body?: unknown): Promise<unknown> {
  const wish = JSON.stringify([method, path, body])
  const known = underWay.get(wish)
  if (known) return known
  const asked = request(method, path, body).finally(() => underWay.delete(wish))
  underWay.set(wish, asked)
  return asked
}

const BASE = '/api/v1'
/** Where a file of the API is, for links. */
export const fileAt = (path: string, query: Query): string => `${BASE}${path}${queryString(query)}`

/** The one place where an answer gets its type: the server validated it against the schema that the type comes from. */
export const api = {
  get: async <T>(path: string, query: Query = {}, signal?: AbortSignal) =>
    (await request('GET', `${BASE}${path}${queryString(query)}`, undefined, signal)) as T,
  post: async <T>(path: string, body: unknown = {}) => (await once('POST', `${BASE}${path}`, body)) as T,
  put: async <T>(path: string, body: unknown) => (await once('PUT', `${BASE}${path}`, body)) as T,
  patch: async <T>(path: string, body: unknown) => (await once('PATCH', `${BASE}${path}`, body)) as T,
  delete: async <T>(path: string) => (await once('DELETE', `${BASE}${path}`)) as T,
  auth: async <T>(path: string, body: unknown) => (await once('POST', `/api/auth${path}`, body)) as T,
}
