import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApi, testApi } from '../../test/rig/api.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { list as auditList } from '../audit/index.ts'
import { uuidv7 } from '../base/index.ts'
import { noteMatches, register } from './index.ts'

const DAY = 86_400_000
let rig: TestStorage
let api: TestApi
let nadia: string
let omar: string
beforeAll(async () => {
  rig = await testStorage()
  api = await testApi(rig.storage, (app) =>
    register(app, { storage: rig.storage, submissionExists: async (_, id) => id !== NOBODY }),
  )
  nadia = await api.token(rig.a, ['lists.read', 'lists.write', 'lists.allow'], 'Nadia')
  omar = await api.token(rig.a, ['lists.read', 'lists.write'], 'Omar Lee')
})
afterAll(async () => {
  await api?.close()
  await rig?.close()
})
const NOBODY = uuidv7()

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, looked into by the tests
type Body = any
const post = async (token: string, path: string, body: object): Promise<Body> =>
  (await api.call(token, 'POST', path, body)).body
const values = async (query: string): Promise<string[]> => {
  const answer: Body = (await api.call(nadia, 'GET', `/entries?${query}`)).body
  return answer.items.map((e: Body) => e.value).sort()
}

describe('several entries at once', () => {
  it('one action and kind for all (lists #87); each has its result, and bad lines stop no others (lists #41, #88, #89)', async () => {
    const body = { action: 'block', kind: 'url-domain', note: 'case 9', expiresInDays: 7 }
    await post(nadia, '/entries', { ...body, value: 'there.example' })
    const lines = ['One.example', 'not a host', 'there.example', 'two.example', 'one.example']
    const { results } = await post(nadia, '/entries/add', { ...body, values: lines })
    expect(results.map((r: Body) => [r.of, r.status, r.entry?.value, r.error?.code])).toEqual([
      ['One.example', 'succeeded', 'one.example', undefined],
      ['not a host', 'failed', undefined, 'bad-value'],
      ['there.example', 'skipped', undefined, 'entry-exists'],
      ['two.example', 'succeeded', 'two.example', undefined],
      ['one.example', 'skipped', undefined, 'entry-exists'],
    ])
    expect(results[0].entry).toMatchObject({ note: 'case 9', state: 'active', modifiedBy: 'Nadia', version: 1 })
    const mixed = { ...body, action: ['allow', 'block'], values: ['x.example'] }
    expect((await api.call(nadia, 'POST', '/entries/add', mixed)).status).toBe(422)
    const many = Array.from({ length: 501 }, (_, i) => `n${i}.example`)
    expect((await api.call(nadia, 'POST', '/entries/add', { ...body, values: many })).status).toBe(422)
    expect(await values('q=n0.example')).toEqual([])
    const none = { ...body, action: 'allow', kind: 'sender', values: ['a@x.example'], submissionId: NOBODY }
    expect((await post(nadia, '/entries/add', none)).error.code).toBe('submission-not-found')
  })

  it('are removed together (lists #33), each with history and audit entry; what is not there is said', async () => {
    const made = await post(nadia, '/entries/add', {
      action: 'block',
      kind: 'sender',
      values: ['a@r.example', 'b@r.example'],
    })
    const ids = made.results.map((r: Body) => r.entry.id)
    const { results } = await post(omar, '/entries/remove', { ids: [...ids, NOBODY] })
    expect(results.map((r: Body) => [r.of, r.status]).sort()).toEqual(
      [
        [ids[0], 'succeeded'],
        [ids[1], 'succeeded'],
        [NOBODY, 'failed'],
      ].sort(),
    )
    expect(await values('q=r.example')).toEqual([])
    const { body }: Body = await api.call(nadia, 'GET', `/entries/${ids[1]}`)
    expect(body).toMatchObject({ state: 'removed', modifiedBy: 'Omar Lee', createdBy: 'Nadia' })
    expect(body.history.map((h: Body) => h.change)).toEqual(['added', 'removed'])
    const audited = await rig.storage.tenant(rig.a, (tx) => auditList(tx, { limit: 5 }))
    expect(
      audited
        .filter((e) => e.action === 'entry.removed')
        .map((e) => e.subject?.id)
        .sort(),
    ).toEqual([...ids].sort())
    const theirs = await api.token(rig.b, ['lists.read', 'lists.write'])
    const kept = await post(nadia, '/entries', { action: 'block', kind: 'sender', value: 'c@r.example' })
    expect((await post(theirs, '/entries/remove', { ids: [kept.id] })).results[0].status).toBe('failed')
    expect(await values('q=c@r.example')).toEqual(['c@r.example'])
  })

  it('need the right to write', async () => {
    const reader = await api.token(rig.a, ['lists.read'])
    for (const [path, body] of [
      ['/entries/add', { action: 'block', kind: 'sender', values: ['z@z.example'] }],
      ['/entries/remove', { ids: [NOBODY] }],
    ] as const)
      expect((await api.call(reader, 'POST', path, body)).status).toBe(403)
  })

  it('to allow is a right besides that to block: making one, and letting it live longer (permissions #80)', async () => {
    const entry = { action: 'allow', kind: 'sender', value: 'p@allow.example' }
    const { value, ...several } = entry
    const own = await post(nadia, '/entries', { ...entry, value: 'q@allow.example', expiresInDays: 2 })
    for (const [method, path, body] of [
      ['POST', '/entries', entry],
      ['POST', '/entries/add', { ...several, values: [value] }],
      ['PATCH', `/entries/${own.id}`, { expiresInDays: 20 }],
    ] as const) {
      const refused: Body = await api.call(omar, method, path, body)
      expect([refused.status, refused.body.error.message]).toEqual([403, expect.stringContaining('lists.allow')])
    }
    expect(await values('q=allow.example')).toEqual(['q@allow.example'])
    expect((await api.call(omar, 'PATCH', `/entries/${own.id}`, { note: 'seen' })).status).toBe(200)
    expect((await api.call(omar, 'POST', '/entries', { ...entry, action: 'block' })).status).toBe(201)
    expect((await post(omar, '/entries/remove', { ids: [own.id] })).results[0].status).toBe('succeeded')
  })
})

