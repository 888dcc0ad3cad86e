import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/rig/api.ts'
import { keep, type Letter, letter, organise, verdict } from '../../test/rig/office.ts'
import { parsedMail } from '../../test/rig/parsed-mail.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { TenantId } from '../base/index.ts'
import { decide, type Threat } from '../judgement/index.ts'
import type { Mailbox } from '../organisation/index.ts'
import { addEvents, type EventText, type Location, locate } from '../records/index.ts'
import { register } from './index.ts'

const DAY = 86_400_000
let t: TestStorage
let api: TestApi
const boxes = new Map<TenantId, ReadonlyMap<string, Mailbox>>()
beforeAll(async () => {
  t = await testStorage()
  for (const [tenant, domain] of [
    [t.a, 'kontor.example'],
    [t.b, 'werft.example'],
  ] as const) {
    const found = await organise(
      t.storage,
      tenant,
      ['ann', 'bob', 'cem'].map((n) => `${n}@${domain}`),
    )
    boxes.set(tenant, new Map([...found.values()].map((m) => [m.address.split('@')[0] ?? '', m])))
  }
  api = await testApi(t.storage, (app) => register(app, { storage: t.storage }))
})
afterAll(async () => {
  await api?.close()
  await t?.close()
})

const box = (tenant: TenantId, name: string): Mailbox => {
  const found = boxes.get(tenant)?.get(name)
  if (!found) throw new Error(name)
  return found
}

interface Holding {
  readonly to?: readonly string[]
  readonly threat?: Threat
  readonly receivedAt?: Date
  readonly mail?: Letter
}
async function hold(
  tenant: TenantId,
  { to = ['ann'], threat = 'phish', receivedAt, mail = letter('Held') }: Holding = {},
) {
  const copies = await keep(t.storage, tenant, {
    letter: mail,
    at: 'quarantine',
    to: to.map((n) => ({ mailbox: box(tenant, n), ref: null })),
    verdict: verdict({ threat, placement: 'quarantine' }),
    ...(receivedAt ? { receivedAt } : {}),
  })
  return { mail, copies }
}
const move = (tenant: TenantId, id: string, location: Location, event: EventText) =>
  t.storage.tenant(tenant, (tx) => locate(tx, [{ deliveryId: id as never, location, folder: null, ref: null }], event))
const released: EventText = { kind: 'released', actor: 'Anna Lyst', summary: 'Release' }

