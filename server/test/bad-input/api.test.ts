// Everything wrong that can be sent to the API: a clear answer in one form, never a 5xx, never a trace.
import { randomUUID } from 'node:crypto'
import { createConnection } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALL_PERMISSIONS, createToken } from '../../src/access/index.ts'
import { SYSTEM } from '../../src/audit/index.ts'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { hostileBodies, hostileTexts } from './hostile-json.ts'
import { type Asked, type AskOptions, drop, ownDir, type Served, serve } from './serve.ts'

let t: TestStorage
let server: Served
/** Of the second tenant; the server's own token is the first one's. */
let stranger: string
const dir = ownDir()

beforeAll(async () => {
  t = await testStorage()
  server = await serve({ dir, env: { DATABASE_URL: t.url } })
  stranger = await t.storage.tenant(
    t.b,
    async (tx) => (await createToken(tx, { name: 'b', permissions: ALL_PERMISSIONS }, SYSTEM)).secret,
  )
})
afterAll(async () => {
  await server?.stop()
  await t?.close()
  drop(dir)
})

/** A refusal as people and programs can use it. */
function clear(what: string, got: Asked, ...statuses: number[]): void {
  const said = `${what}: ${got.status} ${got.text.slice(0, 500)}`
  if (statuses.length > 0) expect(statuses, said).toContain(got.status)
  else expect(got.status, said).toBeLessThan(500)
  if (got.status < 400) return
  const { places = [], ...error } = (got.json as { error?: { places?: unknown[] } } | null)?.error ?? {}
  expect({ ...(got.json as object), error }, said).toEqual({
    error: { code: expect.stringMatching(/^[a-z][a-z.-]*$/), message: expect.any(String), cure: expect.any(String) },
  })
  for (const place of places) expect(place, said).toEqual({ at: expect.any(String), message: expect.any(String) })
  const { message, cure } = Object.values(got.json as { error: { message: string; cure: string } })[0] ?? {}
  expect(message?.length, said).toBeGreaterThan(5)
  expect(cure?.length, said).toBeGreaterThan(5)
  expect(got.text, said).not.toMatch(/\.ts:\d|node_modules|\bat .+:\d+:\d+|select .* from|violates/)
}

interface Route {
  readonly method: string
  readonly path: string
  readonly query: readonly string[]
  readonly body: unknown
}

/** As the server's own document says. Streams of events never end, and the first run is not to be used up. */
async function routes(): Promise<Route[]> {
  const { json } = await server.ask('GET', '/api/v1/openapi.json')
  const { paths } = json as { paths: Record<string, Record<string, Record<string, unknown>>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      query: (parameters as { in: string; name: string }[]).filter((p) => p.in === 'query').map((p) => p.name),
      body: bodySchema(requestBody),
    })),
  )
}

function bodySchema(given: unknown): unknown {
  const content = (given as { content?: Record<string, { schema: unknown }> } | undefined)?.content
  return content?.['application/json']?.schema ?? null
}

/** Several at a time, as a busy page would. */
async function each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all]
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one)
    }),
  )
}

const at = (path: string, id: string) => path.replace(/\{[a-z]+\}/gi, encodeURIComponent(id))
const name = (r: Route, rest: string) => `${r.method} ${r.path} ${rest.slice(0, 120)}`

