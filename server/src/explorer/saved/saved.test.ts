import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../../test/rig/api.ts'
import { newMessage } from '../../../test/rig/letter.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import { receive } from '../../records/index.ts'
import { register } from '../routes.ts'
import { savedQueries } from './queries.ts'
import type { SavedQuery } from './schemas.ts'

const DAY = 86_400_000
let t: TestStorage
let api: TestApi
let analyst: string
let reader: string
let foreign: string

beforeAll(async () => {
  t = await testStorage()
  api = await testApi(t.storage, (app) => register(app, { storage: t.storage }))
  analyst = await api.token(t.a, ['mail.read', 'remediation.propose'], 'Anna Lyst')
  reader = await api.token(t.a, ['mail.read'], 'Rita Reader')
  foreign = await api.token(t.b, ['mail.read', 'remediation.propose'], 'Fia Foreign')
})
afterAll(async () => {
  await api.close()
  await t.close()
})

const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object, token = analyst) => {
  const answer = await api.call(token, method, `/saved-queries${path}`, body)
  return {
    status: answer.status,
    code: (answer.body['error'] as { code: string } | undefined)?.code,
    body: answer.body,
  }
}
const names = async (token = analyst) =>
  ((await call('GET', '', undefined, token)).body['items'] as SavedQuery[]).map((q) => q.name)

test('a name is unique; dates are exact or move along, seven days if nothing is said (explorer #51)', async () => {
  const made = await call('POST', '', { name: ' Weekly phish ', filter: { threat: 'phish', not: 'threat' } })
  expect(made).toMatchObject({
    status: 201,
    body: { name: 'Weekly phish', days: 7, tracked: false, author: 'Anna Lyst', lastRunAt: null },
  })
  expect(await call('POST', '', { name: 'weekly PHISH', filter: {} })).toMatchObject({
    status: 409,
    code: 'name-taken',
  })
  const exact = { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' }
  const both = await call('POST', '', { name: 'Both', filter: exact, days: 3 })
  expect(both).toMatchObject({ status: 400, code: 'bad-dates' })
  const march = await call('POST', '', { name: 'March', filter: exact })
  expect(march).toMatchObject({ status: 201, body: { days: null } })
  const path = `/${march.body['id']}`
  expect((await call('POST', `${path}/run`)).body).toMatchObject({ name: 'March', filter: exact })
  const run = (await call('POST', `/${made.body['id']}/run`)).body['filter'] as { from: string; threat: string }
  expect(run).toMatchObject({ threat: 'phish', not: 'threat' })
  expect(Math.abs(Date.now() - 7 * DAY - Date.parse(run.from))).toBeLessThan(60_000)
  // Renamed to a name that is taken, to its own in other letters, to moving dates.
  expect(await call('PATCH', path, { name: 'Weekly Phish' })).toMatchObject({ status: 409, code: 'name-taken' })
  expect((await call('PATCH', path, { name: 'MARCH' })).body).toMatchObject({
    name: 'MARCH',
    filter: exact,
    days: null,
  })
  expect(await call('PATCH', path, { days: 2 })).toMatchObject({ status: 400, code: 'bad-dates' })
  expect((await call('PATCH', path, { filter: { q: 'offer' }, days: 2 })).body).toMatchObject({
    days: 2,
    tracked: false,
  })
  expect(await names()).toEqual(['MARCH', 'Weekly phish'])
  // The other organisation has names of its own.
  expect((await call('POST', '', { name: 'March', filter: {} }, foreign)).status).toBe(201)
  expect(await names(foreign)).toEqual(['March'])
  for (const [method, rest] of [
    ['POST', '/run'],
    ['DELETE', ''],
  ] as const)
    expect(await call(method, `${path}${rest}`, undefined, foreign)).toMatchObject({ status: 404, code: 'no-query' })
  expect((await call('DELETE', path)).body).toMatchObject({ name: 'MARCH' })
  expect(await call('DELETE', path)).toMatchObject({ status: 404 })
  for (const wrong of [
    { name: ' ', filter: {} },
    { name: 'x', filter: { nonsense: 1 } },
    { name: 'x', filter: {}, days: 0 },
  ])
    expect((await call('POST', '', wrong)).status).toBe(422)
})

test('two save the same name at once: one of them', async () => {
  const both = await Promise.all([1, 2, 3].map(() => call('POST', '', { name: 'At once', filter: {} })))
  expect(both.map((a) => a.status).sort()).toEqual([201, 409, 409])
})

test('who reads mail may ask, not save, change or remove (explorer #53)', async () => {
  const { body } = await call('POST', '', { name: 'For readers', filter: { q: 'x' } })
  expect(await names(reader)).toContain('For readers')
  expect((await call('POST', `/${body['id']}/run`, undefined, reader)).body).toMatchObject({ filter: { q: 'x' } })
  const [seen] = ((await call('GET', '')).body['items'] as SavedQuery[]).filter((q) => q.id === body['id'])
  expect(Date.now() - Date.parse(seen?.lastRunAt ?? '')).toBeLessThan(60_000)
  const wanted = { name: 'Mine', filter: {} }
  for (const refused of [
    await call('POST', '', wanted, reader),
    await call('PATCH', `/${body['id']}`, { name: 'Mine' }, reader),
    await call('DELETE', `/${body['id']}`, undefined, reader),
  ])
    expect(refused).toMatchObject({ status: 403, code: 'forbidden' })
})

test('a tracked query counts today, the day before and the week before; its dates do not matter (explorer #52)', async () => {
  const now = new Date('2026-03-10T15:00:00Z')
  const at = (text: string) => new Date(`2026-03-${text}:00Z`)
  const came = ['10T00:00', '10T14:59', '09T23:59', '09T00:00', '09T12:00', '03T00:00', '02T23:59', '10T15:01'].map(at)
  for (const tenant of [t.a, t.b])
    await t.storage.tenant(tenant, async (tx) => {
      for (const receivedAt of came) await receive(tx, newMessage({ receivedAt, mail: { subject: 'Tracked' } }))
      await receive(tx, newMessage({ receivedAt: at('10T01:00'), mail: { subject: 'Another' } }))
    })
  const filter = { q: 'tracked', to: '2026-01-01T00:00:00Z' }
  expect((await call('POST', '', { name: 'Follow', filter, tracked: true })).status).toBe(201)
  const follow = (counts: boolean) =>
    t.storage.tenant(t.a, async (tx) => (await savedQueries(tx, counts, now)).filter((q) => q.name === 'Follow'))
  // 4 in the seven days before today: 0.6 a day.
  expect(await follow(true)).toMatchObject([{ counts: { today: 2, dayBefore: 3, weekDaily: 0.6, trend: 1.4 } }])
  expect(await follow(false)).toMatchObject([{ tracked: true, counts: null }])
  const items = (await call('GET', '?counts=true')).body['items'] as SavedQuery[]
  expect(items.map((q) => q.counts !== null)).toEqual(items.map((q) => q.tracked))
  for (let i = 0; i < 19; i++) await call('POST', '', { name: `More ${i}`, filter: {}, tracked: true })
  const over = await call('POST', '', { name: 'One more', filter: {}, tracked: true })
  expect(over).toMatchObject({ status: 422, code: 'too-many' })
  expect((await call('POST', '', { name: 'One more', filter: {} })).status).toBe(201)
})
