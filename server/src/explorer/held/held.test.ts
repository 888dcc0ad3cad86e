import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, type TestApi, testApi } from '../../../test/rig/api.ts'
import { Office, people } from '../../../test/rig/memory-office.ts'
import { letter } from '../../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import type { Permission } from '../../access/index.ts'
import { setOrganisation, setPolicy } from '../../organisation/index.ts'
import { register as registerQuarantine } from '../../quarantine/index.ts'
import type { NextHop } from '../../transport/index.ts'
import { registerHeld } from './routes.ts'

let t: TestStorage
let all: Awaited<ReturnType<typeof people>>
let office: Office
let other: Office
let api: TestApi
let manager: string
let foreign: string
const RIGHTS: readonly Permission[] = [
  'mail.read',
  'quarantine.manage',
  'submission.write',
  'lists.write',
  'lists.allow',
]

beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
})
afterAll(() => t.close())
beforeEach(async () => {
  office = new Office(t, t.a, all)
  other = new Office(t, t.b, all, { provider: office.provider })
  api = await testApi(t.storage, (app) => {
    registerQuarantine(app, { storage: t.storage })
    registerHeld(app, { storage: t.storage, remediation: office.service, emailOf: async () => null })
  })
  manager = await api.token(t.a, RIGHTS, 'Mia Manager')
  foreign = await api.token(t.b, RIGHTS, 'Fia Foreign')
})
afterEach(async () => {
  await api.close()
  await office.close()
  await other.close()
})

const post = (what: string, body: object, token = manager) => api.call(token, 'POST', `/quarantine/${what}`, body)
const drain = () => office.service.drain(t.a)
const inbox = (name: string) => office.user(name).list('INBOX').length
const at = (name: string) => office.mailbox(name).address
const states = async (id: string): Promise<Record<string, string>> => {
  const { body } = await api.call(manager, 'GET', `/quarantine/${id}`)
  return Object.fromEntries(
    (body['recipients'] as { address: string; status: string }[]).map((r) => [r.address.split('@')[0] ?? '', r.status]),
  )
}
const code = (answer: Answer) => (answer.body['error'] as { code: string; message: string } | undefined)?.code
const message = (answer: Answer) => (answer.body['error'] as { message: string } | undefined)?.message ?? ''

