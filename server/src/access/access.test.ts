import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getMigrations } from 'better-auth/db/migration'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { migrations as audit, list as auditOf, SYSTEM } from '../audit/index.ts'
import { createLog, createMetrics, type TenantId } from '../base/index.ts'
import { createHttp } from '../http/index.ts'
import { ALL_MIGRATIONS } from '../migrations.ts'
import { authOptions } from './auth.ts'
import {
  ALL_PERMISSIONS,
  type Auth,
  actorOfToken,
  createToken,
  makeAuth,
  newSetupCode,
  ROLES,
  register,
  revokeToken,
  setUp,
} from './index.ts'
import { addPerson, membershipsOf, setPassword } from './people.ts'

void audit
const ORIGIN = 'http://localhost:8780'
const log = createLog({ level: 'silent' })
const key = randomBytes(32)
let t: TestStorage
let auth: Auth

beforeAll(async () => {
  t = await testStorage({ migrations: ALL_MIGRATIONS })
  auth = makeAuth({ db: t.storage.db, key, publicUrl: null, log })
})
afterAll(() => t.close())

/** A server whose first run belongs to this tenant. */
async function server(firstTenant: TenantId): Promise<FastifyInstance> {
  return await createHttp({
    storage: t.storage,
    auth,
    log,
    metrics: createMetrics(),
    checks: {},
    publicUrl: null,
    trustedProxies: [],
    consoleDir: join(tmpdir(), 'recourse-no-console'),
    maxBody: 1024 * 1024,
    routes: (api) => register(api, { storage: t.storage, auth, publicUrl: null, firstTenant, onSetUp: () => {} }),
  })
}

const ann = (n: string) => ({ name: 'Ann', email: `ann.${n}@kontor.example`, password: 'correct horse battery' })
let count = 0
const unique = () => `${process.pid}-${++count}`

describe('the sign-in library', () => {
  test('finds exactly the tables that our migration makes', async () => {
    const plan = await getMigrations(authOptions({ db: t.storage.db, key, publicUrl: null, log }))
    expect(plan.toBeCreated).toEqual([])
    expect(plan.toBeAdded).toEqual([])
    expect(plan.schemaProblems).toEqual([])
  })
})

describe('the first run', () => {
  let tenant: TenantId
  let app: FastifyInstance
  let code: string
  beforeEach(async () => {
    tenant = await t.storage.createTenant('first')
    app = await server(tenant)
    code = (await t.storage.tenant(tenant, newSetupCode)) ?? ''
  })
  const setup = (body: object, headers: object = { origin: ORIGIN }) =>
    app.inject({ method: 'POST', url: '/api/v1/setup', headers: { host: 'localhost:8780', ...headers }, payload: body })

  test('the code makes the administrator, signs in, and is worth nothing afterwards', async () => {
    expect((await app.inject('/api/v1/setup')).json()).toEqual({ needed: true })
    const person = ann(unique())
    const made = await setup({ ...person, code })
    expect(made.statusCode).toBe(200)
    expect(made.body).not.toContain('token')
    const cookie = String(made.headers['set-cookie'])
    expect(cookie).toMatch(/HttpOnly/)
    expect(cookie).toMatch(/SameSite=Strict/)
    const session = await app.inject({ url: '/api/v1/session', headers: { cookie: cookie.split(';')[0] ?? '' } })
    expect(session.json()).toMatchObject({ user: { name: 'Ann', email: person.email }, tenant: { id: tenant } })
    expect(session.json().permissions.sort()).toEqual([...ALL_PERMISSIONS].sort())
    expect((await app.inject('/api/v1/setup')).json()).toEqual({ needed: false })
    const again = await setup({ ...ann(unique()), code })
    expect([again.statusCode, again.json().error.code]).toEqual([409, 'setup-done'])
    expect(await t.storage.tenant(tenant, newSetupCode)).toBe(null)
  })

  test('a wrong or older code, a short password and a page of somebody else are refused', async () => {
    const wrong = await setup({ ...ann(unique()), code: 'AAAA-AAAA-AAAA-AAAA' })
    expect([wrong.statusCode, wrong.json().error.code]).toEqual([403, 'setup-code'])
    const short = await setup({ ...ann(unique()), password: 'short', code })
    expect(short.json().error.message).toMatch(/12 to 256 characters/)
    const foreign = await setup({ ...ann(unique()), code }, { origin: 'https://evil.example' })
    expect([foreign.statusCode, foreign.json().error.code]).toEqual([403, 'cross-origin'])
    await t.storage.tenant(tenant, newSetupCode)
    expect((await setup({ ...ann(unique()), code })).statusCode).toBe(403)
    expect((await app.inject('/api/v1/setup')).json()).toEqual({ needed: true })
  })

  test('of two at once, one becomes the administrator and the other is told', async () => {
    const answers = await Promise.all([setup({ ...ann(unique()), code }), setup({ ...ann(unique()), code })])
    expect(answers.map((a) => a.statusCode).sort()).toEqual([200, 409])
    const { rows } = await t.storage.tenant(tenant, (tx) =>
      sql<{ n: number }>`select count(*)::int as n from membership`.execute(tx),
    )
    expect(rows[0]?.n).toBe(1)
  })

  test('a crash between the library and us is healed by trying again', async () => {
    const person = ann(unique())
    const { internalAdapter, password } = await auth.$context
    const half = await internalAdapter.createUser(
      { email: person.email, name: 'half', emailVerified: true },
      { method: 'admin' },
    )
    await internalAdapter.linkAccount({
      userId: half.id,
      providerId: 'credential',
      accountId: half.id,
      password: await password.hash('of the first attempt'),
    })
    const made = await setup({ ...person, code })
    expect(made.statusCode).toBe(200)
    expect(made.json().user).toMatchObject({ id: half.id, name: 'Ann' })
  })

  test('somebody who has an account elsewhere is not taken over', async () => {
    const person = ann(unique())
    await setUp(t.storage, { auth, db: t.storage.db }, tenant, { ...person, code })
    const other = await t.storage.createTenant('other')
    const otherCode = (await t.storage.tenant(other, newSetupCode)) ?? ''
    const theft = setUp(t.storage, { auth, db: t.storage.db }, other, {
      ...person,
      password: 'password of a thief',
      code: otherCode,
    })
    await expect(theft).rejects.toMatchObject({ code: 'person-known' })
  })
})

