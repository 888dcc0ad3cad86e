import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { startLmtpPeer } from '../../../test/rig/lmtp-peer.ts'
import type { Office } from '../../../test/rig/memory-office.ts'
import { offices } from '../../../test/rig/offices.ts'
import type { Cause } from '../../judgement/index.ts'
import { createNextHop, type NextHop } from '../../transport/index.ts'
import { guardedBy } from '../index.ts'

const t = offices()
let office: Office
let other: Office
beforeEach(() => {
  office = t.office()
  other = t.office({ tenant: t.b, provider: office.provider })
})
const cause: Cause = { kind: 'signal', id: 'link-mismatch', version: 3 }
const ofMessage = (id: string) =>
  t.storage.tenant(t.a, (tx) =>
    sql<{ recipient: string; latest_location: string; handover: string }>`
      select recipient, latest_location, handover from delivery where message_id = ${id}::uuid order by recipient`.execute(
      tx,
    ),
  )

describe('release of what the gate has kept', () => {
  test('to one, then to all; a second time to the same person is refused (quarantine #52, #53, #55, lesson #1)', async () => {
    const { mail, copies } = await office.hold(['ann', 'bob', 'cem'], { causes: [cause] })
    await other.hold(['ann', 'bob', 'cem'])
    const select = { messageIds: [mail.id] }
    const ann = office.mailbox('ann').address
    const first = await office.service.submit(office.analyst(), { kind: 'release', select, recipients: [ann] })
    await office.service.drain(t.a)
    expect(await office.view(first.id)).toMatchObject({
      state: 'completed',
      counts: { total: 1, done: 1, verified: 1 },
    })
    expect(office.user('ann').list('INBOX')).toHaveLength(1)
    expect(office.user('bob').list('INBOX')).toHaveLength(0)
    expect(office.user('ann').bytes('INBOX', 1).equals(mail.sent.bytes)).toBe(true)

    const twice = office.service.submit(office.analyst(), { kind: 'release', select, recipients: [ann] })
    await expect(twice).rejects.toMatchObject({ code: 'already-released', status: 409 })

    const rest = await office.service.submit(office.analyst(), { kind: 'release', select })
    await office.service.drain(t.a)
    expect((await office.view(rest.id)).counts).toMatchObject({ total: 3, done: 2, alreadyThere: 1 })
    for (const name of ['ann', 'bob', 'cem']) expect(office.user(name).list('INBOX')).toHaveLength(1)
    expect((await ofMessage(mail.id)).rows.map((r) => [r.latest_location, r.handover])).toEqual([
      ['inbox', 'handed-over'],
      ['inbox', 'handed-over'],
      ['inbox', 'handed-over'],
    ])
    for (const name of ['ann', 'bob', 'cem']) expect(other.user(name).list('INBOX')).toHaveLength(0)
    // Automation does not take it again for the cause of the verdict.
    const ids = copies.map((c) => c.id)
    expect((await t.storage.tenant(t.a, (tx) => guardedBy(tx, t.a, ids, cause))).size).toBe(3)
  })

  test('undo takes the delivered copies back, redo gives them again', async () => {
    const { copies } = await office.hold(['ann', 'bob'])
    const id = await office.run({ kind: 'release' }, copies)
    const after = office.snapshots()
    const undone = await office.undo(id)
    expect(office.snapshots().flat()).toEqual([])
    expect(office.held().map((h) => h.length)).toEqual([1, 1, 0])
    expect((await office.view(id)).state).toBe('undone')
    await office.undo(undone)
    expect(office.snapshots()).toEqual(after)
    expect((await office.view(id)).state).toBe('completed')
  })

  test('moving to the Inbox is releasing; to Junk arrives in Junk', async () => {
    const { copies } = await office.hold(['ann'])
    await office.run({ kind: 'move', target: 'inbox' }, copies)
    expect(office.user('ann').list('INBOX')).toHaveLength(1)
    const second = await office.hold(['bob'])
    await office.run({ kind: 'move', target: 'junk' }, second.copies)
    expect(office.user('bob').list('Junk')).toHaveLength(1)
  })

  test('deleting it only changes what is recorded, and can be undone', async () => {
    const { mail, copies } = await office.hold(['ann'])
    const id = await office.run({ kind: 'hard-delete' }, copies)
    expect((await ofMessage(mail.id)).rows[0]?.latest_location).toBe('hard-deleted')
    expect((await office.view(id)).counts).toMatchObject({ done: 1, verified: 1 })
    await office.undo(id)
    expect((await ofMessage(mail.id)).rows[0]?.latest_location).toBe('quarantine')
    await office.run({ kind: 'release' }, copies)
    expect(office.user('ann').list('INBOX')).toHaveLength(1)
  })

  test('one that was taken from a mailbox goes back to its folder, flags and date', async () => {
    const { copies } = await office.deliver(['ann', 'bob'], { folder: 'Work' })
    const before = office.snapshots()
    await office.run({ kind: 'quarantine' }, copies)
    const id = await office.run({ kind: 'release' }, copies)
    expect(office.snapshots()).toEqual(before)
    await office.undo(id)
    expect(office.held().map((h) => h.length)).toEqual([1, 1, 0])
  })

  test('taken twice: it goes back to where the last one found it, though that one was asked for first', async () => {
    const { copies } = await office.deliver(['ann'])
    const select = { deliveryIds: copies.map((c) => c.id) }
    const proposal = await office.service.submit(office.analyst(), { kind: 'quarantine', propose: true, select })
    office.later(1000)
    await office.run({ kind: 'quarantine' }, copies)
    await office.run({ kind: 'release' }, copies)
    const ann = office.user('ann')
    const [copy] = ann.list('INBOX')
    ann.createFolder('Projects')
    ann.move('INBOX', copy?.ref.uid ?? 0, 'Projects')
    const before = office.snapshots()
    office.later(1000)
    await office.service.approve(office.analyst(), proposal.id)
    await office.service.drain(t.a)
    expect(office.snapshots().flat()).toEqual([])
    const release = await office.run({ kind: 'release' }, copies)
    expect(office.snapshots()).toEqual(before)
    await office.undo(release)
    await office.undo(proposal.id)
    expect(office.snapshots()).toEqual(before)
  })

  test('soft-deleted first, and quarantined from there: it goes back to the folder that it was in, too', async () => {
    const { copies } = await office.deliver(['ann'], { folder: 'Work' })
    const before = office.snapshots()
    await office.run({ kind: 'soft-delete' }, copies)
    const quarantine = await office.run({ kind: 'quarantine' }, copies)
    const release = await office.run({ kind: 'release' }, copies)
    expect((await office.items(release)).map((i) => [i.state, i.reason, i.lost])).toEqual([['done', null, []]])
    expect(office.snapshots()).toEqual(before)
    await office.undo(release)
    expect((await office.items(quarantine)).map((i) => i.revertedBy)).toEqual([null])
    await office.run({ kind: 'release' }, copies)
    expect(office.snapshots()).toEqual(before)
  })

  test.each([
    ['the gate', true],
    ['a mailbox', false],
  ])(
    'deleted while its release waited for approval, kept from %s: it stays deleted, and that is said',
    async (_, gate) => {
      const { copies } = gate ? await office.hold(['ann']) : await office.deliver(['ann'], { folder: 'Work' })
      if (!gate) await office.run({ kind: 'quarantine' }, copies)
      const select = { deliveryIds: copies.map((c) => c.id) }
      const proposal = await office.service.submit(office.analyst(), { kind: 'release', propose: true, select })
      const deleted = await office.run({ kind: 'hard-delete' }, copies)
      office.later(1000)
      await office.service.approve(office.analyst(), proposal.id)
      await office.service.drain(t.a)
      const reason = gate
        ? 'It is not in quarantine any more: it was put into hard-deleted since, and left there.'
        : 'An action has moved it to Recourse-Hold/hard-deleted since; it was left there.'
      expect(await office.items(proposal.id)).toMatchObject([{ state: 'skipped', reason }])
      expect(office.snapshots().flat()).toEqual([])
      expect((await office.view(deleted)).state).toBe('completed')
      await office.undo(deleted)
      await office.run({ kind: 'release' }, copies)
      expect(office.snapshots().flat()).toHaveLength(1)
    },
  )

  test('lesson #4, #12: over LMTP with the sender that it came from, however odd the envelope; what the store cannot take is told, and deleted', async () => {
    const peer = await startLmtpPeer()
    const hop = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 30_000 })
    const store: NextHop = {
      ...hop,
      handOver: async (mail) => {
        const results = await hop.handOver(mail)
        if (results[0]?.kind === 'delivered') office.user('ann').append('INBOX', mail.bytes, { date: new Date() })
        return results
      },
    }
    const tuning = { leaseMs: 20_000, deadlineMs: 5000 }
    const releasing = t.office({ provider: office.provider, nextHop: store, tuning })
    const held = async (mailFrom: string | null) => {
      const { mail, copies } = await office.hold(['ann'])
      await t.storage.tenant(t.a, (tx) =>
        sql`update message set mail_from = ${mailFrom} where id = ${mail.id}::uuid`.execute(tx),
      )
      return { mail, copies }
    }
    const odd = ['', '"o d d"@sender.example', "o'hara+x=y/z@sender.example", '"a@b>c"@sender.example', 'x@[192.0.2.7]']
    // What no MTA lets through, but a file or an older version may have left.
    const none = [null, 'nobody', '<x@y.example>', 'x@y.example>\r\nRCPT TO:<bob@kontor.example']
    for (const mailFrom of [...odd, ...none]) {
      const { mail, copies } = await held(mailFrom)
      const id = await releasing.run({ kind: 'release' }, copies)
      expect((await office.items(id))[0], String(mailFrom)).toMatchObject({
        state: 'done',
        verifiedAt: expect.anything(),
      })
      const [got, ...more] = peer.taken.splice(0)
      expect(more).toEqual([])
      expect(got).toMatchObject({
        mailFrom: mailFrom !== null && odd.includes(mailFrom) ? mailFrom : '',
        recipient: office.mailbox('ann').address,
      })
      expect(got?.bytes.equals(mail.sent.bytes)).toBe(true)
    }
    // This store knows no SMTPUTF8.
    const { mail, copies } = await held('jürgen@münchen.example')
    const id = await releasing.run({ kind: 'release' }, copies)
    expect((await office.items(id))[0]).toMatchObject({ state: 'failed', reason: expect.stringContaining('SMTPUTF8') })
    await releasing.run({ kind: 'soft-delete' }, copies)
    expect((await ofMessage(mail.id)).rows[0]?.latest_location).toBe('soft-deleted')
    await releasing.close()
    await hop.close()
    await peer.close()
  })

  test('the mail store does not take it: failed with its answer, tried again if it may be taken later (quarantine #69, lesson #10)', async () => {
    const answers = [
      { kind: 'temporary', reply: { code: 451, enhanced: '4.3.0', text: 'try later' } },
      { kind: 'permanent', reply: { code: 550, enhanced: '5.2.1', text: 'mailbox disabled' } },
    ] as const
    for (const answer of answers) {
      const nextHop: NextHop = { kind: 'lmtp', handOver: async () => [answer], close: async () => {} }
      const stubborn = t.office({ provider: office.provider, nextHop })
      const { copies } = await office.hold(['ann'])
      const id = await stubborn.run({ kind: 'release' }, copies)
      await stubborn.close()
      expect((await office.items(id))[0]).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining(answer.reply.text),
      })
      expect((await office.view(id)).state).toBe(answer.kind === 'temporary' ? 'running' : 'failed')
      if (answer.kind === 'temporary') {
        await office.service.cancel(office.analyst(), id)
        await office.run({ kind: 'release' }, copies)
        expect(office.user('ann').list('INBOX')).toHaveLength(1)
      }
    }
  })

  test('handed over, then the mailbox cannot be asked: in doubt and listed; later found, not delivered twice', async () => {
    const { copies } = await office.hold(['ann'])
    for (let n = 0; n < 3; n++) office.provider.failOnce('find', { error: 'unavailable' })
    const id = await office.run({ kind: 'release' }, copies)
    expect((await office.items(id))[0]).toMatchObject({
      state: 'executing',
      reason: expect.stringContaining('In doubt'),
    })
    for (let n = 0; n < 5 && (await office.view(id)).state !== 'completed'; n++) {
      office.later(120_000)
      await office.service.drain(t.a)
    }
    expect((await office.view(id)).counts).toMatchObject({ done: 1, verified: 1 })
    expect(office.user('ann').list('INBOX')).toHaveLength(1)
  })

  test('not in quarantine: there is nothing to release', async () => {
    const { copies } = await office.deliver(['ann'])
    await expect(office.run({ kind: 'release' }, copies)).rejects.toMatchObject({ code: 'not-releasable' })
  })
})