interface Row {
  messageId: string
  reason: string
  policyType: string
  policyName: string
  expiresAt: string | null
  counts: Record<string, number>
  recipients: {
    recipient: string
    address: string
    status: string
    expiresAt: string | null
    releasedBy: string | null
  }[]
}
const reader = () => api.token(t.a, ['mail.read'])
const manager = () => api.token(t.a, ['mail.read', 'quarantine.manage'], 'Mia Manager')
async function list(query = '', token?: string): Promise<Row[]> {
  const answer = await api.call(token ?? (await reader()), 'GET', `/quarantine${query}`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body['items'] as Row[]
}
const only = (rows: readonly Row[], ...mails: readonly Letter[]) =>
  rows.filter((r) => mails.some((m) => m.id === r.messageId))
const inDays = (at: string | null) => Math.round((Date.parse(at ?? '') - Date.now()) / DAY)

describe('why and until when', () => {
  test.each([
    ['malware', 'malware', 'anti-malware'],
    ['high-confidence-phish', 'high-confidence-phish', 'anti-spam'],
    ['phish', 'phish', 'anti-spam'],
    ['high-confidence-spam', 'high-confidence-spam', 'anti-spam'],
    ['spam', 'spam', 'anti-spam'],
    ['bulk', 'bulk', 'anti-spam'],
    ['spoof', 'spoof', 'anti-phishing'],
    ['impersonation', 'impersonation', 'anti-phishing'],
    ['none', 'transport-rule', 'transport-rule'],
  ] as const)('%s is held as %s by an %s policy (quarantine #3, #7)', async (threat, reason, policyType) => {
    const { mail } = await hold(t.a, { threat })
    await hold(t.b, { threat, mail: letter('Held') })
    expect(only(await list(), mail)).toMatchObject([
      { reason, policyType, policyName: 'Standard', recipients: [{ status: 'needs-review' }] },
    ])
  })

  test('malware and high confidence phish are held by every policy that acts (quarantine #1, #2)', async () => {
    const { authentication } = parsedMail({})
    for (const mode of ['standard', 'strict'] as const)
      for (const [threat, technology, reason] of [
        ['malware', 'file-analysis', 'malware'],
        ['phish', 'url-analysis', 'high-confidence-phish'],
      ] as const)
        for (const high of [5, 10, 1000]) {
          const weight = high + 1
          const judged = decide({
            signals: [{ id: 's', version: 1, weight, threat, technology, summary: '', evidence: {}, entities: [] }],
            entities: [],
            authentication,
            entries: [],
            policy: { mode, version: 1, thresholds: { suspicious: 4, high }, unparsable: 'deliver' },
            unparsable: null,
            now: new Date().toISOString(),
          })
          expect(judged).toMatchObject({ threat: reason, placement: 'quarantine' })
          if (high > 5) continue
          const mail = letter('Held')
          const to = [{ mailbox: box(t.a, 'ann'), ref: null }]
          await keep(t.storage, t.a, { letter: mail, at: 'quarantine', to, verdict: judged })
          expect(only(await list(), mail)).toMatchObject([
            { reason, policyName: mode === 'strict' ? 'Strict' : 'Standard' },
          ])
        }
  })

  test('mail that could not be read is held as that', async () => {
    const { mail } = await hold(t.a, { threat: 'none' })
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set parse_state = 'unparsable' where tenant_id = ${t.a} and id = ${mail.id}`.execute(tx),
    )
    // Held anew: by a second recipient of the same attempt.
    await t.storage.tenant(t.a, (tx) =>
      sql`delete from held_copy where tenant_id = ${t.a} and message_id = ${mail.id}`.execute(tx),
    )
    await t.storage.tenant(t.a, (tx) =>
      sql`insert into delivery select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid()))).*
        from delivery d where d.tenant_id = ${t.a} and d.message_id = ${mail.id}`.execute(tx),
    )
    expect(only(await list(), mail)).toMatchObject([{ reason: 'unparsable', policyType: 'none' }])
  })

  test('the retention of its reason at that moment; a later change does not reach back (quarantine #8, #34)', async () => {
    const keepFor = (days: number) =>
      t.storage.tenant(t.a, (tx) =>
        sql`insert into retention_version (tenant_id, version, retention, by)
          select ${t.a}, coalesce(max(version), 0) + 1, ${JSON.stringify({ quarantine: { phish: days, spam: 30 } })}::jsonb, 'test'
          from retention_version where tenant_id = ${t.a}`.execute(tx),
      )
    await keepFor(7)
    const early = await hold(t.a)
    await keepFor(12)
    const late = await hold(t.a)
    const spam = await hold(t.a, { threat: 'spam' })
    const other = await hold(t.b)
    const rows = await list()
    expect(inDays(only(rows, early.mail)[0]?.expiresAt ?? null)).toBe(7)
    expect(inDays(only(rows, late.mail)[0]?.expiresAt ?? null)).toBe(12)
    expect(inDays(only(rows, spam.mail)[0]?.expiresAt ?? null)).toBe(30)
    const theirs = await list('', await api.token(t.b, ['mail.read']))
    expect(inDays(only(theirs, other.mail)[0]?.expiresAt ?? null)).toBe(30)
  })

  test('the mailbox’s own address is shown, whatever the envelope said (quarantine #48)', async () => {
    const { mail, copies } = await hold(t.a)
    await t.storage.tenant(t.a, (tx) =>
      sql`update delivery set recipient = 'Info@kontor.example', recipient_key = 'info@kontor.example'
        where tenant_id = ${t.a} and id = ${copies[0]?.id ?? ''}::uuid`.execute(tx),
    )
    expect(only(await list(), mail)).toMatchObject([
      { recipients: [{ recipient: 'Info@kontor.example', address: 'ann@kontor.example' }] },
    ])
    for (const asked of ['INFO@kontor.example', 'ann@kontor.example'])
      expect(only(await list(`?recipient=${asked}`), mail)).toHaveLength(1)
  })
})

describe('what became of each copy', () => {
  test('released to one, deleted for another, held for the third: each says by whom and when (quarantine #13, #50, #51, #54)', async () => {
    const { mail, copies } = await hold(t.a, { to: ['ann', 'bob', 'cem'] })
    await move(t.a, copies[0]?.id ?? '', 'inbox', released)
    await move(t.a, copies[1]?.id ?? '', 'hard-deleted', { kind: 'hard-deleted', actor: 'Bo', summary: 'Delete' })
    const [row] = only(await list(), mail)
    expect(row?.counts).toEqual({ held: 1, denied: 0, released: 1, deleted: 1, expired: 0, elsewhere: 0 })
    expect(row?.recipients).toMatchObject([
      {
        address: 'ann@kontor.example',
        status: 'released',
        releasedBy: 'Anna Lyst',
        statusBy: 'Anna Lyst',
        expiresAt: null,
      },
      { address: 'bob@kontor.example', status: 'deleted', releasedBy: null, statusBy: 'Bo' },
      { address: 'cem@kontor.example', status: 'needs-review', statusBy: null },
    ])
    // All of it released: it stays listed.
    await move(t.a, copies[2]?.id ?? '', 'inbox', released)
    expect(only(await list('?status=released'), mail)).toHaveLength(1)
    expect(only(await list('?status=needs-review'), mail)).toHaveLength(0)
    // Whatever becomes of it in the mailbox afterwards.
    await move(t.a, copies[0]?.id ?? '', 'soft-deleted', { kind: 'soft-deleted', actor: 'Bo', summary: 'Delete' })
    await move(t.a, copies[0]?.id ?? '', 'dropped', { kind: 'expired', actor: 'Recourse', summary: 'Retention ended' })
    expect(only(await list('?status=released'), mail)[0]?.counts).toMatchObject({ held: 0, released: 2, deleted: 1 })
    // What was deleted from quarantine ends with its retention.
    await move(t.a, copies[1]?.id ?? '', 'dropped', { kind: 'expired', actor: 'Recourse', summary: 'Retention ended' })
    expect(only(await list('?status=expired'), mail)[0]?.counts).toMatchObject({ released: 2, deleted: 0, expired: 1 })
  })

  test('brought back by an undo it is held for the same reason, and its time begins anew', async () => {
    const { mail, copies } = await hold(t.a, { threat: 'malware' })
    const id = copies[0]?.id ?? ''
    await move(t.a, id, 'inbox', released)
    await t.storage.tenant(t.a, (tx) =>
      sql`update held_copy set held_at = now() - interval '40 days', expires_at = now() - interval '10 days'
        where tenant_id = ${t.a} and delivery_id = ${id}::uuid`.execute(tx),
    )
    await move(t.a, id, 'quarantine', { kind: 'restored', actor: 'Anna Lyst', summary: 'Undo' })
    const [row] = only(await list(), mail)
    expect(row).toMatchObject({ reason: 'malware', recipients: [{ status: 'needs-review', releasedBy: null }] })
    expect(inDays(row?.expiresAt ?? null)).toBe(30)
  })
})

describe('list, filters, counts, file', () => {
  test('pages in every order, each row once, in both directions (quarantine #37)', async () => {
    for (let i = 0; i < 7; i++)
      await hold(t.a, { receivedAt: new Date(Date.now() - (i % 3) * DAY), to: ['ann', 'bob'] })
    const all = (await list('?limit=500')).map((r) => r.messageId).sort()
    for (const sort of ['received', 'expires', 'subject', 'sender', 'reason'])
      for (const dir of ['asc', 'desc']) {
        const seen: string[] = []
        let cursor = ''
        do {
          const page = await api.call(await reader(), 'GET', `/quarantine?limit=3&sort=${sort}&dir=${dir}${cursor}`)
          expect(page.status, JSON.stringify(page.body)).toBe(200)
          seen.push(...(page.body['items'] as Row[]).map((r) => r.messageId))
          cursor = page.body['next'] === null ? '' : `&cursor=${String(page.body['next'])}`
        } while (cursor !== '')
        expect(seen.toSorted()).toEqual(all)
      }
    const byExpiry = (await list('?sort=expires')).flatMap((r) => r.expiresAt ?? [])
    expect(byExpiry).toEqual(byExpiry.toSorted())
  })

  test('each filter narrows, several values of one are a union (quarantine #40, #41, #42, lesson #37, explorer #36)', async () => {
    const one = await hold(t.a, { threat: 'malware' })
    const two = await hold(t.a, { threat: 'bulk' })
    const mine = async (query: string) =>
      only(await list(`${query}&limit=500`), one.mail, two.mail)
        .map((r) => (r.messageId === one.mail.id ? 1 : 2))
        .sort()
    expect(await mine('?reason=malware')).toEqual([1])
    expect(await mine('?reason=malware&reason=bulk')).toEqual([1, 2])
    expect(await mine('?policyType=anti-spam')).toEqual([2])
    expect(await mine('?policyType=anti-spam&reason=malware')).toEqual([])
    expect(await mine('?policyName=standard')).toEqual([1, 2])
    expect(await mine('?policyName=strict')).toEqual([])
    expect(await mine('?subject=LETTER')).toEqual([1, 2])
    expect(await mine('?subject=a%25letter')).toEqual([])
    expect(await mine('?sender=sender@sender.example')).toEqual([1, 2])
    expect(await mine('?direction=internal')).toEqual([])
    const plain = one.mail.internetMessageId.slice(1, -1)
    for (const id of [one.mail.internetMessageId, plain, one.mail.id, `${one.mail.id}`.toUpperCase()])
      expect(await mine(`?messageId=${encodeURIComponent(id)}`)).toEqual([1])
    const at = (ms: number) => encodeURIComponent(new Date(Date.now() + ms).toISOString())
    expect(await mine(`?from=${at(-DAY)}`)).toEqual([1, 2])
    expect(await mine(`?to=${at(-DAY)}`)).toEqual([])
    expect(await mine(`?expiresTo=${at(2 * DAY)}`)).toEqual([])
    expect(await mine(`?expiresFrom=${at(29 * DAY)}&expiresTo=${at(31 * DAY)}`)).toEqual([1, 2])
    expect(await mine('?reported=true')).toEqual([])
    await t.storage.tenant(t.a, (tx) =>
      addEvents(tx, [{ messageId: two.mail.id, kind: 'reported', actor: 'Ann', summary: 'reported' }]),
    )
    expect(await mine('?reported=true')).toEqual([2])
    await move(t.a, two.copies[0]?.id ?? '', 'inbox', released)
    expect(await mine(`?expiresFrom=${at(0)}`)).toEqual([1])
    expect(await mine('?status=released&status=denied')).toEqual([2])
  })

  test('counts are those of the same filter', async () => {
    const { mail } = await hold(t.a, { threat: 'spoof', to: ['ann', 'bob'] })
    const counts = await api.call(await reader(), 'GET', `/quarantine/counts?messageId=${mail.id}`)
    expect(counts.body).toEqual({ messages: 1, copies: 2, held: 2, reasons: [{ reason: 'spoof', count: 2 }] })
  })

  test('the file has a line for each recipient, and nothing in it calculates', async () => {
    const mail = letter('x')
    await hold(t.a, { mail, to: ['ann', 'bob'] })
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set subject = '=cmd|x,"y"' where tenant_id = ${t.a} and id = ${mail.id}`.execute(tx),
    )
    const secret = await reader()
    const answer = await api.raw(secret, 'GET', `/quarantine.csv?messageId=${mail.id}`)
    const lines = answer.body.toString('utf8').split('\r\n')
    expect(lines[0]).toMatch(/^\ufeffTime received,Subject,Sender,Quarantine reason,Release status,/)
    expect(lines.slice(1, 3).every((l) => l.includes(`,"'=cmd|x,""y""",`))).toBe(true)
    expect(lines[3]).toBe('')
  })

  test('the file has every recipient of a message to very many', async () => {
    const mail = letter('to all')
    const names = Array.from({ length: 130 }, (_, n) => `all${n}@kontor.example`)
    await keep(t.storage, t.a, {
      letter: mail,
      at: 'quarantine',
      to: names.map((address) => ({ mailbox: { ...box(t.a, 'ann'), address }, ref: null })),
      verdict: verdict({ threat: 'phish', placement: 'quarantine' }),
    })
    const answer = await api.raw(await reader(), 'GET', `/quarantine.csv?messageId=${mail.id}`)
    expect(answer.body.toString('utf8').trim().split('\r\n')).toHaveLength(1 + names.length)
  })

  test('bad input: instants, cursors, words that are none, ids that are none', async () => {
    const token = await reader()
    const status = async (query: string) => (await api.call(token, 'GET', `/quarantine${query}`)).status
    for (const query of [
      '?from=yesterdayish',
      '?cursor=xyz',
      `?sort=expires&cursor=${Buffer.from(`${letter('x').id} nonsense`).toString('base64url')}`,
      '?reason=ugly',
      '?limit=0',
      '?sort=size',
      '?unknown=1',
      '/no-id',
    ])
      expect({ query, refused: [400, 422].includes(await status(query)) }).toEqual({ query, refused: true })
    expect(await status(`/${letter('x').id}`)).toBe(404)
    expect(await status(`?subject=${encodeURIComponent('\0\ud800'.toWellFormed())}`)).toBe(200)
  })
})

