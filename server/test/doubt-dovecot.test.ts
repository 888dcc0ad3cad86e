import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MailboxProvider } from '../src/mailboxes/index.ts'
import type { Mailbox } from '../src/organisation/index.ts'
import { type ActionRequest, createRemediation, listItems, type Remediation } from '../src/remediation/index.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { imapOf } from './rig/imap.ts'
import { holdTruth, mailboxTruth } from './rig/mail-truth.ts'
import { analyst, asDelivered, type Copy, keep, letter, organise, quietLog } from './rig/office.ts'
import { startProxy, swallowMove } from './rig/proxy.ts'
import { RawImap } from './rig/raw-imap.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

// What a lost answer leaves open, on a real server: a proxy swallows a MOVE or its answer, and the user is a client of his own.

const names = Array.from({ length: 10 }, (_, k) => `user${k}@kontor.example`)

let t: TestStorage
let dovecot: Dovecot
let proxy: Awaited<ReturnType<typeof startProxy>>
let direct: MailboxProvider
let provider: MailboxProvider
let service: Remediation
let all: ReadonlyMap<string, Mailbox>
let ann: Mailbox
let user: RawImap
let n = 0

beforeAll(async () => {
  t = await testStorage()
  dovecot = await startDovecot({ fsync: false })
  proxy = await startProxy(dovecot.imapPort)
  all = await organise(t.storage, t.a, names)
  direct = imapOf(dovecot)
  provider = imapOf(dovecot, proxy.port)
  service = createRemediation({
    storage: t.storage,
    mailboxes: provider,
    nextHop: null,
    log: quietLog,
    tuning: { backoffMs: 50, leaseMs: 5000, deadlineMs: 100 },
  })
})
afterAll(async () => {
  await service?.stop()
  await provider?.close()
  await direct?.close()
  await proxy?.stop()
  await dovecot?.stop()
  await t?.close()
})
beforeEach(async () => {
  const found = all.get(names[n++] ?? '')
  if (!found) throw new Error('no mailbox left')
  ann = found
  user = await RawImap.open(dovecot.imapPort, ann.login)
})
afterEach(() => {
  proxy.alter(null)
  user.close()
})

async function deliver(): Promise<readonly Copy[]> {
  const mail = letter('Hello')
  await user.ok('APPEND INBOX (\\Seen KeyA) "01-Feb-2019 03:04:05 +0530" {}', asDelivered(mail.sent, ann.address))
  return keep(t.storage, t.a, { letter: mail, at: 'inbox', to: [{ mailbox: ann, ref: null }] })
}
async function act(copies: readonly Copy[], request: Omit<ActionRequest, 'select'>) {
  const { id } = await service.submit(analyst(t.a), { ...request, select: { deliveryIds: copies.map((c) => c.id) } })
  await service.drain(t.a)
  return id
}
async function undo(id: Awaited<ReturnType<typeof act>>) {
  const made = await service.submitUndo(analyst(t.a), id)
  await service.drain(t.a)
  return made.id
}
const items = async (id: Awaited<ReturnType<typeof act>>) =>
  (await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, id, { limit: 100, after: null }))).items
const truth = () => mailboxTruth(dovecot.imapPort, ann.login)
const held = () => holdTruth(dovecot.imapPort, ann.login, 'quarantine')
const folders = async () => (await truth()).map((line) => line.split(' ')[0]).sort()

/** The next MOVE is carried out; its answer does not come through, and `then` happens before the connection breaks. */
function swallowAnswer(then: () => Promise<unknown>): void {
  proxy.alter({
    answered: async (piece) => {
      if (!/COPYUID/.test(piece.toString('latin1'))) return piece
      proxy.alter(null)
      await then()
      proxy.cut()
      return Buffer.alloc(0)
    },
  })
}

async function emptyHold(): Promise<void> {
  const session = await direct.open({ login: ann.login })
  const hold = await session.hold('quarantine', [])
  const position = await session.position(hold)
  const uids = Array.from({ length: (position?.uidNext ?? 1) - 1 }, (_, k) => k + 1)
  const mail = (await session.state(hold, uids)).filter((c) => c.networkMessageId !== null)
  expect(mail).toHaveLength(1)
  await session.destroy(
    hold,
    mail.map((c) => c.ref.uid),
  )
  await session.close()
}

test('a move to Junk that never reached the server, while the user copied the message there: both copies are left and listed', async () => {
  const copies = await deliver()
  swallowMove(proxy, async () => {
    await user.ok('SELECT INBOX')
    await user.ok('UID COPY 1:* Junk')
  })
  const id = await act(copies, { kind: 'move', target: 'junk' })
  const reason = expect.stringContaining('Both were left')
  expect(await items(id)).toMatchObject([{ state: 'ambiguous', reason }])
  expect(await folders()).toEqual(['INBOX', 'Junk'])
})

