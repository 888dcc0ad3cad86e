import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { homesAt, saveCompany } from '../../../test/rig/intake.ts'
import { analyst, quietLog } from '../../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import type { ActionId } from '../../base/index.ts'
import { createParser, type Parser } from '../../mail/index.ts'
import { createMaildirProvider, type MaildirProvider } from '../../mailboxes/index.ts'
import { createRemediation, listItems, type Remediation } from '../../remediation/index.ts'
import { createNextHop } from '../../transport/index.ts'
import { createJudge } from '../judge.ts'
import { createView } from '../organisation.ts'
import { createRemedy } from './remedy.ts'
import { createWatcher, type Watcher } from './watcher.ts'

const login = 'ann@a.example'
let root: string
let t: TestStorage
let parser: Parser
let provider: MaildirProvider
let remediation: Remediation
let watcher: Watcher
const warned: string[] = []
/** How far the watch's clock is ahead. */
let ahead = 0
/** Subject of a message that no judging comes to an end with. */
let cursed = ''

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'recourse-unreadable-'))
  t = await testStorage()
  parser = createParser({ workers: 1 })
  provider = createMaildirProvider({ root })
  await saveCompany(t.storage, t.a, 'a.example')
  const nextHop = createNextHop({ kind: 'mailbox', provider })
  remediation = createRemediation({ storage: t.storage, mailboxes: provider, nextHop, log: quietLog })
  const judge = createJudge(createView(t.storage))
  watcher = createWatcher({
    storage: t.storage,
    parser,
    judge: async (...about) => {
      if (about[1].kind === 'parsed' && about[1].mail.subject === cursed)
        throw new Error('a message that nothing can record')
      return judge(...about)
    },
    homeOf: homesAt(t.storage, provider),
    clock: { now: () => new Date(Date.now() + ahead) },
    remedy: createRemedy(remediation),
    log: { ...quietLog, warn: (details) => warned.push(JSON.stringify(details)) },
    tuning: { graceMs: 20_000 },
  })
  await watcher.drain(t.a)
})
afterAll(async () => {
  await watcher.stop()
  await remediation.stop()
  await provider.close()
  await parser.close()
  await t.close()
  rmSync(root, { recursive: true })
})

const deliver = async (subject: string) => {
  const lines = [
    'From: F <f@client.example>',
    `To: ${login}`,
    `Subject: ${subject}`,
    `Message-ID: <${subject}@c.example>`,
  ]
  const { uid } = await provider.deliver({ login }, 'inbox', Buffer.from([...lines, '', 'Hello.', ''].join('\r\n')))
  return uid
}
/** More than can be read at once: for the superuser, too. Gives back what makes it readable again. */
const spoil = (uid: number, folder = ''): (() => void) => {
  for (const sub of ['new', 'cur'])
    for (const name of readdirSync(join(root, login, folder, sub)))
      if (new RegExp(`\\.${uid}(:|$)`).test(name)) {
        const file = join(root, login, folder, sub, name)
        const bytes = readFileSync(file)
        truncateSync(file, 3 * 1024 ** 3)
        return () => writeFileSync(file, bytes)
      }
  throw new Error(`no file of ${uid}`)
}
const recorded = () =>
  t.storage.tenant(t.a, (tx) =>
    tx
      .selectFrom('message as m')
      .innerJoin('delivery as d', 'd.message_id', 'm.id')
      .select(['m.subject', 'd.id'])
      .orderBy('m.subject')
      .execute(),
  )

test('mail that cannot be read keeps no other mail from being judged or taken, and what became of it is said as it is', async () => {
  await deliver('a')
  spoil(await deliver('b'))
  const c = await deliver('c')
  await watcher.drain(t.a)
  expect((await recorded()).map((r) => r.subject)).toEqual(['a', 'c'])
  expect(warned).toEqual([expect.stringMatching(/ann@a\.example.*"copies":1.*2 GiB/)])
  await deliver('d')
  await watcher.drain(t.a)
  const known = await recorded()
  expect(known.map((r) => r.subject)).toEqual(['a', 'c', 'd'])
  spoil(c)
  const request = { kind: 'soft-delete', select: { deliveryIds: known.map((r) => r.id) } } as const
  const { id } = await remediation.submit(analyst(t.a), request)
  await remediation.drain(t.a)
  const took = await items(id)
  expect(took.map((i) => [i.subject, i.state])).toEqual([
    ['a', 'done'],
    ['c', 'ambiguous'],
    ['d', 'done'],
  ])
  expect(took[1]?.reason).toMatch(/cannot be read, and was left untouched: .*2 GiB/)
  const undo = await remediation.submitUndo(analyst(t.a), id, {})
  await remediation.drain(t.a)
  expect((await items(undo.id)).map((i) => i.state)).toEqual(['done', 'done'])
})

