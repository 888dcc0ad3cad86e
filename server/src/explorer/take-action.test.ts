import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, type TestApi, testApi } from '../../test/rig/api.ts'
import { Office, people } from '../../test/rig/memory-office.ts'
import { letter } from '../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { Permission } from '../access/index.ts'
import { register as registerLists } from '../lists/index.ts'
import { directory, setOrganisation, setPolicy } from '../organisation/index.ts'
import { register as registerRemediation } from '../remediation/index.ts'
import { submissionExists } from '../submissions/index.ts'
import { rejectAsFalsePositive } from './false-positive.ts'
import { register as registerExplorer } from './routes.ts'
import { registerTakeAction } from './take-routes.ts'

let t: TestStorage
let all: Awaited<ReturnType<typeof people>>
let office: Office
let other: Office
let api: TestApi
let analyst: string
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

beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
})
afterAll(() => t.close())
beforeEach(async () => {
  office = new Office(t, t.a, all)
  other = new Office(t, t.b, all, { provider: office.provider })
  api = await apiOf(office)
  analyst = await api.token(t.a, RIGHTS, 'Anna Lyst')
  foreign = await api.token(t.b, RIGHTS, 'Fia Foreign')
})
afterEach(async () => {
  await api.close()
  await office.close()
  await other.close()
})

const apiOf = (of: Office): Promise<TestApi> =>
  testApi(t.storage, (app) => {
    const deps = { storage: t.storage, remediation: of.service, outbox: t.storage.outbox, emailOf: async () => null }
    registerRemediation(app, {
      storage: t.storage,
      remediation: of.service,
      rejectAsFalsePositive: rejectAsFalsePositive(deps),
    })
    registerLists(app, { storage: t.storage, submissionExists })
    registerTakeAction(app, deps)
    registerExplorer(app, deps)
  })

const take = (body: object, token = analyst): Promise<Answer> => api.call(token, 'POST', '/take-action', body)
const preview = async (body: object, token = analyst) =>
  (await api.call(token, 'POST', '/take-action/preview', body)).body
const get = async (path: string, token = analyst) => (await api.call(token, 'GET', path)).body
const drain = () => office.service.drain(t.a)
const code = (answer: Answer) => (answer.body['error'] as { code: string } | undefined)?.code
const told = (answer: Answer) => {
  const { message, cure } = answer.body['error'] as { message: string; cure: string }
  return `${message} ${cure}`
}
interface Taken {
  readonly approvalId: string
  readonly actions: readonly {
    readonly id: string
    readonly kind: string
    readonly state: string
    readonly copies: number
  }[]
}
const taken = (answer: Answer): Taken => {
  if (answer.status !== 201 && answer.status !== 200) throw new Error(JSON.stringify(answer.body))
  return answer.body as unknown as Taken
}
const folder = (name: string, path: string) => office.user(name).list(path).length
const actions = async (query = '') => (await get(`/actions${query}`))['items'] as Record<string, unknown>[]

