import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MailboxProvider } from '../src/mailboxes/index.ts'
import { confirmClock, type Mailbox } from '../src/organisation/index.ts'
import { createRemediation, listItems, type Remediation } from '../src/remediation/index.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { imapOf } from './rig/imap.ts'
import { holdTruth, mailboxTruth } from './rig/mail-truth.ts'
import { analyst, asDelivered, type Copy, keep, letter, organise, quietLog } from './rig/office.ts'
import { RawImap } from './rig/raw-imap.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

const DATE = '"01-Feb-2019 03:04:05 +0530"'
const FLAGS = '(\\Seen \\Flagged $Forwarded KeyA)'

let t: TestStorage
let dovecot: Dovecot
let provider: MailboxProvider
let service: Remediation
let all: ReadonlyMap<string, Mailbox>
let now = Date.now()
const names = Array.from({ length: 14 }, (_, k) => `undo${k}@kontor.example`)
let n = 0
let ann: Mailbox
let bob: Mailbox
beforeAll(async () => {
  t = await testStorage()
  dovecot = await startDovecot()
  all = await organise(t.storage, t.a, names)
  provider = imapOf(dovecot)
  service = createRemediation({
    storage: t.storage,
    mailboxes: provider,
    nextHop: null,
    log: quietLog,
    clock: () => new Date(now),
    tuning: { backoffMs: 50, leaseMs: 5000, deadlineMs: 100 },
  })
})
afterAll(async () => {
  await service?.stop()
  await provider?.close()
  await dovecot?.stop()
  await t?.close()
})
beforeEach(() => {
  const [one, two] = [all.get(names[n++] ?? ''), all.get(names[n++] ?? '')]
  if (!one || !two) throw new Error('no mailbox left')
  ann = one
  bob = two
})

const as = async <T>(box: Mailbox, work: (client: RawImap) => Promise<T>): Promise<T> => {
  const client = await RawImap.open(dovecot.imapPort, box.login)
  try {
    return await work(client)
  } finally {
    client.close()
  }
}
/** Folder names as they go over the wire (modified UTF-7), quoted. */
async function deliver(box: Mailbox, folder = 'INBOX'): Promise<Copy> {
  const mail = letter('Hello')
  await as(box, async (client) => {
    if (folder !== 'INBOX') await client.command(`CREATE "${folder}"`)
    await client.ok(`APPEND "${folder}" ${FLAGS} ${DATE} {}`, asDelivered(mail.sent, box.address))
  })
  const [copy] = await keep(t.storage, t.a, { letter: mail, at: 'inbox', to: [{ mailbox: box, ref: null }] })
  if (!copy) throw new Error('no copy')
  return copy
}
const truth = async (...boxes: Mailbox[]) => Promise.all(boxes.map((b) => mailboxTruth(dovecot.imapPort, b.login)))
const held = (box: Mailbox, hold: 'soft-deleted' | 'quarantine') => holdTruth(dovecot.imapPort, box.login, hold)
async function act(copies: readonly Copy[], request: object) {
  now += 1000
  const select = { deliveryIds: copies.map((c) => c.id) }
  const { id } = await service.submit(analyst(t.a), { kind: 'soft-delete', ...request, select })
  await service.drain(t.a)
  return id
}
const items = async (id: Awaited<ReturnType<typeof act>>) =>
  (await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, id, { limit: 100, after: null }))).items

test('air #120 mailbox #55 #60: by cause, over two actions and folders of any name, one renamed since: everything is as it was', async () => {
  const signal = { kind: 'signal', id: 'bad-url', version: 7 } as const
  // Nested, with umlauts, an emoji, quotes, a backslash, spaces at an end, percent and star.
  const folders = [
    'Work/&AMQ-rger &- Co',
    'A &2D3eAA- b',
    'Say \\"no\\"',
    'back\\\\slash',
    'ends ',
    'per%cent',
    'st*ar',
  ]
  const copies: Copy[] = []
  for (const folder of folders) copies.push(await deliver(ann, folder))
  const other = await deliver(bob)
  const before = await truth(ann, bob)
  await act(copies, { cause: signal })
  await act([other], { kind: 'quarantine', cause: { ...signal, version: 8 } })
  expect(await truth(ann, bob)).toEqual([[], []])
  await as(ann, (client) => client.ok('RENAME "Work/&AMQ-rger &- Co" "Elsewhere"'))
  const select = { signal: { id: 'bad-url' } }
  expect(await service.previewUndoOf(analyst(t.a), select)).toMatchObject({ copies: 8, exact: 8, mailboxes: 2 })
  await service.undoAll(analyst(t.a), { select })
  await service.drain(t.a)
  const renamed = before.map((box) => box.map((line) => line.replace('Work/&AMQ-rger &- Co', 'Elsewhere')).sort())
  expect(await truth(ann, bob)).toEqual(renamed)
  expect([...(await held(ann, 'soft-deleted')), ...(await held(bob, 'quarantine'))]).toEqual([])
})

