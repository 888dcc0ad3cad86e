import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../test/rig/storage.ts'
import { createToken, type Permission, ROLE_NAMES, ROLES } from './access/index.ts'
import { type App, startApp } from './app.ts'
import { list as auditOf, SYSTEM } from './audit/index.ts'
import { createLog, type TenantId } from './base/index.ts'
import { readConfig } from './config.ts'

let t: TestStorage
let app: App
const dir = mkdtempSync(join(tmpdir(), 'recourse-app-'))

beforeAll(async () => {
  t = await testStorage()
  app = await startApp(configFor(dir), createLog({ level: 'silent' }))
})
afterAll(async () => {
  await app?.stop()
  await t.close()
  rmSync(dir, { recursive: true, force: true })
})

const configFor = (dataDir: string) =>
  readConfig({
    RECOURSE_DATA_DIR: dataDir,
    RECOURSE_HTTP_PORT: '0',
    DATABASE_URL: t.url,
    RECOURSE_PARSER_WORKERS: '1',
    RECOURSE_GATEWAY_LMTP_PORT: '0',
  }).full

const tokenOf = (tenant: TenantId, permissions: readonly Permission[]) =>
  t.storage.tenant(tenant, async (tx) => (await createToken(tx, { name: 'test', permissions }, SYSTEM)).secret)