describe('one wish, several steps', () => {
  test('soft delete, report as phish, block the sender: one approval ID, one transaction (explorer #69, #85, #107, air #97)', async () => {
    const { mail } = await office.deliver(['ann', 'bob'])
    await other.deliver(['ann', 'bob'])
    const body = {
      select: { messageIds: [mail.id] },
      move: { kind: 'soft-delete' },
      submit: { as: 'phish', note: 'asks for a password' },
      entries: [{ action: 'block', kind: 'sender', value: 'Bad@Sender.example', expiresInDays: 30 }],
      name: 'Fake invoice',
      description: 'seen by the help desk',
      severity: 'medium',
      source: 'explorer',
    }
    const seen = await preview(body)
    expect(seen).toMatchObject({
      selection: { by: 'hand', copies: 2, messages: 1, unknown: 0, query: null },
      actions: [{ kind: 'soft-delete', copies: 2, mailboxes: 2, messages: 1 }],
      submit: { as: 'phish', messages: 1 },
      entries: [{ action: 'block', kind: 'sender', value: 'bad@sender.example' }],
      approval: { needed: 0, why: null },
      refused: null,
    })
    const made = await take(body)
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'Fake invoice',
        repeated: false,
        actions: [{ kind: 'soft-delete', state: 'queued', copies: 2 }],
        submissions: [{ messageId: mail.id }],
        entries: [{ action: 'block', kind: 'sender', value: 'bad@sender.example', existed: false }],
      },
    })
    const { approvalId } = taken(made)
    expect(approvalId).toMatch(/^[0-9a-f]{6,}$/)
    expect(made.body['link']).toBe(`/action-center?approval=${approvalId}`)
    await drain()
    const rows = await actions(`?approval=${approvalId}&sort=created&dir=asc`)
    expect(rows.map((r) => [r['kind'], r['state'], r['severity'], r['source']])).toEqual([
      ['soft-delete', 'completed', 'medium', 'explorer'],
      ['submit', 'completed', 'medium', 'explorer'],
      ['list-entry', 'completed', 'medium', 'explorer'],
    ])
    const detail = await get(`/actions/${rows[0]?.['id']}`)
    expect(detail).toMatchObject({
      selection: { by: 'hand', copies: 2, messages: 1 },
      can: { undo: true, approve: false },
    })
    expect(detail['together']).toHaveLength(2)
    expect((await get('/entries'))['items']).toMatchObject([{ value: 'bad@sender.example', origin: 'submission' }])
    // The other tenant's identical mail is untouched, and knows nothing of it.
    expect((await get(`/actions?approval=${approvalId}`, foreign))['items']).toEqual([])
    expect((await get('/entries', foreign))['items']).toEqual([])
    expect(folder('ann', 'INBOX')).toBe(0)
    expect(other.user('ann').list('INBOX')).toHaveLength(1)
  })

  test('nothing is half done: a part that is refused refuses all (lesson #16)', async () => {
    const { mail } = await office.deliver(['ann'])
    const answer = await take({
      select: { messageIds: [mail.id] },
      move: { kind: 'soft-delete' },
      entries: [{ action: 'block', kind: 'sender', value: 'not an address' }],
      name: 'Half',
    })
    expect(answer.status).toBe(400)
    await drain()
    expect(await actions('?q=Half')).toEqual([])
    expect(folder('ann', 'INBOX')).toBe(1)
  })

  test('each part needs its own right, and the refusal names it (explorer #105, permissions #6, #13, #15, #81)', async () => {
    const { mail } = await office.deliver(['ann'])
    const select = { messageIds: [mail.id] }
    const block = [{ action: 'block', kind: 'sender', value: 'x@bad.example' }]
    const reader = await api.token(t.a, ['mail.read'])
    for (const [part, right] of [
      [{ move: { kind: 'soft-delete' } }, 'remediation.propose'],
      [{ submit: { as: 'clean' } }, 'submission.write'],
      [{ entries: block }, 'lists.write'],
    ] as const) {
      const refused = await take({ select, ...part }, reader)
      expect([refused.status, code(refused)]).toEqual([403, 'forbidden'])
      expect(told(refused)).toContain(right)
    }
    // Whoever may only approve may not ask, and whoever may only ask does not run it.
    const approver = await api.token(t.a, ['mail.read', 'remediation.approve'])
    expect(told(await take({ select, move: { kind: 'soft-delete' } }, approver))).toContain('remediation.propose')
    const proposer = await api.token(t.a, ['mail.read', 'remediation.propose'])
    const proposed = taken(await take({ select, move: { kind: 'soft-delete' } }, proposer))
    expect(proposed.actions).toMatchObject([{ state: 'pending-approval' }])
    const id = proposed.actions[0]?.id
    expect((await api.call(proposer, 'POST', `/actions/${id}/approve`, {})).status).toBe(403)
    expect((await api.call(approver, 'POST', `/actions/${id}/approve`, {})).body).toMatchObject({ state: 'queued' })
    // Who may make entries needs no right on mailboxes for it.
    const lister = await api.token(t.a, ['mail.read', 'lists.write'])
    expect(taken(await take({ select, entries: block }, lister)).actions).toEqual([])
    // To let mail through is another right than to block (permissions #80).
    const allow = [{ action: 'allow', kind: 'sender', value: 'x@good.example' }]
    const refused = await take({ select, entries: [...block, ...allow] }, lister)
    expect([refused.status, told(refused)]).toEqual([403, expect.stringContaining('lists.allow')])
  })

  test('contradictions and nothing at all are refused with what to do', async () => {
    const { mail } = await office.deliver(['ann'])
    const select = { messageIds: [mail.id] }
    const allow = [{ action: 'allow', kind: 'sender', value: 'a@b.example' }]
    for (const [wish, expected] of [
      [{}, 'nothing-chosen'],
      [{ move: { kind: 'move' } }, 'no-target'],
      [{ move: { kind: 'soft-delete', target: 'junk' } }, 'no-target'],
      [{ move: { kind: 'soft-delete' }, release: {} }, 'contradiction'],
      [{ submit: { as: 'phish' }, entries: allow }, 'contradiction'],
      [{ move: { kind: 'move', target: 'junk', senderCopy: true } }, 'sender-copy'],
    ] as const) {
      expect(code(await take({ select, ...wish }))).toBe(expected)
    }
    expect((await preview({ select, move: { kind: 'move' } }))['refused']).toMatchObject({ code: 'no-target' })
  })

  test('a double click is one plan; the key for something else is refused', async () => {
    const { mail } = await office.deliver(['ann'])
    const body = { select: { messageIds: [mail.id] }, move: { kind: 'soft-delete' }, idempotencyKey: 'double-click-1' }
    const both = await Promise.all([take(body), take(body)])
    expect(both.map((a) => a.status).sort()).toEqual([200, 201])
    expect(both[0]?.body['approvalId']).toBe(both[1]?.body['approvalId'])
    expect(both.map((a) => a.body['repeated']).sort()).toEqual([false, true])
    expect(await actions('?q=Soft delete: 1 message')).not.toHaveLength(0)
    const count = await t.storage.tenant(t.a, (tx) =>
      sql<{ n: number }>`select count(*)::int as n from action_item where message_id = ${mail.id}`.execute(tx),
    )
    expect(count.rows[0]?.n).toBe(1)
    const reused = await take({ ...body, move: { kind: 'hard-delete' } })
    expect([reused.status, code(reused)]).toEqual([409, 'key-reused'])
    // Another person's same key is another wish.
    const second = await api.token(t.a, RIGHTS, 'Sam Second')
    expect((await take(body, second)).status).toBe(201)
  })

  test('a name finds its plan: one that is taken is refused with a free one (explorer #93)', async () => {
    const { mail } = await office.deliver(['ann'])
    const body = { select: { messageIds: [mail.id] }, submit: { as: 'spam' }, name: 'Weekly spam' }
    expect((await take(body)).status).toBe(201)
    const second = await take({ ...body, name: 'weekly SPAM' })
    expect([second.status, code(second)]).toEqual([409, 'name-taken'])
    expect(told(second)).toContain('(2)” is free')
    expect((await take({ ...body, name: '   ' })).status).toBe(422)
    const theirs = await other.deliver(['ann'])
    expect((await take({ ...body, select: { messageIds: [theirs.mail.id] } }, foreign)).status).toBe(201)
  })
})

