import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { INTAKE_POINTS } from '../src/intake/index.ts'
import type { Delivery, Message } from '../src/records/index.ts'
import { connect } from '../src/storage/index.ts'
import type { IngestSettings } from './crash/ingest-server.ts'
import { unprivileged } from './rig/account.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { sha256 } from './rig/hash.ts'
import { sendAsMta } from './rig/mta.ts'
import { freePort } from './rig/ports.ts'

const BLOB_POINTS = [
  'blob.before-write',
  'blob.after-write',
  'blob.after-fsync',
  'blob.after-rename',
  'blob.after-dir-fsync',
] as const
const POINTS = [...BLOB_POINTS, ...INTAKE_POINTS]
const PEOPLE = ['ann', 'bo', 'cy']
/** Longer than the mail store may need on a busy machine: what is delivered later than this is delivered twice. */
const HANDOVER_MS = 1500
const SENDERS = 3
/** Passed only by the retry of a message whose hand-over was left open: each of these needs one, whatever the kills before it left behind. */
const BY_RETRY = new Set(['intake.before-handover-commit', 'intake.after-handover-commit'])
/** After it the copies are recorded as being handed over, and nothing has been sent. */
const LEFT_OPEN = 'intake.after-record'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

/** A queue as an MTA keeps it: a message stays until every recipient was answered 250; 4xx and silence are tried again. */
function createQueue() {
  let serial = 0
  const answered: { readonly number: number; readonly recipient: string; readonly bad: boolean }[] = []
  const refused: string[] = []
  const waiting: { number: number; open: string[]; raw: Buffer; from: string; notBefore: number }[] = []
  const make = () => {
    const number = ++serial
    const bad = number % 7 === 0
    const from = bad ? 'x@bad.example' : 'friend@client.example'
    const name = PEOPLE[number % PEOPLE.length]
    const open = number % 3 === 0 ? [`${name}@a.example`, `${name}@b.example`, 'bo@a.example'] : [`${name}@a.example`]
    const body = `number ${number}\r\n..dots\r\n${'x'.repeat((number * 977) % 30_000)}\r\n`
    const raw = Buffer.from(`From: ${from}\r\nSubject: number ${number}\r\nX-Number: ${number}\r\n\r\n${body}`)
    return { number, open: [...new Set(open)], raw, from, notBefore: 0 }
  }
  const send = (port: number, { number, open, raw, from }: (typeof waiting)[number]) =>
    sendAsMta(port, { mailFrom: from, recipients: open, raw, ident: `Q${number}` }).catch(() => open.map(() => null))
  /** Sends until told to stop or (when draining) until nothing is left. */
  const run = async (port: number, until: { stop: boolean; drain: boolean }): Promise<void> => {
    while (!until.stop) {
      const at = waiting.findIndex((m) => m.notBefore <= Date.now())
      if (at === -1 && until.drain) {
        if (waiting.length === 0) return
        await pause(20)
        continue
      }
      const message = at === -1 ? make() : waiting.splice(at, 1)[0]
      if (!message) continue
      const replies = await send(port, message)
      const again = message.open.filter((recipient, i) => {
        const code = replies[i]?.[0]
        if (code === '2') answered.push({ number: message.number, recipient, bad: message.from.includes('bad') })
        if (code === '5') refused.push(`${message.number} ${recipient}: ${replies[i]}`)
        return code !== '2' && code !== '5'
      })
      if (again.length > 0) waiting.push({ ...message, open: again, notBefore: Date.now() + 150 })
    }
  }
  /** One message that is wanted and not answered, because the server is about to die of it. */
  const leaveOpen = async (port: number): Promise<void> => {
    let message = make()
    while (message.from.includes('bad')) message = make()
    const replies = await send(port, message)
    expect(replies.every((reply) => reply === null)).toBe(true)
    waiting.push(message)
  }
  return { answered, refused, run, leaveOpen, made: () => serial, left: () => waiting.length }
}

interface Server {
  readonly child: ChildProcess
  readonly ended: Promise<void>
}

