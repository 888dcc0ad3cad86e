import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  analyst,
  asDelivered,
  type Copy,
  keep,
  type Letter,
  letter,
  organise,
  quietLog,
} from '../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { ActionId, TenantId } from '../base/index.ts'
import { createMemoryProvider, type MemoryProvider, type MemoryUser } from '../mailboxes/index.ts'
import type { Mailbox } from '../organisation/index.ts'
import { createNextHop } from '../transport/index.ts'
import { type ActionView, createRemediation, getAction, type ItemView, listItems, type Remediation } from './index.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())

const ADDRESSES = ['ann@kontor.example', 'bob@kontor.example', 'cem@kontor.example']
/** Both tenants have the same people; their addresses differ by the domain only, as no two organisations share one. */
const real = (tenant: TenantId, address: string) => (tenant === t.a ? address : address.replace('kontor', 'werft'))

let provider: MemoryProvider
let service: Remediation
let people: Map<TenantId, ReadonlyMap<string, Mailbox>>
let now: Date

beforeAll(async () => {
  people = new Map()
  for (const tenant of [t.a, t.b]) {
    const own = ADDRESSES.map((a) => real(tenant, a))
    people.set(tenant, await organise(t.storage, tenant, own))
  }
})
beforeEach(() => {
  provider = createMemoryProvider()
  now = new Date('2026-05-01T10:00:00Z')
  service = createRemediation({
    storage: t.storage,
    mailboxes: provider,
    nextHop: createNextHop({ kind: 'mailbox', provider }),
    log: quietLog,
    clock: () => now,
    tuning: { backoffMs: 1000, leaseMs: 5000, deadlineMs: 100 },
  })
})

afterEach(() => service.stop())

const user = (tenant: TenantId, address: string): MemoryUser => provider.user(real(tenant, address))
const mailboxOf = (tenant: TenantId, address: string): Mailbox => {
  const found = people.get(tenant)?.get(real(tenant, address))
  if (!found) throw new Error(address)
  return found
}
const FLAGS = ['\\Seen', '\\Answered', '$Forwarded', 'KeyA']
const DATE = new Date('2019-02-01T03:04:05Z')

/** One message to these people, delivered to their mailboxes and written down. */
async function deliver(
  tenant: TenantId,
  to: readonly string[],
  options: { folder?: string; flags?: readonly string[]; known?: boolean; mail?: Letter } = {},
): Promise<{ mail: Letter; copies: readonly Copy[] }> {
  const mail = options.mail ?? letter('Hello')
  const targets = to.map((address) => {
    const u = user(tenant, address)
    const folder = options.folder ?? 'INBOX'
    if (!u.folders().includes(folder)) u.createFolder(folder)
    const uid = u.append(folder, asDelivered(mail.sent, address), { flags: options.flags ?? FLAGS, date: DATE })
    const ref = u.list(folder).find((c) => c.ref.uid === uid)?.ref ?? null
    return { mailbox: mailboxOf(tenant, address), ref: options.known === false ? null : ref }
  })
  const at = (options.folder ?? 'INBOX') === 'INBOX' ? 'inbox' : 'folder'
  return { mail, copies: await keep(t.storage, tenant, { letter: mail, at, to: targets }) }
}

async function view(tenant: TenantId, id: ActionId): Promise<ActionView> {
  const found = await t.storage.tenant(tenant, (tx) => getAction(tx, tenant, id))
  if (!found) throw new Error(`no action ${id}`)
  return found
}
const items = async (tenant: TenantId, id: ActionId): Promise<readonly ItemView[]> =>
  (await t.storage.tenant(tenant, (tx) => listItems(tx, tenant, id, { limit: 1000, after: null }))).items

type Kind = 'soft-delete' | 'hard-delete' | 'quarantine'
async function act(tenant: TenantId, kind: Kind, copies: readonly Copy[]): Promise<ActionId> {
  const { id } = await service.submit(analyst(tenant), { kind, select: { deliveryIds: copies.map((c) => c.id) } })
  await service.drain(tenant)
  return id
}
async function undo(tenant: TenantId, id: ActionId, options = {}): Promise<ActionId> {
  const undone = await service.submitUndo(analyst(tenant), id, options)
  await service.drain(tenant)
  return undone.id
}
const snapshots = (tenant: TenantId) => ADDRESSES.map((a) => user(tenant, a).snapshot())
const held = (tenant: TenantId) => ADDRESSES.map((a) => user(tenant, a).held())