describe('every route', () => {
  test('ids: unknown, no ids at all, paths, NUL', async () => {
    const ids = [randomUUID(), 'not-an-id', '../../../etc/passwd', '\0', "' or 1=1 --", 'x'.repeat(450), '%', '☃']
    const found = (await routes()).filter((r) => r.path.includes('{') && !r.path.endsWith('/events'))
    expect(found.length).toBeGreaterThan(15)
    const asked = found.flatMap((r) => ids.map((id) => ({ r, id })))
    await each(asked, async ({ r, id }) => {
      const body = r.body === null ? {} : { body: hostileBodies(r.body, 'fine')[0] }
      const got = await server.ask(r.method, at(r.path, id), body)
      clear(name(r, JSON.stringify(id)), got, 400, 404, 409, 422)
    })
  })

  test('queries: every parameter of every route with what it does not expect', async () => {
    const values = [
      '\0',
      'x'.repeat(6000),
      '-1',
      '9'.repeat(30),
      'NaN',
      '[]',
      '2026-13-45T99:99:99Z',
      "'",
      '%',
      '\ud800',
    ]
    const found = (await routes()).filter((r) => r.method === 'GET' && !r.path.endsWith('/events'))
    const asked = found.flatMap((r) => [...r.query, 'unheardOf'].flatMap((q) => values.map((v) => ({ r, q, v }))))
    expect(asked.length).toBeGreaterThan(300)
    await each(asked, async ({ r, q, v }) => {
      const got = await server.ask('GET', `${at(r.path, randomUUID())}?${new URLSearchParams({ [q]: v })}`)
      clear(name(r, `${q}=${JSON.stringify(v)}`), got)
    })
  })

  test('days that do not exist and cursors that no list gave are refused, and not taken for others', async () => {
    const cursor = (text: string) => `cursor=${Buffer.from(text).toString('base64url')}`
    const id = randomUUID()
    const paths = [
      ...['messages', 'quarantine', 'actions'].flatMap((list) =>
        ['2026-02-30T00:00:00Z', '2026-04-31T00:00:00Z', '2026-02-29T12:00:00Z'].map((at) => `/${list}?from=${at}`),
      ),
      ...['2026-02-30', 'infinity', '2026-02-28 00:00:00'].map((at) => `/messages?${cursor(`${at} ${id}`)}`),
      `/messages?${cursor(`-271820-09-13T00:00:00.000Z ${id}`)}`,
      `/quarantine?${cursor(`${id} 2026-02-30 00:00:00+00`)}`,
      ...['2026-02-30', 'x', '12'].map((value) => `/actions?${cursor(JSON.stringify([value, id]))}`),
      `/actions?${cursor(JSON.stringify(['2026-02-28 00:00:00+00', '-'.repeat(36)]))}`,
      `/actions?sort=copies&${cursor(JSON.stringify(['99999999999', id]))}`,
    ]
    await each(paths, async (path) => clear(path, await server.ask('GET', `/api/v1${path}`), 400, 422))
    const lists = ['actions?from=', 'entries?endsBefore=', 'import?recipient=ann@kontor.example&receivedAt=']
    await each(lists, async (list) => {
      const raw = { body: 'Subject: x\r\n\r\n', type: 'message/rfc822' }
      const [method, options] = list.startsWith('import') ? (['POST', raw] as const) : (['GET', {}] as const)
      clear(list, await server.ask(method, `/api/v1/${list}2026-06-30T23:59:60Z`, options), 400, 422)
    })
    const body = { from: '2026-01-01T00:00:00Z', to: '2026-02-30T00:00:00Z' }
    clear('undo', await server.ask('POST', '/api/v1/undo/preview', { body }), 400, 422)
    expect((await server.ask('GET', '/api/v1/messages?from=2028-02-29T00:00:00Z')).status).toBe(200)
  })

  test('mail for a folder that cannot be is refused at once, not put off', async () => {
    for (const folder of ['/etc', 'a//b', 'a/', 'a\nb', '\0', 'x'.repeat(501)]) {
      const path = `/api/v1/import?recipient=ann@kontor.example&folder=${encodeURIComponent(folder)}`
      clear(folder, await server.ask('POST', path, { body: 'Subject: x\r\n\r\n', type: 'message/rfc822' }), 422)
    }
  })

  test('mail for a folder whose name is too long for the file system: named with the limit, and nothing of it is kept', async () => {
    const company = { domains: ['folder.example'], mailboxes: [{ address: 'ann@folder.example' }] }
    await server.call('PUT', '/organisation', company)
    const put = (folder: string) =>
      server.ask('POST', `/api/v1/import?recipient=ann@folder.example&folder=${encodeURIComponent(folder)}`, {
        ...{ body: 'Subject: long folder\r\n\r\n', type: 'message/rfc822' },
      })
    const got = await put(`Work/${'x'.repeat(300)}`)
    clear('long folder', got, 422)
    expect(got).toMatchObject({ json: { error: { code: 'import-folder' } } })
    expect(got.text).toMatch(/Work\/xxx.*306 bytes, and can have 200/)
    expect((await server.ask('GET', '/api/v1/messages?q=long+folder')).json).toMatchObject({ items: [] })
    expect((await put('Work/x')).json).toMatchObject({ duplicate: false })
  })

  test('bodies: no JSON, wrong types, unknown keys, and right in form with texts that cannot be stored', async () => {
    const found = (await routes()).filter((r) => r.body !== null && !r.path.endsWith('/setup'))
    expect(found.length).toBeGreaterThan(6)
    const wrong: AskOptions[] = [
      ...['{', '', 'null', '[]', '"text"', '42', '{"__proto__":{"x":1}}', `${'['.repeat(20_000)}`].map((body) => ({
        body,
      })),
      { body: '<x/>', type: 'application/xml' },
      { body: 'From: x', type: 'message/rfc822' },
      { body: '{}', type: 'application/json; charset=utf-16' },
    ]
    const asked = found.flatMap((r) => [
      ...wrong.map((o) => ({ r, o, right: false })),
      ...hostileTexts.flatMap((text) => hostileBodies(r.body, text)).map((body) => ({ r, o: { body }, right: true })),
    ])
    await each(asked, async ({ r, o, right }) => {
      const got = await server.ask(r.method, at(r.path, randomUUID()), o)
      // A body that leaves everything out is right where everything is optional.
      clear(name(r, JSON.stringify(o)), got, ...(right ? [] : [200, 400, 404, 413, 415, 422]))
    })
  })

  test('JSON in another encoding than UTF-8 is refused, and not kept with other letters', async () => {
    const text = '{"action":"block","kind":"sender","value":"x@latin.example","note":"caf\u00e9"}'
    const wrong = await server.ask('POST', '/api/v1/entries', { body: Buffer.from(text, 'latin1') })
    expect(wrong).toMatchObject({ status: 400, json: { error: { code: 'not-utf8', cure: expect.any(String) } } })
    expect((await server.ask('GET', '/api/v1/entries?q=latin.example')).json).toMatchObject({ items: [] })
    const right = await server.ask('POST', '/api/v1/entries', { body: Buffer.from(text) })
    expect(right).toMatchObject({ status: 201, json: { note: 'caf\u00e9' } })
  })

  test('a name that stands twice in an object is refused with its place, and neither of the two counts', async () => {
    const twice = '{"action":"block","kind":"sender","value":"x@twice.example","action":"allow"}'
    const wrong = await server.ask('POST', '/api/v1/entries', { body: Buffer.from(twice) })
    clear('twice', wrong, 400)
    expect(wrong).toMatchObject({ json: { error: { code: 'unclear-json', places: [{ at: 'action' }] } } })
    expect((await server.ask('GET', '/api/v1/entries?q=twice.example')).json).toMatchObject({ items: [] })
    const found = (await routes()).filter((r) => r.body !== null)
    await each(found, async (r) => {
      const got = await server.ask(r.method, at(r.path, randomUUID()), { body: Buffer.from('{"a":[{"b":1,"b":2}]}') })
      const said = name(r, '')
      clear(said, got, 400)
      expect(got, said).toMatchObject({ json: { error: { places: [{ at: 'a.0.b' }] } } })
    })
    const signIn = Buffer.from('{"email":"a@b.example","password":"x","email":"c@b.example"}')
    clear('sign-in', await server.ask('POST', '/api/auth/sign-in/email', { token: null, body: signIn }), 400)
  })

  test('nobody signed in, a made-up token, a cookie of somebody else’s making', async () => {
    const found = (await routes()).filter((r) => !/\/(setup|openapi\.json)$/.test(r.path))
    const from: AskOptions[] = [
      { token: null },
      { token: `rcs_${'A'.repeat(43)}` },
      { token: null, headers: { cookie: 'recourse.session_token=abc.def; x=\u00ff' } },
    ]
    await each(
      found.flatMap((r) => from.map((o) => ({ r, o }))),
      async ({ r, o }) =>
        clear(name(r, JSON.stringify(o)), await server.ask(r.method, at(r.path, randomUUID()), o), 401),
    )
  })
})