test('a sender’s copy that cannot be read is left, and no other of their mail waits for it', async () => {
  const sender = await provider.open({ login })
  const mail = (subject: string) =>
    Buffer.from(
      `From: ${login}\r\nTo: bo@a.example\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@a.example>\r\n\r\nHi.\r\n`,
    )
  for (const subject of ['s1', 's2']) {
    const copy = { bytes: mail(subject), flags: [], keywords: [], internalDate: new Date() }
    const { state } = await sender.append(await sender.special('sent'), copy)
    if (subject === 's1') spoil(state.ref.uid, '.Sent')
    await provider.deliver({ login: 'bo@a.example' }, 'inbox', mail(subject))
  }
  await watcher.drain(t.a)
  // As where their own domain was proved by authentication.
  await t.storage.tenant(t.a, (tx) =>
    sql`update message set direction = 'internal' where subject in ('s1', 's2')`.execute(tx),
  )
  const ids = (await recorded()).filter((r) => r.subject?.startsWith('s')).map((r) => r.id)
  const request = { kind: 'soft-delete', senderCopy: true, select: { deliveryIds: ids } } as const
  const { id } = await remediation.submit(analyst(t.a), request)
  await remediation.drain(t.a)
  const took = await items(id)
  expect(took.map((i) => [i.subject, i.state]).sort()).toEqual([
    ['s1', 'ambiguous'],
    ['s1', 'done'],
    ['s2', 'done'],
    ['s2', 'done'],
  ])
  expect(took.find((i) => i.state === 'ambiguous')?.reason).toMatch(/cannot be read, and was left untouched: .*2 GiB/)
})

const later = async (ms: number) => {
  ahead += ms
  await watcher.drain(t.a)
}
const subjects = async (letter: string) =>
  (await recorded()).map((r) => r.subject ?? '').filter((subject) => subject.startsWith(letter))

test('mail that could not be read is judged once it can be; what is removed meanwhile is no longer tried', async () => {
  warned.length = 0
  const mend = spoil(await deliver('r1'))
  spoil(await deliver('r2'))
  await watcher.drain(t.a)
  expect(warned).toEqual([expect.stringMatching(/"folder":"INBOX".*"copies":2/)])
  await later(31_000)
  mend()
  await deliver('r3')
  await watcher.drain(t.a)
  expect(await subjects('r')).toEqual(['r3'])
  await later(61_000)
  expect(await subjects('r')).toEqual(['r1', 'r3'])
  const user = await provider.open({ login })
  const waiting = await waits()
  await user.destroy('INBOX', waiting)
  await later(3_600_000)
  expect([waiting.length > 0, await waits(), warned.length]).toEqual([true, [], 1])
})

test('a message that cannot be recorded is stepped over, named in the log, and tried again; those behind it are judged', async () => {
  warned.length = 0
  cursed = 'w2'
  await deliver('w1')
  const uid = await deliver('w2')
  await deliver('w3')
  await watcher.drain(t.a)
  await deliver('w4')
  await watcher.drain(t.a)
  expect(await subjects('w')).toEqual(['w1', 'w3', 'w4'])
  expect(warned).toEqual([
    expect.stringMatching(new RegExp(`"folder":"INBOX","uids":\\[${uid}\\].*nothing can record`)),
  ])
  cursed = ''
  await later(31_000)
  expect(await subjects('w')).toEqual(['w1', 'w2', 'w3', 'w4'])
  expect(await waits()).toEqual([])
})

const waits = async () => {
  const rows = await t.storage.tenant(t.a, (tx) =>
    sql<{ uid: string }>`select uid from watched_later order by uid`.execute(tx),
  )
  return rows.rows.map((row) => Number(row.uid))
}

const items = async (id: ActionId) => {
  const page = { limit: 100, after: null }
  const found = await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, id, page))
  return found.items.toSorted((a, b) => (String(a.subject) < String(b.subject) ? -1 : 1))
}
