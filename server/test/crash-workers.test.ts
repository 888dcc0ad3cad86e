import type { ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ActionId } from '../src/base/index.ts'
import { createImapProvider } from '../src/mailboxes/index.ts'
import { createRemediation, getAction, type Remediation } from '../src/remediation/index.ts'
import { type Cluster, startCluster } from '../src/storage/index.ts'
import type { RemediationSettings } from './crash/remediation-settings.ts'
import { runWorker, type Worker } from './crash/run-worker.ts'
import { mailRoot, readTruth } from './drill/company.ts'
import { unprivileged } from './rig/account.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { analyst, asDelivered, keep, letter, organise, quietLog } from './rig/office.ts'
import { startProxy, type Proxy as Wire } from './rig/proxy.ts'
import { seedMaildir } from './rig/seed.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'
import { check } from './simulation/checker.ts'
import { History, readHistory } from './simulation/history.ts'

const MAILBOXES = 4
const LETTERS = 30
const COPIES = MAILBOXES * LETTERS
const BATCH = 10
const FLAGS = ['', 'S', 'RS', 'FS']
const HELD = 'Recourse-Hold/quarantine'

let dir: string
let cluster: Cluster
let t: TestStorage
let dovecot: Dovecot
let proxy: Wire
let remediation: Remediation
let cases = 0
const children = new Set<ChildProcess>()

/** A cluster of its own, that can be stopped while others test. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
const startDatabase = (): Promise<Cluster> => startCluster({ dir: join(dir, 'pg'), account: unprivileged(), settings })

beforeAll(async () => {
  // Named so that a run which was killed is cleaned up by the next.
  dir = mkdtempSync(join(tmpdir(), 'recourse-cluster-'))
  writeFileSync(join(dir, 'run.pid'), String(process.pid))
  const account = unprivileged()
  if (account) chownSync(dir, account.uid, account.gid)
  cluster = await startDatabase()
  t = await testStorage({ socket: cluster.socketDir })
  dovecot = await startDovecot()
  proxy = await startProxy(dovecot.imapPort)
  const { master: auth } = dovecot
  const host = { kind: 'imap', host: '127.0.0.1', port: dovecot.imapPort, secure: false } as const
  const mailboxes = createImapProvider({ ...host, auth: { type: 'master', ...auth } })
  remediation = createRemediation({ storage: t.storage, mailboxes, nextHop: null, log: quietLog })
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await remediation?.stop()
  await proxy?.stop()
  await dovecot?.stop()
  await t?.close().catch(() => {})
  await cluster?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** A worker process; it is stopped or killed at the point, if one is given. */
function startWorker(
  action: ActionId,
  name: string,
  log: string,
  more: { at?: string; port?: number; lease?: RemediationSettings['lease'] } = {},
): Worker {
  const { at, port = dovecot.imapPort, lease } = more
  const asked: RemediationSettings = {
    // A worker that stands still in a transaction is cut off soon.
    url: `${t.url}&idle_in_transaction_session_timeout=2000`,
    blobs: t.blobs,
    imapPort: port,
    tenant: t.a,
    action,
    batch: BATCH,
    ...(lease ? { lease } : {}),
    history: { file: `${log}.history`, process: name },
  }
  const worker = runWorker(asked, at ?? null, `${log}.hit`)
  children.add(worker.child)
  void worker.ended.finally(() => children.delete(worker.child))
  return worker
}

async function until(what: string, yes: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; n < 1800; n++) {
    if (await yes()) return
    await pause(50)
  }
  throw new Error(`never: ${what}`)
}

/** Mailboxes of its own for each case, with every letter in each. */
async function seeded(): Promise<{ addresses: string[]; messageIds: never[] }> {
  const addresses = Array.from({ length: MAILBOXES }, (_, n) => `c${cases}u${n}@kontor.example`)
  const found = await organise(t.storage, t.a, addresses)
  const to = [...found.values()].map((mailbox) => ({ mailbox, ref: null }))
  const letters = Array.from({ length: LETTERS }, (_, n) => letter(`Letter ${n}`, `${'A line.\r\n'.repeat(5 + n)}`))
  for (const mail of letters) await keep(t.storage, t.a, { letter: mail, at: 'inbox', to })
  for (const address of addresses) {
    const files = letters.map((mail, n) => ({
      bytes: asDelivered(mail.sent, address),
      letters: FLAGS[n % FLAGS.length] ?? '',
      date: new Date(Date.UTC(2020, 0, 1) + n * 86_400_000),
    }))
    seedMaildir(dovecot.mailDir(address), 'INBOX', files)
  }
  return { addresses, messageIds: letters.map((l) => l.id) as never[] }
}

const key = (lines: readonly { folder: string; sha256: string; flags: string; date: number }[]) =>
  lines.map((c) => `${c.folder} ${c.sha256} ${c.flags} ${c.date}`).sort()

/** What happens while a worker stands at the point; then it goes on. */
type Meanwhile = (action: ActionId, log: string) => Promise<void>

/** Works on an action with a fault in the middle, to the end; fails when the fault was never met. */
async function work(action: ActionId, name: string, at: string, meanwhile: Meanwhile): Promise<string[]> {
  const log = join(dir, name)
  const first = startWorker(action, `${name}-first`, `${log}-1`, { at: `${at}:2:SIGSTOP` })
  await Promise.race([
    until(`${at} is passed`, () => existsSync(`${log}-1.hit`)),
    first.ended.then(({ text }) => Promise.reject(new Error(`${at} was never passed: ${text}`))),
  ])
  await meanwhile(action, log)
  first.child.kill('SIGCONT')
  const { text } = await first.ended
  expect(text).toContain('ended')
  return [`${log}-1.history`, `${log}-2.history`].filter((f) => existsSync(f)).map((f) => readFileSync(f, 'utf8'))
}