describe('take and give back', () => {
  test.each(['soft-delete', 'hard-delete', 'quarantine'] as const)(
    '%s leaves the mailbox and comes back exactly: folder, bytes, flags, keywords, date, for each of its targets (explorer #76, #77, lesson #42)',
    async (kind) => {
      const { copies } = await deliver(t.a, ADDRESSES)
      const other = await deliver(t.b, ADDRESSES)
      await deliver(t.a, ADDRESSES)
      const before = snapshots(t.a)
      const foreign = snapshots(t.b)
      const id = await act(t.a, kind, copies)
      const action = await view(t.a, id)
      expect(action.state).toBe('completed')
      expect(action.counts).toMatchObject({ total: 3, done: 3, verified: 3 })
      for (const [n, snapshot] of snapshots(t.a).entries()) expect(snapshot).toHaveLength((before[n]?.length ?? 0) - 1)
      expect(held(t.a).map((h) => h.length)).toEqual([1, 1, 1])

      const undone = await undo(t.a, id)
      expect(snapshots(t.a)).toEqual(before)
      expect(held(t.a).map((h) => h.length)).toEqual([0, 0, 0])
      expect((await view(t.a, undone)).state).toBe('completed')
      expect((await view(t.a, id)).state).toBe('undone')

      expect(snapshots(t.b)).toEqual(foreign)
      expect(await t.storage.tenant(t.b, (tx) => getAction(tx, t.b, id))).toBeNull()
      await expect(service.submitUndo(analyst(t.b), id)).rejects.toThrow('no such action')
      expect(other.copies).toHaveLength(3)
    },
  )

  test('an undo is itself undone, and that again', async () => {
    const { copies } = await deliver(t.a, ADDRESSES)
    const before = snapshots(t.a)
    const id = await act(t.a, 'quarantine', copies)
    const taken = snapshots(t.a)
    const first = await undo(t.a, id)
    const redo = await undo(t.a, first)
    expect(snapshots(t.a)).toEqual(taken)
    expect(held(t.a).map((h) => h.length)).toEqual([1, 1, 1])
    expect([(await view(t.a, id)).state, (await view(t.a, first)).state, (await view(t.a, redo)).state]).toEqual([
      'completed',
      'undone',
      'completed',
    ])
    await undo(t.a, redo)
    expect(snapshots(t.a)).toEqual(before)
    expect((await view(t.a, id)).state).toBe('undone')
  })

  test('a copy whose place is not known is found wherever the user has put it, the Trash too (mailbox #53)', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example', 'bob@kontor.example'], { known: false })
    const ann = user(t.a, 'ann@kontor.example')
    ann.createFolder('Work/2026')
    const [inAnn] = ann.list('INBOX')
    ann.move('INBOX', inAnn?.ref.uid ?? 0, 'Work/2026')
    const bob = user(t.a, 'bob@kontor.example')
    bob.move('INBOX', bob.list('INBOX')[0]?.ref.uid ?? 0, 'Trash')
    const before = snapshots(t.a)
    const id = await act(t.a, 'soft-delete', copies)
    expect((await items(t.a, id)).map((i) => [i.state, i.before?.folder, i.before?.location])).toEqual([
      ['done', 'Work/2026', 'folder'],
      ['done', 'Trash', 'deleted-items'],
    ])
    await undo(t.a, id)
    expect(snapshots(t.a)).toEqual(before)
  })

  test('one the user moved after it was last seen is taken from its new place', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    ann.createFolder('Later')
    ann.move('INBOX', ann.list('INBOX')[0]?.ref.uid ?? 0, 'Later')
    const before = ann.snapshot()
    const id = await act(t.a, 'quarantine', copies)
    expect(ann.snapshot()).toEqual([])
    await undo(t.a, id)
    expect(ann.snapshot()).toEqual(before)
  })

  test('deleted by the user: not found, nothing is put back unasked', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    ann.expunge('INBOX', ann.list('INBOX')[0]?.ref.uid ?? 0)
    const id = await act(t.a, 'soft-delete', copies)
    expect((await view(t.a, id)).state).toBe('failed')
    expect((await items(t.a, id))[0]).toMatchObject({ state: 'not-found', verifiedAt: null })
    await expect(service.submitUndo(analyst(t.a), id)).rejects.toThrow('nothing that is still to be taken back')
  })

  test('same Message-ID and our header, other bytes: untouched and reported (mailbox #52)', async () => {
    const { mail, copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    ann.expunge('INBOX', ann.list('INBOX')[0]?.ref.uid ?? 0)
    ann.append('INBOX', Buffer.concat([mail.sent.bytes, Buffer.from('one more line\r\n')]))
    const before = ann.snapshot()
    const id = await act(t.a, 'soft-delete', copies)
    expect((await items(t.a, id))[0]?.state).toBe('ambiguous')
    expect(ann.snapshot()).toEqual(before)
  })

  test('copies that the user made are items of their own, and each goes back to its place (mailbox #51)', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    ann.createFolder('Copies')
    const uid = ann.list('INBOX')[0]?.ref.uid ?? 0
    ann.copy('INBOX', uid, 'Copies')
    ann.copy('INBOX', uid, 'INBOX')
    const before = ann.snapshot()
    const id = await act(t.a, 'quarantine', copies)
    expect(ann.snapshot()).toEqual([])
    expect((await view(t.a, id)).counts).toMatchObject({ total: 3, done: 3, verified: 3 })
    await undo(t.a, id)
    expect(ann.snapshot()).toEqual(before)
    expect((await view(t.a, id)).state).toBe('undone')
  })

  test('identical mails without our header: nothing tells which was delivered, all untouched', async () => {
    const mail = letter('Flood')
    const bare = { ...mail, sent: { ...mail.sent, bytes: mail.raw } }
    const { copies } = await deliver(t.a, ['ann@kontor.example'], { mail: bare, known: false })
    const ann = user(t.a, 'ann@kontor.example')
    ann.append('INBOX', asDelivered(bare.sent, 'ann@kontor.example'))
    const before = ann.snapshot()
    const id = await act(t.a, 'soft-delete', copies)
    expect((await items(t.a, id))[0]?.state).toBe('ambiguous')
    expect(ann.snapshot()).toEqual(before)
  })

  test('to Junk and back; a second time it is there already (explorer #98)', async () => {
    const { copies } = await deliver(t.a, ADDRESSES)
    const before = snapshots(t.a)
    const request = { kind: 'move', target: 'junk', select: { deliveryIds: copies.map((c) => c.id) } } as const
    const { id } = await service.submit(analyst(t.a), request)
    await service.drain(t.a)
    expect(user(t.a, 'ann@kontor.example').list('Junk')).toHaveLength(1)
    const again = await service.submit(analyst(t.a), request)
    expect((await view(t.a, again.id)).counts).toMatchObject({ total: 3, alreadyThere: 3 })
    expect((await view(t.a, again.id)).state).toBe('completed')
    await undo(t.a, id)
    expect(snapshots(t.a)).toEqual(before)
  })
})

