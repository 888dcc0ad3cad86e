// The same wish sent many times at once, as by a double click, a retry of a proxy, or two people: it happens once, and nothing is half done.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { allMessages, mail, organise } from './company.ts'
import { type Asked, drop, eventually, ownDir, type Served, serve } from './serve.ts'

let t: TestStorage
let server: Served
const dir = ownDir()

beforeAll(async () => {
  t = await testStorage()
  server = await serve({ dir, env: { DATABASE_URL: t.url } })
  await organise(server)
})
afterAll(async () => {
  await server?.stop()
  await t?.close()
  drop(dir)
})

const post = (path: string, body?: unknown) => server.ask('POST', `/api/v1${path}`, body === undefined ? {} : { body })

/** Sends it so often at once; how often each status came. None is a 5xx. */
async function times(
  n: number,
  send: (i: number) => Promise<Asked>,
): Promise<{ all: Asked[]; by: Record<number, number> }> {
  const all = await Promise.all(Array.from({ length: n }, (_, i) => send(i)))
  const by: Record<number, number> = {}
  for (const { status, text } of all) {
    expect(status, text).toBeLessThan(500)
    by[status] = (by[status] ?? 0) + 1
  }
  return { all, by }
}

async function letter(subject: string): Promise<string> {
  const body = mail(subject)
  const got = await server.ask('POST', '/api/v1/import?recipient=ann@kontor.example', { body, type: 'message/rfc822' })
  expect(got.status, got.text).toBe(200)
  const found = (await allMessages(server)).find((m) => m.subject === subject)
  return found?.id ?? ''
}

const idOf = ({ json }: Asked): string => (json as { id: string }).id
const ended = (id: string) =>
  eventually(
    async () =>
      (await server.ask('GET', `/api/v1/actions/${id}`)).json as { state: string; counts: Record<string, number> },
    ({ state }) => !['queued', 'running', 'pending-approval'].includes(state),
  )

/** Copies that the actions of these answers have moved, each action once. */
async function done(all: readonly Asked[]): Promise<number> {
  const ids = new Set(all.filter((a) => a.status === 201).map(idOf))
  const results = await Promise.all([...ids].map(ended))
  return results.reduce((sum, r) => sum + (r.counts['done'] ?? 0), 0)
}

test('an entry: one of them makes it', async () => {
  const { by } = await times(12, () =>
    post('/entries', { action: 'block', kind: 'sender', value: 'one@double.example' }),
  )
  expect(by[201]).toBe(1)
  const { json } = await server.ask('GET', '/api/v1/entries?q=one@double.example')
  expect((json as { items: unknown[] }).items.length).toBeGreaterThan(0)
})

test('take action, with a key and without: the copy is taken once', async () => {
  const id = await letter('taken at once')
  const wish = { select: { messageIds: [id] }, move: { kind: 'soft-delete' }, idempotencyKey: 'double-click-1' }
  const keyed = await times(12, () => post('/take-action', wish))
  expect(keyed.by[201]).toBe(1)
  expect(keyed.by[200]).toBe(11)
  expect(new Set(keyed.all.map((a) => (a.json as { approvalId: string }).approvalId)).size).toBe(1)
  const plain = await letter('taken by many')
  const { all } = await times(8, () => post('/actions', { kind: 'soft-delete', select: { messageIds: [plain] } }))
  expect(await done(all)).toBe(1)
})

test('approve, reject and cancel at once: one decision stands, and the action is what it says', async () => {
  for (let round = 0; round < 6; round++) {
    const id = await letter(`decided ${round}`)
    const proposed = await post('/take-action', {
      ...{ select: { messageIds: [id] }, move: { kind: 'soft-delete' }, propose: true },
    })
    expect(proposed.status, proposed.text).toBe(201)
    const { json } = await server.ask('GET', '/api/v1/actions?limit=1')
    const action = (json as { items: { id: string; state: string }[] }).items[0]
    expect(action?.state).toBe('pending-approval')
    const verbs = ['approve', 'reject', 'cancel', 'approve']
    const { all } = await times(8, (i) => post(`/actions/${action?.id}/${verbs[i % 4]}`))
    expect(
      all.some((a) => a.status === 200),
      all.map((a) => a.text).join('\n'),
    ).toBe(true)
    const { state } = await ended(action?.id ?? '')
    expect(['completed', 'cancelled', 'rejected', 'partially-completed']).toContain(state)
    const row = (await allMessages(server)).find((m) => m.id === id)
    expect(row?.copies[0]?.latestLocation === 'soft-deleted', state).toBe(state === 'completed')
  }
})

test('undo: one of them brings the copy back', async () => {
  const id = await letter('undone at once')
  const taken = await post('/actions', { kind: 'soft-delete', select: { messageIds: [id] } })
  expect(await ended(idOf(taken))).toMatchObject({ state: 'completed' })
  const { all } = await times(12, () => post(`/actions/${idOf(taken)}/undo`))
  expect(await done(all)).toBe(1)
  const row = (await allMessages(server)).find((m) => m.id === id)
  expect(row?.copies.map((c) => c.latestLocation)).toEqual(['inbox'])
})
