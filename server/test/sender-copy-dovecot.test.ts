import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MailboxProvider } from '../src/mailboxes/index.ts'
import { createRemediation, listItems, type Remediation } from '../src/remediation/index.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { imapOf } from './rig/imap.ts'
import { mailboxTruth } from './rig/mail-truth.ts'
import { analyst, asDelivered, keep, letter, organise, quietLog } from './rig/office.ts'
import { RawImap } from './rig/raw-imap.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

let t: TestStorage
let dovecot: Dovecot
let provider: MailboxProvider
let service: Remediation
const ANN = 'ann@kontor.example'
const BOB = 'bob@kontor.example'

beforeAll(async () => {
  t = await testStorage()
  dovecot = await startDovecot()
  provider = imapOf(dovecot)
  service = createRemediation({ storage: t.storage, mailboxes: provider, nextHop: null, log: quietLog })
})
afterAll(async () => {
  await service?.stop()
  await provider?.close()
  await dovecot?.stop()
  await t?.close()
})

test('the sender’s own copy in Sent is taken with the recipient’s and comes back exactly, on Dovecot (explorer #79, #80, air #113, #114)', async () => {
  const all = await organise(t.storage, t.a, [ANN, BOB])
  const [ann, bob] = [all.get(ANN), all.get(BOB)]
  if (!ann || !bob) throw new Error('no mailboxes')
  const mail = letter('Team lunch', 'Hello.\r\n', 'X-Trace: by our server\r\n')
  const own = mail.raw.toString().replace('X-Trace: by our server\r\n', 'Bcc: secret@kontor.example\r\n')
  const recipient = await RawImap.open(dovecot.imapPort, ann.login)
  const sender = await RawImap.open(dovecot.imapPort, bob.login)
  await recipient.ok('APPEND INBOX (\\Seen) {}', asDelivered(mail.sent, ANN))
  // Another message with the same id that says something else must not be taken for it.
  const date = '"02-Feb-2020 02:02:02 +0000"'
  await sender.ok(`APPEND Sent (\\Seen \\Flagged KeyA) ${date} {}`, Buffer.from(own))
  await sender.ok('CREATE Drafts2')
  await sender.ok('APPEND Drafts2 (\\Draft) {}', Buffer.from(own.replace('Hello.', 'Hallo.')))
  const copies = await keep(t.storage, t.a, { letter: mail, at: 'inbox', to: [{ mailbox: ann, ref: null }] })
  await t.storage.tenant(t.a, (tx) =>
    sql`update message set sender_address = ${BOB}, direction = 'internal' where id = ${mail.id}`.execute(tx),
  )
  const truth = async () => [
    await mailboxTruth(dovecot.imapPort, ann.login),
    await mailboxTruth(dovecot.imapPort, bob.login),
  ]
  const before = await truth()
  const made = await service.submit(analyst(t.a), {
    kind: 'hard-delete',
    senderCopy: true,
    select: { deliveryIds: copies.map((c) => c.id) },
  })
  await service.drain(t.a)
  const items = await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, made.id, { limit: 10, after: null }))
  expect(items.items.map((i) => [i.senderCopy, i.state, i.after?.location])).toEqual([
    [false, 'done', 'hard-deleted'],
    [true, 'done', 'soft-deleted'],
  ])
  const taken = await truth()
  expect(taken[0]).toEqual([])
  expect(taken[1]).toHaveLength(1)
  expect(taken[1]?.[0]).toMatch(/^Drafts2 /)
  await service.submitUndo(analyst(t.a), made.id)
  await service.drain(t.a)
  expect(await truth()).toEqual(before)
  await recipient.close()
  await sender.close()
})
