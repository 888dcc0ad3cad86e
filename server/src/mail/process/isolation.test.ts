import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createParser } from '../index.ts'
import { parsingAccount } from './account.ts'
import { isolated, isolation } from './isolation.ts'

/** What a parser would see and reach that somebody else has taken over: it runs whatever they like, without Node's permission model. */
const PROBE = `
const { readdirSync, readFileSync } = require('node:fs')
const tried = (work) => { try { return work() } catch (e) { return e.code } }
const [port, dir, socket] = process.argv.slice(1)
const connect = (to) => new Promise((done) => {
  const s = require('node:net').connect(to, () => { s.destroy(); done('connected') })
  s.on('error', (e) => done(e.code))
})
;(async () => {
  const status = readFileSync('/proc/self/status', 'utf8')
  console.log(JSON.stringify({
    uid: process.getuid(),
    capabilities: /CapEff:\\s*(\\w+)/.exec(status)[1],
    tcp: await connect({ host: '127.0.0.1', port: Number(port) }),
    socket: await connect({ path: socket }),
    dir: tried(() => readdirSync(dir)),
    environment: tried(() => readFileSync('/proc/' + process.ppid + '/environ', 'utf8').length > 0),
    memory: tried(() => readFileSync('/proc/' + process.ppid + '/maps', 'utf8').length > 0),
  }))
})()`

interface Seen {
  uid: number
  capabilities: string
  tcp: string
  socket: string
  dir: string[] | string
  environment: boolean | string
  memory: boolean | string
}

/** Under a parent of the same account, as the server is. */
const PARENT = `
const { path, args, probe } = JSON.parse(process.argv[1])
require('node:child_process').spawn(path, [...args, ...probe], { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1))`

let dir: string
let closing: () => void
let probe: (hidden: boolean) => Promise<Seen>

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'recourse-isolation-'))
  writeFileSync(join(dir, 'master.key'), 'secret')
  const tcp = createServer((s) => s.end()).listen(0, '127.0.0.1')
  const unix = createServer((s) => s.end()).listen(join(dir, 'socket'))
  await Promise.all([tcp, unix].map((server) => new Promise((done) => server.once('listening', done))))
  const { chmodSync } = await import('node:fs')
  chmodSync(dir, 0o755)
  chmodSync(join(dir, 'socket'), 0o777)
  closing = () => [tcp, unix].forEach((server) => void server.close())
  const address = tcp.address()
  const port = typeof address === 'object' && address ? address.port : 0
  probe = (hidden) => {
    const plain = { path: process.execPath, args: ['-e', PROBE] }
    const command = hidden ? isolated(plain, [dir]) : plain
    const what = JSON.stringify({ ...command, probe: [String(port), dir, join(dir, 'socket')] })
    const options = { ...parsingAccount(), cwd: '/', env: { SECRET: 'x' } }
    const child = spawn(process.execPath, ['-e', PARENT, what], options)
    return new Promise((resolve, reject) => {
      let out = ''
      let err = ''
      child.stdout.on('data', (d) => (out += d))
      child.stderr.on('data', (d) => (err += d))
      child.on('close', () => (out === '' ? reject(new Error(err)) : resolve(JSON.parse(out))))
    })
  }
})
afterAll(() => {
  closing()
  rmSync(dir, { recursive: true })
})

describe('a parser that somebody has taken over', () => {
  it('the probe itself bites: without isolation it reaches all of it', async () => {
    const seen = await probe(false)
    expect(seen).toMatchObject({ tcp: 'connected', socket: 'connected', environment: true, memory: true })
    expect(seen.dir).toContain('master.key')
  })

  it.runIf(isolation().kind === 'namespaces')(
    'has no network, no data of ours, no rights, no look into the server',
    async () => {
      const seen = await probe(true)
      // Covered itself, or gone together with /tmp.
      expect([[], 'ENOENT']).toContainEqual(seen.dir)
      expect(seen).toMatchObject({ socket: 'ENOENT', environment: 'EACCES', memory: 'EACCES' })
      expect(seen.tcp).toMatch(/ENETUNREACH|ECONNREFUSED/)
      expect(seen.capabilities).toMatch(/^0+$/)
      expect(seen.uid).not.toBe(0)
    },
  )

  it('the real parser works under it', async () => {
    const parser = createParser({ workers: 1, hide: [dir] })
    try {
      const raw = Buffer.from('From: Ann <ann@example.org>\r\nSubject: hello\r\n\r\nText\r\n')
      const outcome = await parser.parse(raw, { mailFrom: null, clientIp: null, helo: null })
      expect(outcome.mail.subject).toBe('hello')
    } finally {
      await parser.close()
    }
  })
})
