import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../../test/rig/api.ts'
import { Office, people } from '../../../test/rig/memory-office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import { register as registerQuarantine } from '../../quarantine/index.ts'
import { register } from '../index.ts'

let t: TestStorage
let api: TestApi
let office: Office
let all: Awaited<ReturnType<typeof people>>
beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
  office = new Office(t, t.a, all)
  api = await testApi(t.storage, (app) => {
    register(app, { storage: t.storage, remediation: office.service })
    registerQuarantine(app, { storage: t.storage })
  })
})
afterAll(async () => {
  await api?.close()
  await t?.close()
})

const analyst = () => api.token(t.a, ['mail.read', 'remediation.propose', 'remediation.approve', 'quarantine.manage'])

test('an action from preview to undo, and its items with where they were and are (lesson #43)', async () => {
  const token = await analyst()
  const { mail } = await office.deliver(['ann', 'bob'])
  const body = { kind: 'soft-delete', select: { messageIds: [mail.id] }, name: 'Phish' }
  const plan = await api.call(token, 'POST', '/actions/preview', body)
  expect(plan).toMatchObject({ status: 200, body: { copies: 2, mailboxes: 2, items: { actionable: 2 } } })
  const made = await api.call(token, 'POST', '/actions', body)
  expect(made).toMatchObject({ status: 201, body: { name: 'Phish', state: 'queued' } })
  await office.service.drain(t.a)
  const id = String(made.body['id'])
  const action = await api.call(token, 'GET', `/actions/${id}`)
  expect(action).toMatchObject({ status: 200, body: { state: 'completed', counts: { done: 2, verified: 2 } } })
  const items = await api.call(token, 'GET', `/actions/${id}/items?state=done&limit=1`)
  expect(items.body['items']).toMatchObject([
    {
      state: 'done',
      before: { location: 'inbox', flags: ['\\Answered', '\\Seen'] },
      after: { location: 'soft-deleted' },
    },
  ])
  expect(items.body['next']).not.toBeNull()
  const preview = await api.call(token, 'POST', `/actions/${id}/undo/preview`)
  expect(preview).toMatchObject({ status: 200, body: { copies: 2, exact: 2 } })
  const undo = await api.call(token, 'POST', `/actions/${id}/undo`, { folderGone: 'inbox' })
  expect(undo.status).toBe(201)
  await office.service.drain(t.a)
  const list = await api.call(token, 'GET', '/actions')
  expect(list.body['items']).toMatchObject([
    { kind: 'undo', undoOf: id, state: 'completed' },
    { id, state: 'undone', undoneBy: undo.body['id'] },
  ])
  const [first] = items.body['items'] as { id: string }[]
  const history = await api.call(token, 'GET', `/actions/${id}/items/${first?.id}/transitions`)
  expect((history.body['items'] as { to: string }[]).map((h) => h.to)).toEqual(['approved', 'executing', 'done'])
})

test('without the right: refused; the other tenant sees nothing', async () => {
  const { mail } = await office.deliver(['ann'])
  const body = { kind: 'quarantine', select: { messageIds: [mail.id] } }
  expect((await api.call(await api.token(t.a, ['mail.read']), 'POST', '/actions', body)).status).toBe(403)
  const proposed = await api.call(await api.token(t.a, ['remediation.propose']), 'POST', '/actions', body)
  expect(proposed).toMatchObject({ status: 201, body: { state: 'pending-approval' } })
  const id = String(proposed.body['id'])
  const foreign = await api.token(t.b, ['mail.read', 'remediation.propose', 'remediation.approve'])
  expect((await api.call(foreign, 'GET', `/actions/${id}`)).status).toBe(404)
  expect((await api.call(foreign, 'POST', `/actions/${id}/approve`, {})).status).toBe(404)
  expect((await api.call(foreign, 'GET', '/actions')).body['items']).toEqual([])
  expect((await api.call(foreign, 'GET', `/actions/${id}/items`)).status).toBe(404)
  expect((await api.call(foreign, 'POST', '/actions', body)).body).toMatchObject({
    error: { code: 'nothing-selected' },
  })
  const rejected = await api.call(await analyst(), 'POST', `/actions/${id}/reject`, { why: 'wanted' })
  expect(rejected.body).toMatchObject({ state: 'rejected' })
})