test('mailbox #44 #54: layers go back in one step; what the user put back, answered or tagged in between stays his', async () => {
  const [one, two, three] = [await deliver(ann, 'Mine'), await deliver(ann), await deliver(bob)]
  const before = await truth(ann, bob)
  await act([one, two, three], { kind: 'move', target: 'junk' })
  await as(bob, async (client) => {
    await client.ok('SELECT Junk')
    await client.ok('UID STORE 1:* +FLAGS (\\Answered Tagged)')
  })
  await act([one, three], { kind: 'soft-delete' })
  const messageIds = [one, two, three].map((c) => c.messageId)
  const made = await service.undoAll(analyst(t.a), { select: { messageIds } })
  await service.drain(t.a)
  expect((await items(made.id)).map((i) => i.state)).toEqual(['done', 'done', 'done'])
  const [annNow, bobNow] = await truth(ann, bob)
  expect(annNow).toEqual(before[0])
  expect(bobNow?.[0]).toMatch(/^INBOX \S+ .*\\Answered.*/)
  expect(bobNow?.[0]).toContain('Tagged')
})

test('taken into Junk, deleted there by the user: not put back unasked', async () => {
  const copy = await deliver(ann)
  const id = await act([copy], { kind: 'move', target: 'junk' })
  await as(ann, async (client) => {
    await client.ok('SELECT Junk')
    await client.ok('UID STORE 1:* +FLAGS.SILENT (\\Deleted)')
    await client.ok('EXPUNGE')
  })
  const made = await service.undoAll(analyst(t.a), { select: { actions: [id] } })
  await service.drain(t.a)
  expect((await items(made.id))[0]).toMatchObject({ state: 'not-found', reason: expect.stringContaining('deleted it') })
  expect(await truth(ann)).toEqual([[]])
})

test('the mailbox was deleted and made again, our hold with it: back from the vault, flags and date as they were', async () => {
  const copy = await deliver(ann, 'Work')
  const before = await truth(ann)
  const id = await act([copy], { kind: 'quarantine' })
  await dovecot.doveadm('kick', ann.login).catch(() => '')
  const user = ann.login
  const home = (await dovecot.doveadm('user', '-f', 'home', user)).trim()
  await rm(home === '' ? join(dovecot.dir, 'nothing') : home, { recursive: true, force: true })
  await as(ann, (client) => client.ok('LIST "" *'))
  const made = await service.undoAll(analyst(t.a), { select: { actions: [id] } })
  await service.drain(t.a)
  expect((await items(made.id))[0]).toMatchObject({ state: 'done', reason: expect.stringContaining('from the vault') })
  expect(await truth(ann)).toEqual(before)
})

test('air #124: past the retention of soft-deleted mail the copy is gone from the hold, others’ stay, and an undo says so', async () => {
  const [first, second] = [await deliver(ann), await deliver(ann)]
  const id = await act([first], { kind: 'soft-delete' })
  await service.endRetention(t.a)
  now += 10 * 86_400_000
  const later = await act([second], { kind: 'soft-delete' })
  expect(await held(ann, 'soft-deleted')).toHaveLength(2)
  now += 5 * 86_400_000
  expect(await service.endRetention(t.a)).toMatchObject({ copies: 0 })
  await t.storage.tenant(t.a, (tx) => confirmClock(tx, new Date(now), { user: 'system', name: 'test' }))
  await service.endRetention(t.a)
  expect(await held(ann, 'soft-deleted')).toHaveLength(1)
  const preview = await service.previewUndoOf(analyst(t.a), { actions: [id, later] })
  expect(preview).toMatchObject({
    copies: 1,
    impossible: [
      { count: 1, reason: expect.stringMatching(/^The retention of soft-deleted mail ended on .*destroyed\.$/) },
    ],
  })
  await service.undoAll(analyst(t.a), { select: { actions: [id, later] } })
  await service.drain(t.a)
  expect((await truth(ann))[0]).toHaveLength(1)
  const kept = await t.storage.tenant(t.a, (tx) =>
    sql<{ n: number }>`select count(*)::int as n from vault where delivery_id = ${first.id}::uuid`.execute(tx),
  )
  expect(kept.rows[0]?.n).toBe(0)
})

// The lists of a Maildir are lost, or not in the backup: Dovecot gives its folders another UIDVALIDITY and the messages new UIDs.
test('folders and hold are numbered anew between take and undo: what was taken goes back exactly, and nothing else moves', async () => {
  const copies = [await deliver(ann), await deliver(ann), await deliver(ann, 'Mine')]
  const before = await truth(ann)
  const id = await act(copies, { kind: 'quarantine' })
  const stays = await deliver(ann)
  await act([stays], { kind: 'quarantine' })
  const validities = async () => {
    const session = await provider.open({ login: ann.login })
    const hold = await session.hold('quarantine', [])
    const found = [await session.position('INBOX'), await session.position(hold)]
    await session.close()
    return found.map((position) => Number(position?.uidValidity))
  }
  const were = await validities()
  for (const dir of [dovecot.mailDir(ann.login), dovecot.holdDir(ann.login)])
    for (const path of readdirSync(dir, { recursive: true, encoding: 'utf8' }))
      if (/(^|\/)dovecot(-uidlist|\.index)[^/]*$/.test(path)) await rm(join(dir, path), { force: true })
  await dovecot.restart()
  const anew = await validities()
  expect(were.map((validity, i) => validity !== anew[i])).toEqual([true, true])
  const made = await service.submitUndo(analyst(t.a), id)
  await service.drain(t.a)
  expect((await items(made.id)).map((i) => i.state)).toEqual(['done', 'done', 'done'])
  expect(await truth(ann)).toEqual(before)
  expect(await held(ann, 'quarantine')).toHaveLength(1)
})