describe('signing in', () => {
  let app: FastifyInstance
  let tenant: TenantId
  let person: ReturnType<typeof ann>
  beforeAll(async () => {
    tenant = await t.storage.createTenant('signing in')
    app = await server(tenant)
  })
  beforeEach(async () => {
    person = ann(unique())
    await t.storage.tenant(tenant, (tx) => addPersonTo(tx, 'administrator', person))
  })
  const addPersonTo = async (
    tx: Parameters<typeof auditOf>[0],
    role: 'administrator' | 'reader',
    who: ReturnType<typeof ann>,
  ) => (await import('./index.ts')).addPerson(tx, { auth, db: t.storage.db }, { ...who, role }, SYSTEM)
  const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url, headers: { host: 'localhost:8780', origin: ORIGIN, ...headers }, payload })
  const signIn = (password = person.password, email = person.email) =>
    post('/api/auth/sign-in/email', { email, password })
  const cookieOf = (answer: { headers: object }) =>
    String(Reflect.get(answer.headers, 'set-cookie')).split(';')[0] ?? ''

  test('works with the right password, is in the audit log, and ends with signing out', async () => {
    const answer = await signIn()
    expect(answer.statusCode).toBe(200)
    const cookie = cookieOf(answer)
    expect((await app.inject({ url: '/api/v1/session', headers: { cookie } })).statusCode).toBe(200)
    const [entry] = await t.storage.tenant(tenant, (tx) => auditOf(tx, { limit: 1 }))
    expect(entry).toMatchObject({ action: 'session.sign-in', actor: 'Ann' })
    expect((await post('/api/auth/sign-out', {}, { cookie })).statusCode).toBe(200)
    expect((await app.inject({ url: '/api/v1/session', headers: { cookie } })).statusCode).toBe(401)
  })

  test('guessing locks that address for that client, says how long, and leaves others alone', async () => {
    const other = ann(unique())
    await t.storage.tenant(tenant, (tx) => addPersonTo(tx, 'reader', other))
    for (let i = 0; i < 8; i++) {
      const refused = await signIn(`wrong password ${i}`)
      expect([refused.statusCode, refused.json().error.code]).toEqual([401, 'sign-in'])
    }
    const locked = await signIn()
    expect([locked.statusCode, locked.json().error.code]).toEqual([429, 'locked-out'])
    expect(locked.json().error.message).toMatch(/again in 15 minutes/)
    expect((await signIn(other.password, other.email)).statusCode).toBe(200)
    const refusals = await t.storage.tenant(tenant, (tx) => auditOf(tx, { limit: 50, action: 'session.refused' }))
    expect(refusals[0]).toMatchObject({ detail: { locked: true } })
    await sql`update recourse_auth.refusal set locked_until = now() - interval '1 second'`.execute(t.storage.db)
    expect((await signIn()).statusCode).toBe(200)
  })

  test('an unknown address and a wrong password are answered alike', async () => {
    const [unknown, wrong] = [
      await signIn('whatever it may be', 'nobody@kontor.example'),
      await signIn('whatever it may be'),
    ]
    expect(unknown.json()).toEqual(wrong.json())
  })

  test.each([
    '/sign-up/email',
    '/update-user',
    '/delete-user',
    '/change-email',
    '/sign-in/social',
    '/request-password-reset',
    '/../v1/setup',
  ])('%s of the library is shut', async (path) => {
    const answer = await post(`/api/auth${path}`, { ...ann(unique()) })
    expect([404, 422]).toContain(answer.statusCode)
    const { rows } = await sql<{
      n: number
    }>`select count(*)::int as n from recourse_auth."user" where email = ${`ann.${process.pid}-${count}@kontor.example`}`.execute(
      t.storage.db,
    )
    expect(rows[0]?.n).toBe(0)
  })

  test('with a cookie only our own pages can change something', async () => {
    const cookie = cookieOf(await signIn())
    const body = { name: 'x', permissions: ['mail.read'] }
    const make = (headers: Record<string, string>) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/tokens',
        headers: { host: 'localhost:8780', cookie, ...headers },
        payload: body,
      })
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      {},
      { origin: 'http://localhost:8781' },
    ])
      expect((await make(headers)).json().error?.code).toBe('cross-origin')
    expect((await make({ origin: ORIGIN })).statusCode).toBe(201)
    expect((await make({ 'sec-fetch-site': 'same-origin' })).statusCode).toBe(201)
  })

  test('who is removed is out at once, and the last administrator cannot be', async () => {
    const reader = ann(unique())
    const made = await t.storage.tenant(tenant, (tx) => addPersonTo(tx, 'reader', reader))
    const cookie = cookieOf(await signIn())
    const theirs = cookieOf(await signIn(reader.password, reader.email))
    const call = (method: 'DELETE' | 'PATCH', id: string, payload: object = {}) =>
      app.inject({
        method,
        url: `/api/v1/users/${id}`,
        headers: { host: 'localhost:8780', origin: ORIGIN, cookie },
        ...(method === 'PATCH' ? { payload } : {}),
      })
    expect((await call('DELETE', made.id)).statusCode).toBe(204)
    expect((await app.inject({ url: '/api/v1/session', headers: { cookie: theirs } })).statusCode).toBe(401)
    const lone = await t.storage.createTenant('lone')
    const one = ann(unique())
    const { id } = await t.storage.tenant(lone, (tx) => addPersonTo(tx, 'administrator', one))
    const own = cookieOf(await signIn(one.password, one.email))
    const last = await app.inject({
      method: 'DELETE',
      url: `/api/v1/users/${id}`,
      headers: { host: 'localhost:8780', origin: ORIGIN, cookie: own },
    })
    expect([last.statusCode, last.json().error.code]).toEqual([409, 'last-administrator'])
    expect(await membershipsOf(t.storage.db, id)).toEqual([{ tenant: lone, role: 'administrator' }])
  })
})