describe('the usual paths', () => {
  test('a false positive in quarantine: released, submitted as clean and allowed for some days, in one step (explorer #84, #106, lesson #16)', async () => {
    const { mail } = await office.hold(['ann', 'bob'])
    const wish = {
      select: { messageIds: [mail.id] },
      move: { kind: 'move', target: 'inbox' },
      submit: { as: 'clean' },
      entries: [
        { action: 'allow', kind: 'sender', value: 'paper@journal.example', expiresInDays: 7, note: 'our journal' },
      ],
    }
    const made = await take(wish)
    expect(made.body).toMatchObject({
      actions: [{ kind: 'release', copies: 2 }],
      submissions: [{ messageId: mail.id }],
      entries: [{ action: 'allow', existed: false }],
    })
    await drain()
    expect([folder('ann', 'INBOX'), folder('bob', 'INBOX')]).toEqual([1, 1])
    const [entry] = (await get('/entries?q=journal'))['items'] as { expiresAt: string; origin: string; note: string }[]
    expect(entry).toMatchObject({ origin: 'submission', note: 'our journal' })
    expect(Math.round((Date.parse(entry?.expiresAt ?? '') - Date.now()) / 86_400_000)).toBe(7)
    const events = await t.storage.tenant(t.a, (tx) =>
      sql<{ kind: string }>`select kind from message_event where message_id = ${mail.id}`.execute(tx),
    )
    expect(
      events.rows
        .map((e) => e.kind)
        .filter((k) => ['released', 'reported'].includes(k))
        .sort(),
    ).toEqual(['released', 'released', 'reported'])
    // Asked once more: there is nothing to release, so nothing is submitted or allowed a second time either.
    expect((await take(wish)).status).toBe(201)
    expect((await take({ ...wish, move: undefined, release: {} })).status).toBe(409)
  })

  test('block without submitting: entries alone, with or without an end; one that stands there is told (explorer #86)', async () => {
    const { mail } = await office.deliver(['ann'])
    const body = (expiresInDays: number | null) => ({
      select: { messageIds: [mail.id] },
      entries: [{ action: 'block', kind: 'sender-domain', value: 'gone.example', expiresInDays }],
    })
    expect((await take(body(null))).body).toMatchObject({ actions: [], submissions: [], entries: [{ existed: false }] })
    expect((await take(body(30))).body).toMatchObject({ entries: [{ existed: true, value: 'gone.example' }] })
    expect((await get('/entries?q=gone.example'))['items']).toMatchObject([{ expiresAt: null, origin: 'direct' }])
    const rows = await actions('?kind=list-entry&q=gone.example')
    expect(rows).toMatchObject([{ state: 'completed', about: { kind: 'sender-domain', value: 'gone.example' } }])
    expect(await get(`/actions/${rows[0]?.['id']}`)).toMatchObject({
      can: { undo: false, approve: false, cancel: false },
    })
  })

  test('a file of a message is blocked under a name: the entry never expires, the job stands in History by that name (explorer #63)', async () => {
    const { mail } = await office.deliver(['ann'])
    const value = 'ab'.repeat(32)
    const made = await take({
      select: { messageIds: [mail.id] },
      entries: [{ action: 'block', kind: 'file-hash', value, expiresInDays: null }],
      name: 'Block the invoice',
      description: 'seen at a customer',
      source: 'message',
    })
    expect(made.body).toMatchObject({ actions: [], entries: [{ kind: 'file-hash', existed: false }] })
    expect((await get(`/entries?q=${value}`))['items']).toMatchObject([{ action: 'block', expiresAt: null }])
    expect(await actions(`?approval=${made.body['approvalId']}`)).toMatchObject([
      { name: 'Block the invoice', kind: 'list-entry', state: 'completed', source: 'message', about: { value } },
    ])
  })

  test('one action by the API alone is the same row in History (explorer #104, #103)', async () => {
    const { mail } = await office.deliver(['ann'])
    const made = await api.call(analyst, 'POST', '/actions', {
      kind: 'soft-delete',
      select: { messageIds: [mail.id] },
      name: 'by program',
      severity: 'low',
    })
    expect(made).toMatchObject({
      status: 201,
      body: { copies: 1, approvalId: expect.stringMatching(/^[0-9a-f]{6,}$/) },
    })
    expect(await actions(`?approval=${made.body['approvalId']}`)).toMatchObject([
      { name: 'by program', severity: 'low', source: 'api', decidedBy: 'Anna Lyst' },
    ])
  })

  test('states follow the items; failed only if nothing succeeded; an undo is a row of its own (explorer #96, air #100, #101, #125, #127, lesson #40, #45)', async () => {
    const { mail, copies } = await office.deliver(['ann', 'bob'])
    const select = { messageIds: [mail.id] }
    const id = String(taken(await take({ select, move: { kind: 'soft-delete' } })).actions[0]?.id)
    expect(await get(`/actions/${id}`)).toMatchObject({ state: 'queued', can: { cancel: true, undo: false } })
    await drain()
    expect(await get(`/actions/${id}`)).toMatchObject({ state: 'completed', can: { cancel: false, undo: true } })
    const again = String(taken(await take({ select, move: { kind: 'soft-delete' } })).actions[0]?.id)
    expect(await get(`/actions/${again}`)).toMatchObject({
      state: 'completed',
      counts: { alreadyThere: 2, done: 0 },
      can: { undo: false, redo: false },
    })
    const undo = await api.call(analyst, 'POST', `/actions/${id}/undo`, {})
    await drain()
    expect(await get(`/actions/${undo.body['id']}`)).toMatchObject({
      kind: 'undo',
      state: 'completed',
      counts: { total: 2, done: 2, verified: 2 },
      can: { undo: false, redo: true },
    })
    expect(await get(`/actions/${id}`)).toMatchObject({ state: 'undone', can: { undo: false } })
    for (const c of office.user('ann').list('INBOX')) office.user('ann').expunge('INBOX', c.ref.uid)
    const partly = String(taken(await take({ select, move: { kind: 'move', target: 'junk' } })).actions[0]?.id)
    await drain()
    expect(await get(`/actions/${partly}`)).toMatchObject({
      state: 'partially-completed',
      counts: { done: 1, notFound: 1 },
    })
    const nothing = { select: { deliveryIds: [copies[0]?.id] }, move: { kind: 'hard-delete' } }
    const failed = String(taken(await take(nothing)).actions[0]?.id)
    await drain()
    expect(await get(`/actions/${failed}`)).toMatchObject({ state: 'failed', can: { undo: false } })
  })

  test('Explorer shows what was done since, and finds it: by a person, by automation, a release (explorer #28, #102)', async () => {
    const one = await office.deliver(['ann', 'bob'])
    const held = await office.hold(['cem'])
    const two = await office.deliver(['cem'])
    const auto = { ...office.analyst(), user: null, name: 'automation' }
    await office.run({ kind: 'soft-delete', source: 'automation' }, two.copies, auto)
    const waits = await office.deliver(['cem'])
    await office.service.submit(auto, { kind: 'soft-delete', select: { messageIds: [waits.mail.id] }, propose: true })
    await take({ select: { deliveryIds: [one.copies[0]?.id] }, move: { kind: 'move', target: 'junk' } })
    await take({ select: { messageIds: [held.mail.id] }, release: {} })
    await drain()
    type Shown = { id: string; copies: { recipient: string; latestLocation: string; additionalActions: string[] }[] }
    const only = [one, held, two, waits].map((m) => `messageId=${m.mail.id}`).join('&')
    const found = async (query: string) => (await get(`/messages?${only}&${query}`))['items'] as Shown[]
    const of = async (id: string) =>
      (await found('')).find((m) => m.id === id)?.copies.map((c) => [c.latestLocation, ...c.additionalActions])
    expect(await of(one.mail.id)).toEqual([['junk', 'manual-remediation'], ['inbox']])
    expect(await of(held.mail.id)).toEqual([['inbox', 'quarantine-release']])
    expect(await of(two.mail.id)).toEqual([['soft-deleted', 'automated-remediation']])
    expect(await of(waits.mail.id)).toEqual([['inbox']])
    const ids = async (query: string) => (await found(query)).map((m) => m.id).sort()
    const sorted = (...mails: { mail: { id: string } }[]) => mails.map((m) => m.mail.id).sort()
    expect(await ids('additional=manual-remediation')).toEqual(sorted(one))
    expect(await ids('additional=automated-remediation&additional=quarantine-release')).toEqual(sorted(held, two))
    expect(await ids('additional=none')).toEqual(sorted(one, waits))
    expect(await ids('additional=none&not=additional')).toEqual(sorted(one, held, two))
    // What automation proposed and a person approved was that person's; an undo is one more.
    const [pending] = await actions('?tab=pending')
    await api.call(analyst, 'POST', `/actions/${pending?.['id']}/approve`, {})
    await drain()
    expect(await of(waits.mail.id)).toEqual([['soft-deleted', 'manual-remediation']])
    const [taken] = await actions('?source=automation&state=completed&sort=created&dir=asc')
    await api.call(analyst, 'POST', `/actions/${taken?.['id']}/undo`, {})
    await drain()
    expect(await of(two.mail.id)).toEqual([['inbox', 'automated-remediation', 'manual-remediation']])
    const same = await api.call(foreign, 'GET', '/messages?additional=manual-remediation')
    expect(same.body['items']).toEqual([])
  })

  test('the timeline of what was taken and given back: what, by whom, in this order (explorer #56)', async () => {
    const { mail } = await office.deliver(['ann'])
    const auto = { ...office.analyst(), user: null, name: 'automation' }
    await office.service.submit(auto, { kind: 'quarantine', select: { messageIds: [mail.id] } })
    await drain()
    await take({ select: { messageIds: [mail.id] }, release: {}, name: 'It was ours' })
    await drain()
    const { items } = await get(`/messages/${mail.id}/timeline`)
    const told = (items as { kind: string; actor: string; recipient: string | null; summary: string }[]).slice(-2)
    const recipient = office.mailbox('ann').address
    expect(told).toMatchObject([
      { kind: 'quarantined', actor: 'automation', recipient },
      { kind: 'released', actor: 'Anna Lyst', recipient, summary: 'It was ours' },
    ])
    expect(items).toHaveLength(4)
  })

  test('a release pressed twice without a key reaches the recipient once (lesson #9, #53)', async () => {
    const { mail } = await office.hold(['ann'])
    const wish = { select: { messageIds: [mail.id] }, release: {} }
    const both = await Promise.all(['one', 'two', 'three'].map((name) => take({ ...wish, name })))
    expect(both.map((a) => a.status).sort()).toEqual([201, 409, 409])
    await drain()
    expect(folder('ann', 'INBOX')).toBe(1)
  })
})