const ask = (method: string, path: string, token?: string, body?: unknown) =>
  fetch(`${app.url}${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

/** The table of the API's page: whoever changes a route's permission changes it here. */
const PERMISSIONS: Readonly<Record<string, Permission | 'signed-in' | 'none'>> = {
  'GET /setup': 'none',
  'POST /setup': 'none',
  'GET /openapi.json': 'none',
  'GET /session': 'signed-in',
  'GET /messages': 'mail.read',
  'GET /messages.csv': 'mail.read',
  'GET /messages/histogram': 'mail.read',
  'GET /messages/histogram.csv': 'mail.read',
  'GET /messages/top': 'mail.read',
  'GET /messages/top.csv': 'mail.read',
  'GET /saved-queries': 'mail.read',
  'POST /saved-queries': 'remediation.propose',
  'PATCH /saved-queries/{id}': 'remediation.propose',
  'DELETE /saved-queries/{id}': 'remediation.propose',
  'POST /saved-queries/{id}/run': 'mail.read',
  'GET /messages/{id}': 'mail.read',
  'GET /messages/{id}/timeline': 'mail.read',
  'GET /messages/{id}/raw': 'mail.content',
  'GET /messages/{id}/explain': 'mail.read',
  'POST /messages/{id}/submissions': 'submission.write',
  'GET /submissions': 'mail.read',
  'GET /entries': 'lists.read',
  'POST /entries': 'lists.write',
  'POST /entries/add': 'lists.write',
  'POST /entries/remove': 'lists.write',
  'GET /entries/{id}': 'lists.read',
  'PATCH /entries/{id}': 'lists.write',
  'DELETE /entries/{id}': 'lists.write',
  'POST /entries/preview': 'lists.read',
  'POST /actions/preview': 'remediation.propose',
  'POST /actions': 'remediation.propose',
  'GET /actions': 'mail.read',
  'GET /actions/{id}': 'mail.read',
  'GET /actions/{id}/items': 'mail.read',
  'GET /actions/{id}/items/{item}/transitions': 'mail.read',
  'POST /actions/{id}/approve': 'remediation.approve',
  'POST /actions/{id}/reject': 'remediation.approve',
  'POST /actions/{id}/cancel': 'remediation.approve',
  'POST /actions/{id}/undo/preview': 'remediation.propose',
  'POST /actions/{id}/undo': 'remediation.propose',
  'POST /actions/{id}/items/{item}/keep/preview': 'remediation.propose',
  'POST /actions/{id}/items/{item}/keep': 'remediation.propose',
  'GET /actions.csv': 'mail.read',
  'GET /actions/{id}/results': 'mail.read',
  'GET /actions/{id}/items.csv': 'mail.read',
  'GET /actions/{id}/false-positive': 'mail.read',
  'POST /actions/decide': 'remediation.approve',
  'POST /take-action': 'mail.read',
  'POST /take-action/preview': 'mail.read',
  'POST /take-action/targets': 'mail.read',
  'POST /take-action/targets.csv': 'mail.read',
  'POST /undo/preview': 'remediation.propose',
  'POST /undo': 'remediation.propose',
  'GET /quarantine': 'mail.read',
  'GET /quarantine.csv': 'mail.read',
  'GET /quarantine/counts': 'mail.read',
  'GET /quarantine/{id}': 'mail.read',
  'POST /quarantine/preview': 'quarantine.manage',
  'POST /quarantine/release': 'quarantine.manage',
  'POST /quarantine/delete': 'quarantine.manage',
  'POST /quarantine/deny': 'quarantine.manage',
  'POST /quarantine/extend': 'quarantine.manage',
  'POST /quarantine/block-sender': 'quarantine.manage',
  'POST /quarantine/download': 'mail.content',
  'GET /organisation': 'settings.read',
  'PUT /organisation': 'settings.write',
  'GET /policy': 'settings.read',
  'PUT /policy': 'settings.write',
  'GET /mailboxes/{address}/senders': 'lists.read',
  'PUT /mailboxes/{address}/senders': 'lists.write',
  'GET /policies': 'settings.read',
  'PUT /policies': 'settings.write',
  'GET /retention': 'settings.read',
  'PUT /retention': 'settings.write',
  'GET /retention/state': 'settings.read',
  'POST /retention/preview': 'settings.read',
  'POST /retention/confirm': 'settings.write',
  'GET /sources/braked': 'lists.read',
  'DELETE /sources/braked/{id}': 'lists.write',
  'GET /signals/suspended': 'lists.read',
  'POST /signals/suspended': 'lists.write',
  'DELETE /signals/suspended/{id}': 'lists.write',
  'POST /import': 'import.write',
  'GET /engines': 'settings.read',
  'GET /engines/classifier/lessons': 'mail.read',
  'DELETE /engines/classifier/lessons/{hash}': 'lists.write',
  'GET /events': 'mail.read',
  'GET /audit': 'audit.read',
  'GET /audit/verify': 'audit.read',
  'GET /tokens': 'users.manage',
  'POST /tokens': 'users.manage',
  'DELETE /tokens/{id}': 'users.manage',
  'GET /users': 'users.manage',
  'POST /users': 'users.manage',
  'PATCH /users/{id}': 'users.manage',
  'PUT /users/{id}/password': 'users.manage',
  'DELETE /users/{id}': 'users.manage',
}
const NOBODY = '01a20e3b-0000-7000-8000-000000000000'

async function operations(): Promise<string[]> {
  const document = await (await ask('GET', '/api/v1/openapi.json')).json()
  return Object.entries(document.paths as Record<string, Record<string, unknown>>).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((m) => m !== 'head')
      .map((m) => `${m.toUpperCase()} ${path.replace('/api/v1', '')}`),
  )
}

describe('permissions', () => {
  test('the API has exactly the routes and permissions of its page (permissions #1, #22)', async () => {
    expect((await operations()).sort()).toEqual(Object.keys(PERMISSIONS).sort())
  })

  test('every route × every role: who lacks the permission is refused by its name, who holds it is not (permissions #2, #4, #21, #28, #45, #46, #49, #50, #64, #65, #81)', async () => {
    const tokens = new Map(
      await Promise.all(ROLE_NAMES.map(async (role) => [role, await tokenOf(t.a, ROLES[role])] as const)),
    )
    for (const [route, needed] of Object.entries(PERMISSIONS)) {
      const [method = '', path = ''] = route.split(' ')
      const url = `/api/v1${path.replaceAll(/\{\w+\}/g, NOBODY)}`
      const status = async (token?: string) => {
        const stop = new AbortController()
        const answer = await fetch(`${app.url}${url}`, {
          method,
          signal: stop.signal,
          headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
          ...(method === 'GET' || method === 'DELETE' ? {} : { body: '{"wrong":1}' }),
        })
        const body = answer.ok && route === 'GET /events' ? {} : await answer.json().catch(() => ({}))
        stop.abort()
        return { status: answer.status, code: body.error?.code, message: body.error?.message }
      }
      if (needed === 'none') {
        expect((await status()).status, route).not.toBe(401)
        continue
      }
      expect(await status(), route).toMatchObject({ status: 401, code: 'signed-out' })
      for (const [role, token] of tokens) {
        const found = await status(token)
        const may = needed === 'signed-in' || (ROLES[role] as readonly Permission[]).includes(needed)
        if (may) expect([401, 403, 500], `${route} as ${role}`).not.toContain(found.status)
        else
          expect(found, `${route} as ${role}`).toMatchObject({
            status: 403,
            code: 'forbidden',
            message: expect.stringContaining(needed),
          })
      }
    }
  })

  test('readers cannot approve, propose or read content (permissions #78)', () => {
    for (const right of ['remediation.approve', 'remediation.propose', 'mail.content', 'lists.write'] as const)
      expect(ROLES.reader as readonly Permission[]).not.toContain(right)
  })
})

const ORGANISATION = (domain: string) => ({
  domains: [domain],
  mailboxes: [
    { address: `ann@${domain}`, displayName: 'Ann Berg' },
    { address: `bo@${domain}`, displayName: 'Bo' },
  ],
})
const MAIL = (domain: string) =>
  `From: Shop <news@shop.example>\r\nTo: ann@${domain}\r\nSubject: Spring offers\r\nMessage-ID: <same@shop.example>\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n\r\n<b>hello</b> http://shop.example/x\r\n`

describe('two tenants with the same mail', () => {
  let tokens: { a: string; b: string }
  let messages: { a: string; b: string }
  beforeAll(async () => {
    tokens = { a: await tokenOf(t.a, ROLES.administrator), b: await tokenOf(t.b, ROLES.administrator) }
    const bring = async (token: string, domain: string) => {
      expect((await ask('PUT', '/api/v1/organisation', token, ORGANISATION(domain))).status).toBe(200)
      const answer = await fetch(`${app.url}/api/v1/import?recipient=ann@${domain}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'message/rfc822' },
        body: MAIL('same.example'),
      })
      expect(answer.status).toBe(200)
      return String((await answer.json()).messageId)
    }
    messages = { a: await bring(tokens.a, 'kontor.example'), b: await bring(tokens.b, 'werft.example') }
  })

  test('each reads its own message, its preview and its log, and nothing of the other', async () => {
    for (const [own, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      for (const path of ['/api/v1/messages/ID/raw', '/preview/ID']) {
        expect((await ask('GET', path.replace('ID', messages[own]), tokens[own])).status, path).toBe(200)
        expect((await ask('GET', path.replace('ID', messages[other]), tokens[own])).status, path).toBe(404)
      }
      const { items } = await (await ask('GET', '/api/v1/audit?limit=500', tokens[own])).json()
      expect(JSON.stringify(items)).toContain(messages[own])
      expect(JSON.stringify(items)).not.toContain(messages[other])
      const organisation = await (await ask('GET', '/api/v1/organisation', tokens[own])).json()
      expect(organisation.domains).toEqual([own === 'a' ? 'kontor.example' : 'werft.example'])
    }
  })

  test('raw is what was sent, byte for byte, as a file and never as a page', async () => {
    const answer = await ask('GET', `/api/v1/messages/${messages.a}/raw`, tokens.a)
    expect(await answer.text()).toBe(MAIL('same.example'))
    expect(answer.headers.get('content-type')).toBe('message/rfc822')
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/)
    expect(answer.headers.get('content-security-policy')).toMatch(/sandbox/)
  })

  test('a preview has a policy that lets nothing run or load, and may be framed by us only', async () => {
    const answer = await ask('GET', `/preview/${messages.a}`, tokens.a)
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'self'.*sandbox/)
    expect(await answer.text()).toContain('hello')
  })

  test('every reading of content needs its right, and is in the audit log with the person (permissions #27, explorer #67)', async () => {
    const reader = await tokenOf(t.a, ['mail.read'])
    for (const path of [`/preview/${messages.a}`, `/api/v1/messages/${messages.a}/raw`])
      expect((await ask('GET', path, reader)).status, path).toBe(403)
    const before = await t.storage.tenant(t.a, (tx) => auditOf(tx, { limit: 500, subject: messages.a }))
    await ask('GET', `/preview/${messages.a}`, tokens.a)
    await ask('GET', `/api/v1/messages/${messages.a}/raw`, tokens.a)
    const after = await t.storage.tenant(t.a, (tx) => auditOf(tx, { limit: 500, subject: messages.a }))
    expect(after.slice(0, 2).map((e) => [e.action, e.actor])).toEqual([
      ['message.raw', 'test'],
      ['message.preview', 'test'],
    ])
    expect(after.length).toBe(before.length + 2)
    const result = await (await ask('GET', '/api/v1/audit/verify', tokens.a)).json()
    expect(result).toMatchObject({ ok: true, problems: [] })
  })

  test('live events reach the pages of their tenant only', async () => {
    const listen = async (token: string) => {
      const stop = new AbortController()
      const answer = await fetch(`${app.url}/api/v1/events`, {
        headers: { authorization: `Bearer ${token}` },
        signal: stop.signal,
      })
      expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
      let text = ''
      const reading = (async () => {
        const decoder = new TextDecoder()
        if (answer.body) for await (const chunk of answer.body) text += decoder.decode(chunk, { stream: true })
      })().catch(() => {})
      return {
        text: () => text,
        stop: () => {
          stop.abort()
          return reading
        },
      }
    }
    const [a, b] = [await listen(tokens.a), await listen(tokens.b)]
    const policy = await (await ask('PUT', '/api/v1/policy', tokens.a, { mode: 'strict' })).json()
    await expect.poll(a.text).toContain(`event: settings\ndata: {"kind":"policy.changed","version":${policy.version}}`)
    const body = { kind: 'soft-delete', select: { messageIds: [messages.a] } }
    const { id } = await (await ask('POST', '/api/v1/actions', tokens.a, body)).json()
    await expect
      .poll(a.text)
      .toMatch(new RegExp(`event: action\\ndata: .*${id}","state":"completed","counts":.*"done":1`))
    await expect.poll(a.text).toContain(`event: message\ndata: {"messageId":"${messages.a}"`)
    // Whatever came before this one has been told by now. Its own mail and organisation may be among it; of the other tenant, nothing.
    const entry = { action: 'block', kind: 'sender', value: 'own@werft.example' }
    const own = await (await ask('POST', '/api/v1/entries', tokens.b, entry)).json()
    await expect.poll(b.text).toContain(`event: entry\ndata: {"entryId":"${own.id}"`)
    for (const foreign of [messages.a, id, 'event: action', 'policy.changed']) expect(b.text()).not.toContain(foreign)
    await Promise.all([a.stop(), b.stop()])
  })
})

describe('the server', () => {
  test('tells what is wrong in the shape that the API promises', async () => {
    const token = await tokenOf(t.a, ROLES.administrator)
    const wrong = await ask('POST', '/api/v1/tokens', token, { name: '', permissions: ['mail.reed'], extra: 1 })
    expect(wrong.status).toBe(422)
    const { error } = await wrong.json()
    expect(error).toMatchObject({ code: 'invalid-request', cure: expect.any(String) })
    for (const part of ['body.name', 'body.permissions.0', 'extra']) expect(error.message).toContain(part)
    expect((await (await ask('GET', '/api/v1/none')).json()).error.code).toBe('not-found')
    const noJson = await fetch(`${app.url}/api/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{',
    })
    expect([noJson.status, (await noJson.json()).error.code]).toEqual([400, 'bad-request'])
    const strings = await ask('POST', '/api/v1/tokens', token, { name: 'x', permissions: 'mail.read' })
    expect(strings.status).toBe(422)
  })

  test('says in words what is expected, never as a pattern', async () => {
    const token = await tokenOf(t.a, ROLES.administrator)
    const saying = async (method: string, path: string, body?: unknown): Promise<string> => {
      const answer = await ask(method, `/api/v1${path}`, token, body)
      expect(answer.status, path).toBe(422)
      return (await answer.json()).error.message
    }
    const id = 'must be an ID as in the addresses of pages: 32 hexadecimal digits, with hyphens after 8, 12, 16 and 20'
    expect(await saying('GET', '/messages/12')).toBe(`The request is not valid: params.id ${id}.`)
    expect(await saying('GET', '/quarantine/12')).toBe(`The request is not valid: params.id ${id}.`)
    expect(await saying('POST', '/actions/decide', { ids: ['12'], verb: 'approve' })).toContain(`body.ids.0 ${id}`)
    expect(await saying('POST', '/saved-queries', { name: ' ', filter: {} })).toContain('body.name must not be blank')
    const policy = { trustedArcSealers: ['no domain!'] }
    expect(await saying('PUT', '/policy', policy)).toContain('trustedArcSealers.0: must be a domain, like')
  })

  test('every pattern of the API says in words what it means', async () => {
    const document = await (await ask('GET', '/api/v1/openapi.json')).json()
    const silent: string[] = []
    // Of a parameter it is said beside its schema.
    const look = (at: unknown, path: string, above: boolean): void => {
      if (typeof at !== 'object' || at === null) return
      const { pattern, description } = at as { pattern?: unknown; description?: unknown }
      const said = above || typeof description === 'string'
      if (typeof pattern === 'string' && pattern !== '\\S' && !said) silent.push(path)
      for (const [key, value] of Object.entries(at))
        if (key !== 'responses') look(value, `${path}/${key}`, key === 'schema' && said)
    }
    look(document.paths, '', false)
    expect(silent).toEqual([])
  })

  test('is healthy, ready and measured; a token in a query is no token', async () => {
    expect(await (await ask('GET', '/healthz')).json()).toEqual({ status: 'ok' })
    expect(await (await ask('GET', '/readyz')).json()).toMatchObject({ ready: true })
    expect(await (await ask('GET', '/metrics')).text()).toMatch(
      /recourse_http_seconds_bucket\{.*route="\/api\/v1\/policy"/,
    )
    const token = await tokenOf(t.a, ROLES.administrator)
    expect((await ask('GET', `/api/v1/policy?token=${token}`)).status).toBe(401)
  })

  test('cannot be started twice on one port, and says how to go on', async () => {
    const other = mkdtempSync(join(tmpdir(), 'recourse-app-'))
    const port = Number(new URL(app.url ?? '').port)
    const config = { ...configFor(other), keyFile: configFor(dir).keyFile }
    await expect(
      startApp({ ...config, http: { ...config.http, port } }, createLog({ level: 'silent' })),
    ).rejects.toMatchObject({
      code: 'http-port',
      cure: expect.stringContaining('RECOURSE_HTTP_PORT'),
    })
    rmSync(other, { recursive: true, force: true })
  })
})