describe('sizes and forms', () => {
  const ask = (method: string, path: string, options?: AskOptions) => server.ask(method, path, options)

  test('a body of 10 MB is refused with the limit in mind; a huge query and huge headers as well', async () => {
    const value = 'x'.repeat(10_000_000)
    const big = await ask('POST', '/api/v1/entries', { body: { action: 'block', kind: 'sender', value } })
    clear('10 MB entry', big, 413, 422)
    expect(big.text.length).toBeLessThan(2000)
    clear('10 MB organisation', await ask('PUT', '/api/v1/organisation', { body: value }), 400, 413)
    const many = await ask('GET', `/api/v1/messages?${'sender=a@b.example&'.repeat(700)}`)
    clear('700 parameters', many)
    const long = await ask('GET', `/api/v1/messages?q=${'x'.repeat(60_000)}`)
    clear('60 kB query', long, 400, 414, 422, 431)
    clear('60 kB header', await ask('GET', '/api/v1/session', { headers: { 'x-long': 'x'.repeat(60_000) } }), 431)
  })

  test('what is no HTTP is answered with 400 in the same form, and the server goes on', async () => {
    const said = await new Promise<string>((done) => {
      const socket = createConnection(Number(new URL(server.url).port), '127.0.0.1')
      let text = ''
      socket.on('data', (d) => {
        text += d
      })
      socket.on('close', () => done(text))
      socket.on('error', () => done(text))
      socket.end('EHLO mail.example\r\nMAIL FROM:<x@y>\r\n\r\n')
    })
    expect(said).toMatch(/^HTTP\/1\.1 400/)
    expect(said).toMatch(/"cure":/)
    expect((await ask('GET', '/healthz')).status).toBe(200)
  })

  test('files of the console: nothing beside them can be reached', async () => {
    const paths = [
      '/..%2f..%2f..%2fetc/passwd',
      '/assets/..%2f..%2f..%2fpackage.json',
      '/assets/%2e%2e/%2e%2e/package.json',
      '/..%5c..%5cpackage.json',
      '/%00.js',
      '/assets/%c0%ae%c0%ae/x.js',
      '/.git/config.js',
      '/master.key',
      '//etc/passwd.txt',
    ]
    for (const path of paths) {
      const got = await ask('GET', path, { token: null })
      expect(got.text, path).not.toMatch(/root:|"workspaces"|\[core\]/)
      // Whatever names no file is a page of the console.
      if (got.status !== 200) clear(path, got, 400, 403, 404)
      else expect(got.text, path).toMatch(/^<!doctype html>[\s\S]*<title>Recourse</)
    }
  })
})