describe('who may', () => {
  test('readers see, they do not decide; one organisation does not see the other (quarantine #17, #109, permissions #2, #30, #36)', async () => {
    const { mail } = await hold(t.a)
    expect(only(await list(), mail)).toHaveLength(1)
    const body = { select: { messageIds: [mail.id] } }
    expect((await api.call(await reader(), 'POST', '/quarantine/extend', { ...body, days: 3 })).status).toBe(403)
    expect((await api.call(await reader(), 'POST', '/quarantine/deny', body)).status).toBe(403)
    const download = { messageIds: [mail.id], password: 'x', reason: 'look' }
    expect((await api.call(await manager(), 'POST', '/quarantine/download', download)).status).toBe(403)
    const foreign = await api.token(t.b, ['mail.read', 'quarantine.manage', 'mail.content'])
    expect(only(await list('', foreign), mail)).toEqual([])
    expect((await api.call(foreign, 'GET', `/quarantine/${mail.id}`)).status).toBe(404)
    for (const path of ['deny', 'extend'])
      expect(
        await api.call(foreign, 'POST', `/quarantine/${path}`, path === 'deny' ? body : { ...body, days: 60 }),
      ).toMatchObject({
        status: 409,
        body: { error: { code: 'not-in-quarantine' } },
      })
    expect((await api.call(foreign, 'POST', '/quarantine/download', download)).status).toBe(404)
    expect((await api.call(await api.token(t.a, ['submission.write']), 'GET', '/quarantine')).status).toBe(403)
  })
})