test.each([
  ['INBOX', 'Junk'],
  ['Junk', 'INBOX'],
])(
  '…and an analyst keeps the one in %s: the one in %s goes to the hold, exactly; undone, both are as they were',
  async (stays, goes) => {
    const copies = await deliver()
    swallowMove(proxy, async () => {
      await user.ok('SELECT INBOX')
      await user.ok('UID COPY 1:* Junk')
      await user.ok('SELECT Junk')
      await user.ok('UID STORE 1:* FLAGS (\\Flagged Mine)')
    })
    const doubtful = await act(copies, { kind: 'move', target: 'junk' })
    const before = await truth()
    const [item] = await items(doubtful)
    if (!item) throw new Error('no item')
    expect(item).toMatchObject({
      state: 'ambiguous',
      both: { source: { folder: 'INBOX' }, target: { folder: 'Junk' } },
    })
    const request = { action: doubtful, item: item.id, folder: stays }
    const kept = await service.keep(analyst(t.a), request)
    await service.drain(t.a)
    expect(await items(kept.id)).toMatchObject([{ state: 'done', reason: null, before: { folder: goes }, lost: [] }])
    const soft = () => holdTruth(dovecot.imapPort, ann.login, 'soft-deleted')
    const lineOf = (folder: string) => before.filter((line) => line.startsWith(`${folder} `))
    expect(await truth()).toEqual(lineOf(stays))
    expect(await soft()).toHaveLength(1)
    await expect(service.keep(analyst(t.a, 'Bert'), request)).rejects.toMatchObject({ code: 'kept-already' })
    await undo(kept.id)
    expect([await truth(), await soft()]).toEqual([before, []])
  },
)

test('a hold that is lost before the lost answer is settled: said so, and an undo puts it back from the vault', async () => {
  const copies = await deliver()
  const before = await truth()
  swallowAnswer(emptyHold)
  const id = await act(copies, { kind: 'quarantine' })
  const reason = expect.stringMatching(/its copy in the hold was lost.*in the vault/)
  expect(await items(id)).toMatchObject([{ state: 'ambiguous', reason }])
  expect([await truth(), await held()]).toEqual([[], []])
  await undo(id)
  expect(await truth()).toEqual(before)
})

test.each(['the redo', 'the action'])(
  'a redo takes the copy that the user has made since the undo, too; the undo of %s gives both back',
  async (which) => {
    const copies = await deliver()
    const taken = await act(copies, { kind: 'quarantine' })
    const undone = await undo(taken)
    await user.ok('CREATE Mine')
    await user.ok('SELECT INBOX')
    await user.ok('UID COPY 1:* Mine')
    const before = await truth()
    expect(before).toHaveLength(2)
    const redo = await undo(undone)
    expect((await items(redo)).map((i) => i.state)).toEqual(['done', 'done'])
    expect([(await truth()).length, (await held()).length]).toEqual([0, 2])
    await undo(which === 'the redo' ? redo : taken)
    expect(await truth()).toEqual(before)
    expect(await held()).toEqual([])
  },
)

test('a take is cancelled while its move is in doubt, and the server carries the move out later: found, done as it has happened, and undone exactly', async () => {
  const copies = await deliver()
  const before = await truth()
  const { id } = await service.submit(analyst(t.a), {
    kind: 'quarantine',
    select: { deliveryIds: copies.map((c) => c.id) },
  })
  swallowMove(proxy, () => service.cancel(analyst(t.a), id))
  await service.drain(t.a)
  expect(await items(id)).toMatchObject([{ state: 'skipped', reason: expect.stringContaining('cancelled') }])
  expect(await truth()).toEqual(before)

  // What had been on its way comes, in the name of the service.
  const session = await direct.open({ login: ann.login })
  const uids = (await session.find({ folders: ['INBOX'], networkMessageIds: copies.map((c) => c.messageId) })).map(
    (c) => c.ref.uid,
  )
  await session.move('INBOX', uids, await session.hold('quarantine', []))
  await session.close()
  expect([(await truth()).length, (await held()).length]).toEqual([0, 1])
  await expect
    .poll(
      async () => {
        await service.drain(t.a)
        return (await items(id))[0]
      },
      { timeout: 60_000, interval: 500 },
    )
    .toMatchObject({ state: 'done', reason: expect.stringContaining('carried out, late') })
  await undo(id)
  expect([await truth(), await held()]).toEqual([before, []])
})