describe('what fits which state', () => {
  test('the moves of a message in Junk; Inbox of one that is there is no failure (explorer #24: Junk, Deleted items; explorer #74, #75, #98, air #118, #119)', async () => {
    for (const [move, at, there] of [
      [{ kind: 'move', target: 'inbox' }, 'inbox', 'INBOX'],
      [{ kind: 'move', target: 'deleted-items' }, 'deleted-items', 'Trash'],
      [{ kind: 'soft-delete' }, 'soft-deleted', null],
      [{ kind: 'hard-delete' }, 'hard-deleted', null],
    ] as const) {
      const { mail, copies } = await office.deliver(['ann'])
      await office.run({ kind: 'move', target: 'junk' }, copies)
      const select = { messageIds: [mail.id] }
      const before = there === null ? 0 : folder('ann', there)
      const possible = (await preview({ select }))['possible'] as {
        target: string | null
        kind: string
        copies: number
      }[]
      expect(Object.fromEntries(possible.map((p) => [p.target ?? p.kind, p.copies]))).toEqual({
        inbox: 1,
        junk: 0,
        'deleted-items': 1,
        'soft-delete': 1,
        'hard-delete': 1,
        release: 0,
      })
      const answer = taken(await take({ select, move }))
      expect(answer.actions).toHaveLength(1)
      await drain()
      const detail = await get(`/actions/${answer.actions[0]?.id}/items`)
      expect(detail['items']).toMatchObject([{ state: 'done', class: 'success', after: { location: at } }])
      if (there !== null) expect(folder('ann', there)).toBe(before + 1)
      const again = await take({ select, move })
      const items = await get(`/actions/${taken(again).actions[0]?.id}/items`)
      expect(items['items']).toMatchObject([{ state: 'already-there', class: 'already-there' }])
    }
  })

  test('Inbox of a held message is its release, to all or to chosen recipients; other moves are refused (explorer #81, #82, air #120, lesson #8)', async () => {
    const { mail } = await office.hold(['ann', 'bob', 'cem'])
    const select = { messageIds: [mail.id] }
    for (const move of [{ kind: 'move', target: 'junk' }, { kind: 'soft-delete' }, { kind: 'hard-delete' }]) {
      const refused = await take({ select, move })
      expect([refused.status, code(refused)]).toEqual([409, 'nothing-to-do'])
      expect(told(refused)).toContain('It is in quarantine: release it')
    }
    const inbox = { kind: 'move', target: 'inbox' }
    const some = taken(await take({ select, move: inbox, release: { recipients: [office.mailbox('ann').address] } }))
    expect(some.actions).toMatchObject([{ kind: 'release', copies: 1 }])
    await drain()
    expect([folder('ann', 'INBOX'), folder('bob', 'INBOX')]).toEqual([1, 0])
    const rest = taken(await take({ select, move: inbox }))
    expect(rest.actions.map((a) => [a.kind, a.copies])).toContainEqual(['release', 2])
    await drain()
    expect([folder('ann', 'INBOX'), folder('bob', 'INBOX'), folder('cem', 'INBOX')]).toEqual([1, 1, 1])
    // A second time, to the same people: refused (air #120).
    const second = await take({ select, release: {} })
    expect(second.status).toBe(409)
  })

  test('a mixed selection: one wish moves what is in Junk and releases what is held', async () => {
    const junk = await office.deliver(['ann'])
    await office.run({ kind: 'move', target: 'junk' }, junk.copies)
    const held = await office.hold(['bob'])
    const gone = await office.deliver(['cem'])
    await office.run({ kind: 'hard-delete' }, gone.copies)
    const select = { messageIds: [junk.mail.id, held.mail.id, gone.mail.id, junk.mail.id] }
    const seen = await preview({ select, move: { kind: 'move', target: 'inbox' } })
    expect(seen).toMatchObject({
      selection: { copies: 3, messages: 3, unknown: 0 },
      actions: [
        {
          kind: 'move',
          copies: 1,
          impossible: [{ reason: 'It was hard-deleted: undo the action that did it.', count: 1 }],
        },
        { kind: 'release', copies: 1 },
      ],
    })
    const answer = taken(await take({ select, move: { kind: 'move', target: 'inbox' } }))
    expect(answer.actions.map((a) => [a.kind, a.copies])).toEqual([
      ['move', 1],
      ['release', 1],
    ])
    await drain()
    expect([folder('ann', 'INBOX'), folder('bob', 'INBOX'), folder('cem', 'INBOX')]).toEqual([1, 1, 0])
  })

  test('each target with where it is, what is done with it, and why nothing; as a CSV that cannot calculate (explorer #83, #94)', async () => {
    const { mail, copies } = await office.deliver(['ann', 'bob'])
    await office.run({ kind: 'hard-delete' }, copies.slice(0, 1))
    await t.storage.tenant(t.a, (tx) => sql`update message set subject = '=cmd|calc' where id = ${mail.id}`.execute(tx))
    const body = { select: { messageIds: [mail.id] }, move: { kind: 'move', target: 'junk' } }
    const first = await api.call(analyst, 'POST', '/take-action/targets', { ...body, limit: 1 })
    const rest = await api.call(analyst, 'POST', '/take-action/targets', {
      ...body,
      cursor: first.body['next'] as string,
    })
    const rows = [first, rest].flatMap((a) => a.body['items'] as Record<string, unknown>[])
    expect(rows.map((r) => [r['recipient'], r['location'], r['does'], r['reason']])).toEqual([
      [office.mailbox('ann').address, 'hard-deleted', 'none', 'It was hard-deleted: undo the action that did it.'],
      [office.mailbox('bob').address, 'inbox', 'move', null],
    ])
    const csv = String((await api.call(analyst, 'POST', '/take-action/targets.csv', body)).body['text'])
    expect(csv.split('\r\n')).toHaveLength(4)
    expect(csv).toContain("'=cmd|calc")
    const theirs = await api.call(foreign, 'POST', '/take-action/targets', body)
    expect(theirs.body['items']).toEqual([])
  })

  test('evidence is out of reach: what lies in the security team’s own mailbox is not touched, by hand or by query (lesson #61)', async () => {
    const { mail } = await office.deliver(['ann', 'bob'])
    const bob = office.mailbox('bob').id
    const kind = (to: string) =>
      t.storage.tenant(t.a, (tx) => sql`update mailbox set kind = ${to} where id = ${bob}`.execute(tx))
    await kind('secops')
    try {
      const select = { messageIds: [mail.id] }
      const seen = await preview({ select, move: { kind: 'hard-delete' } })
      const reason = 'It lies in a mailbox of the security team: evidence is not touched.'
      expect(seen).toMatchObject({ actions: [{ copies: 1, impossible: [{ reason, count: 1 }] }] })
      expect((seen['possible'] as { copies: number }[]).map((p) => p.copies)).toEqual([0, 1, 1, 1, 1, 0])
      const made = taken(await take({ select, move: { kind: 'hard-delete' } }))
      await office.service.submit(office.analyst(), { kind: 'quarantine', select: { messageIds: [mail.id] } })
      await drain()
      expect([folder('ann', 'INBOX'), folder('bob', 'INBOX')]).toEqual([0, 1])
      const left = await get(`/actions/${made.actions[0]?.id}/items?class=not-actionable`)
      expect(left['items']).toMatchObject([{ recipient: office.mailbox('bob').address, reason }])
    } finally {
      await kind('user')
    }
  })

  test('from a History entry: what it touched, at its latest place (air #115-117)', async () => {
    const one = await office.deliver(['ann', 'bob'])
    const made = taken(await take({ select: { messageIds: [one.mail.id] }, move: { kind: 'soft-delete' } }))
    await drain()
    const [action] = made.actions
    const items = (await get(`/actions/${action?.id}/items`))['items'] as { id: string }[]
    const some = await take({
      select: { actionId: action?.id, itemIds: [items[0]?.id] },
      move: { kind: 'move', target: 'junk' },
      source: 'action-center',
    })
    expect(taken(some).actions).toMatchObject([{ copies: 1 }])
    await drain()
    const seen = await preview({ select: { actionId: action?.id }, move: { kind: 'move', target: 'inbox' } })
    expect(seen).toMatchObject({ selection: { by: 'action', copies: 2 }, actions: [{ kind: 'move', copies: 2 }] })
    await take({ select: { actionId: action?.id }, move: { kind: 'move', target: 'inbox' } })
    await drain()
    expect([folder('ann', 'INBOX'), folder('bob', 'INBOX')]).toEqual([1, 1])
    const foreignTry = await take({ select: { actionId: action?.id }, move: { kind: 'soft-delete' } }, foreign)
    expect([foreignTry.status, code(foreignTry)]).toEqual([404, 'no-action'])
  })
})

