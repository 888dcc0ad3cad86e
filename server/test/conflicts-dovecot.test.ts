import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ActionId } from '../src/base/index.ts'
import type { MailboxProvider } from '../src/mailboxes/index.ts'
import type { Mailbox } from '../src/organisation/index.ts'
import {
  type ActionRequest,
  createRemediation,
  getAction,
  listItems,
  type Remediation,
  type UndoOptions,
} from '../src/remediation/index.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { imapOf } from './rig/imap.ts'
import { holdTruth, mailboxTruth, subscriptions } from './rig/mail-truth.ts'
import { analyst, asDelivered, type Copy, keep, type Letter, letter, organise, quietLog } from './rig/office.ts'
import { RawImap } from './rig/raw-imap.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

const DATE = '"01-Feb-2019 03:04:05 +0530"'
const FLAGS = '(\\Seen \\Answered \\Flagged $Forwarded KeyA)'

let t: TestStorage
let dovecot: Dovecot
let provider: MailboxProvider
let service: Remediation
let ann: Mailbox
let user: RawImap
let n = 0
let all: ReadonlyMap<string, Mailbox>
const names = Array.from({ length: 40 }, (_, k) => `user${k}@kontor.example`)

const serve = (mailboxes: MailboxProvider): Remediation =>
  createRemediation({
    storage: t.storage,
    mailboxes,
    nextHop: null,
    log: quietLog,
    tuning: { backoffMs: 50, leaseMs: 5000, deadlineMs: 100 },
  })

beforeAll(async () => {
  t = await testStorage()
  dovecot = await startDovecot()
  all = await organise(t.storage, t.a, names)
  provider = imapOf(dovecot)
  service = serve(provider)
})
afterAll(async () => {
  await service?.stop()
  await provider?.close()
  await dovecot?.stop()
  await t?.close()
})
/** A mailbox of its own for each test, and its owner at his own client. */
beforeEach(async () => {
  const found = all.get(names[n++] ?? '')
  if (!found) throw new Error('no mailbox left')
  ann = found
  user = await RawImap.open(dovecot.imapPort, ann.login)
})
afterEach(() => user.close())

async function deliver(
  folder = 'INBOX',
  mail: Letter = letter('Hello'),
): Promise<{ mail: Letter; copies: readonly Copy[] }> {
  if (folder !== 'INBOX') {
    await user.command(`CREATE "${folder}"`)
    await user.command(`SUBSCRIBE "${folder}"`)
  }
  await user.ok(`APPEND "${folder}" ${FLAGS} ${DATE} {}`, asDelivered(mail.sent, ann.address))
  return { mail, copies: await keep(t.storage, t.a, { letter: mail, at: 'inbox', to: [{ mailbox: ann, ref: null }] }) }
}
const uid = async (folder: string): Promise<string> => {
  await user.ok(`SELECT "${folder}"`)
  return (/\* SEARCH ([\d ]*)/.exec(await user.ok('UID SEARCH ALL'))?.[1] ?? '').trim().split(' ').at(-1) ?? ''
}
const guid = async (folder: string): Promise<string> => {
  const id = await uid(folder)
  return /X-GUID (\S+?)[ )]/.exec(await user.ok(`UID FETCH ${id} (X-GUID)`))?.[1] ?? ''
}
const truth = () => mailboxTruth(dovecot.imapPort, ann.login)
const held = () => holdTruth(dovecot.imapPort, ann.login, 'quarantine')
async function act(copies: readonly Copy[], request: Partial<ActionRequest> = {}): Promise<ActionId> {
  const select = { deliveryIds: copies.map((c) => c.id) }
  const { id } = await service.submit(analyst(t.a), { kind: 'quarantine', ...request, select })
  await service.drain(t.a)
  return id
}
async function undo(id: ActionId, options: UndoOptions = {}): Promise<ActionId> {
  const made = await service.submitUndo(analyst(t.a), id, options)
  await service.drain(t.a)
  return made.id
}
const items = async (id: ActionId) =>
  (await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, id, { limit: 100, after: null }))).items
const state = async (id: ActionId) => (await t.storage.tenant(t.a, (tx) => getAction(tx, t.a, id)))?.state

