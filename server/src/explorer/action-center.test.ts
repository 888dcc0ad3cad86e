import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, type TestApi, testApi } from '../../test/rig/api.ts'
import { Office, people } from '../../test/rig/memory-office.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { Permission } from '../access/index.ts'
import type { TenantId } from '../base/index.ts'
import { register as registerLists } from '../lists/index.ts'
import { setPolicy } from '../organisation/index.ts'
import { register as registerRemediation } from '../remediation/index.ts'
import { submissionExists } from '../submissions/index.ts'
import { rejectAsFalsePositive } from './false-positive.ts'
import { registerTakeAction } from './take-routes.ts'

let t: TestStorage
let all: Awaited<ReturnType<typeof people>>
let office: Office
let other: Office
let api: TestApi
let analyst: string
let second: string
let proposer: string
let foreign: string
const RIGHTS: readonly Permission[] = [
  'mail.read',
  'remediation.propose',
  'remediation.approve',
  'remediation.purge',
  'submission.write',
  'lists.read',
  'lists.write',
  'lists.allow',
]
const DAY = 86_400_000

beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
  analyst = ''
})
afterAll(() => t.close())
beforeEach(async () => {
  office = new Office(t, t.a, all)
  other = new Office(t, t.b, all, { provider: office.provider })
  api = await testApi(t.storage, (app) => {
    const { storage } = t
    const deps = { storage, remediation: office.service, outbox: storage.outbox, emailOf: async () => null }
    registerRemediation(app, { ...deps, rejectAsFalsePositive: rejectAsFalsePositive(deps) })
    registerLists(app, { storage, submissionExists })
    registerTakeAction(app, deps)
  })
  analyst = await api.token(t.a, RIGHTS, 'Anna Lyst')
  second = await api.token(t.a, RIGHTS, 'Sam Second')
  proposer = await api.token(t.a, ['mail.read', 'remediation.propose'], 'Pia Proposer')
  foreign = await api.token(t.b, RIGHTS, 'Fia Foreign')
  await policy(t.a, { ownProposals: true, secondAbove: null, secondForHardDelete: false })
})
afterEach(async () => {
  await api.close()
  await office.close()
  await other.close()
})

const policy = (tenant: TenantId, approvals: object) =>
  t.storage.tenant(tenant, (tx) => setPolicy(tx, t.storage.outbox, { approvals }, { user: 'test', name: 'Test' }))
const post = (path: string, body: object = {}, token = analyst): Promise<Answer> => api.call(token, 'POST', path, body)
const get = async (path: string, token = analyst) => (await api.call(token, 'GET', path)).body
const drain = () => office.service.drain(t.a)
const code = (answer: Answer) => (answer.body['error'] as { code: string } | undefined)?.code
const told = (answer: Answer) => (answer.body['error'] as { message: string } | undefined)?.message ?? ''
const inbox = (name: string) => office.user(name).list('INBOX').length
const items = async (id: string, query = '') =>
  (await get(`/actions/${id}/items${query}`))['items'] as Record<string, unknown>[]
const names = async (query: string, token = analyst) =>
  ((await get(`/actions${query}`, token))['items'] as { name: string }[]).map((a) => a.name)

/** A proposal on one message to these people; its id and the message's. */
async function proposed(to: readonly string[], name: string, more: object = {}, token = proposer) {
  const { mail, copies } = await office.deliver(to)
  const answer = await post(
    '/take-action',
    { select: { messageIds: [mail.id] }, move: { kind: 'soft-delete' }, name, ...more },
    token,
  )
  const [action] = answer.body['actions'] as { id: string; state: string }[]
  if (!action) throw new Error(JSON.stringify(answer.body))
  expect(action.state).toBe('pending-approval')
  return { id: action.id, mail, copies, approvalId: String(answer.body['approvalId']) }
}