describe('by query', () => {
  test('frozen at submit with its text, time and count; exclusions are untouched (explorer #71, #73, air #106)', async () => {
    const one = await office.deliver(['ann', 'bob'])
    const two = await office.deliver(['cem'])
    const { rows } = await t.storage.tenant(t.a, (tx) =>
      sql`update message set sender_address = 'query@bad.example' where id = any(${[one.mail.id, two.mail.id]}::uuid[]) returning id`.execute(
        tx,
      ),
    )
    expect(rows).toHaveLength(2)
    const [kept] = one.copies
    const select = {
      filter: { sender: 'query@bad.example', location: 'inbox' },
      except: { deliveryIds: [kept?.id], messageIds: [two.mail.id] },
    }
    const answer = taken(await take({ select, move: { kind: 'soft-delete' } }))
    const detail = await get(`/actions/${answer.actions[0]?.id}`)
    expect(detail['selection']).toMatchObject({
      by: 'query',
      copies: 1,
      messages: 1,
      query: 'sender = query@bad.example, location = inbox, without 1 copies and 1 messages',
    })
    // Comes after the submit: not among its targets.
    const late = await office.deliver(['ann'])
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set sender_address = 'query@bad.example' where id = ${late.mail.id}`.execute(tx),
    )
    await drain()
    const items = (await get(`/actions/${answer.actions[0]?.id}/items`))['items'] as { deliveryId: string }[]
    expect(items.map((i) => i.deliveryId)).toEqual([one.copies[1]?.id])
    expect(folder('bob', 'INBOX')).toBe(0)
    expect(folder('ann', 'INBOX')).toBe(2)
    expect(folder('cem', 'INBOX')).toBe(1)
  })

  test('limits refuse with the reason and the cure (explorer #72, #100, air #105, #107, #108)', async () => {
    await office.close()
    await api.close()
    office = new Office(t, t.a, all, {
      limits: { maxByHand: 2, maxByQuery: 3, maxActive: 1, maxActiveCopies: 1_000, maxSubmit: 1 },
    })
    api = await apiOf(office)
    const one = await office.deliver(['ann', 'bob', 'cem'])
    const two = await office.deliver(['ann'])
    const hand = await take({ select: { messageIds: [one.mail.id] }, move: { kind: 'soft-delete' } })
    expect([hand.status, code(hand)]).toEqual([422, 'too-many'])
    expect(told(hand)).toContain('remediation.maxByHand')
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set sender_address = 'many@bad.example' where id = any(${[one.mail.id, two.mail.id]}::uuid[])`.execute(
        tx,
      ),
    )
    const query = { select: { filter: { sender: 'many@bad.example' } }, move: { kind: 'soft-delete' } }
    expect(told(await take(query))).toContain('remediation.maxByQuery')
    expect((await preview(query))['refused']).toMatchObject({ code: 'too-many' })
    const submit = await take({
      select: { deliveryIds: [one.copies[0]?.id, two.copies[0]?.id] },
      submit: { as: 'phish' },
    })
    expect(code(submit)).toBe('too-many-submissions')
    expect((await take({ select: { messageIds: [two.mail.id] }, move: { kind: 'soft-delete' } })).status).toBe(201)
    const second = { select: { deliveryIds: [one.copies[0]?.id] }, move: { kind: 'soft-delete' } }
    const busy = await take(second)
    expect([busy.status, code(busy)]).toEqual([409, 'too-many-active'])
    // A proposal waits anyway; the other tenant has limits of its own.
    expect((await take({ ...second, propose: true })).status).toBe(201)
    await drain()
    expect((await take({ ...second, name: 'now it may' })).status).toBe(201)
  })

  test('the limit holds for those who ask at the same moment, for an action, a plan or an approval (air #107)', async () => {
    await office.close()
    await api.close()
    office = new Office(t, t.a, all, { limits: { maxActive: 2 } })
    api = await apiOf(office)
    await drain()
    const made = await Promise.all(Array.from({ length: 5 }, () => office.deliver(['ann'])))
    const wish = ({ mail }: (typeof made)[number]) => ({ select: { messageIds: [mail.id] } })
    const outcome = async (asked: readonly Promise<Answer>[]) => {
      const answers = await Promise.all(asked)
      expect(answers.filter((a) => a.status === 409).every((a) => code(a) === 'too-many-active')).toBe(true)
      return answers.map((a) => (a.status < 300 ? 'begun' : a.status)).sort()
    }
    const plans = made.map((m) => take({ ...wish(m), move: { kind: 'soft-delete' } }))
    expect(await outcome(plans)).toEqual([409, 409, 409, 'begun', 'begun'])
    await drain()
    const single = made.map((m) => api.call(analyst, 'POST', '/actions', { ...wish(m), kind: 'hard-delete' }))
    expect(await outcome(single)).toEqual([409, 409, 409, 'begun', 'begun'])
    await drain()
    const more = await Promise.all(Array.from({ length: 4 }, () => office.deliver(['bob'])))
    const waiting: string[] = []
    for (const m of more) {
      const proposed = taken(await take({ ...wish(m), move: { kind: 'soft-delete' }, propose: true }))
      waiting.push(...proposed.actions.map((a) => a.id))
    }
    const approved = waiting.map((id) => api.call(analyst, 'POST', `/actions/${id}/approve`, {}))
    expect(await outcome(approved)).toEqual([409, 409, 'begun', 'begun'])
    await drain()
    expect(folder('bob', 'INBOX')).toBe(2)
  })
})

