import fc from 'fast-check'
import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../test/rig/hash.ts'
import { copy, mailboxOf, newMessage } from '../../test/rig/letter.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { BlobKey, TenantId } from '../base/index.ts'
import {
  addEvents,
  copiesMatching,
  factsMatching,
  filterText,
  MessageFilter,
  messagesMatching,
  NEGATABLE,
  type Negatable,
  type NewDelivery,
  type NewMessage,
  receive,
} from './index.ts'

let t: TestStorage
const all: NewMessage[] = []
const reported = new Set<string>()

/** A small, systematic population: every third message is reported, locations and senders go round. */
const places = ['inbox', 'junk', 'quarantine', 'folder'] as const
const threats = ['none', 'phish', 'spam'] as const
const directions = ['inbound', 'inbound', 'internal', 'outbound'] as const
const technologies = ['none', 'content', 'url-analysis', 'list-entry'] as const
const results = ['pass', 'fail', 'none', 'softfail'] as const
const authOf = (i: number) => ({
  ...{ source: 'own-check' as const, arc: 'none' as const, aligned: i % 3 === 0 },
  spf: { result: results[i % 4] ?? 'none', domain: null },
  dkim: Array.from({ length: i % 3 }, (_, n) => ({
    result: results[(i + n) % 2] ?? 'none',
    domain: null,
    selector: null,
  })),
  dmarc: { result: results[i % 3] ?? 'none', domain: null, policy: null },
})
beforeAll(async () => {
  t = await testStorage()
  for (const tenant of [t.a, t.b])
    await t.storage.tenant(tenant, (tx) =>
      tx
        .insertInto('mailbox')
        .values(
          [1, 2].map((n) => ({
            ...{
              tenant_id: tenant,
              id: mailboxOf(n),
              address: `m${n}@kontor.example`,
              login: `m${n}`,
              display_name: '',
            },
            ...{ kind: 'user' as const, protected: n === 2, removed_at: null },
          })),
        )
        .execute(),
    )
  for (let i = 0; i < 24; i++) {
    const place = (n: number) => places[(i + n) % places.length] ?? 'inbox'
    const message = newMessage({
      receivedAt: new Date(Date.UTC(2026, 0, 1 + Math.floor(i / 4), i)),
      mail: {
        subject: i % 5 === 0 ? `100% off_${i}` : `Report ${i}`,
        internetMessageId: `<${i}@news.example>`,
        authentication: authOf(i),
        urls: Array.from({ length: i % 4 }, (_, n) => ({
          ...{ url: `https://u${n}.example/`, host: `u${n}.example`, domain: 'u.example', place: 'link', anchor: null },
        })),
        from: [{ name: `Sender ${i % 3}`, address: `S${i % 3}@news${i % 2}.example`, raw: '' }],
      },
      mailFrom: `bounce${i % 3}@news.example`,
      clientIp: `192.0.2.${i % 4}`,
      direction: directions[i % 4] ?? 'inbound',
      blob: { key: sha256(Buffer.from(`k${i}`)) as BlobKey, size: 100 * i, sha256: sha256(Buffer.from(`b${i}`)) },
      judged: { threat: threats[i % 3] ?? 'none', technology: technologies[i % 4] ?? 'none' },
      deliveries: [
        copy({ location: place(0), recipient: 'Ann@kontor.example', mailboxId: mailboxOf(1) }),
        copy({ location: place(1), recipient: `u${i % 4}@kontor.example`, mailboxId: mailboxOf(2), action: 'junked' }),
      ],
      entities: [
        { kind: 'url', value: `https://x${i % 3}.example/` },
        { kind: 'url-domain', value: `x${i % 3}.example` },
        { kind: 'file-hash', value: String(i % 2).repeat(64) },
        { kind: 'body-fingerprint', value: `Body${i % 3}` },
        { kind: 'subject-fingerprint', value: `Subject${i % 4}` },
        { kind: 'structure-fingerprint', value: `s${i % 5}` },
        { kind: 'url-fingerprint', value: `l${i % 2}` },
        { kind: 'image-fingerprint', value: `Subject${i % 3}` },
      ],
    })
    all.push(message)
    for (const tenant of [t.a, t.b]) {
      await t.storage.tenant(tenant, async (tx) => {
        await receive(tx, message)
        if (i % 3 === 0) await addEvents(tx, [{ messageId: message.id, kind: 'reported', actor: 'ann', summary: 'x' }])
      })
    }
    if (i % 3 === 0) reported.add(message.id)
  }
})
afterAll(() => t.close())

