import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ActionId } from '../src/base/index.ts'
import { createImapProvider, type MailboxProvider } from '../src/mailboxes/index.ts'
import { confirmClock } from '../src/organisation/index.ts'
import { createRemediation, getAction, listItems, type Remediation } from '../src/remediation/index.ts'
import type { RetentionSettings } from './crash/retention-worker.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { holdTruth, mailboxTruth } from './rig/mail-truth.ts'
import { analyst, asDelivered, keep, letter, organise, quietLog } from './rig/office.ts'
import { seedMaildir } from './rig/seed.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

const PEOPLE = ['ann@kontor.example', 'bob@kontor.example']
const POINT = 'retention.after-destroy'
const DAY = 86_400_000

let t: TestStorage
let dovecot: Dovecot
let dir: string
let mailboxes: MailboxProvider
let remediation: Remediation
let now = new Date('2026-05-01T10:00:00Z')
beforeAll(async () => {
  t = await testStorage()
  dovecot = await startDovecot()
  dir = mkdtempSync(join(tmpdir(), 'recourse-crash-'))
  const { master: auth } = dovecot
  const host = { kind: 'imap', host: '127.0.0.1', port: dovecot.imapPort, secure: false } as const
  mailboxes = createImapProvider({ ...host, auth: { type: 'master', ...auth } })
  remediation = createRemediation({ storage: t.storage, mailboxes, nextHop: null, log: quietLog, clock: () => now })
})
afterAll(async () => {
  await remediation?.stop()
  await mailboxes?.close()
  await dovecot?.stop()
  await t?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** The next run of the retention job, in a process that is killed as soon as it has destroyed what is due in a mailbox. */
async function killedRun(name: string): Promise<void> {
  const log = join(dir, name)
  const settings: RetentionSettings = {
    url: t.url,
    blobs: t.blobs,
    imapPort: dovecot.imapPort,
    tenant: t.a,
    now: now.toISOString(),
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'crash/retention-worker.ts')], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      TMPDIR: tmpdir(),
      RECOURSE_RETENTION: JSON.stringify(settings),
      RECOURSE_CRASH_AT: POINT,
      RECOURSE_CRASH_LOG: log,
    },
  })
  const signal = await new Promise((done) => child.once('exit', (_, how) => done(how)))
  expect(signal).toBe('SIGKILL')
  expect(existsSync(log) && readFileSync(log, 'utf8')).toBe(`${POINT}\n`)
}

const holds = async () =>
  (await Promise.all(PEOPLE.map((p) => holdTruth(dovecot.imapPort, p, 'soft-deleted')))).map((lines) => lines.length)
const locations = () =>
  t.storage.tenant(t.a, async (tx) => {
    const rows = await sql<{ at: string }>`select latest_location as at from delivery order by recipient`.execute(tx)
    return rows.rows.map((r) => r.at)
  })
const inVault = () =>
  t.storage.tenant(t.a, async (tx) => {
    const rows = await sql<{ n: number }>`select count(*)::int as n from vault`.execute(tx)
    return rows.rows[0]?.n
  })
/** Whoever was killed has a lease yet: asked again and again, as the job does. */
async function until(yes: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 900; n++) {
    if (await yes()) return
    now = new Date(now.getTime() + 2000)
    await pause(200)
  }
  throw new Error('never')
}
const ended = async (id: ActionId) => {
  await remediation.drain(t.a)
  const view = await t.storage.tenant(t.a, (tx) => getAction(tx, t.a, id))
  return view?.state === 'completed'
}

test('killed between the hold and the record: an undo still gets it, exactly, from the vault; or the next run ends it', async () => {
  const found = await organise(t.storage, t.a, PEOPLE)
  const mail = letter('Good news')
  const to = [...found.values()].map((mailbox) => ({ mailbox, ref: null }))
  await keep(t.storage, t.a, { letter: mail, at: 'inbox', to })
  for (const p of PEOPLE) {
    const file = { bytes: asDelivered(mail.sent, p), letters: 'FS', date: new Date('2024-02-29T23:59:59Z') }
    seedMaildir(dovecot.mailDir(p), 'INBOX', [file])
  }
  const before = await Promise.all(PEOPLE.map((p) => mailboxTruth(dovecot.imapPort, p)))
  const taken = await remediation.submit(analyst(t.a), { kind: 'soft-delete', select: { messageIds: [mail.id] } })
  await until(() => ended(taken.id))
  expect(await holds()).toEqual([1, 1])
  await remediation.endRetention(t.a)
  now = new Date(now.getTime() + 15 * DAY)
  const sure = { user: '00000000-0000-7000-8000-000000000001', name: 'test' }
  await remediation.endRetention(t.a)
  await t.storage.tenant(t.a, (tx) => confirmClock(tx, now, sure))

  await killedRun('first')
  const destroyed = (await holds()).indexOf(0)
  expect(await holds()).toContain(1)
  expect(await locations()).toEqual(['soft-deleted', 'soft-deleted'])
  expect(await inVault()).toBe(2)
  const who = PEOPLE[destroyed] ?? ''
  const page = { limit: 10, after: null }
  const { items } = await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, taken.id, page))
  const mine = items.filter((i) => i.recipient === who).map((i) => i.id)
  const undo = await remediation.submitUndo(analyst(t.a), taken.id, { items: mine })
  await until(() => ended(undo.id))
  const undone = await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, undo.id, page))
  expect(undone.items).toMatchObject([{ state: 'done', reason: expect.stringContaining('from the vault') }])
  expect(await mailboxTruth(dovecot.imapPort, who)).toEqual(before[destroyed])

  await killedRun('second')
  expect(await holds()).toEqual([0, 0])
  expect((await locations())[1 - destroyed]).toBe('soft-deleted')
  let copies = 0
  await until(async () => {
    copies += (await remediation.endRetention(t.a)).copies
    return copies > 0
  })
  expect(copies).toBe(1)
  expect(await locations()).toEqual(destroyed === 0 ? ['inbox', 'dropped'] : ['dropped', 'inbox'])
  expect(await inVault()).toBe(0)
  expect(await mailboxTruth(dovecot.imapPort, who)).toEqual(before[destroyed])
})