describe('bad input', () => {
  test('unknown, duplicate, already deleted, of another tenant: clear errors and nothing half done', async () => {
    const { mail } = await office.deliver(['ann'])
    const theirs = await other.deliver(['ann'])
    const unknown = await take({
      select: { messageIds: [mail.id, theirs.mail.id] },
      move: { kind: 'soft-delete' },
    })
    expect([unknown.status, code(unknown)]).toEqual([404, 'unknown-messages'])
    expect(told(unknown)).toContain('1 of what is selected does not exist')
    const duplicates = taken(
      await take({ select: { messageIds: [mail.id, mail.id, mail.id] }, move: { kind: 'soft-delete' } }),
    )
    expect(duplicates.actions).toMatchObject([{ copies: 1 }])
    await drain()
    const again = taken(await take({ select: { messageIds: [mail.id] }, move: { kind: 'soft-delete' } }))
    const [done] = again.actions
    expect(await get(`/actions/${done?.id}`)).toMatchObject({ state: 'completed', counts: { alreadyThere: 1 } })
    const nobody = await take({
      select: { filter: { sender: 'nobody@nowhere.example' } },
      move: { kind: 'soft-delete' },
    })
    expect(code(nobody)).toBe('nothing-selected')
    expect((await take({ select: {}, move: { kind: 'soft-delete' } })).status).toBe(422)
  })

  test('a release to somebody who was not a recipient is refused and names the way; a copy for him is recorded (air #121, lesson #19)', async () => {
    const { mail } = await office.hold(['ann'])
    const select = { messageIds: [mail.id] }
    const bob = office.mailbox('bob').address
    const stranger = await take({ select, release: { recipients: [office.mailbox('ann').address, bob] } })
    expect([stranger.status, code(stranger)]).toEqual([400, 'not-a-recipient'])
    expect(told(stranger)).toContain('copyTo')
    await drain()
    expect(folder('ann', 'INBOX')).toBe(0)
    const outside = await take({ select, release: { copyTo: ['someone@elsewhere.example'] } })
    expect(code(outside)).toBe('no-mailbox')
    const mine = await take({ select, release: { copyTo: [office.mailbox('ann').address] } })
    expect(code(mine)).toBe('is-recipient')
    const proposer = await api.token(t.a, ['mail.read', 'remediation.propose'])
    expect(code(await take({ select, release: { copyTo: [bob] } }, proposer))).toBe('copy-needs-approval')
    const copy = taken(await take({ select, release: { recipients: [office.mailbox('ann').address], copyTo: [bob] } }))
    expect(copy.actions.map((a) => [a.kind, a.copies])).toEqual([
      ['release', 1],
      ['release', 1],
    ])
    await drain()
    expect([folder('ann', 'INBOX'), folder('bob', 'INBOX')]).toEqual([1, 1])
    const events = await t.storage.tenant(t.a, (tx) =>
      sql<{ kind: string; actor: string; summary: string }>`select kind, actor, summary from message_event
        where message_id = ${mail.id} order by at, id`.execute(tx),
    )
    expect(events.rows).toContainEqual({
      kind: 'recipient-added',
      actor: 'Anna Lyst',
      summary: `A copy is released to ${bob}, who was not a recipient`,
    })
    expect(events.rows.filter((e) => e.kind === 'released')).toHaveLength(2)
  })
})