describe('decisions', () => {
  test('proposed by one without the right, approved by another: nothing moves before; then in History (explorer #90, #92, air #82, #84, #103, permissions #8, #16, #17)', async () => {
    const { id } = await proposed(['ann'], 'two steps')
    expect(inbox('ann')).toBe(1)
    expect(await get(`/actions/${id}`)).toMatchObject({
      state: 'pending-approval',
      approvalsNeeded: 1,
      decidedBy: null,
      requestedBy: { name: 'Pia Proposer' },
      can: { approve: true, reject: true, cancel: true, undo: false },
    })
    expect(await get(`/actions/${id}`, proposer)).toMatchObject({
      can: { approve: false, reject: false, cancel: false },
    })
    expect(await names('?tab=pending')).toContain('two steps')
    for (const verb of ['approve', 'reject', 'cancel'])
      expect((await post(`/actions/${id}/${verb}`, {}, proposer)).status).toBe(403)
    expect((await post(`/actions/${id}/approve`, {}, foreign)).status).toBe(404)
    expect((await post(`/actions/${id}/approve`, { why: 'seen' })).body).toMatchObject({
      state: 'queued',
      approvals: 1,
    })
    await drain()
    expect(inbox('ann')).toBe(0)
    expect(await names('?tab=pending')).not.toContain('two steps')
    expect(await get(`/actions/${id}`)).toMatchObject({
      state: 'completed',
      decidedBy: 'Anna Lyst',
      approvals: [{ name: 'Anna Lyst', decision: 'approved', why: 'seen' }],
      can: { approve: false, undo: true, redo: false },
    })
  })

  test('two decide at once: one wins, the other is told who was first and what they decided (air #85)', async () => {
    for (const verbs of [
      ['approve', 'reject'],
      ['approve', 'approve'],
      ['reject', 'reject'],
    ]) {
      const { id, mail } = await proposed(['ann'], `at once ${verbs.join()}`)
      const answers = await Promise.all([
        post(`/actions/${id}/${verbs[0]}`),
        post(`/actions/${id}/${verbs[1]}`, {}, second),
      ])
      expect(answers.map((a) => a.status).sort()).toEqual([200, 409])
      const lost = answers.find((a) => a.status === 409)
      if (!lost) throw new Error('nobody lost')
      const winner = lost === answers[0] ? 'Sam Second' : 'Anna Lyst'
      const verb = lost === answers[0] ? verbs[1] : verbs[0]
      expect(code(lost)).toBe('already-decided')
      expect(told(lost)).toContain(`was ${verb === 'approve' ? 'approved' : 'rejected'} by ${winner} at 20`)
      await drain()
      const action = await get(`/actions/${id}`)
      expect(action).toMatchObject({ state: verb === 'approve' ? 'completed' : 'rejected', decidedBy: winner })
      expect(action['approvals']).toHaveLength(1)
      expect(mail.id).toBeTruthy()
    }
  })

  test('own proposals where the policy says so; the right to approve is not enough (permissions #82)', async () => {
    await policy(t.a, { ownProposals: false, secondAbove: null, secondForHardDelete: false })
    const { id } = await proposed(['ann'], 'my own', { propose: true }, analyst)
    expect(await get(`/actions/${id}`)).toMatchObject({ can: { approve: false, reject: true } })
    const own = await post(`/actions/${id}/approve`)
    expect([own.status, code(own)]).toEqual([403, 'own-proposal'])
    expect((await post(`/actions/${id}/approve`, {}, second)).body).toMatchObject({ state: 'queued' })
    await policy(t.a, { ownProposals: true, secondAbove: null, secondForHardDelete: false })
    const again = await proposed(['ann'], 'my own, allowed', { propose: true }, analyst)
    expect((await post(`/actions/${again.id}/approve`)).body).toMatchObject({ state: 'queued' })
    await drain()
  })

  test('to approve is not to purge: a hard delete waits for somebody who may, also as another action or a redo (permissions #79)', async () => {
    const approver = await api.token(t.a, ['mail.read', 'remediation.propose', 'remediation.approve'], 'Abe Approver')
    const { mail } = await office.deliver(['ann'])
    const wish = { select: { messageIds: [mail.id] }, move: { kind: 'hard-delete' }, name: 'purge' }
    const asked = await post('/take-action', wish, approver)
    const [action] = asked.body['actions'] as { id: string; state: string }[]
    expect(action?.state).toBe('pending-approval')
    const path = `/actions/${action?.id}`
    expect((await api.call(approver, 'GET', path)).body).toMatchObject({ can: { approve: false, reject: true } })
    const refused = await post(`${path}/approve`, {}, approver)
    expect([refused.status, refused.body]).toMatchObject([
      403,
      { error: { message: expect.stringContaining('remediation.purge') } },
    ])
    await drain()
    expect(inbox('ann')).toBe(1)
    expect((await post(`${path}/approve`, {}, second)).body).toMatchObject({ state: 'queued' })
    await drain()
    expect(inbox('ann')).toBe(0)
    // What was purged they may bring back, and not purge again.
    const undone = await post(`${path}/undo`, {}, approver)
    await drain()
    expect(inbox('ann')).toBe(1)
    const redo = await post(`/actions/${undone.body['id']}/undo`, {}, approver)
    expect(redo.body).toMatchObject({ state: 'pending-approval' })
    // Nobody is shown a button that would be refused.
    const offered = async (who: string) => (await api.call(who, 'GET', `/actions/${redo.body['id']}`)).body['can']
    expect(await offered(approver)).toMatchObject({ approve: false, reject: true })
    expect(await offered(second)).toMatchObject({ approve: true })
    expect((await post(`/actions/${redo.body['id']}/approve`, {}, approver)).status).toBe(403)
    expect((await post(`/actions/${redo.body['id']}/approve`, {}, second)).status).toBe(200)
    await drain()
    expect(inbox('ann')).toBe(0)
    const soft = await proposed(['bob'], 'soft')
    const instead = { instead: { kind: 'hard-delete' } }
    expect((await post(`/actions/${soft.id}/approve`, instead, approver)).status).toBe(403)
    expect((await post(`/actions/${soft.id}/approve`, {}, approver)).body).toMatchObject({ state: 'queued' })
  })

  test('a second person above a size and for hard deletes: both are recorded, the same one twice is refused', async () => {
    await policy(t.a, { ownProposals: true, secondAbove: 1, secondForHardDelete: true })
    const { mail } = await office.deliver(['ann', 'bob'])
    const wish = { select: { messageIds: [mail.id] }, move: { kind: 'soft-delete' }, name: 'large' }
    expect((await post('/take-action/preview', wish)).body['approval']).toEqual({
      needed: 2,
      why: '2 copies are more than 1: two people have to approve it.',
    })
    const made = await post('/take-action', wish)
    const [action] = made.body['actions'] as { id: string }[]
    // Asking for it was the first approval.
    expect(await get(`/actions/${action?.id}`)).toMatchObject({
      state: 'pending-approval',
      approvalsNeeded: 2,
      approvals: [{ name: 'Anna Lyst', decision: 'approved' }],
    })
    const twice = await post(`/actions/${action?.id}/approve`)
    expect([twice.status, code(twice)]).toEqual([403, 'second-person'])
    await drain()
    expect([inbox('ann'), inbox('bob')]).toEqual([1, 1])
    expect((await post(`/actions/${action?.id}/approve`, {}, second)).body).toMatchObject({
      state: 'queued',
      approvals: 2,
      needed: 2,
    })
    const hard = await proposed(['cem'], 'hard', { move: { kind: 'hard-delete' } })
    expect((await post(`/actions/${hard.id}/approve`)).body).toMatchObject({
      state: 'pending-approval',
      approvals: 1,
      needed: 2,
    })
    expect(await get(`/actions/${hard.id}`)).toMatchObject({ can: { approve: false } })
    await drain()
    expect(inbox('cem')).toBe(1)
    expect((await post(`/actions/${hard.id}/approve`, {}, second)).body).toMatchObject({ state: 'queued' })
    await drain()
    expect(await get(`/actions/${hard.id}`)).toMatchObject({
      state: 'completed',
      approvals: [{ name: 'Anna Lyst' }, { name: 'Sam Second' }],
    })
    // A single soft delete needs nobody else, nor does the other tenant's.
    const theirs = await other.deliver(['ann', 'bob'])
    const direct = await post(
      '/take-action',
      { select: { messageIds: [theirs.mail.id] }, move: { kind: 'hard-delete' } },
      foreign,
    )
    expect(direct.body['actions']).toMatchObject([{ state: 'queued' }])
  })

  test('copies that join a proposal: it may need a second person by then, and who has added them cannot approve them alone', async () => {
    const join = async (id: string, to: readonly string[], token: string) => {
      const { mail } = await office.deliver(to)
      const wish = { select: { messageIds: [mail.id] }, move: { kind: 'soft-delete' }, addTo: id }
      expect((await post('/take-action', wish, token)).status).toBe(201)
    }
    await policy(t.a, { ownProposals: true, secondAbove: 2, secondForHardDelete: false })
    const grown = await proposed(['ann'], 'grown')
    await join(grown.id, ['bob', 'cem'], proposer)
    expect((await post(`/actions/${grown.id}/approve`)).body).toMatchObject({
      state: 'pending-approval',
      approvals: 1,
      needed: 2,
    })
    expect((await post(`/actions/${grown.id}/approve`, {}, second)).body).toMatchObject({ state: 'queued' })

    await policy(t.a, { ownProposals: false, secondAbove: null, secondForHardDelete: false })
    const shared = await proposed(['ann'], 'shared')
    await join(shared.id, ['bob'], analyst)
    expect(await get(`/actions/${shared.id}`)).toMatchObject({ can: { approve: false, reject: true } })
    const own = await post(`/actions/${shared.id}/approve`)
    expect([own.status, code(own)]).toEqual([403, 'own-proposal'])
    expect((await post(`/actions/${shared.id}/approve`, {}, second)).body).toMatchObject({ state: 'queued' })
    await drain()
  })

  test('a part of it: what is left out says who and why, the rest is done', async () => {
    const { id, copies } = await proposed(['ann', 'bob', 'cem'], 'in part')
    const [first] = await items(id)
    const answer = await post(`/actions/${id}/approve`, {
      why: 'the board needs it',
      except: { itemIds: [first?.['id']], deliveryIds: [copies[1]?.id] },
    })
    expect(answer.body).toMatchObject({ state: 'running', derived: null })
    await drain()
    expect([inbox('ann'), inbox('bob'), inbox('cem')]).toEqual([1, 1, 0])
    const left = await items(id, '?class=not-actionable')
    expect(left.map((i) => i['reason'])).toEqual([
      'left out by Anna Lyst: the board needs it',
      'left out by Anna Lyst: the board needs it',
    ])
    const again = await proposed(['ann'], 'nothing left')
    const none = await post(`/actions/${again.id}/approve`, { except: { deliveryIds: [again.copies[0]?.id] } })
    expect([none.status, code(none)]).toEqual([409, 'nothing-left'])
    const strange = await post(`/actions/${again.id}/approve`, { except: { deliveryIds: [copies[0]?.id] } })
    expect([strange.status, code(strange)]).toEqual([404, 'no-items'])
    // Nothing of the refused attempts stays.
    expect(await get(`/actions/${again.id}`)).toMatchObject({ state: 'pending-approval', counts: { planned: 1 } })
  })

  test('another action for it: a derived one runs, the proposed one is rejected and says which', async () => {
    const { id, mail, copies } = await proposed(['ann', 'bob'], 'too hard', { move: { kind: 'hard-delete' } })
    const answer = await post(`/actions/${id}/approve`, {
      why: 'only spam',
      except: { deliveryIds: [copies[0]?.id] },
      instead: { kind: 'move', target: 'junk' },
    })
    expect(answer.body).toMatchObject({ state: 'rejected' })
    const derived = String(answer.body['derived'])
    await drain()
    expect(await get(`/actions/${derived}`)).toMatchObject({
      kind: 'move',
      target: 'junk',
      state: 'completed',
      derivedFrom: id,
      requestedBy: { name: 'Anna Lyst' },
      counts: { total: 1, done: 1 },
    })
    const original = await get(`/actions/${id}`)
    expect(original).toMatchObject({ state: 'rejected', decidedBy: 'Anna Lyst', derived: [{ id: derived }] })
    const said = (original['approvals'] as { why: string }[]).at(-1)?.why
    expect(said).toMatch(/^“Move to Junk: 1 message” \([0-9a-f]{6,}\) is done instead: only spam$/)
    expect([inbox('ann'), inbox('bob')]).toEqual([1, 0])
    expect(office.user('bob').list('Junk')).toHaveLength(1)
    expect(mail.id).toBeTruthy()
  })

  test('rejected as a false positive: submitted, allowed and classified in one step, or nothing of it', async () => {
    const held = await office.hold(['ann'], {
      causes: [{ kind: 'entry', id: 'e', version: 1 }],
    })
    const { mail } = await office.deliver(['bob'])
    const made = await post(
      '/take-action',
      { select: { messageIds: [mail.id] }, move: { kind: 'soft-delete' }, name: 'wrong' },
      proposer,
    )
    const [action] = made.body['actions'] as { id: string }[]
    const id = String(action?.id)
    const body = {
      falsePositive: true,
      why: 'our own newsletter',
      allow: [{ kind: 'sender', value: 'Letters@News.example' }],
    }
    // Without one of the rights nothing happens.
    const halfway = await api.token(t.a, ['mail.read', 'remediation.approve', 'submission.write'], 'Half Way')
    const refused = await post(`/actions/${id}/reject`, body, halfway)
    expect([refused.status, code(refused)]).toEqual([403, 'forbidden'])
    const bad = await post(`/actions/${id}/reject`, { ...body, allow: [{ kind: 'sender', value: 'no address' }] })
    expect(bad.status).toBe(400)
    expect(await get(`/actions/${id}`)).toMatchObject({ state: 'pending-approval', classification: null })
    expect(await get(`/actions/${id}/false-positive`)).toMatchObject({ messages: 1 })
    const answer = await post(`/actions/${id}/reject`, body)
    expect(answer.body).toMatchObject({
      state: 'rejected',
      submissions: 1,
      entries: [{ action: 'allow', kind: 'sender', value: 'letters@news.example' }],
    })
    expect(await get(`/actions/${id}`)).toMatchObject({
      state: 'rejected',
      classification: { value: 'false-positive', by: 'Anna Lyst', note: 'our own newsletter' },
      approvals: [{ decision: 'rejected', why: 'false positive: our own newsletter' }],
    })
    expect((await get('/entries?q=letters'))['items']).toMatchObject([{ origin: 'submission' }])
    const events = await t.storage.tenant(t.a, (tx) =>
      sql<{ kind: string }>`select kind from message_event where message_id = ${mail.id} order by at, id`.execute(tx),
    )
    expect(events.rows.map((e) => e.kind).filter((k) => k === 'reported' || k === 'classified')).toEqual([
      'reported',
      'classified',
    ])
    expect((await get('/entries', foreign))['items']).toEqual([])
    expect(inbox('bob')).toBe(1)
    const late = await post(`/actions/${id}/reject`, body, second)
    expect(told(late)).toContain('was rejected by Anna Lyst')
    expect(held.copies).toHaveLength(1)
  })

  test('several at once, of one type: each answers for itself; mixed types are refused (air #83, #126, lesson #44, #46)', async () => {
    const one = await proposed(['ann'], 'bulk one')
    const two = await proposed(['bob'], 'bulk two')
    const hard = await proposed(['cem'], 'bulk hard', { move: { kind: 'hard-delete' } })
    const mixed = await post('/actions/decide', { ids: [one.id, hard.id], verb: 'approve' })
    expect([mixed.status, code(mixed)]).toEqual([409, 'mixed-types'])
    expect(told(mixed)).toContain('1 × hard-delete')
    expect((await post('/actions/decide', { ids: [one.id], verb: 'approve' }, foreign)).status).toBe(404)
    expect((await post('/actions/decide', { ids: [one.id], verb: 'approve' }, proposer)).status).toBe(403)
    await post(`/actions/${two.id}/reject`, {}, second)
    const { body } = await post('/actions/decide', {
      ids: [one.id, two.id, one.id],
      verb: 'approve',
      why: 'all of them',
    })
    expect(body['results']).toMatchObject([
      { id: one.id, ok: true, state: 'queued', error: null },
      { id: two.id, ok: false, state: null, error: { code: 'already-decided' } },
    ])
    await drain()
    expect([inbox('ann'), inbox('bob'), inbox('cem')]).toEqual([0, 1, 1])
    const undone = await post('/actions/decide', { ids: [one.id], verb: 'undo' })
    expect(undone.body['results']).toMatchObject([{ ok: true }])
    await drain()
    expect(inbox('ann')).toBe(1)
  })

  test('a release binds the verdict’s causes when it is approved, not when it is proposed (lesson #3)', async () => {
    const guards = async (id: string) => {
      const found = await t.storage.tenant(t.a, (tx) =>
        sql<{ n: number }>`select count(*)::int as n from guard where set_by = ${id}`.execute(tx),
      )
      return found.rows[0]?.n
    }
    for (const verb of ['reject', 'approve']) {
      const held = await office.hold(['ann'], { causes: [{ kind: 'entry', id: 'e', version: 1 }] })
      const wish = { select: { messageIds: [held.mail.id] }, release: {} }
      const [action] = (await post('/take-action', wish, proposer)).body['actions'] as { id: string }[]
      expect(await guards(String(action?.id))).toBe(0)
      await post(`/actions/${action?.id}/${verb}`)
      expect(await guards(String(action?.id))).toBe(verb === 'approve' ? 1 : 0)
    }
    await drain()
  })

  test('the steps of one plan are one wish: decided together although their types differ', async () => {
    const junk = await office.deliver(['ann'])
    await office.run({ kind: 'move', target: 'junk' }, junk.copies)
    const held = await office.hold(['bob'])
    const made = await post(
      '/take-action',
      { select: { messageIds: [junk.mail.id, held.mail.id] }, move: { kind: 'move', target: 'inbox' } },
      proposer,
    )
    const steps = made.body['actions'] as { id: string; kind: string }[]
    expect(steps.map((s) => s.kind)).toEqual(['move', 'release'])
    const { body } = await post('/actions/decide', { ids: steps.map((s) => s.id), verb: 'approve' })
    expect(body['results']).toMatchObject([{ ok: true }, { ok: true }])
    await drain()
    expect([inbox('ann'), inbox('bob')]).toEqual([1, 1])
  })

  test('messages join a proposal of the same kind until somebody approves it (explorer #91, air #104)', async () => {
    const { id, approvalId, mail } = await proposed(['ann'], 'growing')
    const more = await office.deliver(['bob'])
    const join = {
      select: { messageIds: [more.mail.id, mail.id] },
      move: { kind: 'soft-delete' },
      addTo: id,
    }
    const hard = await post('/take-action', { ...join, move: { kind: 'hard-delete' } }, proposer)
    expect([hard.status, code(hard)]).toEqual([409, 'not-open'])
    const answer = await post('/take-action', join, proposer)
    expect(answer.body).toMatchObject({ approvalId, name: 'growing', actions: [{ id, copies: 1 }] })
    expect(await get(`/actions/${id}`)).toMatchObject({ counts: { total: 2, planned: 2 } })
    await post(`/actions/${id}/approve`)
    await drain()
    expect([inbox('ann'), inbox('bob')]).toEqual([0, 0])
    expect(code(await post('/take-action', join, proposer))).toBe('not-open')
  })
})

