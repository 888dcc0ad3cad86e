import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

/** Tells, at the end, which rooms of ours were loaded. */
const LISTEN = `
import { registerHooks } from 'node:module'
const rooms = new Set()
const packages = new Set()
registerHooks({ load(url, context, next) {
  const [, room, name] = /[/]server[/]src[/]([^/]+)[/]|[/]node_modules[/]((?:@[^/]+[/])?[^/]+)[/](?!.*[/]node_modules[/])/.exec(url) ?? []
  if (room) rooms.add(room)
  if (name) packages.add(name)
  return next(url, context)
} })
process.on('exit', () => process.stderr.write(JSON.stringify({ rooms: [...rooms].sort(), packages: [...packages] })))
`
const listened = (args: readonly string[], input = '') => {
  const hook = `data:text/javascript,${encodeURIComponent(LISTEN)}`
  return spawnSync(process.execPath, ['--import', hook, MAIN, ...args], { encoding: 'utf8', input })
}

test('a command starts without the rooms behind the server: it is typed by people who wait for it', () => {
  const ran = listened(['--help'])
  expect(ran.stdout).toContain('Usage: recourse')
  expect(JSON.parse(ran.stderr).rooms).toEqual(['base', 'cli'])
})

test('a scan of one message loads neither database nor server, nor the libraries that take longer to load than it takes', () => {
  const ran = listened(['scan', '-'], 'From: Ann <ann@example.org>\r\nSubject: hello\r\n\r\nText\r\n')
  expect(JSON.parse(ran.stdout)).toMatchObject({ file: '-', action: expect.any(String) })
  const { rooms, packages } = JSON.parse(ran.stderr)
  expect(packages).toContain('commander')
  for (const heavy of ['better-auth', 'kysely', 'mailauth', 'pino', 'prom-client', 'typebox'])
    expect(packages).not.toContain(heavy)
  expect(rooms).not.toContain('storage')
})
