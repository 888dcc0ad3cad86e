// Expiry in the hold of a real mail server: what is due is destroyed there, and nothing else.
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MailboxProvider } from '../src/mailboxes/index.ts'
import type { Mailbox } from '../src/organisation/index.ts'
import { type ExpiryDeps, expireHeld } from '../src/quarantine/index.ts'
import { copiesExpired, createRemediation, type Remediation } from '../src/remediation/index.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { imapOf } from './rig/imap.ts'
import { holdTruth, mailboxTruth } from './rig/mail-truth.ts'
import { analyst, asDelivered, type Copy, keep, letter, organise, quietLog } from './rig/office.ts'
import { RawImap } from './rig/raw-imap.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

const DAY = 86_400_000
let t: TestStorage
let dovecot: Dovecot
let provider: MailboxProvider
let service: Remediation
let ann: Mailbox
let user: RawImap

beforeAll(async () => {
  t = await testStorage()
  dovecot = await startDovecot()
  const found = (await organise(t.storage, t.a, ['ann@kontor.example'])).get('ann@kontor.example')
  if (!found) throw new Error('no mailbox')
  ann = found
  provider = imapOf(dovecot)
  service = createRemediation({ storage: t.storage, mailboxes: provider, nextHop: null, log: quietLog })
  user = await RawImap.open(dovecot.imapPort, ann.login)
})
afterAll(async () => {
  user?.close()
  await service?.stop()
  await provider?.close()
  await dovecot?.stop()
  await t?.close()
})

async function delivered(subject: string): Promise<Copy> {
  const mail = letter(subject)
  const flags = '(\\Seen \\Flagged KeyA) "01-Feb-2019 03:04:05 +0530" {}'
  await user.ok(`APPEND "INBOX" ${flags}`, asDelivered(mail.sent, ann.address))
  const [copy] = await keep(t.storage, t.a, { letter: mail, at: 'inbox', to: [{ mailbox: ann, ref: null }] })
  if (!copy) throw new Error('no copy')
  return copy
}
async function act(kind: 'quarantine' | 'release' | 'soft-delete', copies: readonly Copy[]): Promise<void> {
  await service.submit(analyst(t.a), { kind, select: { deliveryIds: copies.map((c) => c.id) } })
  await service.drain(t.a)
}
const held = (what: 'quarantine' | 'soft-deleted') => holdTruth(dovecot.imapPort, ann.login, what)
const truth = () => mailboxTruth(dovecot.imapPort, ann.login)
const deps = (more: Partial<ExpiryDeps> = {}): ExpiryDeps => ({
  storage: t.storage,
  mailboxes: provider,
  loginOf: async () => ann.login,
  log: quietLog,
  clock: () => new Date(Date.now() + 31 * DAY),
  onExpired: copiesExpired,
  ...more,
})

test('what is due leaves the hold for good; what is kept longer, was deleted, or is the user’s, stays (quarantine #12)', async () => {
  const [due, copied, longer, deleted] = [
    await delivered('Due'),
    await delivered('Copied'),
    await delivered('Longer'),
    await delivered('Deleted'),
  ]
  await delivered('Mine')
  // A further copy of the user's is taken with it, and lies in the hold beside it.
  await user.ok('CREATE Mine')
  await user.ok('SELECT INBOX')
  await user.ok('UID COPY 2 Mine')
  const before = await truth()
  await act('quarantine', [due, copied, longer])
  await act('soft-delete', [deleted])
  expect(await held('quarantine')).toHaveLength(4)
  await t.storage.tenant(t.a, (tx) =>
    sql`update held_copy set expires_at = now() + interval '80 days' where tenant_id = ${t.a} and delivery_id = ${longer.id}::uuid`.execute(
      tx,
    ),
  )
  const down: Pick<MailboxProvider, 'open'> = { open: async () => Promise.reject(new Error('connection refused')) }
  expect(await expireHeld(deps({ mailboxes: down }), t.a)).toEqual({ copies: 2, cleared: 0, left: 2 })
  expect(await held('quarantine')).toHaveLength(4)
  const release = service.submit(analyst(t.a), { kind: 'release', select: { deliveryIds: [due.id] } })
  await expect(release).rejects.toMatchObject({ status: 409 })
  const [one, two] = await Promise.all([expireHeld(deps(), t.a), expireHeld(deps(), t.a)])
  expect(one.cleared + two.cleared).toBe(2)
  expect(await held('quarantine')).toHaveLength(1)
  expect(await held('soft-deleted')).toHaveLength(1)
  const { rows } = await t.storage.tenant(t.a, (tx) =>
    sql<{
      n: string
    }>`select count(*) as n from vault where tenant_id = ${t.a} and delivery_id = any(${[due.id, copied.id]}::uuid[])`.execute(
      tx,
    ),
  )
  expect(Number(rows[0]?.n)).toBe(0)
  await act('release', [longer])
  const now = await truth()
  expect(now).toHaveLength(2)
  for (const line of now) expect(before).toContain(line)
})
