import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ActionId, TenantId } from '../src/base/index.ts'
import { createImapProvider } from '../src/mailboxes/index.ts'
import type { Mailbox } from '../src/organisation/index.ts'
import { CRASH_POINTS, createRemediation, getAction } from '../src/remediation/index.ts'
import type { RemediationSettings } from './crash/remediation-settings.ts'
import { runWorker } from './crash/run-worker.ts'
import { unprivileged } from './rig/account.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { holdTruth, mailboxTruth, withoutFolder } from './rig/mail-truth.ts'
import { analyst, asDelivered, keep, letter, organise, quietLog } from './rig/office.ts'
import { startProxy } from './rig/proxy.ts'
import { type SeedMessage, seedMaildir } from './rig/seed.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

const MAILBOXES = 50
const LETTERS = 100
const KILLS = 25
const BATCH = 20
const KEYWORDS = ['$Forwarded', 'KeyA', 'NonJunk', 'Projekt-7']
const LETTERS_OF_FLAGS = ['', 'S', 'RS', 'FS', 'FRSa', 'Sab', 'DSc', 'STd', 'Rabcd', 'b']
/** Near both ends of what servers keep, a leap day, and before the message itself was written. */
const DATES = [
  '1971-01-01T00:00:01Z',
  '2000-02-29T23:59:59Z',
  '2019-02-01T03:04:05Z',
  '2026-03-29T01:30:00Z',
  '2036-12-31T23:00:00Z',
]

let t: TestStorage
let dovecot: Dovecot
let dir: string
let people: { tenant: TenantId; addresses: readonly string[]; mailboxes: ReadonlyMap<string, Mailbox> }[]

