import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, runServer } from '../../test/rig/running.ts'
import { startOf } from '../base/index.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'recourse-learn-'))
const file = (name: string) => join(work, name)
let server: RunningServer | undefined

/** The command line as a person types it. */
function recourse(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: work,
      env: { ...process.env, RECOURSE_DATA_DIR: server?.dir ?? work },
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    child.stdin.end()
    child.on('close', (code) => done({ code: code ?? -1, out, err }))
  })
}
const json = async (...args: string[]) => JSON.parse((await recourse(...args, '--json')).out)
const classifierOf = (scan: { out: string }) =>
  scan.out
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l).signals.find((s: { id: string }) => s.id === 'classifier'))

beforeAll(() => {
  const mail = (subject: string, text: string) => `From: F <f@x.example>\nSubject: ${subject}\n\n${text}\n`
  for (const folder of ['ham', 'phish']) mkdirSync(file(folder))
  for (let i = 0; i < 6; i++) {
    writeFileSync(
      file(`ham/${i}.eml`),
      mail(`Minutes ${i}`, `the minutes of meeting ${i} of the board, with the budget for room ${i}`),
    )
    writeFileSync(
      file(`phish/${i}.eml`),
      mail(`Wallet ${i}`, `verify wallet ${i} at http://wallet${i}.example/login or lose your seed phrase`),
    )
  }
  writeFileSync(
    file('new.eml'),
    mail('Your wallet', 'verify the wallet at http://wallet.example/login or lose your seed phrase'),
  )
})
afterAll(async () => {
  await server?.stop()
  rmSync(work, { recursive: true, force: true })
})

describe('recourse learn', () => {
  test('teaches a file that scan judges by, says what it learnt, and forgets to the same bytes', async () => {
    expect(await json('learn', '--as', 'ham', '--model', 'model', 'ham')).toMatchObject({
      learnt: 6,
      taught: { ham: 6 },
    })
    const before = readFileSync(file('model'))
    writeFileSync(file('model.lock'), '999999999')
    // The lock of a process that is gone is no obstacle; what cannot be read is told, the rest is learnt.
    const learnt = await recourse('learn', '--as', 'phish', '--model', 'model', 'no-such-file', 'phish', 'phish/1.eml')
    expect(learnt).toMatchObject({ code: 1, err: expect.stringContaining('no-such-file') })
    expect(learnt.out).toMatch(/6 ham, 0 spam, 6 phish[\s\S]*6 learnt, 0 learnt as something else than before, 1 known/)
    const [warm] = classifierOf(await recourse('scan', '--model', 'model', 'new.eml'))
    expect(warm.weight).toBeGreaterThan(1)
    expect(warm.evidence).toMatchObject({ model: expect.stringMatching(/^12-/), taught: { phish: 6 } })
    expect(JSON.stringify(warm.evidence.against)).toContain('wallet')
    const forgot = await json('learn', '--forget', '--model', 'model', 'phish')
    expect(forgot).toMatchObject({ forgotten: 6, taught: { ham: 6, spam: 0, phish: 0 } })
    expect(readFileSync(file('model')).equals(before)).toBe(true)
    expect(existsSync(file('model.lock'))).toBe(false)
  }, 300_000)

  test('the lock is there with its owner or not at all; what a killed one left, in whatever state, is no obstacle', async () => {
    // Taught by many at once: one after another, or told to wait. Nobody's lesson is lost.
    const ran = await Promise.all(
      Array.from({ length: 6 }, (_, i) => recourse('learn', '--as', 'ham', '--model', 'raced', `ham/${i}.eml`)),
    )
    const taught = ran.filter(({ code }) => code === 0).length
    expect(taught).toBeGreaterThan(0)
    for (const { code, err } of ran) if (code !== 0) expect(err).toContain('taught by another process')
    const total = await json('learn', '--as', 'ham', '--model', 'raced', 'ham/0.eml')
    expect(total.taught.ham).toBe(taught + total.learnt)
    // Never seen without its owner: somebody who looks all the time would take it for a left one.
    const seen = new Set<string>()
    const looking = setInterval(() => {
      for (let n = 0; n < 2000; n++) {
        try {
          seen.add(readFileSync(file('watched.lock'), 'utf8'))
        } catch {
          // Not there now.
        }
      }
    }, 0)
    await recourse('learn', '--as', 'ham', '--model', 'watched', 'ham')
    clearInterval(looking)
    expect([...seen]).toEqual([expect.stringMatching(/^\d+ \d* .+\n$/)])
    // Of another process, now, with a number that was somebody's before.
    for (const left of ['', 'garbage', '999999999', `${process.pid} 1 ${hostname()}\n`]) {
      writeFileSync(file('raced.lock'), left)
      expect(await recourse('learn', '--as', 'ham', '--model', 'raced', 'ham/0.eml'), left).toMatchObject({ code: 0 })
    }
    expect(readdirSync(work).filter((name) => name.includes('.lock'))).toEqual([])
  }, 300_000)

  test('a damaged file, a file that is being taught, nothing to do: said with a cure, and the file stays', async () => {
    writeFileSync(file('bad'), readFileSync(file('model')).subarray(0, 1_000_000))
    const ran = await recourse('learn', '--as', 'ham', '--model', 'bad', 'ham')
    expect(ran.code).toBe(1)
    expect(ran.err).toMatch(/bad is cut off or damaged[\s\S]*backup/)
    expect(readFileSync(file('bad')).length).toBe(1_000_000)
    for (const held of [
      String(process.pid),
      `${process.pid} ${startOf(process.pid)} ${hostname()}\n`,
      '1 1 elsewhere\n',
    ]) {
      writeFileSync(file('model.lock'), held)
      expect((await recourse('learn', '--as', 'ham', '--model', 'model', 'ham')).err, held).toContain(
        'taught by another process',
      )
    }
    expect((await recourse('learn', '--model', 'model', 'ham')).err).toContain('--forget')
  }, 300_000)
})