describe('a new password from an administrator', () => {
  const bob = (role: 'administrator' | 'reader', tenant: TenantId, who: ReturnType<typeof ann>) =>
    t.storage.tenant(tenant, (tx) => addPerson(tx, { auth, db: t.storage.db }, { ...who, role }, SYSTEM))
  test('replaces the old one and ends the sessions', async () => {
    const tenant = await t.storage.createTenant('passwords')
    const app = await server(tenant)
    const who = ann(unique())
    const { id } = await bob('reader', tenant, who)
    const signIn = (password: string) =>
      app.inject({
        method: 'POST',
        url: '/api/auth/sign-in/email',
        headers: { host: 'localhost:8780', origin: ORIGIN },
        payload: { email: who.email, password },
      })
    const cookie = String((await signIn(who.password)).headers['set-cookie']).split(';')[0] ?? ''
    await setPassword({ storage: t.storage, auth }, tenant, id, 'another long password', SYSTEM)
    expect((await app.inject({ url: '/api/v1/session', headers: { cookie } })).statusCode).toBe(401)
    expect((await signIn(who.password)).statusCode).toBe(401)
    expect((await signIn('another long password')).statusCode).toBe(200)
    const short = setPassword({ storage: t.storage, auth }, tenant, id, 'short', SYSTEM)
    await expect(short).rejects.toMatchObject({ code: 'person' })
  })
  test('is refused for a stranger and for somebody who belongs elsewhere too', async () => {
    const [here, there] = [await t.storage.createTenant('here'), await t.storage.createTenant('there')]
    const { id } = await bob('reader', there, ann(unique()))
    const set = (tenant: TenantId) =>
      setPassword({ storage: t.storage, auth }, tenant, id, 'another long password', SYSTEM)
    await expect(set(here)).rejects.toMatchObject({ code: 'not-found' })
    await t.storage.tenant(here, (tx) =>
      sql`insert into membership (tenant_id, user_id, role, name, email, created_by)
        values (${here}, ${id}, 'reader', 'x', 'x@x.example', 'test')`.execute(tx),
    )
    await expect(set(here)).rejects.toMatchObject({ code: 'person-elsewhere' })
  })
})