beforeAll(async () => {
  t = await testStorage()
  dir = mkdtempSync(join(tmpdir(), 'recourse-crash-'))
  const names = Array.from({ length: MAILBOXES }, (_, n) => `user${String(n).padStart(2, '0')}`)
  people = []
  for (const [tenant, domain, count] of [
    [t.a, 'kontor.example', MAILBOXES],
    [t.b, 'werft.example', 2],
  ] as const) {
    const addresses = names.slice(0, count).map((n) => `${n}@${domain}`)
    people.push({ tenant, addresses, mailboxes: await organise(t.storage, tenant, addresses) })
  }
})
afterAll(async () => {
  await dovecot?.stop()
  await t?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Names of the keywords that the lower-case letters of a Maildir's file names stand for. */
function writeKeywords(maildir: string): void {
  const account = unprivileged()
  mkdirSync(maildir, { recursive: true })
  const file = join(maildir, 'dovecot-keywords')
  writeFileSync(file, KEYWORDS.map((k, n) => `${n} ${k}\n`).join(''))
  if (account) chownSync(file, account.uid, account.gid)
}

const folderOf = (n: number): string => (n % 10 === 3 ? '.Work' : n % 17 === 5 ? '.Trash' : 'INBOX')

/** Every letter to everybody, as files before Dovecot starts, and written down. Where the copies are is not known. */
async function seed(): Promise<Map<TenantId, string[]>> {
  const messageIds = new Map<TenantId, string[]>()
  const files = new Map<string, SeedMessage[]>()
  for (const { tenant, addresses, mailboxes } of people) {
    for (let n = 0; n < LETTERS; n++) {
      const mail = letter(
        `Letter ${n}`,
        `${'A line of the letter.\r\n'.repeat(20 + ((n * 37) % 200))}\r\n.\r\nFrom here ${n}\r\n`,
      )
      const to = addresses.flatMap((a) => mailboxes.get(a) ?? []).map((mailbox) => ({ mailbox, ref: null }))
      await keep(t.storage, tenant, { letter: mail, at: 'inbox', to })
      messageIds.set(tenant, [...(messageIds.get(tenant) ?? []), mail.id])
      for (const [m, address] of addresses.entries()) {
        const key = `${address}\n${folderOf(n + m)}`
        const one: SeedMessage = {
          bytes: asDelivered(mail.sent, address),
          letters: LETTERS_OF_FLAGS[(n + m) % LETTERS_OF_FLAGS.length] ?? '',
          date: new Date(DATES[(n * 3 + m) % DATES.length] ?? 0),
        }
        files.set(key, [...(files.get(key) ?? []), one])
      }
    }
  }
  mkdirSync(join(dir, 'mail'), { recursive: true })
  for (const [key, messages] of files) {
    const [address = '', folder = ''] = key.split('\n')
    const maildir = join(dir, 'mail', address, 'Maildir')
    seedMaildir(maildir, folder, messages)
    writeKeywords(folder === 'INBOX' ? maildir : join(maildir, folder))
  }
  return messageIds
}

/** One worker process, killed at the point or at the end of the work; and when nothing comes to an end. */
async function work(
  settings: RemediationSettings,
  at: string | null,
  log: string,
  started: (kill: () => void) => void = () => {},
): Promise<{ readonly killed: boolean; readonly text: string }> {
  const { child, ended } = runWorker(settings, at, log)
  started(() => child.kill('SIGKILL'))
  const timer = setTimeout(() => child.kill('SIGKILL'), 240_000)
  return ended.finally(() => clearTimeout(timer))
}

async function crashRun(prefix: string, settings: RemediationSettings): Promise<void> {
  const log = join(dir, `${prefix}.log`)
  // Those of an append are passed only where a hold was lost.
  const all = CRASH_POINTS.filter((p) => p.startsWith(`${prefix}.`) && !p.endsWith('-append'))
  const points = Array.from({ length: KILLS }, (_, n) => all[n % all.length] ?? '')
  for (const [n, point] of points.entries()) {
    const { killed, text } = await work(settings, `${point}:${1 + (n % 3)}`, log)
    expect(killed, `${point} was never reached: ${text}`).toBe(true)
    expect(text).not.toContain('remediation stopped')
  }
  const last = await work(settings, null, log)
  expect(last, last.text).toMatchObject({ killed: false })
  expect(existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []).toEqual(points)
}

/** While a MOVE runs, our process and those of the mail server that serve it are killed in the same moment. */
async function bothDie(settings: RemediationSettings, delays: readonly number[]): Promise<void> {
  const proxy = await startProxy(settings.imapPort)
  let strike: (() => void) | null = null
  proxy.onSent((piece) => {
    if (piece.includes('UID MOVE')) strike?.()
  })
  for (const ms of delays) {
    let moves = 0
    const { killed, text } = await work({ ...settings, imapPort: proxy.port }, null, '', (kill) => {
      strike = () => {
        // Not the very first one: something is done by then, and something is not.
        if (++moves !== 3) return
        const servers = dovecot.pidsOfImap()
        setTimeout(() => {
          kill()
          for (const pid of servers) process.kill(pid, 'SIGKILL')
        }, ms)
      }
    })
    strike = null
    expect(killed, text).toBe(true)
  }
  await proxy.stop()
}

/** Nothing may be called done that is not, and no item may be lost from sight. */
async function allDone(tenant: TenantId, action: ActionId): Promise<void> {
  const view = await t.storage.tenant(tenant, (tx) => getAction(tx, tenant, action))
  const rows = await t.storage.tenant(tenant, (tx) =>
    sql<{ state: string; reason: string | null; n: number }>`select state, reason, count(*)::int as n from action_item
      where action_id = ${action} group by 1, 2`.execute(tx),
  )
  const total = MAILBOXES * LETTERS
  expect(view, JSON.stringify(rows.rows)).toMatchObject({
    state: 'completed',
    counts: { total, done: total, verified: total },
  })
  const settled = await t.storage.tenant(tenant, (tx) =>
    sql<{ n: number }>`select count(*)::int as n from item_transition where action_id = ${action}
      and from_state = 'executing' and to_state = 'approved'`.execute(tx),
  )
  console.log(`${settled.rows[0]?.n} items had been begun in vain and were begun again`)
}

test(`5,000 copies in 50 mailboxes, 25 kills in the action, 25 in its undo (mailbox #32); the mail server’s processes and ours at once (mailbox #33)`, {
  timeout: 1_500_000,
}, async () => {
  const started = Date.now()
  const messageIds = await seed()
  dovecot = await startDovecot({ dir })
  const port = dovecot.imapPort
  const everybody = people.flatMap((p) => p.addresses)
  const before = new Map<string, string[]>()
  for (const address of everybody) before.set(address, await mailboxTruth(port, address))
  expect([...before.values()].flat()).toHaveLength((MAILBOXES + 2) * LETTERS)
  expect([...before.values()].flat().filter((l) => l.includes('Projekt-7')).length).toBeGreaterThan(100)

  const mailboxes = createImapProvider({
    kind: 'imap',
    host: '127.0.0.1',
    port,
    secure: false,
    auth: { type: 'master', user: 'recourse', separator: '*', password: 'master' },
  })
  const remediation = createRemediation({ storage: t.storage, mailboxes, nextHop: null, log: quietLog })
  const select = { messageIds: (messageIds.get(t.a) ?? []) as never[] }
  const action = await remediation.submit(analyst(t.a), { kind: 'quarantine', select })
  const settings = { url: t.url, blobs: t.blobs, imapPort: port, tenant: t.a, batch: BATCH }
  await bothDie({ ...settings, action: action.id }, [0, 1, 3])
  await crashRun('remediation', { ...settings, action: action.id })
  await allDone(t.a, action.id)
  for (const address of people[0]?.addresses ?? []) {
    expect(await mailboxTruth(port, address)).toEqual([])
    expect(await holdTruth(port, address, 'quarantine')).toEqual(withoutFolder(before.get(address) ?? []))
  }
  console.log(`taken after ${Math.round((Date.now() - started) / 1000)} s`)

  const undo = await remediation.submitUndo(analyst(t.a), action.id)
  await crashRun('undo', { ...settings, action: undo.id })
  await allDone(t.a, undo.id)
  for (const address of people[0]?.addresses ?? []) {
    expect(await holdTruth(port, address, 'quarantine')).toEqual([])
  }
  for (const address of everybody) expect(await mailboxTruth(port, address), address).toEqual(before.get(address))
  expect((await t.storage.tenant(t.a, (tx) => getAction(tx, t.a, action.id)))?.state).toBe('undone')
  await remediation.stop()
  await mailboxes.close()
  console.log(`given back after ${Math.round((Date.now() - started) / 1000)} s`)
})