describe('cancel', () => {
  test('worker and cancel: what is done stays done, what had not begun is not begun, and the counts say so', async () => {
    const { mail } = await office.deliver(['ann', 'bob', 'cem'])
    const made = await post('/take-action', { select: { messageIds: [mail.id] }, move: { kind: 'soft-delete' } })
    const [action] = made.body['actions'] as { id: string }[]
    const [cancelled] = await Promise.all([post(`/actions/${action?.id}/cancel`, { why: 'wrong query' }), drain()])
    await drain()
    const found = await get(`/actions/${action?.id}`)
    const counts = found['counts'] as Record<string, number>
    const gone = [inbox('ann'), inbox('bob'), inbox('cem')].filter((n) => n === 0).length
    expect(counts['done']).toBe(gone)
    expect((counts['done'] ?? 0) + (counts['skipped'] ?? 0)).toBe(3)
    if (cancelled.status === 200) {
      expect(['rejected', 'partially-completed', 'completed']).toContain(found['state'])
      expect(found['approvals']).toMatchObject([
        { decision: 'approved' },
        { decision: 'cancelled', why: 'wrong query' },
      ])
    } else expect(code(cancelled)).toBe('action-ended')
    const late = await post(`/actions/${action?.id}/cancel`)
    expect([late.status, code(late)]).toEqual([409, 'action-ended'])
  })
})

