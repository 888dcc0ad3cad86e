import { messageOf } from '../src/base/index.ts'
import type { Fed } from './message.ts'

export interface Api {
  readonly url: string
  readonly token: string
}

/** Calls the API; an error carries what the server said. */
export async function call(api: Api, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${api.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${api.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`)
  return text === '' ? null : JSON.parse(text)
}

async function post(api: Api, mail: Fed): Promise<void> {
  const query = new URLSearchParams([
    ...mail.recipients.map((r) => ['recipient', r]),
    ['mailFrom', mail.mailFrom],
    ['receivedAt', mail.receivedAt.toISOString()],
  ])
  const response = await fetch(`${api.url}/api/v1/import?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.token}`, 'content-type': 'message/rfc822' },
    body: new Uint8Array(mail.raw),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 300)}`)
}

export interface Progress {
  readonly done: number
  readonly failed: number
  readonly lastError: string | null
}

/** Feeds all mail, `concurrency` at a time; a message that is refused is counted and the rest goes on. */
export async function feed(
  api: Api,
  mails: Iterable<Fed>,
  concurrency: number,
  tell: (p: Progress) => void,
  stop: AbortSignal,
): Promise<Progress> {
  const source = mails[Symbol.iterator]()
  let done = 0
  let failed = 0
  let lastError: string | null = null
  const worker = async (): Promise<void> => {
    for (let next = source.next(); !next.done && !stop.aborted; next = source.next()) {
      try {
        await post(api, next.value)
        done++
      } catch (error) {
        failed++
        lastError = messageOf(error)
      }
      tell({ done, failed, lastError })
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return { done, failed, lastError }
}