describe('who may, and what was decided', () => {
  test('proposed: pending, nothing moves; approved: runs (explorer #90, permissions #2)', async () => {
    const { copies } = await office.deliver(['ann'])
    const before = office.snapshots()
    const proposer = office.analyst(['remediation.propose'])
    const id = await office.run({ kind: 'soft-delete' }, copies, proposer)
    expect((await office.view(id)).state).toBe('pending-approval')
    expect(office.snapshots()).toEqual(before)
    await expect(async () => office.service.approve(proposer, id)).rejects.toMatchObject({
      code: 'forbidden',
      status: 403,
    })
    await office.service.approve(office.analyst(), id)
    await office.service.drain(t.a)
    const done = await office.view(id)
    expect(done.state).toBe('completed')
    expect(done.approvals).toMatchObject([{ name: 'Anna Lyst', decision: 'approved' }])
    await expect(async () =>
      office.service.preview(office.analyst([]), { kind: 'quarantine', select: { messageIds: [] } }),
    ).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('rejected is not remediated: nothing moved, and it never runs', async () => {
    const { copies } = await office.deliver(['ann'])
    const before = office.snapshots()
    const id = await office.run({ kind: 'soft-delete' }, copies, office.analyst(['remediation.propose']))
    await office.service.reject(office.analyst(), id, 'wanted mail')
    await office.service.drain(t.a)
    expect(await office.view(id)).toMatchObject({ state: 'rejected', counts: { done: 0, skipped: 1 } })
    expect((await office.items(id))[0]?.reason).toContain('wanted mail')
    expect(office.snapshots()).toEqual(before)
    await expect(office.service.approve(office.analyst(), id)).rejects.toMatchObject({ code: 'already-decided' })
  })

  test('cancelled while it waits for a server: the rest is skipped, what was done can be undone', async () => {
    const { copies } = await office.deliver(['ann', 'bob'])
    const before = office.snapshots()
    office.user('bob').setGone(true)
    const id = await office.run({ kind: 'quarantine' }, copies)
    expect((await office.view(id)).state).toBe('running')
    await expect(office.undo(id)).rejects.toMatchObject({ code: 'still-running' })
    await office.service.cancel(office.analyst(), id)
    expect((await office.view(id)).state).toBe('partially-completed')
    office.user('bob').setGone(false)
    office.later(3_600_000)
    await office.service.drain(t.a)
    await office.undo(id)
    expect(office.snapshots()).toEqual(before)
  })

  test('an undo binds its cause: automation does not take it again for the same, a person may (lesson #1)', async () => {
    const automation = { ...office.analyst(), user: null, name: 'automation' }
    const { copies } = await office.deliver(['ann'])
    const before = office.snapshots()
    const id = await office.run({ kind: 'quarantine', cause }, copies, automation)
    const seen: unknown[] = []
    const undone = await office.service.submitUndo(office.analyst(), id, { suspendCause: true })
    await office.service.drain(t.a)
    const outbox = await t.storage.tenant(t.a, (tx) =>
      sql<{ data: unknown }>`select data from outbox where kind = 'cause.suspend'`.execute(tx),
    )
    seen.push(...outbox.rows.map((r) => r.data))
    expect(seen).toContainEqual({ cause, undoActionId: undone.id })
    expect(office.snapshots()).toEqual(before)

    const again = await office.run({ kind: 'quarantine', cause }, copies, automation)
    expect((await office.items(again))[0]).toMatchObject({
      state: 'skipped',
      reason: expect.stringContaining('automation does not take it again'),
    })
    expect(office.snapshots()).toEqual(before)
    const newer = await office.run({ kind: 'quarantine', cause: { ...cause, version: 4 } }, copies, automation)
    expect((await office.view(newer)).state).toBe('completed')
    await office.undo(newer)
    const person = await office.run({ kind: 'quarantine', cause }, copies)
    expect((await office.view(person)).state).toBe('completed')
  })

  test('two people press undo at once: one undo (lesson #5)', async () => {
    const { copies } = await office.deliver(['ann'])
    const before = office.snapshots()
    const id = await office.run({ kind: 'soft-delete' }, copies)
    const other = { ...office.analyst(), user: '00000000-0000-7000-8000-000000000002', name: 'Bert Lyst' }
    const both = await Promise.allSettled([office.analyst(), other].map((by) => office.service.submitUndo(by, id)))
    expect(both.filter((b) => b.status === 'fulfilled')).toHaveLength(1)
    const told = both.flatMap((b) => (b.status === 'rejected' ? [String(b.reason)] : []))
    expect(told[0]).toMatch(/being undone already: “Undo: Soft delete: 1 message” by (Anna|Bert) Lyst, since/)
    await office.service.drain(t.a)
    expect(office.snapshots()).toEqual(before)
  })
})

test('one person presses undo twice: the same action (lesson #5)', async () => {
  const { copies } = await office.deliver(['ann'])
  const before = office.snapshots()
  const id = await office.run({ kind: 'soft-delete' }, copies)
  const both = await Promise.all([1, 2].map(() => office.service.submitUndo(office.analyst(), id)))
  expect(both[0]?.id).toBe(both[1]?.id)
  await office.service.drain(t.a)
  expect(office.snapshots()).toEqual(before)
})

describe('preview', () => {
  test('counts what can be acted on, what is there already and what cannot be, with reasons (explorer #83)', async () => {
    const { mail, copies } = await office.deliver(['ann', 'bob', 'cem'], { folder: 'Work' })
    await office.run({ kind: 'soft-delete' }, copies.slice(0, 1))
    const request = { kind: 'soft-delete', select: { messageIds: [mail.id] } } as const
    expect(await office.service.preview(office.analyst(), request)).toMatchObject({
      copies: 3,
      mailboxes: 2,
      messages: 1,
      items: { actionable: 2, alreadyThere: 1, impossible: 0 },
      byFolder: [{ folder: 'Work', count: 2 }],
    })
    await t.storage.tenant(t.a, (tx) =>
      sql`update delivery set latest_location = 'dropped' where id = ${copies[1]?.id ?? ''}::uuid`.execute(tx),
    )
    const plan = await office.service.preview(office.analyst(), request)
    expect(plan.impossible).toEqual([{ reason: expect.stringContaining('dropped'), count: 1, sample: [mail.id] }])
  })

  test('of an undo: how many, where, and what stands in the way', async () => {
    const { copies } = await office.deliver(['ann', 'bob'])
    const id = await office.run({ kind: 'quarantine' }, copies)
    expect(await office.service.undoPreview(office.analyst(), id)).toMatchObject({
      copies: 2,
      mailboxes: 2,
      exact: 2,
      notExact: [],
      impossible: [],
    })
    await office.run({ kind: 'hard-delete', name: 'Purge' }, copies.slice(0, 1))
    expect(await office.service.undoPreview(office.analyst(), id)).toMatchObject({
      copies: 1,
      impossible: [{ reason: expect.stringContaining('“Purge”'), count: 1 }],
    })
  })

  test('only some items of an action are undone', async () => {
    const { copies } = await office.deliver(['ann', 'bob'])
    const id = await office.run({ kind: 'quarantine' }, copies)
    const [first] = await office.items(id)
    if (!first) throw new Error('no item')
    await office.undo(id, { items: [first.id] })
    expect((await office.view(id)).state).toBe('partially-undone')
    expect(office.user('ann').list('INBOX')).toHaveLength(1)
    expect(office.user('bob').list('INBOX')).toHaveLength(0)
    await office.undo(id)
    expect((await office.view(id)).state).toBe('undone')
  })
})