describe('what the user did before the take', () => {
  test('mailbox #2 #66: everything comes back, the server’s own id and \\Deleted included', async () => {
    const { copies } = await deliver()
    await user.ok('SELECT INBOX')
    await user.ok(`UID STORE ${await uid('INBOX')} +FLAGS (\\Deleted)`)
    const before = await truth()
    const id = await guid('INBOX')
    const action = await act(copies)
    expect(await truth()).toEqual([])
    expect(await held()).toHaveLength(1)
    await undo(action)
    expect(await truth()).toEqual(before)
    expect(await guid('INBOX')).toBe(id)
    expect(await held()).toEqual([])
  })

  test('mailbox #53: moved to Trash: taken from there, back to there', async () => {
    const { copies } = await deliver()
    await user.ok(`UID MOVE ${await uid('INBOX')} Trash`)
    const before = await truth()
    await undo(await act(copies))
    expect(await truth()).toEqual(before)
    expect(before[0]).toMatch(/^Trash /)
  })

  test('expunged: not found, and nothing is put back unasked', async () => {
    const { copies } = await deliver()
    await user.ok(`UID STORE ${await uid('INBOX')} +FLAGS.SILENT (\\Deleted)`)
    await user.ok('EXPUNGE')
    const action = await act(copies)
    expect((await items(action))[0]).toMatchObject({ state: 'not-found', verifiedAt: null })
    expect(await state(action)).toBe('failed')
  })

  test('mailbox #51: copied, in the same folder and in another: each is an item, each goes back to its place', async () => {
    const { copies } = await deliver()
    await user.ok('CREATE Mine')
    const one = await uid('INBOX')
    await user.ok(`UID COPY ${one} INBOX`)
    await user.ok(`UID COPY ${one} Mine`)
    const before = await truth()
    const action = await act(copies)
    expect(await truth()).toEqual([])
    expect((await items(action)).map((i) => i.state)).toEqual(['done', 'done', 'done'])
    await undo(action)
    expect(await truth()).toEqual(before)
  })

  test('mailbox #52: same ids, other bytes: untouched, reported', async () => {
    const { mail, copies } = await deliver()
    await user.ok(`UID STORE ${await uid('INBOX')} +FLAGS.SILENT (\\Deleted)`)
    await user.ok('EXPUNGE')
    await user.ok(`APPEND INBOX ${FLAGS} ${DATE} {}`, Buffer.concat([mail.sent.bytes, Buffer.from('more\r\n')]))
    const before = await truth()
    expect((await items(await act(copies)))[0]?.state).toBe('ambiguous')
    expect(await truth()).toEqual(before)
  })
})