describe('two tenants', () => {
  test('ids of the other tenant are as unknown as made-up ones, whatever is asked with them', async () => {
    const document = (n: string) => ({ domains: [`${n}.example`], mailboxes: [{ address: `ann@${n}.example` }] })
    const raw = (n: string) =>
      Buffer.from(`From: x@out.example\r\nTo: ann@${n}.example\r\nSubject: ${n}\r\nMessage-ID: <1@${n}>\r\n\r\nHi.\r\n`)
    for (const [n, token] of [
      ['kontor', server.token],
      ['werft', stranger],
    ] as const) {
      expect((await server.ask('PUT', '/api/v1/organisation', { body: document(n), token })).status).toBe(200)
      const mail = { body: raw(n), type: 'message/rfc822', token }
      const got = await server.ask('POST', `/api/v1/import?recipient=ann@${n}.example`, mail)
      expect(got.status, got.text).toBe(200)
      const entry = { action: 'block', kind: 'sender', value: `x@${n}.example` }
      expect((await server.ask('POST', '/api/v1/entries', { body: entry, token })).status).toBe(201)
    }
    const first = async (path: string, token: string) => {
      const { json } = await server.ask('GET', `/api/v1${path}`, { token })
      return (json as { items: { id: string; copies?: { id: string }[] }[] }).items[0]
    }
    const message = await first('/messages', stranger)
    const entry = await first('/entries', stranger)
    const action = await server.ask('POST', '/api/v1/actions', {
      body: { kind: 'soft-delete', select: { messageIds: [message?.id] } },
      token: stranger,
    })
    expect(action.status, action.text).toBeLessThan(300)
    const actionId = (action.json as { id: string }).id
    const ids = [message?.id, message?.copies?.[0]?.id, entry?.id, actionId].filter((id) => id !== undefined)
    expect(ids).toHaveLength(4)
    const found = (await routes()).filter((r) => r.path.includes('{') && !r.path.endsWith('/events'))
    await each(
      found.flatMap((r) => ids.map((id) => ({ r, id }))),
      async ({ r, id }) => {
        const body = r.body === null ? {} : { body: hostileBodies(r.body, 'fine')[0] }
        clear(name(r, id), await server.ask(r.method, at(r.path, id), body), 400, 404, 422)
      },
    )
    const report = { as: 'analyst', opinion: 'should-have-been-blocked', threat: 'phish' }
    clear('report', await server.ask('POST', `/api/v1/messages/${message?.id}/submissions`, { body: report }), 404)
    for (const select of [{ messageIds: [message?.id] }, { deliveryIds: [message?.copies?.[0]?.id] }]) {
      const taken = await server.ask('POST', '/api/v1/actions/preview', { body: { kind: 'soft-delete', select } })
      clear(JSON.stringify(select), taken)
      if (taken.status === 200) expect(taken.json).toMatchObject({ copies: 0, messages: 0 })
    }
    const elsewhere = { body: raw('werft'), type: 'message/rfc822' }
    const smuggled = await server.ask('POST', '/api/v1/import?recipient=ann@werft.example', elsewhere)
    clear('import to another tenant', smuggled, 422)
    expect(smuggled.text).toContain('ann@werft.example')
  })
})

test('stopping while requests come: those in progress are answered, the process ends in order, the log holds no secret', async () => {
  let stopping = false
  const told = new Set<number>()
  const load = Array.from({ length: 8 }, async () => {
    for (let n = 0; n < 5000; n++) {
      const body = { action: 'block', kind: 'sender', value: `n${randomUUID()}@load.example` }
      const got = await server.ask('POST', '/api/v1/entries', { body }).catch(() => null)
      if (got) told.add(got.status)
      else if (stopping) return
    }
  })
  await expect.poll(() => told.has(201)).toBe(true)
  stopping = true
  // Fails when the process has to be killed.
  await server.stop()
  await Promise.all(load)
  // 503: it came while the server was stopping.
  expect([...told].filter((s) => s !== 201 && s !== 503)).toEqual([])
  expect(server.log()).not.toContain(stranger)
})
