// Files that are no configuration, or not the one that was meant: each is named, with what is wrong and never with what it holds.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import Type from 'typebox'
import { afterAll, expect, test } from 'vitest'
import { readConfigFile } from './config/file.ts'
import { loadConfig, mustBeFile } from './index.ts'

const schema = Type.Object({
  name: Type.String({ default: 'x' }),
  http: Type.Object({ port: Type.Integer({ minimum: 0, maximum: 65535, default: 8780 }) }),
  database: Type.Object({ url: Type.String({ default: '', secret: true }) }),
  wait: Type.Number({ exclusiveMinimum: 0, maximum: 60, default: 1 }),
  roles: Type.Array(Type.String(), { default: ['api'], minItems: 1 }),
})
const dir = mkdtempSync(join(tmpdir(), 'recourse-config-file-'))
afterAll(() => rmSync(dir, { recursive: true }))
let files = 0
const file = (content: string | Uint8Array) => {
  const path = join(dir, `${++files}.json`)
  writeFileSync(path, content)
  return path
}
const load = (path: string, required = true) => loadConfig(schema, { env: {}, file: { path, required } }).config
const refused = (path: string): string => {
  try {
    load(path)
  } catch (error) {
    expect(error).toHaveProperty('cure', expect.stringMatching(/.{10}/))
    const { message } = error as Error
    expect(message).toContain(path)
    return message
  }
  throw new Error('it was accepted')
}

test('a mark of the byte order and lines of Windows are no mistakes', () => {
  expect(load(file('\ufeff{\r\n  "http": { "port": 9000 }\r\n}\r\n')).http.port).toBe(9000)
})

test('what is no file of JSON is told apart', () => {
  expect(refused(file(''))).toMatch(/it is empty$/)
  expect(refused(file(' \r\n'))).toMatch(/it is empty$/)
  expect(refused(dir)).toMatch(/it is a directory, and must be a file$/)
  expect(refused(file(Buffer.from('{"name":"caf\xe9"}', 'latin1')))).toMatch(/it is not in UTF-8$/)
  expect(refused(file('null'))).toMatch(/all of it = null .*must be an object with name, http/)
  expect(refused(file('[]'))).toMatch(/all of it = \(not shown\) .*must be an object/)
  expect(refused(file(Buffer.alloc(10_000_000, 'a')))).toMatch(/it has 10000000 bytes, and may have 1048576$/)
  expect(refused(file(`{"http":${'['.repeat(200_000)}${']'.repeat(200_000)}}`))).toMatch(/nested more than 50 deep$/)
  expect(refused(file('{"http":'))).toMatch(/it is no JSON, from its end on$/)
  const nowhere = join(dir, 'link.json')
  symlinkSync(join(dir, 'gone.json'), nowhere)
  expect(() => load(nowhere, false)).toThrow(nowhere)
})

test('a name that stands twice is refused, as the first one would be dropped', () => {
  expect(refused(file('{"http":{"port":1},"name":"y","http":{"port":2}}'))).toMatch(/http stands in it twice$/)
  expect(refused(file('{"http":{"port":1,"por\\u0074":2}}'))).toMatch(/http\.port stands in it twice$/)
  fc.assert(
    fc.property(fc.json(), (text) => {
      const path = file(text)
      const read = readConfigFile(path, true)
      rmSync(path)
      expect(read).toEqual(JSON.parse(text))
    }),
    { numRuns: 100 },
  )
})

test('numbers and texts that cannot be used are shown as they are', () => {
  const said = refused(file('{"http":{"port":1e400},"wait":-1e400,"name":"a\\u0000b","roles":[]}'))
  expect(said).toMatch(/http\.port = Infinity .*must be a whole number from 0 to 65535/)
  expect(said).toMatch(/wait = -Infinity .*must be a number above 0, at most 60/)
  expect(said).toMatch(/name = "a\\u0000b" .*must be text/)
  expect(said).toMatch(/roles = \[\] .*must be a list, not empty, each text/)
})

test('no secret is told, wherever it was put', () => {
  const secret = 'hunter22'
  const url = `postgres://someone:${secret}@db/recourse`
  for (const text of [
    `{"database":{"url":${secret}}}`,
    `{"database":"${secret}"}`,
    `{"http":"${url}"}`,
    `{"database":{"url":"x"}\n"${secret}"}`,
  ])
    expect(refused(file(text))).not.toContain(secret)
  expect(refused(file(`{\n"database":{\n"url":${secret}}}`))).toMatch(/it is no JSON, from line 3 on$/)
})

test('a file of something else altogether does not fill the screen', () => {
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`unknown${i}`, i]))
  const said = refused(file(JSON.stringify({ ...many, ['k'.repeat(100_000)]: 1 })))
  expect(said.length).toBeLessThan(10_000)
  expect(said).toMatch(/and 4961 more of the kind$/)
})

test('a pipe that nobody writes into, a device, a socket: named, where they would be waited for or read for ever', async () => {
  const pipe = join(dir, 'pipe')
  execFileSync('mkfifo', [pipe])
  const socket = createServer().listen(join(dir, 'socket'))
  await once(socket, 'listening')
  // Not by `refused`: where it is not, the test would wait with it.
  expect(() => mustBeFile(pipe)).toThrow('it is a named pipe, and must be a file')
  expect(() => mustBeFile('/dev/zero')).toThrow('it is a device, and must be a file')
  expect(() => mustBeFile(join(dir, 'socket'))).toThrow('it is a socket, and must be a file')
  expect(refused('/dev/null')).toMatch(/it is a device, and must be a file$/)
  socket.close()
})

test('a pipe of the shell can be the file', () => {
  const read = `import { readConfigFile } from ${JSON.stringify(import.meta.resolve('./config/file.ts'))}
    console.log(readConfigFile('/dev/stdin', true).name)`
  writeFileSync(join(dir, 'read.mjs'), read)
  const shell = `printf '{"name":"piped"}' | "${process.execPath}" "${join(dir, 'read.mjs')}"`
  expect(execFileSync('sh', ['-c', shell], { encoding: 'utf8' })).toBe('piped\n')
})
