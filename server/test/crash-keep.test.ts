// Of two copies that a MOVE cut in half has left an analyst keeps one, and the worker that does it is killed: on a real server, at every point.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ActionId, onCrashPoint } from '../src/base/index.ts'
import type { MailboxProvider } from '../src/mailboxes/index.ts'
import type { Mailbox } from '../src/organisation/index.ts'
import { createRemediation, getAction, listItems, type Remediation } from '../src/remediation/index.ts'
import { runWorker } from './crash/run-worker.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { imapOf } from './rig/imap.ts'
import { holdTruth, mailboxTruth, withoutFolder } from './rig/mail-truth.ts'
import { analyst, asDelivered, keep, letter, organise, quietLog } from './rig/office.ts'
import { startProxy, swallowMove, type Proxy as Wire } from './rig/proxy.ts'
import { RawImap } from './rig/raw-imap.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

/** All that a keep passes, in this order; the first case sees that there are no others. */
const POINTS = [
  'remediation.after-vault',
  'remediation.before-intent-commit',
  'remediation.after-intent-commit',
  'remediation.before-move',
  'mailboxes.before-move',
  'mailboxes.after-move',
  'remediation.after-move',
  'remediation.after-readback',
  'remediation.before-done-commit',
  'remediation.after-done-commit',
]
const CASES = POINTS.map((point, n) => [point, n % 2 === 0 ? 'INBOX' : 'Junk'] as const)
const names = Array.from({ length: CASES.length + 1 }, (_, k) => `user${k}@kontor.example`)

