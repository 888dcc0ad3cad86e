import { afterAll, beforeAll, expect, test } from 'vitest'
import { campaigns } from '../../demo/campaigns.ts'
import { AUTHSERV, ORGANISATION } from '../../demo/company.ts'
import type { Fed } from '../../demo/message.ts'
import { type TestApi, testApi } from '../../test/rig/api.ts'
import { takeIn } from '../../test/rig/judged.ts'
import { quietLog } from '../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { ALL_PERMISSIONS } from '../access/index.ts'
import type { MessageId, TenantId } from '../base/index.ts'
import { register as registerLists } from '../lists/index.ts'
import { createParser } from '../mail/index.ts'
import { createMemoryProvider } from '../mailboxes/index.ts'
import { setOrganisation } from '../organisation/index.ts'
import { createRemediation, register as registerRemediation } from '../remediation/index.ts'
import { register as registerSubmissions, submissionExists } from '../submissions/index.ts'
import { rejectAsFalsePositive } from './false-positive.ts'
import { registerTakeAction } from './take-routes.ts'

let rig: TestStorage
let api: TestApi
const ids = new Map<TenantId, readonly MessageId[]>()

/** The same newsletter from another address of its domain. */
const fromAnother = (fed: Fed): Fed => ({
  ...fed,
  raw: Buffer.from(fed.raw.toString('latin1').replaceAll('letters@timberjournal', 'notes@timberjournal'), 'latin1'),
})

beforeAll(async () => {
  rig = await testStorage()
  const parser = createParser({ workers: 1, trustedAuthserv: [AUTHSERV] })
  const mails = campaigns(new Date()).filter((m) => m.raw.includes('From: "Timber Journal"'))
  for (const [tenant, domain] of [
    [rig.a, 'alderfinch.example'],
    [rig.b, 'other.example'],
  ] as const) {
    const text = JSON.stringify(ORGANISATION).replaceAll('alderfinch.example', domain)
    await rig.storage.tenant(tenant, (tx) =>
      setOrganisation(tx, rig.storage.outbox, JSON.parse(text), { user: 'test', name: 'Test' }),
    )
    ids.set(tenant, await takeIn(rig.storage, tenant, parser, [...mails, ...mails.slice(0, 1).map(fromAnother)]))
  }
  await parser.close()
  const { storage } = rig
  const remediation = createRemediation({ storage, mailboxes: createMemoryProvider(), nextHop: null, log: quietLog })
  api = await testApi(storage, (app) => {
    const deps = { storage, remediation, outbox: storage.outbox, emailOf: async () => null }
    registerRemediation(app, { ...deps, rejectAsFalsePositive: rejectAsFalsePositive(deps) })
    registerLists(app, { storage, submissionExists })
    registerSubmissions(app, deps)
    registerTakeAction(app, deps)
  })
})
afterAll(async () => {
  await api?.close()
  await rig?.close()
})

test('what convicted the messages is allowed as their reports offer it, each once, and they are judged otherwise from then on', async () => {
  const analyst = await api.token(rig.a, ALL_PERMISSIONS, 'Anna Lyst')
  const foreign = await api.token(rig.b, ALL_PERMISSIONS, 'Fia Foreign')
  const messages = (ids.get(rig.a) ?? []).slice(0, 3)
  expect(messages).toHaveLength(3)
  const wish = { kind: 'hard-delete', select: { messageIds: messages }, propose: true, name: 'Journal' }
  const made = await api.call(analyst, 'POST', '/actions', wish)
  expect(made.body).toMatchObject({ state: 'pending-approval' })
  const offer = await api.call(analyst, 'GET', `/actions/${made.body['id']}/false-positive`)
  expect(offer.body).toEqual({
    messages: 3,
    allow: [{ kind: 'sender', value: 'letters@timberjournal.example', caution: null }],
  })
  expect((await api.call(foreign, 'GET', `/actions/${made.body['id']}/false-positive`)).status).toBe(404)
  // Asking writes nothing.
  expect((await api.call(analyst, 'GET', '/submissions')).body['items']).toEqual([])
  const rejected = await api.call(analyst, 'POST', `/actions/${made.body['id']}/reject`, { falsePositive: true })
  expect(rejected.body).toMatchObject({
    state: 'rejected',
    submissions: 3,
    entries: [{ action: 'allow', kind: 'sender', value: 'letters@timberjournal.example' }],
  })
  const explained = await api.call(analyst, 'GET', `/messages/${messages[0]}/explain`)
  expect(explained.body).toMatchObject({ same: false, today: { verdict: { threat: 'none', placement: 'deliver' } } })
  expect((await api.call(foreign, 'GET', '/entries')).body['items']).toEqual([])
  expect((await api.call(foreign, 'GET', '/submissions')).body['items']).toEqual([])
})

test('an entry leads to the report of a message that holds what it allows', async () => {
  const analyst = await api.token(rig.a, ALL_PERMISSIONS, 'Anna Lyst')
  const [allowed, , , another] = ids.get(rig.a) ?? []
  const wish = { kind: 'hard-delete', select: { messageIds: [allowed, another] }, propose: true }
  const made = await api.call(analyst, 'POST', '/actions', wish)
  const rejected = await api.call(analyst, 'POST', `/actions/${made.body['id']}/reject`, { falsePositive: true })
  const [entry] = rejected.body['entries'] as { id: string; value: string }[]
  expect(entry).toMatchObject({ value: 'notes@timberjournal.example' })
  const { body } = await api.call(analyst, 'GET', `/entries/${entry?.id}`)
  const submissions = await api.call(analyst, 'GET', '/submissions')
  const items = submissions.body['items'] as { id: string; messageId: string }[]
  expect(items.find((s) => s.id === body['submissionId'])?.messageId).toBe(another)
})
