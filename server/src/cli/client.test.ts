// Servers that are none, or go away in the middle, and what is typed wrong: said in words, with a cure, and in JSON where JSON is asked for.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, onTestFinished, test } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'recourse-client-'))
afterAll(() => rmSync(dir, { recursive: true }))

async function listening(answer: RequestListener): Promise<string> {
  const server: Server = createServer(answer)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

async function recourse(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: dir,
    env: { PATH: process.env['PATH'], RECOURSE_TOKEN: 'rcs_x', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const code = await new Promise((done) => child.once('close', done))
  expect(err).not.toMatch(/^\s+at /m)
  return { code, err }
}

test('a server that goes away in the middle of its answer', async () => {
  const url = await listening((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    response.write('{"items": [', () => response.destroy())
  })
  const ran = await recourse(['messages'], { RECOURSE_URL: url })
  expect(ran.code).toBe(1)
  expect(ran.err).toMatch(/broke off its answer: .*\n.*whether what you asked for was done/)
})

test('an address where something else answers', async () => {
  const url = await listening((_, response) => response.end('<!doctype html><title>Intranet</title>'))
  const ran = await recourse(['messages', '--json'], { RECOURSE_URL: url })
  expect(ran.code).toBe(1)
  expect(JSON.parse(ran.err)).toMatchObject({
    error: {
      code: 'unexpected-answer',
      message: expect.stringMatching(/is no JSON: <!doctype/),
      cure: expect.stringMatching(/RECOURSE_URL/),
    },
  })
})

test('a token with something else in it is not told to anybody; the end of a line is no harm', async () => {
  const asked: (string | undefined)[] = []
  const url = await listening((request, response) => {
    asked.push(request.headers.authorization)
    response.writeHead(401).end()
  })
  for (const token of ['rcs_secret\nx', 'rcs_secreté', ' ']) {
    const ran = await recourse(['messages'], { RECOURSE_URL: url, RECOURSE_TOKEN: token })
    expect(ran.code).toBe(1)
    expect(ran.err).toMatch(/^The token (is empty|holds a character that no token has)\.\n.*RECOURSE_TOKEN/)
    expect(ran.err).not.toContain('secret')
  }
  expect(asked).toEqual([])
  await recourse(['messages'], { RECOURSE_URL: url, RECOURSE_TOKEN: 'rcs_fine\r\n' })
  expect(asked).toEqual(['Bearer rcs_fine'])
})

test('what is typed wrong is told in JSON where JSON is asked for', async () => {
  for (const args of [['frobnicate'], ['messages', '--nope'], ['scan'], ['learn', '--as', 'x', 'y']]) {
    const ran = await recourse([...args, '--json'])
    expect(ran.code, args.join(' ')).toBe(2)
    expect(JSON.parse(ran.err), args.join(' ')).toEqual({
      error: { code: 'usage', message: expect.not.stringMatching(/^error/), cure: expect.any(String) },
    })
  }
  const plain = await recourse(['frobnicate'])
  expect(plain.err).toMatch(/^error: unknown command 'frobnicate'\n\(--help shows how\)/)
})

test('a document that an editor of Windows has saved', async () => {
  const bodies: string[] = []
  const url = await listening((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => {
      body += part.toString('utf8')
    })
    request.on('end', () => {
      bodies.push(body)
      response.writeHead(400).end()
    })
  })
  writeFileSync(join(dir, 'org.json'), '\ufeff{"domains":["kontor.example"]}\r\n')
  await recourse(['org', 'apply', 'org.json'], { RECOURSE_URL: url })
  expect(bodies.map((body) => JSON.parse(body))).toEqual([{ domains: ['kontor.example'] }])
})

test('a document that says something twice is sent nowhere', async () => {
  writeFileSync(
    join(dir, 'twice.json'),
    '{"domains":["kontor.example"],"mailboxes":[{"address":"a@b","address":"c@d"}]}',
  )
  const url = await listening((_, response) => response.writeHead(500).end())
  for (const command of [
    ['org', 'apply'],
    ['policies', 'apply'],
    ['scan', '--organisation'],
  ]) {
    const { err, code } = await recourse([...command, 'twice.json', ...(command[0] === 'scan' ? ['.'] : [])], {
      RECOURSE_URL: url,
    })
    expect(err, command.join(' ')).toMatch(/twice\.json.*mailboxes\.0\.address stands in it twice/)
    expect(code, command.join(' ')).not.toBe(0)
  }
})

test('a document that is a pipe or a device is named, and not waited for', async () => {
  const pipe = join(dir, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const [file, kind] of [
    [pipe, 'a named pipe'],
    ['/dev/zero', 'a device'],
  ] as const)
    for (const command of [
      ['org', 'apply'],
      ['policies', 'apply'],
      ['scan', '.', '--organisation'],
      ['scan', '.', '--model'],
    ]) {
      const { err, code } = await recourse([...command, file], { RECOURSE_URL: 'http://127.0.0.1:9' })
      expect(err, command.join(' ')).toMatch(new RegExp(`${file} cannot be read.*: it is ${kind}, and must be a file`))
      expect(code, command.join(' ')).not.toBe(0)
    }
}, 120_000)
