import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Type from 'typebox'
import { afterAll, describe, expect, test } from 'vitest'
import { growth, LINEAR } from '../../test/rig/growth.ts'
import { AppError, createLog, loadConfig, maskUrl, secretTexts, shownValue } from './index.ts'

const schema = Type.Object({
  dataDir: Type.String({ minLength: 1, default: 'data', description: 'Where data lies.' }),
  roles: Type.Array(Type.Union([Type.Literal('api'), Type.Literal('worker')]), { default: ['api'] }),
  http: Type.Object({
    port: Type.Integer({ minimum: 0, maximum: 65535, default: 8780 }),
    host: Type.String({ default: '127.0.0.1' }),
  }),
  database: Type.Object({ url: Type.Union([Type.String(), Type.Null()], { default: null, secret: true }) }),
  mailboxes: Type.Union(
    [
      Type.Object({ kind: Type.Literal('maildir'), root: Type.String({ default: 'mail' }) }),
      Type.Object({ kind: Type.Literal('imap'), host: Type.String(), password: Type.String({ secret: true }) }),
    ],
    { default: { kind: 'maildir' } },
  ),
  gateway: Type.Optional(Type.Object({ lmtp: Type.Object({ port: Type.Integer({ minimum: 1, maximum: 65535 }) }) })),
})

