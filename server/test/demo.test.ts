import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { unprivileged } from './rig/account.ts'

const program = fileURLToPath(new URL('../demo/main.ts', import.meta.url))
const account = unprivileged()
const data = mkdtempSync(join(tmpdir(), 'recourse-demo-'))
if (account) chownSync(data, account.uid, account.gid)
let running: ChildProcess | undefined
afterAll(async () => {
  // Stopped in order, also after a failure: killed, it would leave behind the server that it looks after.
  if (running && running.exitCode === null) {
    const ended = once(running, 'exit')
    running.kill('SIGINT')
    await ended
  }
  rmSync(data, { recursive: true, force: true })
})

/** What bin/demo runs once everything is installed; resolves when it invites to the console. */
async function demo(...args: string[]): Promise<{ said: () => string; stop: () => Promise<number | null> }> {
  const child = spawn(process.execPath, [program, '--data', data, '--port', '0', '--messages', '40', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  })
  running = child
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk))
  child.stderr.on('data', (chunk: Buffer) => (text += chunk))
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  const deadline = Date.now() + 120_000
  while (!text.includes('Stop           Ctrl-C')) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the demo did not come up:\n${text}`)
    await new Promise((done) => setTimeout(done, 100))
  }
  return {
    said: () => text,
    stop: () => {
      child.kill('SIGINT')
      return ended
    },
  }
}

const server = (): { url: string; token: string } => ({
  url: JSON.parse(readFileSync(join(data, 'server.json'), 'utf8')).url,
  token: readFileSync(join(data, 'cli-token'), 'utf8').trim(),
})

async function messages(query = ''): Promise<{ subject: string; threat: string }[]> {
  const { url, token } = server()
  const answer = await fetch(`${url}/api/v1/messages?limit=500&${query}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return (await answer.json()).items
}

test('one command leaves a running system with mail in it; Ctrl-C stops it; the next run goes on; --fresh begins anew', {
  timeout: 400_000,
}, async () => {
  const first = await demo()
  expect(first.said()).toMatch(/Feeding mail .* 7\d\/7\d/)
  expect(first.said()).not.toMatch(/refused/)
  const invitation = /http:\/\/127\.0\.0\.1:\d+\/setup\?code=\S+/.exec(first.said())?.[0] ?? ''
  const page = await fetch(invitation)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')])
  const fed = await messages()
  expect(fed.length).toBeGreaterThan(60)
  const journal = await messages('q=Timber+Journal')
  expect(journal.map((m) => m.threat)).toEqual(['phish', 'phish', 'phish'])
  expect(await first.stop()).toBe(0)
  await expect(fetch(invitation)).rejects.toThrow()

  const second = await demo()
  expect(second.said()).toContain('Mail of the earlier run is there')
  expect(await messages()).toHaveLength(fed.length)
  expect(await second.stop()).toBe(0)

  const third = await demo('--fresh', '--messages', '0')
  expect(third.said()).toContain('Forgetting the data')
  expect((await messages()).length).toBeLessThan(fed.length)
  expect(await third.stop()).toBe(0)
})