function startServer(settings: IngestSettings, crashAt: string | null, log: string): Promise<Server> {
  const account = unprivileged()
  const child = spawn(process.execPath, [join(import.meta.dirname, 'crash/ingest-server.ts')], {
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TMPDIR: tmpdir(),
      HOME: settings.dir,
      RECOURSE_INGEST: JSON.stringify(settings),
      ...(crashAt ? { RECOURSE_CRASH_AT: crashAt, RECOURSE_CRASH_LOG: log } : {}),
    },
  })
  let text = ''
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (data) => {
      text += data
    })
    child.stdout?.on('data', (data) => {
      if (String(data).includes('ready')) resolve({ child, ended })
    })
    child.once('exit', (code, signal) => reject(new Error(`the server ended (${code ?? signal}) early: ${text}`)))
    child.once('error', reject)
  })
}

/** kill -9 of the postmaster and its children, as when the machine dies with its database. */
function killDatabase(dir: string): void {
  const file = join(dir, 'pg/data/postmaster.pid')
  const postmaster = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0
  if (!(postmaster > 0)) return
  const children = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(postmaster)
    } catch {
      return false
    }
  })
  for (const pid of [postmaster, ...children.map(Number)]) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it ended meanwhile
    }
  }
}

interface Kill {
  readonly point: string
  readonly withDatabase: boolean
}

async function crashRun(settings: IngestSettings, kills: readonly Kill[], copies: () => Map<string, Buffer[]>) {
  const log = join(settings.dir, 'crashes.log')
  const queue = createQueue()
  for (const [i, kill] of kills.entries()) {
    if (BY_RETRY.has(kill.point)) {
      const first = await startServer(settings, LEFT_OPEN, log)
      await queue.leaveOpen(settings.lmtpPort)
      await first.ended
    }
    const nth = BY_RETRY.has(kill.point) ? 1 : 1 + (i % 3)
    const server = await startServer(settings, `${kill.point}:${nth}`, log)
    const until = { stop: false, drain: false }
    const senders = Array.from({ length: SENDERS }, () => queue.run(settings.lmtpPort, until))
    const died = await Promise.race([server.ended.then(() => true), pause(120_000).then(() => false)])
    until.stop = true
    if (!died) server.child.kill('SIGKILL')
    if (kill.withDatabase) killDatabase(settings.dir)
    await Promise.all([server.ended, ...senders])
    expect(died, `${kill.point} was never reached`).toBe(true)
  }
  const last = await startServer(settings, null, log)
  await Promise.all(Array.from({ length: SENDERS }, () => queue.run(settings.lmtpPort, { stop: false, drain: true })))
  last.child.kill('SIGTERM')
  await last.ended
  const hit = readFileSync(log, 'utf8').trim().split('\n')
  expect(hit).toEqual(kills.flatMap((k) => (BY_RETRY.has(k.point) ? [LEFT_OPEN, k.point] : [k.point])))
  await check(settings, queue, copies())
  return { messages: queue.made(), answered: queue.answered.length }
}

/** Everything that was recorded, by tenant domain; every blob is read and compared. */
async function readRecords(dir: string) {
  const storage = await connect({
    embedded: { dir: join(dir, 'pg'), account: unprivileged() },
    blobs: { dir: join(dir, 'blobs'), keyFile: join(dir, 'master.key') },
  })
  const found = new Map<string, { message: Message; delivery: Delivery }[]>()
  try {
    for (const tenant of await storage.tenants()) {
      const [messages, deliveries, domain] = await storage.tenant(tenant, async (tx) => [
        await tx.selectFrom('message').selectAll().execute(),
        await tx.selectFrom('delivery').selectAll().execute(),
        await tx.selectFrom('org_domain').select('domain').where('tenant_id', '=', tenant).executeTakeFirst(),
      ])
      for (const message of messages) {
        const raw = await storage.blobs.get(tenant, message.blob_key)
        expect(sha256(raw)).toBe(message.sha256)
      }
      const byId = new Map(messages.map((m) => [m.id, m]))
      for (const delivery of deliveries) {
        const message = byId.get(delivery.message_id)
        if (!message) throw new Error('a copy without its message')
        expect(delivery.recipient.endsWith(`@${domain?.domain}`)).toBe(true)
        const key = `${/number (\d+)/.exec(message.subject)?.[1]} ${delivery.recipient}`
        found.set(key, [...(found.get(key) ?? []), { message, delivery }])
      }
    }
  } finally {
    await storage.close()
  }
  return found
}