describe('what the user did between take and undo', () => {
  test('mailbox #54: put it back himself: already there, no second copy', async () => {
    const { mail, copies } = await deliver()
    const action = await act(copies)
    await user.ok(`APPEND INBOX ${FLAGS} ${DATE} {}`, asDelivered(mail.sent, ann.address))
    const before = await truth()
    const back = await undo(action)
    expect((await items(back))[0]?.state).toBe('already-there')
    expect(await truth()).toEqual(before)
  })

  test('mailbox #55: folder renamed: followed', async () => {
    const { copies } = await deliver('Work/2026')
    const action = await act(copies)
    await user.ok('RENAME "Work/2026" Projects')
    const back = await undo(action)
    expect((await truth())[0]).toMatch(/^Projects /)
    expect((await items(back))[0]).toMatchObject({ state: 'done', reason: expect.stringContaining('Projects') })
  })

  test('mailbox #58: folder deleted: made again and subscribed as before', async () => {
    const { copies } = await deliver('Kept')
    const before = await truth()
    const listed = await subscriptions(dovecot.imapPort, ann.login)
    const action = await act(copies)
    await user.ok('SELECT INBOX')
    await user.ok('UNSUBSCRIBE Kept')
    await user.ok('DELETE Kept')
    await undo(action)
    expect(await truth()).toEqual(before)
    expect(await subscriptions(dovecot.imapPort, ann.login)).toEqual(listed)
  })

  test('folder deleted, Inbox by choice: said', async () => {
    const { copies } = await deliver('Gone')
    const action = await act(copies)
    await user.ok('SELECT INBOX')
    await user.ok('DELETE Gone')
    const back = await undo(action, { folderGone: 'inbox' })
    expect((await truth())[0]).toMatch(/^INBOX /)
    expect((await items(back))[0]?.lost).toEqual([expect.stringContaining('Gone is gone')])
  })

  test('mailbox #57: folder deleted and made again: restored into the new one, said', async () => {
    const { copies } = await deliver('Again')
    const before = await truth()
    const action = await act(copies)
    await user.ok('SELECT INBOX')
    await user.ok('DELETE Again')
    await user.ok('CREATE Again')
    const back = await undo(action)
    expect(await truth()).toEqual(before)
    expect((await items(back))[0]?.reason).toContain('made again')
  })

  test('mailbox #44: read, answered and tagged in Junk, where an action had put it: the user’s flags come back with it', async () => {
    const { copies } = await deliver()
    const action = await act(copies, { kind: 'move', target: 'junk' })
    await user.ok(`UID STORE ${await uid('Junk')} FLAGS (\\Flagged Mine)`)
    await undo(action)
    expect((await truth())[0]).toMatch(/^INBOX \S+ Mine \\Flagged /)
  })

  test('moved on from Junk by the user: left there, reported', async () => {
    const { copies } = await deliver()
    const action = await act(copies, { kind: 'move', target: 'junk' })
    await user.ok('CREATE Mine')
    await user.ok(`UID MOVE ${await uid('Junk')} Mine`)
    const before = await truth()
    const back = await undo(action)
    expect((await items(back))[0]).toMatchObject({
      state: 'skipped',
      reason: expect.stringContaining('moved it to Mine'),
    })
    expect(await truth()).toEqual(before)
  })

  test('hold lost: from the vault, flags and date as before, and the page says so', async () => {
    const { copies } = await deliver()
    const before = await truth()
    const action = await act(copies, { kind: 'hard-delete' })
    const service2 = await RawImap.open(dovecot.imapPort, `${ann.login}*recourse`, 'master')
    await service2.ok('SELECT Recourse-Hold/hard-deleted')
    await service2.ok('UID STORE 1:* +FLAGS.SILENT (\\Deleted)')
    await service2.ok('EXPUNGE')
    service2.close()
    const back = await undo(action)
    expect(await truth()).toEqual(before)
    expect((await items(back))[0]).toMatchObject({ state: 'done', reason: expect.stringContaining('from the vault') })
  })

  test('mailbox #13: put back from the vault, hostile bytes stay bytes', async () => {
    await user.ok('CREATE Victim')
    const mail = letter('Hostile', 'z1 DELETE Victim\r\nz2 CREATE Injected\r\n')
    const { copies } = await deliver('INBOX', mail)
    const before = await truth()
    const action = await act(copies)
    const service2 = await RawImap.open(dovecot.imapPort, `${ann.login}*recourse`, 'master')
    await service2.ok('SELECT Recourse-Hold/quarantine')
    await service2.ok('UID STORE 1:* +FLAGS.SILENT (\\Deleted)')
    await service2.ok('EXPUNGE')
    service2.close()
    await undo(action)
    expect(await truth()).toEqual(before)
    const folders = await user.ok('LIST "" *')
    expect(folders).toContain('Victim')
    expect(folders).not.toContain('Injected')
  })
})

test('mailbox #63: while it is held, its owner can neither see nor touch it', async () => {
  const { copies } = await deliver()
  await act(copies)
  expect(await user.ok('LIST "" *')).not.toContain('Recourse')
  expect((await user.command('SELECT Recourse-Hold/quarantine')).status).toBe('NO')
  expect((await user.command('STATUS Recourse-Hold/quarantine (MESSAGES)')).status).toBe('NO')
})

test('mailbox #31: the server’s processes killed while they move: settled, and given back exactly as before', async () => {
  const copies: Copy[] = []
  for (let k = 0; k < 60; k++)
    copies.push(...(await deliver('INBOX', letter(`Letter ${k}`, 'x'.repeat(20_000)))).copies)
  const before = await truth()
  const settled = async (id: ActionId) => {
    for (let k = 0; k < 600 && ['queued', 'running'].includes((await state(id)) ?? ''); k++) {
      await new Promise((done) => setTimeout(done, 100))
      await service.drain(t.a)
    }
    expect(await state(id)).toBe('completed')
  }
  const kills = setInterval(() => {
    for (const pid of dovecot.pidsOfImap()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it ended meanwhile
      }
    }
  })
  const { id } = await service.submit(analyst(t.a), {
    kind: 'quarantine',
    select: { deliveryIds: copies.map((c) => c.id) },
  })
  await service.drain(t.a)
  clearInterval(kills)
  await settled(id)
  expect(await truth()).toEqual([])
  expect(await held()).toHaveLength(60)
  await settled(await undo(id))
  expect(await truth()).toEqual(before)
})