describe('API tokens', () => {
  const make = (
    tenant: TenantId,
    permissions = ROLES.reader as readonly (typeof ALL_PERMISSIONS)[number][],
    expiresAt: Date | null = null,
  ) => t.storage.tenant(tenant, (tx) => createToken(tx, { name: 'robot', permissions, expiresAt }, SYSTEM))

  test('stand for their tenant and permissions, and nothing that is kept lets one be made again', async () => {
    for (const tenant of [t.a, t.b]) {
      const made = await make(tenant)
      expect(await actorOfToken(t.storage, made.secret)).toEqual({
        tenant,
        user: made.id,
        name: 'robot',
        permissions: new Set(ROLES.reader),
      })
      const { rows } = await t.storage.tenant(tenant, (tx) =>
        sql<{ row: string }>`select api_token::text as row from api_token`.execute(tx),
      )
      expect(rows.map((r) => r.row).join()).not.toContain(made.secret.slice(30))
    }
  })

  test('one of another tenant, a changed one, an expired one and a revoked one are nobody', async () => {
    const { secret, id } = await make(t.a)
    const own = Buffer.from(secret.slice(4), 'base64url')
    const moved = Buffer.concat([Buffer.from(t.b.replaceAll('-', ''), 'hex'), own.subarray(16)])
    expect(await actorOfToken(t.storage, `rcs_${moved.toString('base64url')}`)).toBe(null)
    own[47] = (own[47] ?? 0) ^ 1
    expect(await actorOfToken(t.storage, `rcs_${own.toString('base64url')}`)).toBe(null)
    for (const nonsense of ['', 'rcs_', 'rcs_x', `rcs_${'A'.repeat(64)}`, `rcs_${'A'.repeat(65)}`, "rcs_';--"])
      expect(await actorOfToken(t.storage, nonsense)).toBe(null)
    const past = await make(t.a, ROLES.reader, new Date(Date.now() - 1000))
    expect(await actorOfToken(t.storage, past.secret)).toBe(null)
    await expect(t.storage.tenant(t.b, (tx) => revokeToken(tx, id, SYSTEM))).rejects.toMatchObject({
      code: 'not-found',
    })
    expect(await actorOfToken(t.storage, secret)).not.toBe(null)
    await t.storage.tenant(t.a, (tx) => revokeToken(tx, id, SYSTEM))
    expect(await actorOfToken(t.storage, secret)).toBe(null)
  })

  test('cannot be given more than their maker has', async () => {
    const app = await server(t.a)
    const { secret } = await make(t.a, ['users.manage', 'mail.read'])
    const ask = (permissions: string[]) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/tokens',
        headers: { authorization: `Bearer ${secret}` },
        payload: { name: 'more', permissions },
      })
    expect((await ask(['mail.read', 'mail.content'])).json().error.code).toBe('token-rights')
    const admin = await t.storage.tenant(t.a, (tx) =>
      addPerson(tx, { auth, db: t.storage.db }, { ...ann(unique()), role: 'administrator' }, SYSTEM),
    )
    const people = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, payload: object) =>
      app.inject({ method, url: `/api/v1/users${path}`, headers: { authorization: `Bearer ${secret}` }, payload })
    // Nor make somebody who has more, nor become or remove one who has.
    const ways = [
      people('POST', '', { ...ann(unique()), role: 'administrator' }),
      people('PATCH', `/${admin.id}`, { role: 'reporter' }),
      people('PUT', `/${admin.id}/password`, { password: 'another long password' }),
      people('DELETE', `/${admin.id}`, {}),
    ]
    const codes = (await Promise.all(ways)).map((answer) => answer.json().error?.code)
    expect(codes).toEqual(['role-rights', 'role-rights', 'role-rights', 'role-rights'])
    // A role that is none is answered with those that there are.
    const none = (await people('POST', '', { ...ann(unique()), role: 'approver' })).json().error
    expect(none.message).toBe(
      'The request is not valid: body.role must be one of administrator, analyst, reader, reporter.',
    )
    expect(none.places).toEqual([{ at: 'role', message: 'must be one of administrator, analyst, reader, reporter' }])
    const made = await ask(['mail.read'])
    expect(made.statusCode).toBe(201)
    const listed = await app.inject({ url: '/api/v1/tokens', headers: { authorization: `Bearer ${secret}` } })
    expect(listed.body).not.toContain(made.json().token)
  })
})