describe('deny and extend', () => {
  test('a denial is for all recipients, stays releasable, is told on the timeline, and releases nothing (quarantine #71, lesson #15)', async () => {
    const { mail, copies } = await hold(t.a, { to: ['ann', 'bob'] })
    const one = { select: { deliveryIds: [copies[0]?.id] }, note: 'looked at' }
    const answer = await api.call(await manager(), 'POST', '/quarantine/deny', one)
    expect(answer).toMatchObject({
      status: 200,
      body: { done: 1, refused: 0, copies: 2, results: [{ ok: true, copies: 2 }] },
    })
    const [row] = only(await list('?status=denied'), mail)
    expect(row?.recipients).toMatchObject([
      { status: 'denied', statusBy: 'Mia Manager' },
      { status: 'denied', statusBy: 'Mia Manager' },
    ])
    expect(inDays(row?.expiresAt ?? null)).toBeGreaterThan(5)
    expect(row?.counts).toMatchObject({ denied: 2, released: 0 })
    const begun = await t.storage.tenant(t.a, (tx) =>
      sql<{ n: number }>`select count(*)::int as n from action_item where message_id = ${mail.id}::uuid`.execute(tx),
    )
    expect(begun.rows).toEqual([{ n: 0 }])
    const events = await t.storage.tenant(t.a, (tx) =>
      sql<{ kind: string; detail: { note: string } }>`select kind, detail from message_event where tenant_id = ${t.a}
        and message_id = ${mail.id} and kind = 'release-denied'`.execute(tx),
    )
    expect(events.rows).toMatchObject([{ detail: { note: 'looked at' } }, { detail: { note: 'looked at' } }])
    await move(t.a, copies[0]?.id ?? '', 'inbox', released)
    expect(only(await list(), mail)[0]?.counts).toMatchObject({ denied: 1, released: 1 })
  })

  test('the expiry moves forward only, and not beyond 90 days after it was held', async () => {
    const { mail, copies } = await hold(t.a, { threat: 'spam', to: ['ann', 'bob'] })
    const extend = async (days: number, select: object = { messageIds: [mail.id] }) =>
      api.call(await manager(), 'POST', '/quarantine/extend', { select, days })
    const expiry = async () => inDays(only(await list(), mail)[0]?.expiresAt ?? null)
    expect(await expiry()).toBe(30)
    expect((await extend(5)).body).toMatchObject({ error: { code: 'not-in-quarantine' } })
    expect((await extend(60)).body).toMatchObject({ done: 1, copies: 2 })
    expect(await expiry()).toBe(60)
    expect((await extend(91)).status).toBe(422)
    expect((await extend(0)).status).toBe(422)
    await t.storage.tenant(t.a, (tx) =>
      sql`update held_copy set held_at = now() - interval '20 days' where tenant_id = ${t.a} and message_id = ${mail.id}`.execute(
        tx,
      ),
    )
    await extend(90)
    expect(await expiry()).toBe(70)
    // Mixed: what is not held any more is named, the rest is done.
    await move(t.a, copies[0]?.id ?? '', 'inbox', released)
    await t.storage.tenant(t.a, (tx) =>
      sql`update held_copy set expires_at = now() + interval '1 day' where tenant_id = ${t.a} and message_id = ${mail.id}`.execute(
        tx,
      ),
    )
    const unknown = letter('x').id
    const mixed = await extend(30, { messageIds: [mail.id, unknown] })
    expect(mixed.body).toMatchObject({ done: 1, refused: 1, copies: 1 })
    expect(mixed.body['results']).toMatchObject([
      { messageId: unknown, ok: false, says: 'No such message is or was in quarantine.' },
      {
        messageId: mail.id,
        ok: true,
        says: expect.stringMatching(/^It was released to ann@kontor.example already by Anna Lyst on /),
      },
    ])
  })

  test('by query: what matches, and nothing of the other organisation', async () => {
    const name = `bulk-${letter('x').id}`
    const mails = await Promise.all([1, 2, 3].map(() => hold(t.a, { threat: 'bulk' })))
    const theirs = await hold(t.b, { threat: 'bulk' })
    for (const tenant of [t.a, t.b])
      await t.storage.tenant(tenant, (tx) =>
        sql`update message set subject = ${name} where tenant_id = ${tenant}
          and id = any(${[...mails.map((m) => m.mail.id), theirs.mail.id]}::uuid[])`.execute(tx),
      )
    const answer = await api.call(await manager(), 'POST', '/quarantine/deny', {
      select: { filter: { subject: name } },
    })
    expect(answer.body).toMatchObject({ done: 3, refused: 0, copies: 3 })
    const foreign = await list(`?subject=${name}`, await api.token(t.b, ['mail.read']))
    expect(foreign).toMatchObject([{ recipients: [{ status: 'needs-review' }] }])
    const nothing = await api.call(await manager(), 'POST', '/quarantine/deny', {
      select: { filter: { subject: `${name}x` } },
    })
    expect(nothing).toMatchObject({ status: 404, body: { error: { code: 'nothing-selected' } } })
    for (const select of [{}, { messageIds: [] }, { messageIds: ['x'] }, { filter: { nonsense: 1 } }])
      expect((await api.call(await manager(), 'POST', '/quarantine/deny', { select })).status).toBe(422)
  })
})