describe('the list', () => {
  it('tells of each entry what the product does, in words (lists #28, #34-37)', async () => {
    const submissionId = uuidv7()
    const add = async (action: string, kind: string, value: string, more = {}) =>
      (await post(nadia, '/entries', { action, kind, value, ...more })).overrides
    for (const [kind, value] of [
      ['sender', 's@o.example'],
      ['url', 'o.example/a'],
      ['file-hash', 'a'.repeat(64)],
    ] as const)
      expect(await add('block', kind, value)).toBe('Up to malware')
    // An allow that is typed in (lists #40).
    const direct = 'Up to regular confidence phishing'
    expect(await add('allow', 'sender', 'd@o.example', { expiresInDays: 5, note: 'partner' })).toBe(direct)
    expect(await add('allow', 'url', 'o.example/b')).toBe(direct)
    const submitted = 'Up to high confidence phishing'
    expect(await add('allow', 'sender-domain', 'o.example', { submissionId })).toBe(submitted)
    expect(await add('allow', 'url', 'o.example/c', { submissionId })).toBe('Up to malware')
    expect(await add('allow', 'file-hash', 'b'.repeat(64), { submissionId })).toBe('Up to malware')
    const { body }: Body = await api.call(nadia, 'GET', '/entries?q=d@o.example')
    expect(Object.keys(body.items[0])).toEqual(
      expect.arrayContaining([
        'value',
        'action',
        'overrides',
        'modifiedBy',
        'updatedAt',
        'lastMatchedAt',
        'expiresAt',
        'note',
      ]),
    )
  })

  it('is narrowed by action, end, last change, last use and who changed it (lists #31)', async () => {
    const add = (value: string, more: object, token = nadia) =>
      post(token, '/entries', { action: 'block', kind: 'sender-domain', value, note: 'filters', ...more })
    const never = await add('never.example', { expiresInDays: null })
    await add('soon.example', { expiresInDays: 2 })
    await add('later.example', { expiresInDays: 60 }, omar)
    await add('may.example', { action: 'allow', expiresInDays: 9 })
    await api.call(omar, 'PATCH', `/entries/${never.id}`, { note: 'filters, too' })
    const used = new Date('2026-03-02T00:00:00Z')
    await rig.storage.tenant(rig.a, (tx) => noteMatches(tx, [never.id], used))
    const found = (query: string) => values(`q=filters&${query}`)
    const day = (n: number) => new Date(Date.now() + n * DAY).toISOString()
    expect(await found('action=allow')).toEqual(['may.example'])
    expect(await found('neverEnds=true')).toEqual(['never.example'])
    expect(await found('neverEnds=false')).toEqual(['later.example', 'may.example', 'soon.example'])
    expect(await found(`endsBefore=${day(3)}`)).toEqual(['soon.example'])
    expect(await found('by=mar%20l')).toEqual(['later.example', 'never.example'])
    expect(await found('by=%25')).toEqual([])
    expect(await found('usedSince=2026-03-01T00:00:00Z')).toEqual(['never.example'])
    expect(await found('usedSince=2026-03-03T00:00:00Z')).toEqual([])
    expect(await found('unusedSince=2026-03-03T00:00:00Z')).toHaveLength(4)
    expect(await found('unusedSince=2026-03-01T00:00:00Z')).not.toContain('never.example')
    expect(await found(`updatedSince=${day(-1)}`)).toHaveLength(4)
    expect(await found(`updatedBefore=${day(-1)}`)).toEqual([])
    expect((await api.call(nadia, 'GET', '/entries?endsBefore=soon')).status).toBe(422)
  })
})

describe('several people at once', () => {
  const addresses = Array.from({ length: 200 }, (_, n) => `${n}@crossing.example`)
  const turned = addresses.toReversed()
  const add = (some: readonly string[]) =>
    api.call(nadia, 'POST', '/entries/add', { action: 'block', kind: 'sender', values: some })

  it('add the same values, in another order', async () => {
    const answers = await Promise.all([add(addresses), add(turned), add(addresses), add(turned)])
    expect(answers.map((a) => a.status)).toEqual([200, 200, 200, 200])
    const results = answers.map((a) => (a.body as Body).results)
    expect(results.slice(0, 2).map((r) => r.map((x: Body) => x.of))).toEqual([addresses, turned])
    const counts = Map.groupBy(results.flat(), (r: Body) => r.status)
    expect([counts.get('succeeded')?.length, counts.get('skipped')?.length]).toEqual([200, 600])
  })

  it('remove what others add anew, in another order', async () => {
    const found: Body = (await api.call(nadia, 'GET', '/entries?q=crossing.example&limit=500')).body
    const ids = found.items.map((e: Body) => e.id)
    const remove = (some: readonly string[]) => api.call(nadia, 'POST', '/entries/remove', { ids: some })
    const answers = await Promise.all([add(turned), remove(ids), add(addresses), remove(ids.toReversed())])
    expect(answers.map((a) => a.status)).toEqual([200, 200, 200, 200])
  })
})