describe('expiry', () => {
  test('at its last instant nobody decides any more, though nobody has looked yet; one that expires holds up no other', async () => {
    const { id, copies } = await proposed(['ann'], 'nobody looked')
    office.later(7 * DAY - 1)
    const fresh = await proposed(['bob'], 'in time')
    expect(await get(`/actions/${id}`)).toMatchObject({ can: { approve: true, reject: true } })
    office.later(1)
    expect(await get(`/actions/${id}`)).toMatchObject({ can: { approve: false, reject: false, cancel: false } })
    for (const verb of ['approve', 'reject'])
      expect(told(await post(`/actions/${id}/${verb}`))).toMatch(/has expired without a decision at \d{4}-/)
    const more = { select: { deliveryIds: [copies[0]?.id] }, move: { kind: 'soft-delete' }, addTo: id }
    expect(code(await post('/take-action', more, proposer))).toBe('not-open')
    const both = await post('/actions/decide', { ids: [id, fresh.id], verb: 'approve' })
    expect(both.body['results']).toMatchObject([{ ok: false, error: { code: 'already-decided' } }, { ok: true }])
    await drain()
    expect([inbox('ann'), inbox('bob')]).toEqual([1, 0])
    await office.service.expire(t.a)
    expect(await get(`/actions/${id}`)).toMatchObject({ state: 'expired' })
  })

  test('seven days: warned once a day before, then expired, which is not rejected; nothing was moved (air #86)', async () => {
    const { id } = await proposed(['ann'], 'forgotten')
    const theirs = await other.deliver(['ann'])
    const foreignProposal = await post(
      '/take-action',
      { select: { messageIds: [theirs.mail.id] }, move: { kind: 'soft-delete' }, propose: true },
      foreign,
    )
    const expires = Date.parse(String((await get(`/actions/${id}`))['expiresAt']))
    const warnings = async () => {
      const found = await t.storage.tenant(t.a, (tx) =>
        sql<{
          n: number
        }>`select count(*)::int as n from outbox where kind = 'action.expiring' and data->>'actionId' = ${id}`.execute(
          tx,
        ),
      )
      return found.rows[0]?.n
    }
    office.later(5.9 * DAY)
    expect(await office.service.expire(t.a)).toBe(0)
    expect(await get(`/actions/${id}`)).toMatchObject({ expiring: false })
    office.later(0.2 * DAY)
    await office.service.expire(t.a)
    await office.service.expire(t.a)
    expect(await get(`/actions/${id}`)).toMatchObject({ expiring: true, state: 'pending-approval' })
    expect(await warnings()).toBe(1)
    office.later(DAY)
    expect(await office.service.expire(t.a)).toBeGreaterThan(0)
    await drain()
    expect(await get(`/actions/${id}`)).toMatchObject({
      state: 'expired',
      decidedBy: null,
      expiresAt: null,
      expiring: false,
    })
    expect(await items(id)).toMatchObject([{ state: 'skipped', reason: 'It expired: nobody decided in time.' }])
    expect(inbox('ann')).toBe(1)
    const late = await post(`/actions/${id}/approve`)
    expect([late.status, code(late)]).toEqual([409, 'already-decided'])
    expect(told(late)).toContain('has expired')
    // The other tenant's clock is its own.
    const [open] = foreignProposal.body['actions'] as { id: string }[]
    expect(await get(`/actions/${open?.id}`, foreign)).toMatchObject({ state: 'pending-approval' })
    expect(expires).toBeGreaterThan(0)
  })
})