const messages = (filter: MessageFilter, tenant: TenantId = t.a) =>
  t.storage.tenant(tenant, async (tx) =>
    (await messagesMatching(tx, filter).select('m.id').execute()).map((row) => row.id).sort(),
  )
const copies = (filter: MessageFilter, tenant: TenantId = t.a) =>
  t.storage.tenant(tenant, async (tx) =>
    (await copiesMatching(tx, filter).select('d.id').execute()).map((row) => row.id).sort(),
  )

const many = <T>(value: T | T[] | undefined): T[] | null =>
  value === undefined ? null : Array.isArray(value) ? value : [value]
const low = (value: string | string[] | undefined) => many(value)?.map((v) => v.toLowerCase()) ?? null

/** The filter language once more, in JavaScript, to compare with. */
function expected(filter: MessageFilter): { messages: string[]; copies: string[] } {
  const not = many(filter.not) ?? []
  /** Null: no such condition. */
  const any = (field: Negatable, wanted: readonly string[] | null, ...have: (string | null)[]): boolean | null =>
    wanted === null ? null : have.some((h) => h !== null && wanted.includes(h)) !== not.includes(field)
  const over = (limit: number | undefined, have: number) => (limit === undefined ? null : have > limit)
  const under = (limit: number | undefined, have: number) => (limit === undefined ? null : have < limit)
  const q = filter.q?.trim().toLowerCase()
  const onMessage = (m: NewMessage): (boolean | null)[] => {
    const { mail } = m.parsed
    const from = mail.from[0]?.address?.toLowerCase() ?? ''
    const entity = (field: Negatable, kind: string, wanted: readonly string[] | null) =>
      any(field, wanted, ...m.entities.filter((e) => e.kind === kind).map((e) => e.value))
    const dkim = mail.authentication.dkim.map((k) => k.result)
    const text = [mail.subject, mail.from[0]?.name ?? '', from, ...m.deliveries.map((d) => d.recipient)]
    return [
      any('threat', many(filter.threat), m.verdict.threat),
      any('technology', many(filter.technology), m.verdict.technology),
      any('direction', many(filter.direction), m.direction),
      any('sender', low(filter.sender), from, m.mailFrom),
      any('senderDomain', low(filter.senderDomain), from.split('@')[1] ?? null),
      any('ip', low(filter.ip), m.clientIp),
      any('messageId', low(filter.messageId), m.id),
      any('spf', many(filter.spf), mail.authentication.spf.result),
      any('dmarc', many(filter.dmarc), mail.authentication.dmarc.result),
      any('dkim', many(filter.dkim), ...(dkim.length === 0 ? ['none'] : dkim)),
      filter.aligned === undefined ? null : filter.aligned === mail.authentication.aligned,
      any('internetMessageId', many(filter.internetMessageId), mail.internetMessageId),
      entity('url', 'url', many(filter.url)),
      entity('urlDomain', 'url-domain', low(filter.urlDomain)),
      entity('fileHash', 'file-hash', many(filter.fileHash)),
      entity('bodyFingerprint', 'body-fingerprint', many(filter.bodyFingerprint)),
      entity('subjectFingerprint', 'subject-fingerprint', many(filter.subjectFingerprint)),
      entity('structureFingerprint', 'structure-fingerprint', many(filter.structureFingerprint)),
      entity('urlFingerprint', 'url-fingerprint', many(filter.urlFingerprint)),
      entity('imageFingerprint', 'image-fingerprint', many(filter.imageFingerprint)),
      over(filter.urlsOver, mail.urls.length),
      under(filter.urlsUnder, mail.urls.length),
      over(filter.attachmentsOver, mail.attachments.length),
      under(filter.attachmentsUnder, mail.attachments.length),
      over(filter.sizeOver, m.blob.size),
      under(filter.sizeUnder, m.blob.size),
      filter.reported === undefined ? null : filter.reported === reported.has(m.id),
      q ? text.some((part) => part.toLowerCase().includes(q)) !== not.includes('q') : null,
    ]
  }
  const onCopy = (d: NewDelivery): (boolean | null)[] => [
    any('action', many(filter.action), d.action),
    any('location', many(filter.location), d.location),
    any('originalLocation', many(filter.originalLocation), d.location),
    any('recipient', low(filter.recipient), d.recipient.toLowerCase()),
    any('mailbox', low(filter.mailbox), d.mailboxId),
    filter.protected === undefined ? null : filter.protected === (d.mailboxId === mailboxOf(2)),
  ]
  const fits = (conditions: readonly (boolean | null)[]) => {
    const given = conditions.filter((c) => c !== null)
    return given.length === 0 || (filter.match === 'any' ? given.some(Boolean) : given.every(Boolean))
  }
  const inTime = all.filter(
    (m) =>
      (filter.from === undefined || m.receivedAt >= new Date(filter.from)) &&
      (filter.to === undefined || m.receivedAt < new Date(filter.to)),
  )
  const hits = inTime.flatMap((m) =>
    m.deliveries.filter((d) => fits([...onMessage(m), ...onCopy(d)])).map((d) => ({ message: m.id, copy: d.id })),
  )
  return { messages: [...new Set(hits.map((h) => h.message))].sort(), copies: hits.map((h) => h.copy).sort() }
}

