// Starts that must not succeed: each names what is wrong and what to do about it.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { drop, own, ownDir, refusedStart, serve } from './serve.ts'

let t: TestStorage
/** For starts that fail after the database was opened: they share it, so they share its key. */
let base: Readonly<Record<string, string>>
const dirs: string[] = []
const fresh = () => {
  const dir = ownDir()
  dirs.push(dir)
  return dir
}

beforeAll(async () => {
  t = await testStorage()
  base = { DATABASE_URL: t.url, RECOURSE_KEY_FILE: join(fresh(), 'master.key') }
})
afterAll(async () => {
  await t.close()
  for (const dir of dirs) {
    chmodSync(dir, 0o700)
    drop(dir)
  }
})

/** Everything of it stands in what was said. */
function says(said: string, ...parts: readonly (string | RegExp)[]): void {
  for (const part of parts)
    expect(said).toMatch(part instanceof RegExp ? part : new RegExp(part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
}

describe('a wrong configuration stops the start', () => {
  test('everything that is wrong is told at once, with its value and what is allowed; secrets are not', async () => {
    const dir = fresh()
    writeFileSync(join(dir, 'recourse.json'), JSON.stringify({ gatewayy: {}, parser: { workers: 0 } }))
    const { code, said } = await refusedStart({
      dir,
      env: {
        RECOURSE_HTTP_PORT: '99999',
        RECOURSE_HTPP_HOST: 'x',
        RECOURSE_LOG_LEVEL: 'loud',
        RECOURSE_MAILBOXES_KIND: 'pop',
        RECOURSE_PARSER_WORKERS: 'many',
        DATABASE_URL: 'mysql://user:hunter2secret@db/recourse',
      },
      secrets: ['hunter2secret'],
    })
    expect(code).toBe(1)
    says(
      said,
      'http.port = 99999 (environment RECOURSE_HTTP_PORT): must be a whole number from 0 to 65535',
      'RECOURSE_HTPP_HOST (environment): unknown setting; did you mean RECOURSE_HTTP_HOST?',
      /log\.level = "loud".*"debug", "info", "warn"/,
      'mailboxes.kind = "pop" (environment RECOURSE_MAILBOXES_KIND): must be one of "maildir", "imap"',
      /parser\.workers = "many" \(environment RECOURSE_PARSER_WORKERS\): must be a whole number from 1 to 64/,
      /database\.url = \(secret\)/,
      /gatewayy \(.*recourse\.json\): unknown setting; did you mean gateway\?/,
      'recourse config',
    )
  })

  test('pipes and devices in place of files are named, and not waited for', async () => {
    const dir = fresh()
    const pipe = join(dir, 'pipe')
    execFileSync('mkfifo', ['-m', '600', pipe])
    own(pipe)
    const env = { DATABASE_URL: t.url, RECOURSE_CONFIG: pipe }
    says((await refusedStart({ dir, env })).said, `The configuration file ${pipe} cannot be read: it is a named pipe`)
    for (const [setting, said] of [
      ['RECOURSE_CONFIG', 'cannot be read: it is a device, and must be a file'],
      ['RECOURSE_KEY_FILE', 'The key file /dev/zero'],
    ] as const)
      says((await refusedStart({ dir, env: { DATABASE_URL: t.url, [setting]: '/dev/zero' } })).said, said)
    const key = await refusedStart({ dir, env: { DATABASE_URL: t.url, RECOURSE_KEY_FILE: pipe } })
    says(key.said, `The key file ${pipe} cannot be used: it is a named pipe, and must be a file`)
  })

  test('a file that is no JSON, and mailboxes on IMAP without a next hop or password', async () => {
    const dir = fresh()
    const file = join(dir, 'recourse.json')
    writeFileSync(file, '{ "http": ')
    says(
      (await refusedStart({ dir })).said,
      `The configuration file ${file} cannot be read`,
      'that it is one JSON object',
    )
    rmSync(file)
    const imap = { RECOURSE_MAILBOXES_KIND: 'imap', RECOURSE_MAILBOXES_HOST: 'mail.example' }
    const missing = await refusedStart({ dir, env: { ...imap, DATABASE_URL: t.url } })
    says(missing.said, 'mailboxes.auth.type is missing')
    const account = { ...imap, RECOURSE_MAILBOXES_AUTH_TYPE: 'master', RECOURSE_MAILBOXES_AUTH_USER: 'recourse' }
    const hop = await refusedStart({ dir, env: { ...account, RECOURSE_GATEWAY_LMTP_PORT: '0', DATABASE_URL: t.url } })
    says(hop.said, 'gateway.nextHop.kind = "mailbox"', 'RECOURSE_GATEWAY_NEXT_HOP_KIND=lmtp')
    const password = await refusedStart({ dir, env: { ...account, DATABASE_URL: t.url } })
    says(password.said, 'has no password', 'mailboxes.auth.passwordFile')
    const env = { ...account, DATABASE_URL: t.url, RECOURSE_REMEDIATION_LEASE_SECONDS: '45' }
    const short = await refusedStart({ dir, env })
    says(short.said, /remediation\.leaseSeconds \(RECOURSE_REMEDIATION_LEASE_SECONDS\) is 45, .*commandSeconds/)
  })
})

describe('directories', () => {
  test('a data directory that cannot be made, or not be written', async () => {
    const dir = fresh()
    const inTheWay = join(dir, 'file')
    writeFileSync(inTheWay, '')
    const below = join(inTheWay, 'data')
    const made = await refusedStart({ dir, env: { RECOURSE_DATA_DIR: below, DATABASE_URL: t.url } })
    expect(made.code).toBe(1)
    says(made.said, `The data directory ${below} cannot be made`, 'RECOURSE_DATA_DIR')
    const closed = fresh()
    chmodSync(closed, 0o500)
    for (const env of [{ DATABASE_URL: t.url }, {}]) {
      const written = await refusedStart({ dir: closed, env })
      expect(written.code).toBe(1)
      says(written.said, `The data directory ${closed}`, 'RECOURSE_DATA_DIR', /permission denied|write/i)
    }
  })

  test('directories for mail that cannot be written', async () => {
    const dir = fresh()
    const closed = join(dir, 'closed')
    mkdirSync(closed)
    own(closed)
    chmodSync(closed, 0o500)
    const blobs = await refusedStart({ dir, env: { ...base, RECOURSE_BLOBS_DIR: closed } })
    says(blobs.said, `The directory for stored mail, ${closed},`, 'write access')
    const mail = join(closed, 'mail')
    const maildir = await refusedStart({ dir, env: { ...base, RECOURSE_MAILBOXES_ROOT: mail } })
    says(maildir.said, mail, /RECOURSE_MAILBOXES_ROOT|write access/)
  })
})

describe('the key file', () => {
  test('damaged, missing, another one or open to others, where mail is stored already; the right one back, and it starts', async () => {
    const dir = fresh()
    const key = join(dir, 'master.key')
    const kept = join(dir, 'kept')
    const database = await testStorage()
    onTestFinished(() => database.close())
    const env = { DATABASE_URL: database.url }
    await (await serve({ dir, env })).stop()
    renameSync(key, kept)
    const put = (text: string, mode = 0o600) => {
      writeFileSync(key, text, { mode })
      chmodSync(key, mode)
      own(key)
    }
    const refused = async (...parts: readonly (string | RegExp)[]) => {
      const { code, said } = await refusedStart({ dir, env })
      expect(code).toBe(1)
      says(said, `key file ${key}`, ...parts)
    }
    await refused('cannot be used', 'Put the original key file back')
    put('half a key')
    await refused('32 bytes in base64', 'Put the original key file back')
    put(`${Buffer.alloc(32, 7).toString('base64')}\n`)
    await refused('is not the one that the stored mail was encrypted with', 'backup')
    put('x', 0o644)
    await refused('can be read by other accounts', `chmod 600 ${key}`)
    copyFileSync(kept, key)
    own(key)
    await (await serve({ dir, env })).stop()
  })
})

describe('ports and the database', () => {
  let taken: Server
  let port = 0
  beforeAll(async () => {
    taken = createServer()
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
    const address = taken.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  })
  afterAll(() => new Promise((done) => taken.close(done)))

  test('a port that somebody else uses is named with its setting', async () => {
    const http = await refusedStart({ dir: fresh(), env: { ...base, RECOURSE_HTTP_PORT: String(port) } })
    says(http.said, `http.port ${port} on 127.0.0.1 cannot be listened on`, 'RECOURSE_HTTP_PORT')
    const lmtp = await refusedStart({ dir: fresh(), env: { ...base, RECOURSE_GATEWAY_LMTP_PORT: String(port) } })
    says(lmtp.said, String(port), /gateway\.lmtp\.port|RECOURSE_GATEWAY_LMTP_PORT/)
  })

  test('a database that does not answer is named without its password', async () => {
    const { code, said } = await refusedStart({
      dir: fresh(),
      env: { DATABASE_URL: `postgres://someone:hunter2secret@127.0.0.1:${port + 1 > 65535 ? 1 : port + 1}/recourse` },
      secrets: ['hunter2secret'],
    })
    expect(code).toBe(1)
    says(said, 'someone:…@127.0.0.1', 'cannot be used', 'DATABASE_URL')
  })
})