/** Every answer 250 has its copy, whole, once, or is listed as possibly twice; nothing else lies anywhere. */
async function check(settings: IngestSettings, queue: ReturnType<typeof createQueue>, copies: Map<string, Buffer[]>) {
  expect(queue.refused).toEqual([])
  expect(queue.left()).toBe(0)
  const records = await readRecords(settings.dir)
  for (const { number, recipient, bad } of queue.answered) {
    const key = `${number} ${recipient}`
    const rows = records.get(key) ?? []
    expect(rows, `${key} is recorded once`).toHaveLength(1)
    const delivery = rows[0]?.delivery
    const there = copies.get(key) ?? []
    if (bad) {
      expect(delivery, key).toMatchObject({ action: 'blocked', latest_location: 'quarantine' })
      expect(there, `${key} is held`).toHaveLength(0)
      continue
    }
    expect(delivery, key).toMatchObject({ action: 'delivered', latest_location: 'inbox' })
    if (delivery?.handover === 'possibly-twice') expect(there.length, key).toBeGreaterThan(0)
    else expect(there, `${key} lies in its mailbox once`).toHaveLength(1)
    for (const copy of there) {
      expect(sha256(copy.subarray(-Number(delivery?.sent_size))), `${key} is whole`).toBe(delivery?.sent_sha256)
    }
  }
  expect([...copies.keys()].filter((key) => !records.has(key))).toEqual([])
}

/** Copies on disk by `number recipient`, with CRLF line ends, however the store writes them. */
function maildirCopies(maildirOf: (login: string) => string): Map<string, Buffer[]> {
  const found = new Map<string, Buffer[]>()
  for (const login of PEOPLE.flatMap((p) => [`${p}@a.example`, `${p}@b.example`])) {
    for (const sub of ['new', 'cur']) {
      const dir = join(maildirOf(login), sub)
      for (const file of existsSync(dir) ? readdirSync(dir) : []) {
        const text = readFileSync(join(dir, file), 'latin1').replace(/\r?\n/g, '\r\n')
        const key = `${/^X-Number: (\d+)/m.exec(text)?.[1]} ${login}`
        found.set(key, [...(found.get(key) ?? []), Buffer.from(text, 'latin1')])
      }
    }
  }
  return found
}

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'recourse-crash-'))
  const account = unprivileged()
  if (account) chownSync(dir, account.uid, account.gid)
  cleanups.push(() => {
    killDatabase(dir)
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  })
  return dir
}

const server = (point: string): Kill => ({ point, withDatabase: false })
const both = (point: string): Kill => ({ point, withDatabase: true })

test('crash on ingest, Dovecot behind: every point twice, alone and with the database', {
  timeout: 900_000,
}, async () => {
  const dovecot: Dovecot = await startDovecot()
  cleanups.push(() => dovecot.stop())
  const settings: IngestSettings = {
    dir: directory(),
    lmtpPort: await freePort(),
    handoverMs: HANDOVER_MS,
    people: PEOPLE,
    store: { kind: 'dovecot', imapPort: dovecot.imapPort, lmtpPort: dovecot.lmtpPort },
  }
  const done = await crashRun(settings, [...POINTS.map(server), ...POINTS.map(both)], () =>
    maildirCopies(dovecot.mailDir),
  )
  expect(done.answered).toBeGreaterThan(50)
})

test('crash on ingest, straight into Maildir: every point, alone or with the database', {
  timeout: 900_000,
}, async () => {
  const dir = directory()
  const settings: IngestSettings = {
    dir,
    lmtpPort: await freePort(),
    handoverMs: HANDOVER_MS,
    people: PEOPLE,
    store: { kind: 'maildir', dir: join(dir, 'mail') },
  }
  const kills = POINTS.map((point, i) => (i % 2 === 0 ? both(point) : server(point)))
  const done = await crashRun(settings, kills, () => maildirCopies((login) => join(dir, 'mail', login)))
  expect(done.answered).toBeGreaterThan(25)
})