const oneOrMore = <T>(...values: T[]) => fc.oneof(fc.constantFrom(...values), fc.subarray(values, { minLength: 1 }))
const filters: fc.Arbitrary<MessageFilter> = fc.record(
  {
    q: fc.constantFrom('report', '100% off_', '%', '_', 'SENDER 1', 'u2@', '\\', "'"),
    from: fc.constantFrom('2026-01-02T00:00:00Z', '2026-01-03T07:00:00+01:00', '2026-01-05'),
    to: fc.constantFrom('2026-01-04T00:00:00Z', '2026-01-06T12:00:00.000Z'),
    threat: oneOrMore(...threats),
    technology: oneOrMore(...technologies),
    direction: oneOrMore(...directions),
    originalLocation: oneOrMore(...places),
    urlsOver: fc.nat(3),
    urlsUnder: fc.nat(3),
    sizeOver: fc.nat(2400),
    sizeUnder: fc.nat(2400),
    attachmentsUnder: fc.nat(2),
    action: oneOrMore('delivered' as const, 'junked' as const),
    location: oneOrMore(...places),
    sender: oneOrMore('s1@news1.example', 'S0@NEWS0.example', 'bounce2@news.example'),
    senderDomain: oneOrMore('news0.example', 'NEWS1.example', 'nowhere.example'),
    recipient: oneOrMore('ann@kontor.example', 'U1@kontor.example'),
    mailbox: oneOrMore(mailboxOf(1) as string, mailboxOf(2) as string, mailboxOf(9) as string),
    url: oneOrMore('https://x1.example/', 'https://x9.example/'),
    urlDomain: oneOrMore('x0.example', 'X2.example'),
    fileHash: oneOrMore('0'.repeat(64), '1'.repeat(64)),
    spf: oneOrMore(...results),
    dkim: oneOrMore(...results),
    dmarc: oneOrMore(...results),
    aligned: fc.boolean(),
    bodyFingerprint: oneOrMore('Body1', 'Body2', 'body0'),
    subjectFingerprint: oneOrMore('Subject1', 'Subject3'),
    structureFingerprint: oneOrMore('s1', 's2', 's4'),
    urlFingerprint: oneOrMore('l0', 'l2'),
    imageFingerprint: oneOrMore('Subject1', 'Subject3'),
    ip: oneOrMore('192.0.2.1', '192.0.2.2'),
    protected: fc.boolean(),
    internetMessageId: oneOrMore('<3@news.example>', '<4@news.example>'),
    reported: fc.boolean(),
  },
  { requiredKeys: [] },
)
/** Two or three conditions at a time, so that something is left to find; some of them turned round, or one of them enough. */
const some = fc
  .tuple(filters, fc.infiniteStream(fc.nat(30)), fc.boolean(), fc.constantFrom(undefined, undefined, 'all', 'any'))
  .map(([filter, picks, turn, match]): MessageFilter => {
    const keys = Object.keys(filter)
    const pick = () => keys[picks.next().value % Math.max(1, keys.length)]
    const wanted = new Set([pick(), pick(), pick()])
    const chosen = Object.entries(filter).filter(([key]) => wanted.has(key))
    const not = NEGATABLE.filter((key) => turn && key === chosen[0]?.[0])
    return { ...Object.fromEntries(chosen), ...(not.length > 0 ? { not } : {}), ...(match ? { match } : {}) }
  })

