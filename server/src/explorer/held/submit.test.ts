import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AUTHSERV, DIRECTOR, ORGANISATION } from '../../../demo/company.ts'
import { type Fed, write } from '../../../demo/message.ts'
import { type TestApi, testApi } from '../../../test/rig/api.ts'
import { takeIn } from '../../../test/rig/judged.ts'
import { quietLog } from '../../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import type { MessageId, TenantId } from '../../base/index.ts'
import { createParser, type Parser } from '../../mail/index.ts'
import { createMemoryProvider, type MemoryProvider } from '../../mailboxes/index.ts'
import { setOrganisation } from '../../organisation/index.ts'
import { register as registerQuarantine } from '../../quarantine/index.ts'
import { createRemediation, type Remediation } from '../../remediation/index.ts'
import { createNextHop } from '../../transport/index.ts'
import { registerHeld } from './routes.ts'

const DOMAIN = 'alderfinch.example'
let t: TestStorage
let parser: Parser
let provider: MemoryProvider
let remediation: Remediation
let api: TestApi
let token: string

beforeAll(async () => {
  t = await testStorage()
  parser = createParser({ workers: 1, trustedAuthserv: [AUTHSERV] })
  for (const [tenant, domain] of [
    [t.a, DOMAIN],
    [t.b, 'other.example'],
  ] as const)
    await t.storage.tenant(tenant, (tx) => {
      const text = JSON.stringify(ORGANISATION).replaceAll(DOMAIN, domain)
      return setOrganisation(tx, t.storage.outbox, JSON.parse(text), { user: 'test', name: 'Test' })
    })
  provider = createMemoryProvider()
  remediation = createRemediation({
    storage: t.storage,
    mailboxes: provider,
    nextHop: createNextHop({ kind: 'mailbox', provider }),
    log: quietLog,
    limits: { maxSubmit: 2 },
  })
  api = await testApi(t.storage, (app) => {
    registerQuarantine(app, { storage: t.storage })
    registerHeld(app, { storage: t.storage, remediation, emailOf: async () => null })
  })
  token = await api.token(
    t.a,
    ['mail.read', 'quarantine.manage', 'submission.write', 'lists.write', 'lists.allow'],
    'Mia Manager',
  )
})
afterAll(async () => {
  await api?.close()
  await remediation?.stop()
  await parser?.close()
  await t?.close()
})

/** It bears the director's name, so it is held; its sender is proven, so that an allow entry can be used. */
function pretending(name: string, domain = DOMAIN): Fed {
  const to = `amara.osei@${domain}`
  const mail = write(
    {
      from: DIRECTOR.name,
      fromAddress: `${name}@freemail.example`,
      to,
      subject: `From ${name}`,
      at: new Date(Date.now() - 60_000),
      auth: 'pass',
      ip: '198.51.100.78',
      text: 'Call me before noon.\n',
      html: '<p>Call me before noon.</p>',
    },
    `${name}-${Math.random()}`,
  )
  return { ...mail, recipients: [to] }
}
async function take(tenant: TenantId, mail: Fed): Promise<MessageId> {
  const [id] = await takeIn(t.storage, tenant, parser, [mail])
  return id ?? expect.fail('nothing was taken in')
}
const placed = async (tenant: TenantId, id: MessageId) =>
  (
    await t.storage.tenant(tenant, (tx) =>
      sql<{
        latest_location: string
      }>`select latest_location from delivery where tenant_id = ${tenant} and message_id = ${id}::uuid`.execute(tx),
    )
  ).rows[0]?.latest_location
const count = async (table: 'submission' | 'list_entry' | 'action', tenant: TenantId = t.a) =>
  Number(
    (
      await t.storage.tenant(tenant, (tx) =>
        sql<{ n: string }>`select count(*) as n from ${sql.table(table)} where tenant_id = ${tenant}`.execute(tx),
      )
    ).rows[0]?.n,
  )
const release = (body: object) => api.call(token, 'POST', '/quarantine/release', body)