describe('release', () => {
  test('to some, then to the rest, with a line for each message (quarantine #52, #53)', async () => {
    const { mail } = await office.hold(['ann', 'bob', 'cem'])
    const theirs = await other.hold(['ann', 'bob', 'cem'])
    const select = { messageIds: [mail.id] }
    const plan = await post('preview', { do: 'release', select, recipients: [at('ann')] })
    expect(plan.body).toMatchObject({ messages: 1, copies: 1, mailboxes: 1, first: 1, back: 0, refused: [] })
    const one = await post('release', { select, recipients: [at('ann').toUpperCase()] })
    expect(one).toMatchObject({
      status: 201,
      body: { done: 1, copies: 1, actions: [{ state: 'queued', copies: 1 }], results: [{ ok: true, says: '' }] },
    })
    await drain()
    expect(await states(mail.id)).toEqual({ ann: 'released', bob: 'needs-review', cem: 'needs-review' })
    const again = await post('release', { select, recipients: [at('ann')] })
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'already-released' } } })
    expect(message(again)).toMatch(
      /^There is nothing to release: It was released to ann@kontor\.example already by Mia Manager on \d{4}-/,
    )
    const rest = await post('release', { select })
    expect(rest.body).toMatchObject({ done: 1, copies: 2, results: [{ ok: true, copies: 2 }] })
    await drain()
    expect([inbox('ann'), inbox('bob'), inbox('cem')]).toEqual([1, 1, 1])
    expect(other.user('ann').list('INBOX')).toHaveLength(0)
    const { body } = await api.call(foreign, 'GET', `/quarantine/${theirs.mail.id}`)
    expect(body['counts']).toMatchObject({ held: 3, released: 0 })
  })

  test('it arrives with the time of the release, its Date header and bytes as they came; Explorer says so (quarantine #64, #70)', async () => {
    const { mail } = await office.hold(['ann'])
    const before = new Set(
      office
        .user('ann')
        .list('INBOX')
        .map((c) => c.ref.uid),
    )
    await post('release', { select: { messageIds: [mail.id] } })
    await drain()
    const [copy] = office
      .user('ann')
      .list('INBOX')
      .filter((c) => !before.has(c.ref.uid))
    expect(Math.abs(Date.now() - (copy?.internalDate.getTime() ?? 0))).toBeLessThan(60_000)
    expect(
      office
        .user('ann')
        .bytes('INBOX', copy?.ref.uid ?? 0)
        .equals(mail.sent.bytes),
    ).toBe(true)
    const { rows } = await t.storage.tenant(t.a, (tx) =>
      sql<{ kind: string; actor: string; latest_location: string; original_location: string }>`
        select e.kind, e.actor, d.latest_location, d.original_location from message_event e
        join delivery d on d.tenant_id = e.tenant_id and d.id = e.delivery_id
        where e.tenant_id = ${t.a} and e.message_id = ${mail.id} and e.kind = 'released'`.execute(tx),
    )
    expect(rows).toEqual([
      { kind: 'released', actor: 'Mia Manager', latest_location: 'inbox', original_location: 'quarantine' },
    ])
  })

  test('the user’s own rule puts it elsewhere: released there, and not moved back (quarantine #67, lesson #6)', async () => {
    const user = office.user('cem')
    if (!user.folders().includes('Projects')) user.createFolder('Projects')
    const nextHop: NextHop = {
      kind: 'lmtp',
      handOver: async ({ bytes, recipients }) => {
        user.append('Projects', bytes, { date: new Date() })
        return recipients.map(() => ({ kind: 'delivered', ref: null, detail: 'filed by a rule' }))
      },
      close: async () => {},
    }
    const ruled = new Office(t, t.a, all, { provider: office.provider, nextHop })
    const { mail, copies } = await office.hold(['cem'])
    const before = inbox('cem')
    const id = await ruled.run({ kind: 'release' }, copies)
    await ruled.close()
    expect((await office.view(id)).counts).toMatchObject({ done: 1, verified: 1 })
    expect(inbox('cem')).toBe(before)
    expect(user.list('Projects').map((c) => c.networkMessageId)).toEqual([mail.id])
    expect(await states(mail.id)).toEqual({ cem: 'released' })
  })

  test('malware too, by whoever manages the quarantine and holds no other right (lesson #38, permissions #31)', async () => {
    const { mail } = await office.hold(['ann'], { threat: 'malware' })
    const before = inbox('ann')
    const plain = await api.token(t.a, ['mail.read', 'quarantine.manage'], 'Pia Plain')
    expect(await post('release', { select: { messageIds: [mail.id] } }, plain)).toMatchObject({ status: 201 })
    await drain()
    expect(inbox('ann')).toBe(before + 1)
  })

  test('two analysts at once: one delivery, the other is told who was first (quarantine #55)', async () => {
    const { mail } = await office.hold(['ann', 'bob'])
    const second = await api.token(t.a, RIGHTS, 'Sam Second')
    const select = { messageIds: [mail.id] }
    const answers = await Promise.all([post('release', { select }), post('release', { select }, second)])
    const lost = answers.find((a) => a.status === 409)
    expect(answers.map((a) => a.status).sort()).toEqual([201, 409])
    expect(message(lost ?? { status: 0, body: {} })).toMatch(
      /A release of this copy is under way: (Mia Manager|Sam Second), /,
    )
    await drain()
    expect([inbox('ann'), inbox('bob')]).toEqual([1, 1])
  })

  test('the same click twice is one release', async () => {
    const { mail } = await office.hold(['ann'])
    const body = { select: { messageIds: [mail.id] }, idempotencyKey: 'click-0001' }
    const [one, two] = await Promise.all([post('release', body), post('release', body)])
    expect([one.status, two.status].sort()).toEqual([200, 201])
    expect(one.body['approvalId']).toBe(two.body['approvalId'])
    await drain()
    expect(inbox('ann')).toBe(1)
  })

  test('what was taken from a mailbox goes back to its folder, flags and date; the plan says so', async () => {
    const { mail, copies } = await office.deliver(['ann', 'bob'], { folder: 'Work' })
    const before = office.snapshots()
    await office.run({ kind: 'quarantine' }, copies)
    expect(await states(mail.id)).toEqual({ ann: 'needs-review', bob: 'needs-review' })
    const { body: row } = await api.call(manager, 'GET', `/quarantine/${mail.id}`)
    expect(row).toMatchObject({
      reason: 'admin-action',
      policyType: 'none',
      recipients: [{ taken: true }, { taken: true }],
    })
    const plan = await post('preview', { do: 'release', select: { messageIds: [mail.id] } })
    expect(plan.body).toMatchObject({ copies: 2, back: 2, first: 0 })
    await post('release', { select: { messageIds: [mail.id] } })
    await drain()
    expect(office.snapshots()).toEqual(before)
  })

  test('an alias or a group leads to its mailboxes; somebody who got no copy is refused', async () => {
    const addresses = ['ann', 'bob', 'cem'].map(at)
    await t.storage.tenant(t.a, (tx) =>
      setOrganisation(
        tx,
        t.storage.outbox,
        {
          domains: ['kontor.example'],
          mailboxes: addresses.map((address) => ({ address, ...(address === at('cem') ? { kind: 'shared' } : {}) })),
          aliases: [{ address: 'chief@kontor.example', target: at('ann') }],
          groups: [{ address: 'team@kontor.example', members: [at('bob'), at('cem')] }],
        },
        { user: 'test', name: 'Test' },
      ),
    )
    const { mail } = await office.hold(['ann', 'bob', 'cem'])
    const select = { messageIds: [mail.id] }
    expect((await post('release', { select, recipients: ['chief@kontor.example'] })).status).toBe(201)
    await drain()
    expect(await states(mail.id)).toEqual({ ann: 'released', bob: 'needs-review', cem: 'needs-review' })
    expect((await post('release', { select, recipients: ['Team@kontor.example'] })).body).toMatchObject({ copies: 2 })
    await drain()
    expect([inbox('ann'), inbox('bob'), inbox('cem')]).toEqual([1, 1, 1])
    const alone = await office.hold(['ann'])
    for (const name of [at('bob'), 'nobody@kontor.example', 'ann@werft.example', '\u202eann@kontor.example', '%']) {
      const refused = await post('release', { select: { messageIds: [alone.mail.id] }, recipients: [at('ann'), name] })
      expect({ name, status: refused.status, code: code(refused) }).toEqual({ name, status: 409, code: 'no-recipient' })
    }
    expect(await states(alone.mail.id)).toEqual({ ann: 'needs-review' })
  })

  test('released, deleted, expired, unknown and held in one selection: each is answered for itself (quarantine #91, #92)', async () => {
    const [gone, deleted, expired, held] = [
      await office.hold(['ann']),
      await office.hold(['ann']),
      await office.hold(['ann']),
      await office.hold(['ann']),
    ]
    await post('release', { select: { messageIds: [gone.mail.id] } })
    await post('delete', { select: { messageIds: [deleted.mail.id] } })
    await drain()
    await t.storage.tenant(t.a, (tx) =>
      sql`update held_copy set expires_at = now() - interval '1 minute' where tenant_id = ${t.a} and message_id = ${expired.mail.id}`.execute(
        tx,
      ),
    )
    const unknown = letter('x').id
    const messageIds = [gone.mail.id, deleted.mail.id, expired.mail.id, held.mail.id, held.mail.id, unknown]
    const { body } = await post('release', { select: { messageIds } })
    expect(body).toMatchObject({ done: 1, refused: 4, copies: 1 })
    const says = new Map((body['results'] as { messageId: string; says: string }[]).map((r) => [r.messageId, r.says]))
    expect(says.get(gone.mail.id)).toMatch(/^It was released to ann@kontor.example already by Mia Manager on /)
    expect(says.get(deleted.mail.id)).toMatch(
      /^The copy of ann@kontor.example was deleted from quarantine by Mia Manager on /,
    )
    expect(says.get(expired.mail.id)).toMatch(/^The copy of ann@kontor.example expired in quarantine on /)
    expect(says.get(unknown)).toBe('No such message is or was in quarantine.')
    await drain()
    expect(inbox('ann')).toBe(2)
    for (const [id, expected] of [
      [gone.mail.id, 'already-released'],
      [deleted.mail.id, 'not-in-quarantine'],
      [expired.mail.id, 'expired'],
      [unknown, 'not-in-quarantine'],
    ] as const)
      expect(code(await post('release', { select: { messageIds: [id] } }))).toBe(expected)
    const delivered = await office.deliver(['bob'])
    expect(await post('release', { select: { messageIds: [delivered.mail.id] } })).toMatchObject({ status: 404 })
  })

  test('over a query: all that match now, once each, also more than a screenful (quarantine #93)', async () => {
    const mails: Awaited<ReturnType<Office['hold']>>[] = []
    for (let i = 0; i < 120; i++) mails.push(await office.hold(i % 2 ? ['ann', 'bob'] : ['cem']))
    await other.hold(['ann'])
    const subject = `many-${mails[0]?.mail.id}`
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set subject = ${subject} where tenant_id = ${t.a} and id = any(${mails.map((m) => m.mail.id)}::uuid[])`.execute(
        tx,
      ),
    )
    const select = { filter: { subject, status: ['needs-review'] } }
    expect((await post('preview', { do: 'release', select })).body).toMatchObject({
      messages: 120,
      copies: 180,
      mailboxes: 3,
    })
    const { body } = await post('release', { select })
    expect(body).toMatchObject({ done: 120, refused: 0, copies: 180 })
    await drain()
    expect([inbox('ann'), inbox('bob'), inbox('cem')]).toEqual([60, 60, 60])
    expect(await post('release', { select })).toMatchObject({
      status: 404,
      body: { error: { code: 'nothing-selected' } },
    })
  })

  test('to all: counted before, and above a size nobody does it alone (lesson #18)', async () => {
    const rules = { ownProposals: true, secondAbove: null, secondForHardDelete: false }
    const set = (approvals: object) =>
      t.storage.tenant(t.a, (tx) =>
        setPolicy(tx, t.storage.outbox, { approvals }, { user: '00000000-0000-7000-8000-000000000001', name: 'Test' }),
      )
    await set({ ...rules, secondAbove: 2 })
    const { mail } = await office.hold(['ann', 'bob', 'cem'])
    const before = ['ann', 'bob', 'cem'].map(inbox)
    const select = { messageIds: [mail.id] }
    const plan = await post('preview', { do: 'release', select })
    const why = '3 copies are more than 2: two people have to approve it.'
    expect(plan.body).toMatchObject({ messages: 1, copies: 3, mailboxes: 3, approval: { needed: 2, why } })
    const all = await post('release', { select })
    expect(all.body).toMatchObject({ actions: [{ state: 'pending-approval', copies: 3 }] })
    await drain()
    expect(['ann', 'bob', 'cem'].map(inbox)).toEqual(before)

    // Copies for somebody else belong to the same action: together they are too many.
    const few = { messageIds: [(await office.hold(['ann', 'bob'])).mail.id] }
    expect((await post('preview', { do: 'release', select: few })).body['approval']).toEqual({ needed: 0, why: null })
    const more = { select: few, copyTo: [at('cem')] }
    expect((await post('preview', { do: 'release', ...more })).body).toMatchObject({
      ...{ copies: 2, others: { copies: 1 }, stopped: null },
      approval: { needed: 2, why },
    })
    expect((await post('release', more)).body).toMatchObject({ actions: [{ state: 'pending-approval', copies: 3 }] })

    await set({ ...rules, secondForHardDelete: true })
    const deletion = { do: 'delete', select: { messageIds: [(await office.hold(['ann'])).mail.id] } }
    expect((await post('preview', deletion)).body['approval']).toEqual({ needed: 0, why: null })
    expect((await post('preview', { ...deletion, permanently: true })).body['approval']).toMatchObject({ needed: 2 })
    await set(rules)
  })

  test('who may: manage, and the rights of each part; readers and others nothing (quarantine #63, #109, permissions #33)', async () => {
    const { mail } = await office.hold(['ann'])
    const select = { messageIds: [mail.id] }
    const reader = await api.token(t.a, ['mail.read', 'mail.content'])
    for (const what of ['release', 'delete', 'block-sender'])
      expect((await post(what, { select }, reader)).status).toBe(403)
    expect((await post('preview', { do: 'release', select }, reader)).status).toBe(403)
    for (const what of ['release', 'delete', 'block-sender'])
      expect((await post(what, { select }, foreign)).status).toBe(404)
    const plain = await api.token(t.a, ['mail.read', 'quarantine.manage'])
    expect((await post('release', { select, submit: true }, plain)).status).toBe(403)
    expect((await post('block-sender', { select }, plain)).status).toBe(403)
    const submitter = await api.token(t.a, ['mail.read', 'quarantine.manage', 'submission.write'])
    expect((await post('release', { select, submit: true, allow: { days: 7 } }, submitter)).status).toBe(403)
    expect(await states(mail.id)).toEqual({ ann: 'needs-review' })
    expect((await post('release', { select }, plain)).status).toBe(201)
    await drain()
  })

  test('a copy to somebody else of ours, never to outside, and not to who is a recipient (quarantine #57)', async () => {
    const { mail } = await office.hold(['ann'])
    const select = { messageIds: [mail.id] }
    for (const [to, expected] of [
      ['someone@elsewhere.example', 'no-mailbox'],
      ['bob@werft.example', 'no-mailbox'],
      [at('ann'), 'is-recipient'],
    ] as const)
      expect(code(await post('release', { select, copyTo: [to] }))).toBe(expected)
    expect(await states(mail.id)).toEqual({ ann: 'needs-review' })
    const before = [inbox('ann'), inbox('bob')]
    expect((await post('release', { select, copyTo: [at('bob'), ` ${at('bob').toUpperCase()}`] })).body).toMatchObject({
      done: 1,
      actions: [{ copies: 2 }],
    })
    await drain()
    expect([inbox('ann') - (before[0] ?? 0), inbox('bob') - (before[1] ?? 0)]).toEqual([1, 1])
    expect(await states(mail.id)).toEqual({ ann: 'released', bob: 'released' })
  })

  test('what stands in the way of copies for others is told before the click as after it', async () => {
    const made = await Promise.all(Array.from({ length: 101 }, () => office.hold(['ann'])))
    const alike = async (copyTo: readonly string[], messageIds: readonly (string | undefined)[]) => {
      const { status, body } = await post('preview', { do: 'release', select: { messageIds }, copyTo })
      expect(status).toBe(200)
      const { body: done } = await post('release', { select: { messageIds }, copyTo })
      expect(body['stopped']).toEqual(done['error'])
      return body
    }
    const all = made.map((m) => m.mail.id)
    expect(await alike([at('bob')], all)).toMatchObject({ copies: 101, others: null, stopped: { code: 'too-many' } })
    expect(await alike(['bob@werft.example'], all.slice(0, 2))).toMatchObject({ stopped: { code: 'no-mailbox' } })
    expect(await alike([at('ann')], all.slice(0, 2))).toMatchObject({
      stopped: { code: 'is-recipient', message: `${at('ann')} has a copy of 2 of 2 messages already.` },
    })
    const select = { messageIds: all.slice(0, 2) }
    const { body } = await post('preview', { do: 'release', select, copyTo: [at('bob'), at('cem')] })
    expect(body).toMatchObject({ copies: 2, others: { messages: 2, mailboxes: 2, copies: 4 }, stopped: null })
    // Counting writes nothing.
    expect(await states(all[0] ?? '')).toEqual({ ann: 'needs-review' })
    const deleting = { do: 'delete', select, copyTo: [at('bob')] }
    expect(code(await post('preview', deleting))).toBe('bad-wish')
  })

  test('bad input: nothing is half done', async () => {
    const { mail } = await office.hold(['ann'])
    const select = { messageIds: [mail.id] }
    for (const body of [
      {},
      { select: {} },
      { select: { messageIds: [] } },
      { select: { messageIds: Array.from({ length: 10_001 }, () => mail.id) } },
      { select, recipients: [] },
      { select, allow: { days: 31 }, submit: true },
      { select, allow: { days: 0 }, submit: true },
      { select, to: 'x' },
    ])
      expect([400, 422]).toContain((await post('release', body)).status)
    expect(code(await post('release', { select, allow: { days: 7 } }))).toBe('bad-wish')
    expect(await states(mail.id)).toEqual({ ann: 'needs-review' })
  })
})

describe('delete', () => {
  test('soft: gone from the list, an undo brings it back; permanently: recorded as that (quarantine #77, #78, air #122)', async () => {
    const soft = await office.hold(['ann', 'bob'])
    const hard = await office.hold(['ann'])
    const { body } = await post('delete', {
      select: { messageIds: [soft.mail.id] },
      recipients: [at('ann')],
      note: 'spam',
    })
    const [action] = body['actions'] as { id: string }[]
    await post('delete', { select: { messageIds: [hard.mail.id] }, permanently: true })
    await drain()
    expect(await states(soft.mail.id)).toEqual({ ann: 'deleted', bob: 'needs-review' })
    expect(await states(hard.mail.id)).toEqual({ ann: 'deleted' })
    expect(code(await post('release', { select: { messageIds: [hard.mail.id] } }))).toBe('not-in-quarantine')
    await office.undo(String(action?.id) as Parameters<Office['undo']>[0])
    expect(await states(soft.mail.id)).toEqual({ ann: 'needs-review', bob: 'needs-review' })
    const { body: row } = await api.call(manager, 'GET', `/quarantine/${soft.mail.id}`)
    expect(row['reason']).toBe('phish')
    await post('release', { select: { messageIds: [soft.mail.id] } })
    await drain()
    expect([inbox('ann'), inbox('bob')]).toEqual([1, 1])
  })

  test('a release and a deletion at once: one of them', async () => {
    for (let i = 0; i < 5; i++) {
      const { mail } = await office.hold(['cem'])
      const select = { messageIds: [mail.id] }
      const answers = await Promise.all([post('release', { select }), post('delete', { select })])
      expect(answers.map((a) => a.status).sort()).toEqual([201, 409])
      await drain()
      expect(Object.values(await states(mail.id))).toEqual([answers[0].status === 201 ? 'released' : 'deleted'])
    }
  })
})

describe('block sender', () => {
  test('an entry for each sender; one that stands is said; our own are not blocked; audited', async () => {
    const { mail } = await office.hold(['ann'])
    const ours = await office.hold(['ann'])
    const set = (id: string, address: string) =>
      t.storage.tenant(t.a, (tx) =>
        sql`update message set sender_address = ${address}, sender_domain = ${address.split('@')[1] ?? ''}
          where tenant_id = ${t.a} and id = ${id}::uuid`.execute(tx),
      )
    await set(mail.id, 'crook@bad.example')
    await set(ours.mail.id, 'ceo@kontor.example')
    const both = { select: { messageIds: [mail.id, ours.mail.id] }, days: 90 }
    const { body, status } = await post('block-sender', both)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      entries: [{ kind: 'sender', value: 'crook@bad.example' }],
      refused: [{ value: 'ceo@kontor.example', says: expect.stringMatching(/one of our own/) }],
    })
    const again = await post('block-sender', both)
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'not-blocked' } } })
    const domain = await post('block-sender', { select: { messageIds: [mail.id] }, what: 'sender-domain', days: null })
    expect(domain.body).toMatchObject({ entries: [{ kind: 'sender-domain', value: 'bad.example', expiresAt: null }] })
    const audited = await t.storage.tenant(t.a, (tx) =>
      sql<{ action: string; actor_name: string }>`select action, actor_name from audit_entry where tenant_id = ${t.a}
        and subject_id = ${mail.id} and action like 'quarantine.%'`.execute(tx),
    )
    expect(audited.rows.map((r) => [r.action, r.actor_name])).toContainEqual(['quarantine.block-sender', 'Mia Manager'])
  })
})

test('each act is in the audit log with who, and agrees with the list (quarantine #111, #112, permissions #38)', async () => {
  const { mail } = await office.hold(['ann', 'bob'])
  await post('release', { select: { messageIds: [mail.id] }, recipients: [at('ann')], note: 'asked for by phone' })
  await post('delete', { select: { messageIds: [mail.id] }, recipients: [at('bob')] })
  await drain()
  const audited = await t.storage.tenant(t.a, (tx) =>
    sql<{
      action: string
      actor_name: string
      detail: { note?: string }
    }>`select action, actor_name, detail from audit_entry
      where tenant_id = ${t.a} and subject_kind = 'message' and subject_id = ${mail.id} order by seq`.execute(tx),
  )
  expect(audited.rows.map((r) => [r.action, r.actor_name, r.detail.note])).toEqual([
    ['quarantine.release', 'Mia Manager', 'asked for by phone'],
    ['quarantine.delete', 'Mia Manager', undefined],
  ])
  const { body } = await api.call(manager, 'GET', `/quarantine/${mail.id}`)
  expect(body['recipients']).toMatchObject([
    { status: 'released', releasedBy: 'Mia Manager' },
    { status: 'deleted', statusBy: 'Mia Manager' },
  ])
})