describe('copies for others', () => {
  const held = (n: number) => Promise.all(Array.from({ length: n }, () => office.hold(['ann'])))
  const bob = () => office.mailbox('bob').address
  const wishFor = (made: Awaited<ReturnType<typeof held>>) => ({
    select: { messageIds: made.map((m) => m.mail.id) },
    release: { copyTo: [bob(), ` ${bob().toUpperCase()}`] },
  })

  test('of more messages than can be copied at once: refused before and after the click, none of them left out', async () => {
    const wish = wishFor(await held(101))
    expect(await preview(wish)).toMatchObject({ refused: { code: 'too-many' } })
    expect(code(await take(wish))).toBe('too-many')
    await drain()
    expect(folder('bob', 'INBOX')).toBe(0)
  })

  test('what stands in the way is counted and told before the click as after it', async () => {
    const [held1, held2] = await held(2)
    const { mail: both } = await office.hold(['ann', 'bob'])
    const { mail: free } = await office.deliver(['ann'])
    const messages = [held1, held2].map((m) => m?.mail.id ?? '')
    const alike = async (messageIds: readonly string[], copyTo: readonly string[]) => {
      const wish = { select: { messageIds }, release: { copyTo } }
      const answer = await take(wish)
      const { refused } = await preview(wish)
      expect(refused).toEqual(answer.body['error'])
      return refused
    }
    expect(await alike(messages, ['someone@elsewhere.example', bob()])).toMatchObject({
      code: 'no-mailbox',
      message: 'someone@elsewhere.example is not a mailbox of this organisation.',
    })
    expect(await alike([...messages, free.id], [bob()])).toMatchObject({
      code: 'not-releasable',
      message: '1 of 3 messages is not in quarantine.',
    })
    expect(await alike([free.id], [bob()])).toMatchObject({ code: 'not-releasable' })
    expect(await alike([...messages, both.id], [office.mailbox('cem').address, bob()])).toMatchObject({
      code: 'is-recipient',
      message: `${bob()} has a copy of 1 of 3 messages already.`,
    })
    await drain()
    expect([folder('bob', 'INBOX'), folder('cem', 'INBOX')]).toEqual([0, 0])
    const wish = wishFor([held1, held2].filter((m) => m !== undefined))
    expect(await preview(wish)).toMatchObject({ refused: null, others: { messages: 2, mailboxes: 1, copies: 2 } })
  })

  test('are one for each mailbox, by however many addresses it is named', async () => {
    const [made] = await held(1)
    await t.storage.tenant(t.a, async (tx) => {
      const { version: _, ...document } = (await directory(tx)).document()
      const aliases = [...document.aliases, { address: 'bobby@kontor.example', target: bob() }]
      await setOrganisation(tx, t.storage.outbox, { ...document, aliases }, { user: 'test', name: 'Test' })
    })
    const wish = { select: { messageIds: [made?.mail.id] }, release: { copyTo: [bob(), 'bobby@kontor.example'] } }
    expect(await preview(wish)).toMatchObject({ refused: null, others: { copies: 1 } })
    expect(taken(await take(wish)).actions.at(-1)).toMatchObject({ kind: 'release', copies: 1 })
    await drain()
    expect(folder('bob', 'INBOX')).toBe(1)
  })

  test('as many as they are need the second person that as many copies need', async () => {
    const approvals = (secondAbove: number | null) =>
      t.storage.tenant(t.a, (tx) => {
        const rules = { ownProposals: true, secondAbove, secondForHardDelete: false }
        return setPolicy(tx, t.storage.outbox, { approvals: rules }, { user: 'test', name: 'Test' })
      })
    const made = await held(3)
    await approvals(2)
    const wish = wishFor(made)
    expect(await preview(wish)).toMatchObject({ refused: { code: 'copy-needs-approval' } })
    const refused = await take(wish)
    expect(code(refused)).toBe('copy-needs-approval')
    expect(told(refused)).toContain('3 copies are more than 2')
    await approvals(null)
    expect((await preview(wish))['refused']).toBeNull()
    expect(taken(await take(wish)).actions.at(-1)).toMatchObject({ kind: 'release', copies: 3 })
    await drain()
    expect(folder('bob', 'INBOX')).toBe(3)
  })
})

test('an entry that stands there already is told by its id, among however many like it', async () => {
  const block = (value: string) => ({ action: 'block', kind: 'url-domain', value })
  const alike = Array.from({ length: 60 }, (_, n) => block(`n${n}.twice.example`))
  const entries = async (wished: readonly object[]) => {
    const { mail } = await office.deliver(['ann'])
    const made = await take({ select: { messageIds: [mail.id] }, entries: wished })
    return made.body['entries'] as { id: string; value: string; existed: boolean }[]
  }
  const [first] = await entries([block('twice.example')])
  await entries(alike.slice(0, 30))
  await entries(alike.slice(30))
  expect(await entries([block('twice.example')])).toMatchObject([
    { id: first?.id, value: 'twice.example', existed: true },
  ])
})