describe('lists', () => {
  test('filters, sorting and paging; every action once (explorer #96, air #93, #94, #95, #96)', async () => {
    for (const name of ['list c', 'list a', 'list b']) {
      office.later(1000)
      await proposed(name === 'list a' ? ['ann', 'bob'] : ['ann'], name, {
        severity: name === 'list b' ? 'low' : 'high',
        source: 'explorer',
      })
    }
    const query = '?q=list&tab=pending'
    expect(await names(`${query}&sort=name&dir=asc`)).toEqual(['list a', 'list b', 'list c'])
    expect(await names(`${query}&sort=created`)).toEqual(['list b', 'list a', 'list c'])
    expect((await names(`${query}&sort=copies`))[0]).toBe('list a')
    expect(await names(`${query}&severity=low`)).toEqual(['list b'])
    expect(await names(`${query}&requestedBy=pia proposer&requestedBy=nobody`)).toHaveLength(3)
    expect(await names(`${query}&source=cli`)).toEqual([])
    expect(await names('?q=100%25')).toEqual([])
    expect(await names(query, foreign)).toEqual([])
    for (const sort of ['updated', 'created', 'expires', 'name', 'kind', 'state', 'decided', 'copies'])
      for (const dir of ['asc', 'desc']) {
        const seen: string[] = []
        let cursor = ''
        do {
          const page = await get(`/actions${query}&sort=${sort}&dir=${dir}&limit=1${cursor}`)
          seen.push(...(page['items'] as { name: string }[]).map((a) => a.name))
          cursor = page['next'] === null ? '' : `&cursor=${page['next']}`
        } while (cursor !== '' && seen.length < 9)
        expect(seen.toSorted(), `${sort} ${dir}`).toEqual(['list a', 'list b', 'list c'])
      }
    const bad = await api.call(analyst, 'GET', '/actions?cursor=bm90IG91cnM')
    expect([bad.status, code(bad)]).toEqual([400, 'bad-cursor'])
  })

  test('periods count from now, by what happened last', async () => {
    const { id } = await proposed(['ann'], 'in period')
    await t.storage.tenant(t.a, (tx) =>
      sql`update action set created_at = now() - interval '3 days' where id = ${id}`.execute(tx),
    )
    expect(await names('?q=in period&period=1d')).toEqual([])
    expect(await names('?q=in period&period=7d')).toEqual(['in period'])
    const from = new Date(Date.now() - 4 * DAY).toISOString()
    const to = new Date(Date.now() - 2 * DAY).toISOString()
    expect(await names(`?q=in period&from=${from}&to=${to}`)).toEqual(['in period'])
    expect(await names(`?q=in period&to=${from}`)).toEqual([])
    expect(await names('?q=in period&period=all')).toEqual(['in period'])
  })

  test('results by class and reason, the log of every copy, and both as CSV without formulas (explorer #97, #99, air #98, #99, #110)', async () => {
    const { mail } = await office.deliver(['ann', 'bob', 'cem'])
    const copies = await t.storage.tenant(t.a, (tx) =>
      sql<{ id: string }>`select id from delivery where message_id = ${mail.id} order by id`.execute(tx),
    )
    for (const c of office.user('bob').list('INBOX')) office.user('bob').expunge('INBOX', c.ref.uid)
    await post('/take-action', { select: { deliveryIds: [copies.rows[2]?.id] }, move: { kind: 'soft-delete' } })
    await drain()
    const made = await post('/take-action', {
      select: { messageIds: [mail.id] },
      move: { kind: 'soft-delete' },
      name: '=HYPERLINK("https://bad.example")',
      description: 'a, "b"',
    })
    await drain()
    const [action] = made.body['actions'] as { id: string }[]
    const { results } = (await get(`/actions/${action?.id}/results`)) as { results: { class: string; count: number }[] }
    expect(Object.fromEntries(results.map((r) => [r.class, r.count]))).toEqual({
      success: 1,
      'not-found': 1,
      'already-there': 1,
    })
    expect(await items(String(action?.id), '?class=not-found')).toMatchObject([
      { recipient: office.mailbox('bob').address, class: 'not-found' },
    ])
    expect(await items(String(action?.id), '?q=cem')).toHaveLength(1)
    expect((await api.call(foreign, 'GET', `/actions/${action?.id}/results`)).status).toBe(404)
    const csv = String((await get('/actions.csv?q=HYPERLINK'))['text'])
    const [head, row] = csv.slice(1).split('\r\n')
    expect(head).toContain('Action update time,Approval ID,Name,Action type')
    expect(row).toContain(`"'=HYPERLINK(""https://bad.example"")"`)
    expect(row).toContain('Soft delete emails')
    const log = String((await get(`/actions/${action?.id}/items.csv`))['text'])
    expect(log.trimEnd().split('\r\n')).toHaveLength(4)
    expect(log).toContain('Not found in mailbox')
    expect((await api.call(foreign, 'GET', `/actions/${action?.id}/items.csv`)).status).toBe(404)
    expect(String((await get('/actions.csv', foreign))['text'])).not.toContain('HYPERLINK')
    const blind = await api.token(t.a, ['remediation.propose'])
    expect((await api.call(blind, 'GET', '/actions.csv')).status).toBe(403)
  })
})