describe('with a server', () => {
  test('recourse engines (feeds among them), policies and senders', async () => {
    writeFileSync(file('feed.txt'), 'http://bad.example/login\n')
    chmodSync(work, 0o755)
    const feeds = [
      { name: 'pages', path: file('feed.txt'), kind: 'url', confidence: 'high' },
      { name: 'gone', path: file('gone.txt'), kind: 'domain' },
    ]
    server = await runServer({ RECOURSE_FEEDS_FILES: JSON.stringify(feeds), RECOURSE_FEEDS_CHECK_SECONDS: '1' })
    const organisation = { domains: ['kontor.example'], mailboxes: [{ address: 'ann@kontor.example' }] }
    writeFileSync(file('org.json'), JSON.stringify(organisation))
    expect((await recourse('org', 'apply', 'org.json')).code).toBe(0)
    const engines = await recourse('engines')
    // A feed that cannot be read is a reason to look.
    expect(engines).toMatchObject({ code: 1, out: expect.stringContaining('No engines are configured') })
    expect(engines.out).toMatch(/pages +ok +url +1 +0/)
    expect(engines.out).toMatch(/gone +failed .*it is not there/)
    const ready = async () => (await fetch(`${server?.url}/readyz`)).json()
    expect(await ready()).toMatchObject({ ready: true, feeds: { pages: 'ok', gone: 'failed' } })
    writeFileSync(file('letter.eml'), 'From: jo@x.example\r\nSubject: Hello\r\n\r\nSee http://bad.example/login\r\n')
    expect((await recourse('import', 'letter.eml', '--recipient', 'ann@kontor.example')).code).toBe(0)
    expect((await recourse('messages')).out).toContain('phish')
    writeFileSync(file('gone.tmp'), 'evil.example\n')
    renameSync(file('gone.tmp'), file('gone.txt'))
    await expect.poll(ready).toMatchObject({ feeds: { pages: 'ok', gone: 'ok' } })
    expect(engines.out).toContain('taught 0 ham')

    const none = { recipients: [], groups: [], domains: [] }
    const policy = {
      ...{ id: 'ann', name: 'Ann', kind: 'custom', priority: 1, enabled: true, mail: ['inbound'], mode: 'strict' },
      ...{ applies: { ...none, recipients: ['ann@kontor.example'] }, except: none, thresholds: null, unparsable: null },
    }
    writeFileSync(file('policies.json'), JSON.stringify({ version: 0, policies: [policy] }))
    expect((await recourse('policies', 'apply', 'policies.json')).out).toContain('Saved as version 1: 1 policies')
    expect((await recourse('policies', 'apply', 'policies.json')).err).toContain('changed meanwhile')
    expect((await recourse('policies')).out).toMatch(/ann +Ann +custom +1 +yes +inbound +ann@kontor.example/)

    const set = await recourse('senders', 'set', 'ann@kontor.example', '--safe', 'news@shop.example, shop.example')
    expect(set.out).toMatch(/Safe Senders +news@shop.example, shop.example\nBlocked Senders +none/)
    expect((await recourse('senders', 'show', 'no@kontor.example')).code).toBe(1)
  }, 300_000)
})