test('quarantine: reason, expiry and each recipient’s state; released stays listed (quarantine #13, #51, #54)', async () => {
  const token = await analyst()
  const { mail } = await office.hold(['ann', 'bob'])
  await new Office(t, t.b, all).hold(['ann', 'bob'])
  const body = { kind: 'release', select: { messageIds: [mail.id] }, recipients: [office.mailbox('ann').address] }
  await api.call(token, 'POST', '/actions', body)
  await office.service.drain(t.a)
  const mine = (answer: { body: Record<string, unknown> }) =>
    (answer.body['items'] as { messageId: string }[]).filter((m) => m.messageId === mail.id)
  expect(mine(await api.call(token, 'GET', '/quarantine'))).toMatchObject([
    {
      reason: 'phish',
      recipients: [
        { recipient: office.mailbox('ann').address, status: 'released', releasedBy: 'Test', expiresAt: null },
        { recipient: office.mailbox('bob').address, status: 'needs-review', taken: false },
      ],
    },
  ])
  await api.call(token, 'POST', '/actions', { kind: 'release', select: { messageIds: [mail.id] } })
  await office.service.drain(t.a)
  expect(mine(await api.call(token, 'GET', '/quarantine?status=needs-review'))).toEqual([])
  expect(mine(await api.call(token, 'GET', '/quarantine?status=released'))).toHaveLength(1)
  const foreign = await api.call(await api.token(t.b, ['mail.read']), 'GET', '/quarantine?limit=1')
  expect(foreign.body['items']).toHaveLength(1)
  expect((await api.call(await api.token(t.a, ['quarantine.manage']), 'GET', '/quarantine')).status).toBe(403)
})

test('undo by cause through the API: preview with past, running and future; who may not, may not; retention and its clock', async () => {
  const token = await analyst()
  const signal = { kind: 'signal', id: 'routes-signal', version: 3 }
  const { mail } = await office.deliver(['ann', 'bob'])
  const made = await api.call(token, 'POST', '/actions', {
    kind: 'soft-delete',
    select: { messageIds: [mail.id] },
    cause: signal,
  })
  const select = { signal: { id: 'routes-signal' } }
  const running = await api.call(token, 'POST', '/undo/preview', { select })
  expect(running.body).toMatchObject({ copies: 0, running: { copies: 2, actions: [{ id: made.body['id'], left: 2 }] } })
  expect(await api.call(token, 'POST', '/undo', { select })).toMatchObject({
    status: 409,
    body: { error: { code: 'still-running' } },
  })
  await office.service.drain(t.a)
  const preview = await api.call(token, 'POST', '/undo/preview', { select })
  expect(preview).toMatchObject({
    status: 200,
    body: {
      copies: 2,
      messages: 1,
      exact: 2,
      past: { copies: 2 },
      future: [{ cause: { id: 'routes-signal', version: null }, state: 'acts', canSuspend: true }],
    },
  })
  const other = await api.token(t.b, ['mail.read', 'remediation.propose', 'remediation.approve'])
  expect((await api.call(other, 'POST', '/undo/preview', { select })).body).toMatchObject({ copies: 0, actions: [] })
  const reader = await api.token(t.a, ['mail.read', 'settings.read'])
  expect((await api.call(reader, 'POST', '/undo', { select })).status).toBe(403)
  for (const wrong of [{}, { select: {} }, { select: { signal: {} } }, { select: { nothing: 1 } }, { select, more: 1 }])
    expect((await api.call(token, 'POST', '/undo', wrong)).status).toBeGreaterThanOrEqual(400)
  const undo = await api.call(token, 'POST', '/undo', { select, name: 'Back' })
  expect(undo).toMatchObject({ status: 201, body: { name: 'Back', state: 'queued' } })
  await office.service.drain(t.a)
  expect((await api.call(token, 'GET', `/actions/${String(undo.body['id'])}`)).body).toMatchObject({
    state: 'completed',
    undoes: [made.body['id']],
  })
  const state = await api.call(reader, 'GET', '/retention/state')
  expect(state).toMatchObject({ status: 200, body: { doubt: null, due: { softDeleted: 0 } } })
  expect((await api.call(reader, 'POST', '/retention/confirm')).status).toBe(403)
})