describe('the sender’s own copy', () => {
  /** A message from cem to ann and bob, and what cem's mail program has put into his Sent. */
  async function internal(sentText = 'Hello.\r\n', direction = 'internal', of = office, tenant = t.a) {
    const mail = letter('Team lunch', 'Hello.\r\n', 'X-Trace: by our server\r\n')
    await of.deliver(['ann', 'bob'], { mail })
    const own = mail.raw
      .toString()
      .replace('X-Trace: by our server\r\n', 'Bcc: secret@kontor.example\r\n')
      .replace('Hello.\r\n', sentText)
    const cem = of.user('cem')
    if (!cem.folders().includes('Sent')) cem.createFolder('Sent')
    cem.append('Sent', Buffer.from(own), { flags: ['\\Seen', 'KeyA'], date: new Date('2020-02-02T02:02:02Z') })
    await t.storage.tenant(tenant, (tx) =>
      sql`update message set sender_address = ${of.mailbox('cem').address}, direction = ${direction} where id = ${mail.id}`.execute(
        tx,
      ),
    )
    return { select: { messageIds: [mail.id] } }
  }
  const sent = () => office.user('cem').snapshot()

  test('is soft-deleted with the others, an item of its own; and goes back to Sent, flags and date as before (explorer #79, #80, air #113, #114)', async () => {
    const { select } = await internal()
    const theirs = await internal('Hello.\r\n', 'internal', other, t.b)
    const before = sent()
    const wish = { select, move: { kind: 'hard-delete', senderCopy: true } }
    expect((await preview(wish))['actions']).toMatchObject([{ copies: 2, senderCopies: 1 }])
    const made = taken(await take(wish))
    await drain()
    const id = String(made.actions[0]?.id)
    const items = (await get(`/actions/${id}/items`))['items'] as Record<string, unknown>[]
    expect(items.map((i) => [i['senderCopy'], i['state'], (i['after'] as { location: string }).location])).toEqual([
      [false, 'done', 'hard-deleted'],
      [false, 'done', 'hard-deleted'],
      [true, 'done', 'soft-deleted'],
    ])
    expect(folder('cem', 'Sent')).toBe(0)
    expect(other.user('cem').list('Sent')).toHaveLength(1)
    expect(theirs.select.messageIds).toHaveLength(1)
    // Its delivery is nobody else's: what is recorded of the recipients' copies does not change by it.
    const rows = await t.storage.tenant(t.a, (tx) =>
      sql<{
        latest_location: string
      }>`select latest_location from delivery where message_id = ${select.messageIds[0]}`.execute(tx),
    )
    expect(rows.rows.map((r) => r.latest_location)).toEqual(['hard-deleted', 'hard-deleted'])
    const back = { select, move: { kind: 'move', target: 'inbox', senderCopy: true } }
    expect(await preview(back)).toMatchObject({ sentBack: 1, refused: null })
    const returned = taken(await take(back))
    expect(returned.actions.map((a) => [a.kind, a.copies])).toContainEqual(['undo', 1])
    await drain()
    expect(sent()).toEqual(before)
    expect(await preview(back)).toMatchObject({ sentBack: 0 })
    // The whole action, undone: the rest comes back too, and nothing twice.
    await api.call(analyst, 'POST', `/actions/${id}/undo`, {})
    await drain()
    expect([folder('ann', 'INBOX'), folder('bob', 'INBOX'), folder('cem', 'Sent')]).toEqual([1, 1, 1])
    expect(await get(`/actions/${id}`)).toMatchObject({ state: 'undone', counts: { total: 3, reverted: 3 } })
  })

  test('what goes back to Sent is counted by copies, whatever action took them', async () => {
    const ids = [...(await internal()).select.messageIds, ...(await internal()).select.messageIds]
    const select = { messageIds: ids }
    await take({ select, move: { kind: 'soft-delete', senderCopy: true } })
    await drain()
    const back = { select, move: { kind: 'move', target: 'inbox', senderCopy: true } }
    expect(await preview(back)).toMatchObject({ sentBack: 2 })
    expect(taken(await take(back)).actions.map((a) => [a.kind, a.copies])).toContainEqual(['undo', 2])
    await drain()
    expect(folder('cem', 'Sent')).toBe(2)
  })

  test('undo of the action brings it back as well, and a redo takes it again (air #114)', async () => {
    const { select } = await internal()
    const before = [office.snapshots(), sent()]
    const made = taken(await take({ select, move: { kind: 'soft-delete', senderCopy: true } }))
    await drain()
    const undo = await api.call(analyst, 'POST', `/actions/${made.actions[0]?.id}/undo`, {})
    await drain()
    expect([office.snapshots(), sent()]).toEqual(before)
    await api.call(analyst, 'POST', `/actions/${undo.body['id']}/undo`, {})
    await drain()
    expect([folder('ann', 'INBOX'), folder('cem', 'Sent')]).toEqual([0, 0])
  })

  test('only what is the same message, and only of senders whose domain was proved to be ours', async () => {
    const spoofed = await internal('Hello.\r\n', 'inbound')
    const wish = (select: object) => ({ select, move: { kind: 'soft-delete', senderCopy: true } })
    expect((await preview(wish(spoofed.select)))['actions']).toMatchObject([{ senderCopies: 0 }])
    await take(wish(spoofed.select))
    const other = await internal('Something else.\r\n')
    const made = taken(await take(wish(other.select)))
    await drain()
    const items = await get(`/actions/${made.actions[0]?.id}/items?class=in-doubt`)
    expect(items['items']).toMatchObject([{ senderCopy: true, reason: expect.stringContaining('says something else') }])
    expect(folder('cem', 'Sent')).toBe(2)
    const none = await office.deliver(['ann'])
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set sender_address = ${office.mailbox('bob').address}, direction = 'internal' where id = ${none.mail.id}`.execute(
        tx,
      ),
    )
    const missing = taken(await take(wish({ messageIds: [none.mail.id] })))
    await drain()
    const absent = await get(`/actions/${missing.actions[0]?.id}/items?class=not-found`)
    expect(absent['items']).toMatchObject([{ senderCopy: true, reason: 'The sender has no copy of it in Sent.' }])
  })
})
