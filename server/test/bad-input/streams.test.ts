// Pages that listen for live events, more of them than there is room for, and such as go away at once: nothing of them stays.
import { createConnection, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { drop, eventually, ownDir, pause, type Served, serve } from './serve.ts'

const MOST = 500
const EACH = 50
let t: TestStorage
let server: Served
const dir = ownDir()

beforeAll(async () => {
  t = await testStorage()
  server = await serve({ dir, env: { DATABASE_URL: t.url } })
})
afterAll(async () => {
  await server?.stop()
  await t?.close()
  drop(dir)
})

interface Page {
  readonly socket: Socket
  said(): string
}

/** A page that asks for events. */
async function page(token = server.token): Promise<Page> {
  const socket = createConnection(Number(new URL(server.url).port), '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('error', () => {})
  await new Promise<void>((done) => socket.once('connect', () => done()))
  socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`)
  return { socket, said: () => text }
}

async function open(): Promise<number> {
  const { text } = await server.ask('GET', '/metrics')
  return Number(text.match(/^recourse_live_streams (\d+)/m)?.[1] ?? Number.NaN)
}

const all = (n: number, token = server.token) => Promise.all(Array.from({ length: n }, () => page(token)))

async function newToken(name: string): Promise<string> {
  const made = await server.ask('POST', '/api/v1/tokens', { body: { name, permissions: ['mail.read'] } })
  expect(made).toMatchObject({ status: 201, json: { token: expect.any(String) } })
  return (made.json as { token: string }).token
}

test('pages that go away while they are being let in do not take the room of others', async () => {
  // Who may listen is looked up meanwhile: for each moment of that somebody goes.
  for (let ms = 0; ms < 40; ms += 2) for (const { socket } of await all(20)) setTimeout(() => socket.destroy(), ms)
  await pause(500)
  expect(await eventually(open, (n) => n === 0, 20_000)).toBe(0)
})

test('one more than there is room for is refused with what to do, and let in when others have gone', async () => {
  const refused = async (token: string) =>
    expect(await server.ask('GET', '/api/v1/events', { token })).toMatchObject({
      status: 503,
      json: { error: { code: 'too-many', cure: expect.any(String) } },
    })
  const pages: Page[] = []
  for (let n = 0; n < MOST; n += EACH) {
    const token = await newToken(`reader ${n}`)
    pages.push(...(await all(EACH, token)))
    await eventually(open, (there) => there === n + EACH)
    // Nobody takes the room of all.
    await refused(token)
  }
  await refused(server.token)
  for (const { socket } of pages) socket.destroy()
  await eventually(open, (n) => n === 0)
  const late = await page()
  await eventually(
    async () => late.said(),
    (said) => /^HTTP\/1\.1 200[\s\S]*retry: 3000/.test(said),
  )
  late.socket.destroy()
})