let t: TestStorage
let dovecot: Dovecot
let wire: Wire
let provider: MailboxProvider
let all: ReadonlyMap<string, Mailbox>
let dir: string
let used = 0

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'recourse-crash-'))
  t = await testStorage()
  dovecot = await startDovecot({ fsync: false })
  wire = await startProxy(dovecot.imapPort)
  all = await organise(t.storage, t.a, names)
  provider = imapOf(dovecot, wire.port)
})
afterAll(async () => {
  await provider?.close()
  await wire?.stop()
  await dovecot?.stop()
  await t?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Works in this process, and then no more: nothing may be at work beside the process that is killed. */
async function here<T>(work: (service: Remediation) => Promise<T>): Promise<T> {
  const tuning = { backoffMs: 50, leaseMs: 5000, deadlineMs: 100 }
  const deps = { storage: t.storage, mailboxes: provider, nextHop: null, log: quietLog, tuning }
  const service = createRemediation(deps)
  return work(service).finally(() => service.stop())
}
const drained = (ask: (service: Remediation) => Promise<{ id: ActionId }>): Promise<ActionId> =>
  here(async (service) => {
    const { id } = await ask(service)
    // The mailbox may be held for a while by the process that was killed.
    await expect
      .poll(async () => {
        await service.drain(t.a)
        return stateOf(id)
      })
      .not.toMatch(/^(queued|running)$/)
    return id
  })

const itemsOf = async (id: ActionId) =>
  (await t.storage.tenant(t.a, (tx) => listItems(tx, t.a, id, { limit: 10, after: null }))).items
const stateOf = async (id: ActionId) => (await t.storage.tenant(t.a, (tx) => getAction(tx, t.a, id)))?.state

/** A mailbox in whose INBOX and Junk the message lies: its user copied it there while the MOVE got lost. The two differ in flags. */
async function inDoubt() {
  const mailbox = all.get(names[used++] ?? '')
  if (!mailbox) throw new Error('no mailbox left')
  const user = await RawImap.open(dovecot.imapPort, mailbox.login)
  const mail = letter('Hello')
  await user.ok('APPEND INBOX (\\Seen KeyA) "01-Feb-2019 03:04:05 +0530" {}', asDelivered(mail.sent, mailbox.address))
  const copies = await keep(t.storage, t.a, { letter: mail, at: 'inbox', to: [{ mailbox, ref: null }] })
  swallowMove(wire, async () => {
    await user.ok('SELECT INBOX')
    await user.ok('UID COPY 1:* Junk')
    await user.ok('SELECT Junk')
    await user.ok('UID STORE 1:* FLAGS (\\Flagged Mine)')
  })
  const select = { deliveryIds: copies.map((c) => c.id) }
  const action = await drained((s) => s.submit(analyst(t.a), { kind: 'move', target: 'junk', select }))
  user.close()
  const [item] = await itemsOf(action)
  if (item?.state !== 'ambiguous') throw new Error(`no doubt: ${JSON.stringify(item)}`)
  const truth = () => mailboxTruth(dovecot.imapPort, mailbox.login)
  const held = () => holdTruth(dovecot.imapPort, mailbox.login, 'soft-deleted')
  return { action, item: item.id, truth, held, before: await truth() }
}

/** What the message's timeline tells of an action. */
const told = (action: ActionId) =>
  t.storage.tenant(t.a, async (tx) => {
    const { rows } = await sql<{ kind: string }>`select kind from message_event
      where detail->>'actionId' = ${action} order by id`.execute(tx)
    return rows.map((r) => r.kind)
  })

/** The states of its one item: each begins where the one before has ended, and it was done once, at the end. */
async function doneOnce(action: ActionId): Promise<void> {
  const steps = await t.storage.tenant(t.a, async (tx) => {
    const { rows } = await sql<{ from: string | null; to: string }>`select from_state as from, to_state as to
      from item_history where action_id = ${action} order by seq`.execute(tx)
    return rows
  })
  expect(steps.map((s) => s.from)).toEqual(['approved', ...steps.slice(0, -1).map((s) => s.to)])
  expect(steps.filter((s) => s.to === 'done')).toEqual(steps.slice(-1))
}

test('a keep passes these points and no others', async () => {
  const { action, item } = await inDoubt()
  const passed: string[] = []
  await here(async (service) => {
    await service.keep(analyst(t.a), { action, item, folder: 'Junk' })
    onCrashPoint((name) => passed.push(name))
    await service.drain(t.a).finally(() => onCrashPoint(null))
  })
  expect(passed).toEqual(POINTS)
})

test.each(CASES)(
  'killed at %s, the copy in %s was to stay: it stays, the other one is in the hold, once; undone, both are as before',
  async (point, stays) => {
    const { action, item, truth, held, before } = await inDoubt()
    const { id } = await here((service) => service.keep(analyst(t.a), { action, item, folder: stays }))
    const log = join(dir, point)
    const settings = { url: t.url, blobs: t.blobs, imapPort: dovecot.imapPort, tenant: t.a, action: id, batch: 10 }
    const first = await runWorker(settings, point, log).ended
    expect(first.killed, `${point} was never passed: ${first.text}`).toBe(true)
    expect(existsSync(log) && readFileSync(log, 'utf8')).toBe(`${point}\n`)
    // Whatever it has done by then, the copy that was chosen is there.
    const kept = before.filter((line) => line.startsWith(`${stays} `))
    expect(await truth()).toEqual(expect.arrayContaining(kept))
    const second = await runWorker(settings).ended
    expect(second, second.text).toMatchObject({ killed: false, text: expect.stringContaining('ended') })

    expect(await stateOf(id)).toBe('completed')
    expect(await itemsOf(id)).toMatchObject([{ state: 'done', reason: null, lost: [], verifiedAt: expect.any(String) }])
    expect(await truth()).toEqual(kept)
    expect(await held()).toEqual(withoutFolder(before.filter((line) => !kept.includes(line))))
    expect((await told(id)).sort()).toEqual(['moved', 'soft-deleted'])
    await doneOnce(id)

    const undo = await drained((s) => s.submitUndo(analyst(t.a), id))
    expect([await truth(), await held()]).toEqual([before, []])
    expect([await stateOf(undo), await stateOf(id)]).toEqual(['completed', 'undone'])
    await doneOnce(undo)
    expect(await told(undo)).toEqual(['restored'])
  },
)