describe('between take and undo', () => {
  const taken = async (options: Parameters<typeof deliver>[2] = {}) => {
    const { mail, copies } = await deliver(t.a, ['ann@kontor.example'], options)
    const before = user(t.a, 'ann@kontor.example').snapshot()
    const id = await act(t.a, 'quarantine', copies)
    return { mail, copies, before, id, ann: user(t.a, 'ann@kontor.example') }
  }

  test('the user put it back himself: already there, no second copy (mailbox #54)', async () => {
    const { mail, id, ann } = await taken()
    ann.append('INBOX', asDelivered(mail.sent, 'ann@kontor.example'))
    const before = ann.snapshot()
    const undone = await undo(t.a, id)
    expect((await items(t.a, undone))[0]?.state).toBe('already-there')
    expect(ann.snapshot()).toEqual(before)
    expect(ann.held()).toHaveLength(1)
  })

  test('folder renamed: followed (mailbox #55)', async () => {
    const { id, ann } = await taken({ folder: 'Work' })
    ann.renameFolder('Work', 'Projects')
    const undone = await undo(t.a, id)
    expect(ann.list('Projects')).toHaveLength(1)
    expect((await items(t.a, undone))[0]?.reason).toContain('is called Projects now')
  })

  test('folder deleted: made again, or the Inbox, by choice (mailbox #57)', async () => {
    const { id, ann } = await taken({ folder: 'Work' })
    ann.deleteFolder('Work')
    await undo(t.a, id)
    expect(ann.list('Work')).toHaveLength(1)

    const { id: second } = await taken({ folder: 'Work2' })
    ann.deleteFolder('Work2')
    const undone = await undo(t.a, second, { folderGone: 'inbox' })
    expect(ann.list('INBOX')).toHaveLength(1)
    expect((await items(t.a, undone))[0]).toMatchObject({
      state: 'done',
      lost: [expect.stringContaining('Work2 is gone')],
    })
  })

  test('hold emptied: from the vault, with flags and date as before, and said so (mailbox #64)', async () => {
    const { id, ann, before } = await taken()
    ann.expunge('Recourse-Hold/quarantine', ann.held().length)
    expect(ann.held()).toHaveLength(0)
    const undone = await undo(t.a, id)
    expect(ann.snapshot()).toEqual(before)
    expect((await items(t.a, undone))[0]).toMatchObject({
      state: 'done',
      reason: expect.stringContaining('from the vault'),
    })
  })

  test('quota full: undo from the vault waits and says so (mailbox #46), by hold it passes (mailbox #45)', async () => {
    const { id, ann, before } = await taken()
    ann.setQuota(0)
    const back = await undo(t.a, id)
    expect((await view(t.a, back)).state).toBe('completed')
    expect(ann.snapshot()).toEqual(before)

    ann.setQuota(null)
    const second = await taken()
    ann.expunge('Recourse-Hold/quarantine', 2)
    ann.setQuota(0)
    const waiting = await undo(t.a, second.id)
    expect((await items(t.a, waiting))[0]).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('is full'),
    })
    expect((await view(t.a, waiting)).state).toBe('running')
    ann.setQuota(null)
    now = new Date(now.getTime() + 60_000)
    await service.drain(t.a)
    expect((await view(t.a, waiting)).state).toBe('completed')
  })

  test('mailbox gone: failed with its reason, the vault keeps it, later it goes on', async () => {
    const { id, ann, before } = await taken()
    ann.setGone(true)
    const back = await undo(t.a, id)
    expect((await items(t.a, back))[0]).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('mailbox is gone'),
    })
    ann.setGone(false)
    now = new Date(now.getTime() + 60_000)
    await service.drain(t.a)
    expect(ann.snapshot()).toEqual(before)
  })

  test('moved on by the user from where an action put it: left there, reported', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    const select = { deliveryIds: copies.map((c) => c.id) }
    const { id } = await service.submit(analyst(t.a), { kind: 'move', target: 'junk', select })
    await service.drain(t.a)
    ann.createFolder('Mine')
    ann.move('Junk', ann.list('Junk')[0]?.ref.uid ?? 0, 'Mine')
    const before = ann.snapshot()
    const undone = await undo(t.a, id)
    expect((await items(t.a, undone))[0]).toMatchObject({
      state: 'skipped',
      reason: expect.stringContaining('moved it to Mine'),
    })
    expect(ann.snapshot()).toEqual(before)
    expect((await view(t.a, id)).state).toBe('completed')
  })

  test('flags that the user set where an action put it win: an undo takes nothing away that it had not set (mailbox #44, lesson #47)', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    const select = { deliveryIds: copies.map((c) => c.id) }
    const { id } = await service.submit(analyst(t.a), { kind: 'move', target: 'junk', select })
    await service.drain(t.a)
    ann.flag('Junk', ann.list('Junk')[0]?.ref.uid ?? 0, ['\\Flagged', 'Mine'])
    const undone = await undo(t.a, id)
    expect(ann.snapshot()[0]).toMatchObject({ folder: 'INBOX', flags: ['\\Flagged'], keywords: ['mine'] })
    expect((await items(t.a, undone))[0]?.reason).toContain('as the user last set them')
  })

  test('\\Deleted is taken and given back with the message (mailbox #66)', async () => {
    const { id, ann, before } = await taken({ flags: ['\\Deleted', '\\Seen'] })
    await undo(t.a, id)
    expect(ann.snapshot()).toEqual(before)
  })

  test('taken on by another action: that must be undone first', async () => {
    const { id, copies, before, ann } = await taken()
    const second = await act(t.a, 'hard-delete', copies)
    await expect(service.submitUndo(analyst(t.a), id)).rejects.toThrow('undo that first')
    await undo(t.a, second)
    await undo(t.a, id)
    expect(ann.snapshot()).toEqual(before)
  })
})

