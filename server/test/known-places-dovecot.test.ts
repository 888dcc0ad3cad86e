import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CopyState, MailboxProvider } from '../src/mailboxes/index.ts'
import type { Mailbox } from '../src/organisation/index.ts'
import { createRemediation, listItems, type Remediation } from '../src/remediation/index.ts'
import { buildSent } from '../src/transport/index.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { imapOf } from './rig/imap.ts'
import { mailboxTruth } from './rig/mail-truth.ts'
import { analyst, type Copy, keep, type Letter, letter, organise, quietLog } from './rig/office.ts'
import { RawImap } from './rig/raw-imap.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

// Messages that were found in their mailboxes: what was read there names the bytes at that UID for ever.

const COPIES = 20
const names = ['known', 'renumbered', 'another', 'unread', 'lost'].map((name) => `${name}@kontor.example`)
let t: TestStorage
let dovecot: Dovecot
let provider: MailboxProvider
let service: Remediation
let boxes: ReadonlyMap<string, Mailbox>
/** UIDs whose bytes were asked for. */
const read: number[] = []

beforeAll(async () => {
  t = await testStorage()
  dovecot = await startDovecot()
  boxes = await organise(t.storage, t.a, names)
  const imap = imapOf(dovecot)
  provider = { ...imap, kind: imap.kind, open: async (account, options) => counting(await imap.open(account, options)) }
  service = createRemediation({ storage: t.storage, mailboxes: provider, nextHop: null, log: quietLog })
})
afterAll(async () => {
  await service?.stop()
  await provider?.close()
  await dovecot?.stop()
  await t?.close()
})

function counting<S extends object>(session: S): S {
  return new Proxy(session, {
    get(of, key) {
      const value: unknown = Reflect.get(of, key)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (key === 'read' && Array.isArray(args[1])) read.push(...args[1])
        return Reflect.apply(value, of, args)
      }
    },
  })
}

function boxOf(name: string): Mailbox {
  const box = boxes.get(`${name}@kontor.example`)
  if (!box) throw new Error(name)
  return box
}

/** Lies in the mailbox, and is written down as a watcher does that has found and read it there, with another ref where `ref` says so. */
async function found(box: Mailbox, ref: (state: CopyState, sha256: string) => object): Promise<readonly Copy[]> {
  const letters = new Map<string | null, Letter>()
  const client = await RawImap.open(dovecot.imapPort, box.login)
  for (let n = 0; n < COPIES; n++) {
    const mail = letter(`Letter ${n}`)
    letters.set(mail.internetMessageId, { ...mail, sent: buildSent(mail.raw, '') })
    await client.ok('APPEND INBOX (\\Seen KeyA) "01-Feb-2019 03:04:05 +0530" {}', mail.raw)
  }
  client.close()
  const session = await provider.open({ login: box.login })
  const position = await session.position('INBOX')
  const states = await session.between({ folder: 'INBOX', uidValidity: position?.uidValidity ?? '' }, 1, COPIES)
  await session.close()
  const copies: Copy[] = []
  for (const state of states) {
    const mail = letters.get(state.internetMessageId)
    if (!mail) throw new Error('another letter')
    const place = { ...state.ref, ...ref(state, mail.sent.sha256) }
    copies.push(...(await keep(t.storage, t.a, { letter: mail, at: 'inbox', to: [{ mailbox: box, ref: place }] })))
  }
  return copies
}

async function take(copies: readonly Copy[]) {
  read.length = 0
  const select = { deliveryIds: copies.map((c) => c.id) }
  const { id } = await service.submit(analyst(t.a), { kind: 'soft-delete', select })
  await service.drain(t.a)
  const { items } = await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, id, { limit: 100, after: null }))
  expect(items.filter((i) => i.state === 'done' && i.verifiedAt !== null)).toHaveLength(COPIES)
  return id
}

test.each([
  [
    'known',
    'the same place, bytes read there: only the sample is read',
    2,
    (_: CopyState, sha256: string) => ({ sha256 }),
  ],
  [
    'renumbered',
    'another UIDVALIDITY: all are looked for and read',
    COPIES,
    (_: CopyState, sha256: string) => ({ sha256, uidValidity: '1' }),
  ],
  [
    'another',
    'another message at that UID, by the server’s id: all are read',
    COPIES,
    (_: CopyState, sha256: string) => ({ sha256, serverId: 'f00' }),
  ],
  ['unread', 'nobody has read them there: all are read', COPIES, () => ({})],
] as const)('mailbox #2: %s, %s, and all go back as they were', async (name, _, reads, ref) => {
  const box = boxOf(name)
  const copies = await found(box, ref)
  const before = await mailboxTruth(dovecot.imapPort, box.login)
  const id = await take(copies)
  expect(new Set(read).size).toBe(reads)
  expect(await mailboxTruth(dovecot.imapPort, box.login)).toEqual([])
  await service.submitUndo(analyst(t.a), id)
  await service.drain(t.a)
  expect(await mailboxTruth(dovecot.imapPort, box.login)).toEqual(before)
})

test('mailbox #64: what was not read again is in the vault all the same: the hold is lost, and everything comes back from there', async () => {
  const box = boxOf('lost')
  const copies = await found(box, (_, sha256) => ({ sha256 }))
  const before = await mailboxTruth(dovecot.imapPort, box.login)
  const id = await take(copies)
  expect(new Set(read).size).toBe(2)
  const session = await provider.open({ login: box.login })
  const hold = await session.hold('soft-deleted', [])
  const held = await session.find({
    networkMessageIds: [],
    internetMessageIds: before.length > 0 ? await idsOf(id) : [],
    folders: [hold],
  })
  expect(held).toHaveLength(COPIES)
  await session.destroy(
    hold,
    held.map((c) => c.ref.uid),
  )
  await session.close()
  await service.submitUndo(analyst(t.a), id)
  await service.drain(t.a)
  expect(await mailboxTruth(dovecot.imapPort, box.login)).toEqual(before)
})

async function idsOf(id: Awaited<ReturnType<typeof take>>): Promise<string[]> {
  const { items } = await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, id, { limit: 100, after: null }))
  return items.map((i) => `<${i.messageId}@sender.example>`)
}