/** Another worker takes over while the first stands still, beyond its lease, and does it all. */
const takeOver: Meanwhile = async (action, log) => {
  const second = startWorker(action, `${log.split('/').at(-1)}-second`, `${log}-2`)
  expect((await second.ended).text).toContain('ended')
}
const databaseRestarts: Meanwhile = async () => {
  await cluster.stop()
  cluster = await startDatabase()
}
const mailServerRestarts: Meanwhile = () => dovecot.restart()

async function verified(action: ActionId): Promise<void> {
  const view = await t.storage.tenant(t.a, (tx) => getAction(tx, t.a, action))
  expect(view, JSON.stringify(view)).toMatchObject({
    state: 'completed',
    counts: { total: COPIES, done: COPIES, verified: COPIES },
  })
}

/** Taken with the fault in the middle, given back with it too; mailboxes and history must be as if nothing had been. */
async function thereAndBack(
  how: (action: ActionId, name: string, prefix: 'remediation' | 'undo') => Promise<string[]>,
): Promise<void> {
  cases++
  const { addresses, messageIds } = await seeded()
  const mine = () => [...readTruth(mailRoot(dovecot.dir)).values()].flat().filter((c) => addresses.includes(c.mailbox))
  const before = mine()
  expect(before).toHaveLength(COPIES)
  const told = new History()
  for (const c of before) {
    told.at('transport', { f: 'add', mailbox: c.mailbox, id: c.id, from: null, to: 'INBOX', copy: null })
  }
  const taken = await remediation.submit(analyst(t.a), { kind: 'quarantine', select: { messageIds } })
  const files = [told.lines().replaceAll(/"time":\d+/g, '"time":0')]
  files.push(...(await how(taken.id, `case${cases}-take`, 'remediation')))
  await verified(taken.id)
  const held = mine()
  expect(held.every((c) => c.folder === '(held)')).toBe(true)
  expect(key(held.map((c) => ({ ...c, folder: 'INBOX' })))).toEqual(key(before))
  const undo = await remediation.submitUndo(analyst(t.a), taken.id)
  files.push(...(await how(undo.id, `case${cases}-undo`, 'undo')))
  await verified(undo.id)
  expect(key(mine())).toEqual(key(before))
  const events = readHistory(files)
  expect(events.length).toBeGreaterThan(COPIES * 4)
  const end = new History()
  for (const [name, part] of Map.groupBy(mine(), (c) => `${c.mailbox}\n${c.id}`)) {
    const [mailbox = '', id = ''] = name.split('\n')
    const places = Object.fromEntries(Map.groupBy(part, (c) => (c.folder === '(held)' ? HELD : c.folder)))
    const counts = Object.fromEntries(Object.entries(places).map(([f, list]) => [f, list.length]))
    end.add('end', { type: 'final', mailbox, id, places: counts })
  }
  const n = events.length
  expect(check([...events, ...end.events.map((e, i) => ({ ...e, n: n + i }))])).toEqual([])
}

test.each(['after-intent-commit', 'after-move'])(
  'two workers: one stands still at %s beyond its lease, the other does it all, the first goes on: nothing twice (lesson #41)',
  (point) => thereAndBack((action, name, prefix) => work(action, name, `${prefix}.${point}`, takeOver)),
)

test('the same in the very moment before the command is sent', () =>
  thereAndBack((action, name) => work(action, name, 'mailboxes.before-move', takeOver)))

test('a worker is killed, and its leases of ten minutes are not waited for: another one takes over, nothing is lost (lesson #52)', () =>
  thereAndBack(async (action, name, prefix) => {
    const log = join(dir, name)
    // Longer than this test may take: who waits for it fails.
    const lease = { leaseMs: 600_000, deadlineMs: 20_000 }
    const first = startWorker(action, `${name}-first`, `${log}-1`, { at: `${prefix}.after-move:2:SIGKILL`, lease })
    expect(await first.ended).toMatchObject({ killed: true })
    expect(existsSync(`${log}-1.hit`), 'its point was never passed').toBe(true)
    const second = startWorker(action, `${name}-second`, `${log}-2`, { lease })
    expect((await second.ended).text).toContain('ended')
    return [readFileSync(`${log}-1.history`, 'utf8'), readFileSync(`${log}-2.history`, 'utf8')]
  }))

test.each(['after-intent-commit', 'before-done-commit'])(
  'PostgreSQL restarts while a worker is at %s (lesson #48)',
  (point) => thereAndBack((action, name, prefix) => work(action, name, `${prefix}.${point}`, databaseRestarts)),
)

test.each(['after-intent-commit', 'after-move'])('the mail server restarts while a worker is at %s', (point) =>
  thereAndBack((action, name, prefix) => work(action, name, `${prefix}.${point}`, mailServerRestarts)),
)

test('answers to MOVE are lost in the middle, again and again (mailbox #34)', () =>
  thereAndBack(async (action, name) => {
    const log = join(dir, name)
    let lost = 0
    proxy.onSent((piece) => {
      if (!/UID MOVE/i.test(piece) || lost >= 4) return
      lost++
      proxy.mute(true)
      setTimeout(() => {
        proxy.cut()
        proxy.mute(false)
      })
    })
    const worker = startWorker(action, name, log, { port: proxy.port })
    expect((await worker.ended).text).toContain('ended')
    expect(lost, 'no MOVE was ever sent').toBeGreaterThan(2)
    return [readFileSync(`${log}.history`, 'utf8')]
  }))
