import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

/** Tells, at the end, which rooms of ours were loaded. */
const LISTEN = `
import { registerHooks } from 'node:module'
const rooms = new Set()
registerHooks({ load(url, context, next) { const room = /[/]server[/]src[/]([^/]+)[/]/.exec(url); if (room) rooms.add(room[1]); return next(url, context) } })
process.on('exit', () => process.stderr.write(JSON.stringify([...rooms].sort())))
`

test('a command starts without the rooms behind the server: it is typed by people who wait for it', () => {
  const hook = `data:text/javascript,${encodeURIComponent(LISTEN)}`
  const ran = spawnSync(process.execPath, ['--import', hook, MAIN, '--help'], { encoding: 'utf8' })
  expect(ran.stdout).toContain('Usage: recourse')
  expect(JSON.parse(ran.stderr)).toEqual(['base', 'cli'])
})