test('of two copies in doubt one is kept by the API; who was first is told, another organisation finds nothing', async () => {
  const token = await analyst()
  const { copies } = await office.deliver(['ann'])
  office.provider.failOnce('move', { partial: { done: 0, both: 1 } }, office.mailbox('ann').login)
  const id = await office.run({ kind: 'move', target: 'junk' }, copies)
  const items = await api.call(token, 'GET', `/actions/${id}/items?class=in-doubt`)
  const [item] = items.body['items'] as { id: string }[]
  const copy = (folder: string) => expect.objectContaining({ folder, flags: ['\\Answered', '\\Seen'] })
  expect(item).toMatchObject({ both: { source: copy('INBOX'), target: copy('Junk'), decided: null } })
  const path = `/actions/${id}/items/${item?.id}/keep`
  const preview = await api.call(token, 'POST', `${path}/preview`, { folder: 'Junk' })
  const plan = { keeps: copy('Junk'), removes: copy('INBOX'), approval: { needed: 0 }, decided: null }
  expect(preview).toMatchObject({ status: 200, body: plan })
  const reader = await api.token(t.a, ['mail.read'])
  expect((await api.call(reader, 'POST', path, { folder: 'Junk' })).status).toBe(403)
  const foreign = await api.token(t.b, ['mail.read', 'remediation.propose', 'remediation.approve'])
  expect((await api.call(foreign, 'POST', path, { folder: 'Junk' })).status).toBe(404)
  expect((await api.call(token, 'POST', path, { folder: 'Sent' })).body).toMatchObject({ error: { code: 'no-copy' } })
  const made = await api.call(token, 'POST', path, { folder: 'Junk', description: 'The user junked it' })
  expect(made).toMatchObject({ status: 201, body: { name: 'Keep the copy in Junk, remove the one in INBOX' } })
  await office.service.drain(t.a)
  const again = await api.call(token, 'POST', path, { folder: 'INBOX' })
  expect(again).toMatchObject({ status: 409, body: { error: { code: 'kept-already' } } })
  const kept = { kind: 'soft-delete', state: 'completed', cause: { kind: 'action', id } }
  expect((await api.call(token, 'GET', `/actions/${made.body['id']}`)).body).toMatchObject(kept)
})

test('to take back needs the same right as to act: who may only propose proposes both, who may approve runs both (permissions #18)', async () => {
  const full = await analyst()
  const proposer = await api.token(t.a, ['mail.read', 'remediation.propose'])
  const reader = await api.token(t.a, ['mail.read'])
  const { mail } = await office.deliver(['ann'])
  const out = { kind: 'move', target: 'junk', select: { messageIds: [mail.id] } }
  expect((await api.call(reader, 'POST', '/actions', out)).status).toBe(403)
  const asked = await api.call(proposer, 'POST', '/actions', out)
  expect(asked.body).toMatchObject({ state: 'pending-approval' })
  const id = String(asked.body['id'])
  expect((await api.call(full, 'POST', `/actions/${id}/approve`, {})).status).toBe(200)
  await office.service.drain(t.a)
  const can = async (token: string) => (await api.call(token, 'GET', `/actions/${id}`)).body['can']
  expect(await can(reader)).toMatchObject({ undo: false })
  for (const token of [proposer, full]) expect(await can(token)).toMatchObject({ undo: true })
  const path = `/actions/${id}/undo`
  expect((await api.call(reader, 'POST', path, {})).status).toBe(403)
  const back = await api.call(proposer, 'POST', path, {})
  expect(back).toMatchObject({ status: 201, body: { state: 'pending-approval' } })
  await office.service.drain(t.a)
  expect((await api.call(full, 'GET', `/actions/${id}`)).body).toMatchObject({ state: 'completed' })
  expect((await api.call(proposer, 'POST', `/actions/${back.body['id']}/approve`, {})).status).toBe(403)
  expect((await api.call(full, 'POST', `/actions/${back.body['id']}/reject`, {})).status).toBe(200)
  expect((await api.call(full, 'POST', path, {})).body).toMatchObject({ state: 'queued' })
  await office.service.drain(t.a)
  expect((await api.call(full, 'GET', `/actions/${id}`)).body).toMatchObject({ state: 'undone' })
})