test('released, reported and allowed in one step; the next mail of the sender comes through, elsewhere it is held (quarantine #58, #59, #61, #62, #84, lesson #36, #37)', async () => {
  const id = await take(t.a, pretending('ingrid.private'))
  const theirs = await take(t.b, pretending('ingrid.private', 'other.example'))
  expect([await placed(t.a, id), await placed(t.b, theirs)]).toEqual(['quarantine', 'quarantine'])
  const { status, body } = await release({
    select: { messageIds: [id] },
    submit: true,
    allow: { days: 7, note: 'her own address' },
    note: 'she has called',
  })
  expect(status).toBe(201)
  expect(body).toMatchObject({
    done: 1,
    submissions: [{ messageId: id }],
    entries: [{ action: 'allow', kind: 'sender', value: 'ingrid.private@freemail.example' }],
  })
  const [entry] = body['entries'] as { id: string; expiresAt: string }[]
  expect(Math.round((Date.parse(entry?.expiresAt ?? '') - Date.now()) / 86_400_000)).toBe(7)
  const kept = await t.storage.tenant(t.a, (tx) =>
    sql<{ note: string; origin: string; submission_id: string; reason: string; kinds: string[] }>`
      select e.note, e.origin, e.submission_id, s.reason, (select array_agg(distinct a.kind order by a.kind) from action a
        where a.tenant_id = e.tenant_id and a.approval_id = ${String(body['approvalId'])}) as kinds
      from list_entry e join submission s on s.tenant_id = e.tenant_id and s.id = e.submission_id
      where e.tenant_id = ${t.a} and e.id = ${entry?.id ?? ''}::uuid`.execute(tx),
  )
  // One approval ID for all that was done.
  expect(kept.rows).toMatchObject([
    {
      note: 'her own address',
      origin: 'submission',
      reason: 'she has called',
      kinds: ['list-entry', 'release', 'submit'],
    },
  ])
  await remediation.drain(t.a)
  expect(provider.user(`amara.osei@${DOMAIN}`).list('INBOX')).toHaveLength(1)
  expect(await placed(t.a, await take(t.a, pretending('ingrid.private')))).toBe('inbox')
  expect(await placed(t.b, await take(t.b, pretending('ingrid.private', 'other.example')))).toBe('quarantine')
  expect(await count('list_entry', t.b)).toBe(0)
})

test('what stands already is left as it is, several messages of a sender make one entry, and it is said', async () => {
  const [one, two] = [await take(t.a, pretending('ingrid.second')), await take(t.a, pretending('ingrid.second'))]
  const before = await count('list_entry')
  const both = await release({ select: { messageIds: [one, two] }, submit: true, allow: { days: 30 } })
  expect(both.body).toMatchObject({
    done: 2,
    submissions: [{}, {}],
    entries: [{ value: 'ingrid.second@freemail.example' }],
  })
  expect(await count('list_entry')).toBe(before + 1)
})

test('all or nothing: what is refused at the end has done nothing at the beginning', async () => {
  const ids = [
    await take(t.a, pretending('a.one')),
    await take(t.a, pretending('b.two')),
    await take(t.a, pretending('c.three')),
  ]
  const before = [await count('submission'), await count('list_entry'), await count('action')]
  const refused = await release({ select: { messageIds: ids }, submit: true, allow: { days: 7 } })
  expect(refused).toMatchObject({ status: 422, body: { error: { code: 'too-many' } } })
  expect([await count('submission'), await count('list_entry'), await count('action')]).toEqual(before)
  for (const id of ids) expect(await placed(t.a, id)).toBe('quarantine')
})

test('a release does not judge again: what is still convicted today arrives, and is not held again; and it lets nothing else through (quarantine #66, lesson #2, #17)', async () => {
  await remediation.drain(t.a)
  const id = await take(t.a, pretending('still.convicted'))
  const inbox = () => provider.user(`amara.osei@${DOMAIN}`).list('INBOX').length
  const messages = async () =>
    (
      await t.storage.tenant(t.a, (tx) =>
        sql<{ n: string }>`select count(*) as n from message where tenant_id = ${t.a}`.execute(tx),
      )
    ).rows[0]?.n
  const [copies, known] = [inbox(), await messages()]
  const reported = await release({ select: { messageIds: [id] }, submit: true })
  expect(reported.body).toMatchObject({ done: 1, entries: [] })
  await remediation.drain(t.a)
  expect(inbox()).toBe(copies + 1)
  expect(await placed(t.a, id)).toBe('inbox')
  expect(await messages()).toBe(known)
  // The next one of that sender is held as before.
  expect(await placed(t.a, await take(t.a, pretending('still.convicted')))).toBe('quarantine')
})