describe('servers that fail', () => {
  test.each([
    ['the answer is lost', { lostReply: true }],
    ['killed in the middle: part here, part there, some in both', { partial: { done: 1, both: 1 } }],
    ['keywords spoilt by the kill', { partial: { done: 0, both: 2, spoilt: true } }],
    ['the move happens only after we have looked', { late: 2 }],
  ] as const)('%s: settled, nothing doubled (mailbox #31)', async (_, fault) => {
    const all: Copy[] = []
    for (let n = 0; n < 3; n++) all.push(...(await deliver(t.a, ['ann@kontor.example'])).copies)
    const ann = user(t.a, 'ann@kontor.example')
    const before = ann.snapshot()
    provider.failOnce('move', fault)
    const id = await act(t.a, 'quarantine', all)
    expect((await view(t.a, id)).counts).toMatchObject({ total: 3, done: 3, verified: 3 })
    expect([ann.snapshot().length, ann.held().length]).toEqual([0, 3])
    provider.failOnce('move', fault)
    await undo(t.a, id)
    expect(ann.snapshot()).toEqual(before)
    expect(ann.held()).toEqual([])
  })

  test('append from the vault whose answer is lost is found again, not doubled (mailbox #38)', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    const before = ann.snapshot()
    const id = await act(t.a, 'hard-delete', copies)
    ann.expunge('Recourse-Hold/hard-deleted', 1)
    provider.failOnce('append', { lostReply: true })
    await undo(t.a, id)
    expect(ann.snapshot()).toEqual(before)
  })

  test('server down: waits, says why, goes on later', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    provider.failOnce('open', { error: 'unavailable' })
    const id = await act(t.a, 'soft-delete', copies)
    expect((await items(t.a, id))[0]).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('cannot be reached'),
    })
    expect((await view(t.a, id)).state).toBe('running')
    now = new Date(now.getTime() + 60_000)
    await service.drain(t.a)
    expect((await view(t.a, id)).state).toBe('completed')
  })

  test('the user copies it while we move it: not remediated until that copy is gone too (mailbox #40)', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    ann.createFolder('Race')
    const uid = ann.list('INBOX')[0]?.ref.uid ?? 0
    provider.failOnce('move', { before: () => void ann.copy('INBOX', uid, 'Race') })
    const id = await act(t.a, 'quarantine', copies)
    expect(ann.snapshot()).toEqual([])
    expect((await view(t.a, id)).counts).toMatchObject({ total: 2, done: 2, verified: 2 })
  })

  test('read-only folder is never changed (mailbox #30)', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    const before = ann.snapshot()
    ann.setReadOnly('INBOX', true)
    const id = await act(t.a, 'soft-delete', copies)
    expect((await items(t.a, id))[0]?.state).toBe('failed')
    expect(ann.snapshot()).toEqual(before)
  })

  test('the folder is numbered anew between plan and take, and between take and undo', async () => {
    const { copies } = await deliver(t.a, ['ann@kontor.example'])
    const ann = user(t.a, 'ann@kontor.example')
    const before = ann.snapshot()
    ann.renumber('INBOX')
    const id = await act(t.a, 'quarantine', copies)
    expect(ann.snapshot()).toEqual([])
    ann.renumber('Recourse-Hold/quarantine')
    await undo(t.a, id)
    expect(ann.snapshot()).toEqual(before)
  })

  test('no action over many copies starts where the way back is not proven (mailbox #91, lesson #11)', async () => {
    const all: Copy[] = []
    for (let n = 0; n < 6; n++) all.push(...(await deliver(t.a, ['ann@kontor.example'])).copies)
    const ann = user(t.a, 'ann@kontor.example')
    const before = ann.snapshot()
    provider.failOnce('append', { error: 'quota' })
    const id = await act(t.a, 'soft-delete', all)
    const stopped = await view(t.a, id)
    expect(stopped.state).toBe('queued')
    expect(stopped.problem).toContain('could not be put back')
    expect(ann.snapshot()).toEqual(before)
    now = new Date(now.getTime() + 60_000)
    await service.drain(t.a)
    expect((await view(t.a, id)).state).toBe('completed')
    expect((await view(t.a, id)).problem).toBeNull()
  })
})