describe('the filter language', () => {
  test('property: finds exactly the messages and copies that it describes, as its facts do; copies of protected people too (explorer #21, #38)', async () => {
    let found = 0
    await fc.assert(
      fc.asyncProperty(some, async (filter) => {
        const want = expected(filter)
        found += want.copies.length
        expect(Value.Check(MessageFilter, filter)).toBe(true)
        expect(await messages(filter)).toEqual(want.messages)
        expect(await copies(filter)).toEqual(want.copies)
        const facts = await t.storage.tenant(t.a, async (tx) =>
          (await factsMatching(tx, filter)?.select('f.delivery_id').execute())?.map((f) => f.delivery_id).sort(),
        )
        if (facts) expect(facts).toEqual(want.copies)
      }),
      { numRuns: 300 },
    )
    expect(found).toBeGreaterThan(200)
  })

  test('the other tenant, with identical data, finds its own', async () => {
    const filter: MessageFilter = { location: 'junk', threat: ['phish', 'spam'] }
    expect(await copies(filter, t.b)).toEqual(await copies(filter, t.a))
    const third = await t.storage.createTenant('Empty')
    expect(await copies(filter, third)).toEqual([])
    expect(await messages({ q: 'Report', reported: true, url: 'https://x1.example/' }, third)).toEqual([])
  })

  test('hostile values are values', async () => {
    const evil = `'; drop table message; -- \0 \\ %' or 1=1`
    for (const filter of [
      { q: evil },
      { sender: evil },
      { url: [evil, evil] },
      { internetMessageId: evil },
      { ip: evil },
    ])
      expect(await messages(filter)).toEqual([])
    expect(await messages({})).toHaveLength(all.length)
  })

  test.each(['yesterday', '2026-13-45T00:00:00Z', '20260101', '0'.repeat(30), '2026'])(
    '%s is no instant',
    async (from) => {
      await expect(messages({ from })).rejects.toMatchObject({ code: 'bad-filter', status: 400 })
    },
  )

  test('a filter in words, as it is kept with an action', () => {
    const filter: MessageFilter = { sender: ['a@x.example', 'b@x.example'], location: 'junk', from: '2026-05-01' }
    expect(filterText(filter)).toBe('sender = a@x.example or b@x.example, location = junk, from = 2026-05-01')
    expect(filterText({ ...filter, not: 'location', match: 'any', urlsOver: 3, sizeUnder: 9, q: '' })).toBe(
      'from = 2026-05-01, any of (sender = a@x.example or b@x.example; location ≠ junk; urls > 3; size < 9)',
    )
    expect(filterText({ match: 'all', not: [] })).toBe('')
  })

  test('the schema refuses what is not in the language', () => {
    for (const wrong of [
      { nonsense: 1 },
      { threat: 'everything' },
      { location: [] },
      { mailbox: 'x' },
      { fileHash: 'zz' },
      { q: 'x'.repeat(201) },
      { sender: Array.from({ length: 101 }, () => 'x') },
      { reported: 'yes' },
      { not: 'sizeOver' },
      { not: 'reported' },
      { match: 'some' },
      { urlsOver: -1 },
      { sizeUnder: 'big' },
    ])
      expect(Value.Check(MessageFilter, wrong), JSON.stringify(wrong)).toBe(false)
  })
})