test('server stopped: items wait and say why; started again: done', async () => {
  const own = await startDovecot()
  const mailboxes = imapOf(own)
  const other = serve(mailboxes)
  try {
    const client = await RawImap.open(own.imapPort, ann.login)
    const mail = letter('Hello')
    await client.ok(`APPEND INBOX ${FLAGS} ${DATE} {}`, asDelivered(mail.sent, ann.address))
    client.close()
    const copies = await keep(t.storage, t.a, { letter: mail, at: 'inbox', to: [{ mailbox: ann, ref: null }] })
    await own.halt()
    const select = { deliveryIds: copies.map((c) => c.id) }
    const { id } = await other.submit(analyst(t.a), { kind: 'quarantine', select })
    await other.drain(t.a)
    expect((await items(id))[0]).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('cannot be reached'),
    })
    await own.start()
    for (let k = 0; k < 600 && (await state(id)) !== 'completed'; k++) {
      await new Promise((done) => setTimeout(done, 100))
      await other.drain(t.a)
    }
    expect(await state(id)).toBe('completed')
    expect(await mailboxTruth(own.imapPort, ann.login)).toEqual([])
  } finally {
    await other.stop()
    await mailboxes.close()
    await own.stop()
  }
})

test('mailbox #45 #46: quota full: by hold it goes both ways; from the vault it waits and says so', async () => {
  const own = await startDovecot({ quota: { messages: 3 } })
  const mailboxes = imapOf(own)
  const other = serve(mailboxes)
  try {
    const client = await RawImap.open(own.imapPort, ann.login)
    const mail = letter('Hello')
    await client.ok(`APPEND INBOX ${FLAGS} ${DATE} {}`, asDelivered(mail.sent, ann.address))
    const copies = await keep(t.storage, t.a, { letter: mail, at: 'inbox', to: [{ mailbox: ann, ref: null }] })
    const before = await mailboxTruth(own.imapPort, ann.login)
    const select = { deliveryIds: copies.map((c) => c.id) }
    const run = async (submit: () => Promise<{ id: ActionId }>) => {
      const { id } = await submit()
      await other.drain(t.a)
      return id
    }
    const fill = async () => {
      while (
        (await client.command(`APPEND INBOX () ${DATE} {}`, Buffer.from('Subject: x\r\n\r\nx\r\n'))).status === 'OK'
      );
    }
    const action = await run(() => other.submit(analyst(t.a), { kind: 'quarantine', select }))
    await fill()
    const full = await mailboxTruth(own.imapPort, ann.login)
    await run(() => other.submitUndo(analyst(t.a), action))
    expect(await mailboxTruth(own.imapPort, ann.login)).toEqual([...full, ...before].sort())

    const second = await run(() => other.submit(analyst(t.a), { kind: 'quarantine', select }))
    const admin = await RawImap.open(own.imapPort, `${ann.login}*recourse`, 'master')
    await admin.ok('SELECT Recourse-Hold/quarantine')
    await admin.ok('UID STORE 1:* +FLAGS.SILENT (\\Deleted)')
    await admin.ok('EXPUNGE')
    admin.close()
    await fill()
    const waiting = await run(() => other.submitUndo(analyst(t.a), second))
    expect((await items(waiting))[0]).toMatchObject({ state: 'failed', reason: expect.stringMatching(/quota|full/i) })
    await client.ok('SELECT INBOX')
    await client.ok('UID STORE 1:* +FLAGS.SILENT (\\Deleted)')
    await client.ok('EXPUNGE')
    client.close()
    for (let k = 0; k < 600 && (await state(waiting)) !== 'completed'; k++) {
      await new Promise((done) => setTimeout(done, 100))
      await other.drain(t.a)
    }
    expect(await state(waiting)).toBe('completed')
    expect(await mailboxTruth(own.imapPort, ann.login)).toEqual(before)
  } finally {
    await other.stop()
    await mailboxes.close()
    await own.stop()
  }
})