const dir = mkdtempSync(join(tmpdir(), 'recourse-config-'))
afterAll(() => rmSync(dir, { recursive: true }))
let files = 0
const file = (content: unknown) => {
  const path = join(dir, `${++files}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return { path, required: true }
}
const load = (env: Record<string, string>, content?: unknown) =>
  loadConfig(schema, {
    env,
    file: content === undefined ? null : file(content),
    otherEnv: ['RECOURSE_TOKEN', 'RECOURSE_DEMO_*'],
    aliases: { DATABASE_URL: 'database.url' },
  })
const refused = (env: Record<string, string>, content?: unknown): string => {
  try {
    load(env, content)
  } catch (error) {
    if (error instanceof AppError) return error.message
    throw error
  }
  throw new Error('it was accepted')
}

describe('configuration', () => {
  test('defaults alone make a whole configuration; an optional section that nobody mentions stays away', () => {
    expect(load({}).config).toEqual({
      dataDir: 'data',
      roles: ['api'],
      http: { port: 8780, host: '127.0.0.1' },
      database: { url: null },
      mailboxes: { kind: 'maildir', root: 'mail' },
    })
  })

  test('the environment wins over the file, the file over the default, and each value says where it comes from', () => {
    const { config, settings } = load({ RECOURSE_HTTP_PORT: '9000' }, { http: { port: 1, host: '::1' } })
    expect(config.http).toEqual({ port: 9000, host: '::1' })
    const origin = (name: string) => settings.find((s) => s.name === name)?.origin
    expect(origin('http.port')).toBe('environment RECOURSE_HTTP_PORT')
    expect(origin('http.host')).toMatch(/^file .*\.json$/)
    expect(origin('dataDir')).toBe('default')
    expect(origin('gateway.lmtp.port')).toBe('not set')
  })

  test('text of the environment becomes what the schema means', () => {
    expect(load({ RECOURSE_ROLES: 'api, worker' }).config.roles).toEqual(['api', 'worker'])
    expect(load({ RECOURSE_GATEWAY_LMTP_PORT: '24' }).config.gateway).toEqual({ lmtp: { port: 24 } })
    expect(load({ RECOURSE_DATABASE_URL: '' }).config.database.url).toBe(null)
  })

  test('a list or object in the environment may say nothing twice', () => {
    expect(refused({ RECOURSE_ROLES: '[{"a":1,"a":2}]' })).toMatch(
      /roles \(environment RECOURSE_ROLES\): 0\.a stands in it twice/,
    )
  })

  test('the kind of mailboxes chooses which settings exist', () => {
    const env = { RECOURSE_MAILBOXES_KIND: 'imap', RECOURSE_MAILBOXES_HOST: 'mail', RECOURSE_MAILBOXES_PASSWORD: 'pw' }
    expect(load(env).config.mailboxes).toEqual({ kind: 'imap', host: 'mail', password: 'pw' })
    expect(refused({ RECOURSE_MAILBOXES_KIND: 'pop' })).toMatch(
      /mailboxes\.kind = "pop" \(environment RECOURSE_MAILBOXES_KIND\): must be one of "maildir", "imap"/,
    )
    expect(refused({}, { mailboxes: { kind: 'maildir', host: 'x' } })).toMatch(/mailboxes\.host .*unknown setting/)
  })

  test('all mistakes are told at once, each with its name, its value and what is allowed', () => {
    const said = refused(
      { RECOURSE_HTTP_PORT: '99999', RECOURSE_HTPP_HOST: 'x', RECOURSE_ROLES: 'api,king' },
      { dataDirr: '/x', http: { prt: 1 }, dataDir: '' },
    )
    expect(said).toMatch(
      /http\.port = 99999 \(environment RECOURSE_HTTP_PORT\): must be a whole number from 0 to 65535/,
    )
    expect(said).toMatch(/RECOURSE_HTPP_HOST \(environment\): unknown setting; did you mean RECOURSE_HTTP_HOST\?/)
    expect(said).toMatch(/roles = \["api","king"\].*must be a list, each one of "api", "worker"/)
    expect(said).toMatch(/dataDirr .*unknown setting; did you mean dataDir\?/)
    expect(said).toMatch(/http\.prt .*unknown setting; did you mean port\?/)
    expect(said).toMatch(/dataDir = "" .*must be text, not empty/)
  })

  test('what is no setting is left alone', () => {
    expect(() => load({ RECOURSE_TOKEN: 'x', RECOURSE_DEMO_DATA: 'y', PATH: 'z' })).not.toThrow()
  })

  test('a required value that is missing is named with its variable', () => {
    expect(refused({ RECOURSE_MAILBOXES_KIND: 'imap' })).toMatch(
      /mailboxes\.host is missing \(RECOURSE_MAILBOXES_HOST\)/,
    )
  })

  test('a file that is no JSON, or is named and missing, stops with its path', () => {
    expect(() => load({}, '{ port')).toThrow(/configuration file .*json cannot be read/)
    const missing = { path: join(dir, 'none.json'), required: true }
    expect(() => loadConfig(schema, { env: {}, file: missing })).toThrow(/none\.json cannot be read/)
    expect(() => loadConfig(schema, { env: {}, file: { ...missing, required: false } })).not.toThrow()
  })

  test('another name of a setting works, and the own name wins', () => {
    const { config, settings } = load({ DATABASE_URL: 'postgres://a:b@c/d' })
    expect(config.database.url).toBe('postgres://a:b@c/d')
    expect(settings.find((s) => s.name === 'database.url')?.origin).toBe('environment DATABASE_URL')
    expect(load({ DATABASE_URL: 'one', RECOURSE_DATABASE_URL: 'two' }).config.database.url).toBe('two')
  })
})

describe('secrets', () => {
  test('are masked where settings are shown, and never stand in an error', () => {
    const { settings } = load({ DATABASE_URL: 'postgres://a:hunter22@c/d' })
    const url = settings.find((s) => s.name === 'database.url')
    expect(url && shownValue(url)).toBe('postgres://a:…@c/d')
    const said = refused({}, { mailboxes: { kind: 'imap', host: 'h', password: { deep: 'hunter22' } } })
    expect(said).toContain('mailboxes.password = (secret)')
    expect(said).not.toContain('hunter22')
  })

  test('do not reach the log: by key, in addresses, and wherever a known secret stands', () => {
    const lines: string[] = []
    const { settings } = load({ DATABASE_URL: 'postgres://a:hun%22ter22@c/d' })
    const log = createLog({ level: 'info', secrets: secretTexts(settings), to: { write: (line) => lines.push(line) } })
    log.info({ password: 'p1', nested: { apiToken: 'p2', headers: { authorization: 'p3', cookie: 'p4' } } }, 'keys')
    log.info({ token: 'p5', 'set-cookie': 'p6' }, 'to postgres://u:p7@h/d')
    log.error({ err: new Error('refused for hun"ter22') }, 'hun%22ter22')
    const all = lines.join('')
    for (const secret of ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'ter22']) expect(all).not.toContain(secret)
    expect(all).toContain('postgres://u:…@h/d')
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow()
  })
})

test('a long word in a log line costs no more than its length', () => {
  for (const word of ['a', 'x://a:', `${'a'.repeat(1000)}://`])
    expect(
      growth((n) => maskUrl(word.repeat(n / word.length)), 50_000),
      word,
    ).toBeLessThan(LINEAR)
  expect(maskUrl('at postgres://u:secret@db/x')).toBe('at postgres://u:…@db/x')
})
