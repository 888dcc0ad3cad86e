import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type TestApi, testApi } from '../../test/rig/api.ts'
import { copy, mailboxOf, newMessage } from '../../test/rig/letter.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { Permission } from '../access/index.ts'
import { type MessageId, type TenantId, uuidv7 } from '../base/index.ts'
import {
  Actions,
  addEvents,
  Directions,
  Locations,
  type NewMessage,
  receive,
  Technologies,
  Threats,
} from '../records/index.ts'
import { EXPORT_COLUMNS, type MessageRow, PIVOTS, register } from './index.ts'

let t: TestStorage
let api: TestApi
const tokens = new Map<TenantId, string>()
const all: NewMessage[] = []
const COUNT = 23

beforeAll(async () => {
  t = await testStorage()
  api = await testApi(t.storage, (routes) => register(routes, { storage: t.storage }))
  for (const tenant of [t.a, t.b]) tokens.set(tenant, await api.token(tenant, ['mail.read']))
  for (let i = 0; i < COUNT; i++) {
    const message = newMessage({
      // Three of each instant, so that the id decides the order.
      receivedAt: new Date(Date.UTC(2026, 2, 1 + Math.floor(i / 12), Math.floor(i / 3))),
      mail: {
        subject: `Offer ${i}`,
        headers: [{ name: 'Subject', value: `Offer ${i}` }],
        attachments: [
          {
            name: 'a.pdf',
            declaredType: 'application/pdf',
            realType: null,
            size: 3,
            sha256: 'a'.repeat(64),
            inline: false,
            contentId: null,
          },
        ],
        urls: [{ url: 'https://x.example/', host: 'x.example', domain: 'x.example', place: 'link', anchor: 'here' }],
      },
      judged: {
        threat: i % 4 === 0 ? 'phish' : 'none',
        technology: 'url-analysis',
        placement: i % 4 === 0 ? 'quarantine' : 'deliver',
      },
      signals: [
        {
          id: 'link-mismatch',
          version: 1,
          weight: 3,
          threat: 'phish',
          technology: 'url-analysis',
          summary: 'A link shows another address',
          evidence: { shown: 'bank.example', nested: { deep: [1, 2] } },
          entities: [{ kind: 'url', value: 'https://x.example/' }],
        },
      ],
      deliveries: Array.from({ length: i === 5 ? 30 : 2 }, (_, n) =>
        copy({
          recipient: `u${n}@kontor.example`,
          mailboxId: mailboxOf(n),
          location: i % 4 === 0 ? 'quarantine' : 'inbox',
          action: i % 4 === 0 ? 'blocked' : 'delivered',
        }),
      ),
      entities: [
        { kind: 'url', value: 'https://x.example/' },
        { kind: 'url-domain', value: 'x.example' },
        ...(i === 1 ? [{ kind: 'url' as const, value: 'https://y.example/a' }] : []),
        ...(i === 2 ? [{ kind: 'url' as const, value: 'ftp://z.example/a' }] : []),
      ],
    })
    all.push(message)
    for (const tenant of [t.a, t.b])
      await t.storage.tenant(tenant, async (tx) => {
        await receive(tx, message)
        if (i === 3)
          await addEvents(tx, [{ messageId: message.id, kind: 'reported', actor: 'Ann', summary: 'Reported' }])
      })
  }
})
afterAll(async () => {
  await api.close()
  await t.close()
})

const get = (path: string, tenant: TenantId = t.a): Promise<Answer> => api.call(tokens.get(tenant) ?? '', 'GET', path)
const items = (answer: Answer) => answer.body['items'] as MessageRow[]
const newestFirst = () =>
  [...all].sort((x, y) => y.receivedAt.getTime() - x.receivedAt.getTime() || (y.id < x.id ? -1 : 1)).map((m) => m.id)
const id = (n: number): MessageId => all[n]?.id ?? uuidv7<MessageId>()

describe('GET /messages', () => {
  test('newest first, a page at a time, nothing twice or missing, in both tenants', async () => {
    for (const tenant of [t.a, t.b]) {
      const got: string[] = []
      let cursor: unknown = null
      do {
        const answer = await get(`/messages?limit=5${cursor ? `&cursor=${cursor}` : ''}`, tenant)
        expect(answer.status).toBe(200)
        got.push(...items(answer).map((row) => row.id))
        cursor = answer.body['next']
      } while (cursor)
      expect(got).toEqual(newestFirst())
    }
  })

  test('explorer #16: a row shows what the list needs, many copies counted; the Internet message ID is given with its brackets', async () => {
    const [row] = items(await get(`/messages?internetMessageId=${encodeURIComponent('<1@news.example>')}&q=Offer+5`))
    expect(row).toMatchObject({
      id: id(5),
      subject: 'Offer 5',
      senderAddress: 'letters@news.example',
      threat: 'none',
      technology: 'url-analysis',
      urls: 1,
      attachments: 1,
      reported: false,
      copyCount: 30,
    })
    expect(row?.copies).toHaveLength(20)
    expect(row?.copies[0]).toMatchObject({
      recipient: 'u0@kontor.example',
      action: 'delivered',
      latestLocation: 'inbox',
    })
  })

  test('explorer #1, #8, #13, #14: filters: one value, repeated values, all together, text is no pattern', async () => {
    const count = async (query: string) => items(await get(`/messages?limit=500&${query}`)).length
    const phish = all.filter((m) => m.verdict.threat === 'phish').length
    expect(await count('threat=phish')).toBe(phish)
    expect(await count('threat=phish&threat=none')).toBe(COUNT)
    expect(await count('location=quarantine&threat=none')).toBe(0)
    expect(await count('reported=true')).toBe(1)
    expect(await count('reported=false')).toBe(COUNT - 1)
    expect(await count(`mailbox=${mailboxOf(25)}`)).toBe(1)
    expect(await count('url=https%3A%2F%2Fx.example%2F&senderDomain=NEWS.example')).toBe(COUNT)
    expect(await count('from=2026-03-02T00:00:00Z')).toBe(COUNT - 12)
    expect(await count('q=ffer+2')).toBe(4)
    for (const pattern of ['%25', '_', '*', '?', 'Offer+*', 'Of%25er']) expect(await count(`q=${pattern}`)).toBe(0)
    expect(await count('recipient=U1@kontor.example')).toBe(COUNT)
  })

  test('none of, more than, less than, one of several conditions; all values are no condition (explorer #9, #10, #11, #12)', async () => {
    const ids = async (query: string) => items(await get(`/messages?limit=500&${query}`)).map((row) => row.id)
    const whose = (fits: (m: NewMessage, n: number) => boolean) => {
      const wanted = new Set(all.filter(fits).map((m) => m.id))
      return newestFirst().filter((m) => wanted.has(m))
    }
    const phish = (m: NewMessage) => m.verdict.threat === 'phish'
    expect(await ids('threat=phish&not=threat')).toEqual(whose((m) => !phish(m)))
    expect(await ids('sender=letters@news.example&not=sender')).toEqual([])
    expect(await ids('q=offer+2&not=q&threat=phish')).toEqual(whose((m, n) => phish(m) && !`${n}`.startsWith('2')))
    // A number has no list of values to leave out.
    for (const query of ['not=urlsOver', 'urlsOver=1,2', 'urlsOver=x', 'not=reported'])
      expect((await get(`/messages?${query}`)).status, query).toBe(422)
    expect(await ids('urlsOver=0&attachmentsUnder=2&sizeOver=1233&sizeUnder=1235')).toHaveLength(COUNT)
    for (const none of ['urlsOver=1', 'attachmentsOver=1', 'attachmentsUnder=1', 'sizeOver=1234', 'sizeUnder=1234'])
      expect(await ids(none), none).toEqual([])
    // One operator for all conditions; the time holds in any case.
    const two = `threat=phish&messageId=${id(1)}`
    expect(await ids(two)).toEqual([])
    expect(await ids(`${two}&match=any`)).toEqual(whose((m, n) => phish(m) || n === 1))
    expect(await ids(`${two}&match=any&from=2026-03-02T00:00:00Z`)).toEqual(whose((m, n) => phish(m) && n >= 12))
    const every = (name: string, values: readonly string[]) => values.map((v) => `${name}=${v}`).join('&')
    for (const [name, values] of [
      ['threat', Threats.enum],
      ['technology', Technologies.enum],
      ['location', Locations.enum],
      ['action', Actions.enum],
      ['direction', Directions.enum],
    ] as const)
      expect(await ids(every(name, values)), name).toEqual(newestFirst())
  })

  test('a network message ID finds the message with all its recipients; links with or without scheme and slash (explorer #3, #17, #18)', async () => {
    const [row, ...others] = items(await get(`/messages?messageId=${id(5).toUpperCase()}`))
    expect([row?.id, row?.copyCount, others]).toEqual([id(5), 30, []])
    const copies = (await get(`/messages/${id(5)}`)).body['copies'] as { recipient: string }[]
    expect(new Set(copies.map((c) => c.recipient)).size).toBe(30)
    expect((await get(`/messages/histogram?messageId=${id(5)}`)).body).toMatchObject({ total: 30 })
    expect((await get('/messages?messageId=5')).status).toBe(422)
    const count = async (query: string) => items(await get(`/messages?limit=500&${query}`)).length
    for (const url of ['https://x.example/', 'https://x.example', 'x.example', 'x.example/', 'HTTPS://X.example'])
      expect(await count(`url=${encodeURIComponent(url)}`), url).toBe(COUNT)
    for (const url of ['https://y.example/a', 'y.example/a/', 'ftp://z.example/a', 'z.example/a'])
      expect(await count(`url=${url}`), url).toBe(1)
    for (const url of ['http://x.example/', 'x.example/more', 'ftp://x.example/'])
      expect(await count(`url=${encodeURIComponent(url)}`), url).toBe(0)
    expect(await count(`urlDomain=${encodeURIComponent('/X.example/')}`)).toBe(COUNT)
  })

  test('hostile or wrong input is answered with what is wrong, never with a fault', async () => {
    const evil = encodeURIComponent("'; drop table message; --\u0000\\%_")
    for (const field of ['q', 'sender', 'senderDomain', 'recipient', 'url', 'urlDomain', 'ip', 'internetMessageId']) {
      const answer = await get(`/messages?${field}=${evil}`)
      expect([answer.status, items(answer)], field).toEqual([200, []])
    }
    const wrong = [
      'from=yesterday',
      'from=2026-99-99T00:00:00Z',
      'to=1',
      'limit=0',
      'limit=501',
      'limit=many',
      'cursor=x',
      `cursor=${Buffer.from("2026-01-01 ' or 1=1").toString('base64url')}`,
      'threat=everything',
      'action=',
      'location=moon',
      'mailbox=1',
      'fileHash=zz',
      'reported=maybe',
      'nonsense=1',
      `q=${'x'.repeat(201)}`,
      `sender=${'x'.repeat(2000)}`,
      Array.from({ length: 101 }, () => 'sender=x').join('&'),
      'sort=subject',
    ]
    for (const query of wrong) {
      const answer = await get(`/messages?${query}`)
      expect(answer.status, query.slice(0, 60)).toBeGreaterThanOrEqual(400)
      expect(answer.status, query.slice(0, 60)).toBeLessThan(500)
      expect(answer.body['error'], query.slice(0, 60)).toMatchObject({ code: /./, message: /./, cure: /./ })
    }
    // Told part by part, so that a page can show it where it was typed.
    const { error } = (await get('/messages?fileHash=zz&urlsOver=x&messageId=1&messageId=2&threat=none')).body
    expect(error).toMatchObject({
      places: [
        { at: 'fileHash', message: 'must be a SHA-256: 64 hexadecimal digits' },
        { at: 'messageId', message: expect.stringContaining('must be a UUID') },
        { at: 'urlsOver', message: 'must be integer' },
      ],
    })
    const late = (await get('/messages?to=2026-99-99T00:00:00Z')).body
    expect(late['error']).toMatchObject({ places: [{ at: 'to', message: expect.stringContaining('instant') }] })
    expect(items(await get('/messages?limit=500'))).toHaveLength(COUNT)
  })
})

describe('GET /messages/histogram', () => {
  test('counts copies by hour or day, every bucket, in both tenants', async () => {
    for (const tenant of [t.a, t.b]) {
      const { body } = await get(
        '/messages/histogram?from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z&by=threat',
        tenant,
      )
      const copies = all.reduce((sum, m) => sum + m.deliveries.length, 0)
      expect(body).toMatchObject({ bucket: 'hour', total: copies })
      const series = body['series'] as { key: string; points: { at: string; count: number }[] }[]
      expect(series.map((s) => s.key)).toEqual(['none', 'phish'])
      const hours = series.map((s) => s.points.map((p) => p.at))
      expect(hours[0]).toEqual(hours[1])
      const steps = hours[0]?.slice(1).map((at, i) => Date.parse(at) - Date.parse(hours[0]?.[i] ?? ''))
      expect(new Set(steps)).toEqual(new Set([3_600_000]))
      for (const s of series)
        for (const point of s.points) {
          const expected = all
            .filter(
              (m) =>
                m.verdict.threat === s.key &&
                Math.floor(m.receivedAt.getTime() / 3_600_000) * 3_600_000 === Date.parse(point.at),
            )
            .reduce((sum, m) => sum + m.deliveries.length, 0)
          expect(point.count).toBe(expected)
        }
    }
  })

  test('the same from facts and from the messages themselves', async () => {
    for (const by of ['action', 'threat', 'location']) {
      const narrow = await get(`/messages/histogram?by=${by}&senderDomain=news.example`)
      const wide = await get(`/messages/histogram?by=${by}&senderDomain=news.example&q=offer`)
      expect(narrow.body['total']).toBeGreaterThan(COUNT)
      expect(wide.body).toEqual(narrow.body)
    }
  })

  test('every pivot groups the same copies, from facts or not; the usual one is the delivery action; the file has the same numbers (explorer #41)', async () => {
    type Data = { bucket: string; total: number; series: { key: string; points: { at: string; count: number }[] }[] }
    const chart = async (query: string) => (await get(`/messages/histogram?${query}`)).body as unknown as Data
    const usual = await chart('')
    expect(usual).toEqual(await chart('by=action'))
    expect(usual.total).toBeGreaterThan(2 * COUNT)
    const keys: Record<string, string[]> = {}
    for (const by of PIVOTS)
      for (const filter of ['', '&q=offer', '&threat=none&not=threat']) {
        const data = await chart(`by=${by}${filter}`)
        const sum = data.series.flatMap((s) => s.points.map((p) => p.count)).reduce((a, b) => a + b, 0)
        expect([by, filter, data.total, sum]).toEqual([by, filter, data.total, data.total])
        expect(data.total).toBe((await chart(`by=action${filter}`)).total)
        if (filter === '') keys[by] = data.series.map((s) => s.key)
      }
    expect(keys).toMatchObject({ action: ['blocked', 'delivered'], threat: ['none', 'phish'], ip: ['192.0.2.7'] })
    const csv = String((await get('/messages/histogram.csv?by=threat')).body['text'])
    const data = await chart('by=threat')
    const at = (key: string, n: number) => data.series.find((s) => s.key === key)?.points[n]?.count
    const times = data.series[0]?.points.map((p) => p.at) ?? []
    expect(csv.replace('\ufeff', '').split('\r\n')).toEqual([
      'Time,none,phish',
      ...times.map((time, n) => `${time},${at('none', n)},${at('phish', n)}`),
      '',
    ])
  })

  test('of many domains ten have a series of their own, the rest one together, what has none says so', async () => {
    const tenant = await t.storage.createTenant('Many domains')
    const token = await api.token(tenant, ['mail.read'])
    await t.storage.tenant(tenant, async (tx) => {
      for (let i = 0; i < 14; i++)
        await receive(
          tx,
          newMessage({
            mail: { from: i === 0 ? [] : [{ name: '', address: `a@d${`${i}`.padStart(2, '0')}.example`, raw: '' }] },
            deliveries: Array.from({ length: i === 0 || i > 8 ? 2 : 1 }, () => copy()),
          }),
        )
    })
    for (const more of ['', '&q=ann']) {
      const { body } = await api.call(token, 'GET', `/messages/histogram?by=senderDomain${more}`)
      const series = body['series'] as { key: string; points: { count: number }[] }[]
      const counts = Object.fromEntries(series.map((s) => [s.key, s.points.reduce((sum, p) => sum + p.count, 0)]))
      expect(counts).toEqual({
        ...{ '(none)': 2, '(others)': 4 },
        ...Object.fromEntries([9, 10, 11, 12, 13].map((n) => [`d${`${n}`.padStart(2, '0')}.example`, 2])),
        ...Object.fromEntries([1, 2, 3, 4].map((n) => [`d0${n}.example`, 1])),
      })
      expect(body['total']).toBe(20)
    }
  })

  test('nothing found, wrong input', async () => {
    expect((await get('/messages/histogram?q=nowhere')).body).toMatchObject({ series: [], total: 0 })
    for (const query of ['by=colour', 'from=x', 'limit=5'])
      expect((await get(`/messages/histogram?${query}`)).status).toBeGreaterThanOrEqual(400)
  })
})

describe('files and counts', () => {
  test('a line for each recipient copy with the chosen columns, as many as there are, nothing that calculates (explorer #43)', async () => {
    const tenant = await t.storage.createTenant('Many copies')
    const token = await api.token(tenant, ['mail.read'])
    const deliveries = Array.from({ length: 4100 }, (_, n) => copy({ recipient: `u${n}@kontor.example` }))
    const mails = [
      newMessage({ receivedAt: new Date('2026-03-02T00:00:00Z'), mail: { subject: '=cmd|calc' }, deliveries }),
      newMessage({ receivedAt: new Date('2026-03-03T00:00:00Z'), mail: { subject: 'One, "two"' } }),
    ]
    await t.storage.tenant(tenant, async (tx) => {
      for (const mail of mails) await receive(tx, mail)
    })
    const csv = async (query: string) => {
      const { status, body } = await api.call(token, 'GET', `/messages.csv?${query}`)
      expect(status).toBe(200)
      return String(body['text']).replace('\ufeff', '').trimEnd().split('\r\n')
    }
    const [head, first, ...rest] = await csv('columns=recipient&columns=subject')
    expect([head, first]).toEqual(['Recipient,Subject', 'ann@kontor.example,"One, ""two"""'])
    expect(rest.sort()).toEqual(deliveries.map((d) => `${d.recipient},'=cmd|calc`).sort())
    const [all, line, more] = await csv('q=One')
    expect(all?.split(',')).toHaveLength(EXPORT_COLUMNS.length)
    expect(line).toContain(
      `2026-03-03T00:00:00.000Z,"One, ""two""",ann@kontor.example,kontor.example,letters@news.example`,
    )
    expect(line).toContain(`,delivered,inbox,,inbox,none,none,inbound,0,0,1234,`)
    expect(more).toBeUndefined()
    for (const wrong of ['columns=nothing', 'limit=5', 'threat=x'])
      expect((await get(`/messages.csv?${wrong}`)).status, wrong).toBe(422)
    // What a query may not ask is told with words, not in the middle of a file.
    expect((await get('/messages.csv?from=2026-99-99T00:00:00Z')).status).toBe(400)
  })

  test('top targeted users: five, up to 3,000, the commonest first; links with how their mail was delivered (explorer #44)', async () => {
    const top = async (query: string, tenant?: TenantId) => (await get(`/messages/top?${query}`, tenant)).body['items']
    const phish = all.filter((m) => m.verdict.threat === 'phish')
    const only = 'of=recipient&threat=none&not=threat'
    expect(await top(only)).toEqual(
      ['u0', 'u1'].map((u) => ({
        ...{ value: `${u}@kontor.example`, copies: phish.length, delivered: 0, junked: 0, blocked: phish.length },
      })),
    )
    const usual = (await top('of=recipient')) as { value: string }[]
    expect(usual.map((r) => r.value)).toEqual(['u0', 'u1', 'u10', 'u11', 'u12'].map((u) => `${u}@kontor.example`))
    expect(await top('of=recipient&limit=3000')).toHaveLength(30)
    expect((await get('/messages/top?of=recipient&limit=3001')).status).toBe(422)
    const copies = all.reduce((sum, m) => sum + m.deliveries.length, 0)
    const link = { copies, delivered: copies - 2 * phish.length, junked: 0, blocked: 2 * phish.length }
    for (const tenant of [t.a, t.b]) {
      expect(await top('of=url&limit=1', tenant)).toEqual([{ value: 'https://x.example/', ...link }])
      expect(await top('of=urlDomain', tenant)).toEqual([{ value: 'x.example', ...link }])
    }
    expect(await top('of=url&url=y.example/a')).toHaveLength(2)
    const csv = String((await get(`/messages/top.csv?${only}`)).body['text'])
    expect(csv.split('\r\n').slice(1, 2)).toEqual([`u0@kontor.example,${phish.length},0,0,${phish.length}`])
    for (const wrong of ['of=colour', '', 'of=url&limit=0'])
      expect((await get(`/messages/top?${wrong}`)).status).toBe(422)
  })

  test('similar mail: the same text under another subject is found by its fingerprint (explorer #64)', async () => {
    const tenant = await t.storage.createTenant('Similar')
    const token = await api.token(tenant, ['mail.read'])
    const mail = (subject: string, body: string) =>
      newMessage({
        mail: { subject, fingerprints: { subject: null, body } },
        entities: [{ kind: 'body-fingerprint', value: body }],
      })
    const mails = [mail('Your invoice', 'aaaa'), mail('Account closed', 'aaaa'), mail('Your invoice', 'bbbb')]
    await t.storage.tenant(tenant, async (tx) => {
      for (const one of mails) await receive(tx, one)
    })
    const { body } = await api.call(token, 'GET', `/messages/${mails[0]?.id}`)
    const print = (body['fingerprints'] as { body: string }).body
    const found = items(await api.call(token, 'GET', `/messages?bodyFingerprint=${print}`))
    expect(found.map((m) => m.subject).sort()).toEqual(['Account closed', 'Your invoice'])
    expect(found.map((m) => m.id)).not.toContain(mails[2]?.id)
  })
})

describe('GET /messages/:id', () => {
  test('everything about it: headers as plain text (explorer #59), files with their hash and links with their place (explorer #61)', async () => {
    const { status, body } = await get(`/messages/${id(3)}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id: id(3),
      reported: true,
      headers: [{ name: 'Subject', value: 'Offer 3' }],
      from: [{ name: 'News', address: 'letters@news.example' }],
      urlList: [{ url: 'https://x.example/', anchor: 'here' }],
      attachmentList: [{ name: 'a.pdf' }],
      verdict: { threat: 'none', because: ['Nothing was found.'] },
      signals: [{ id: 'link-mismatch', evidence: { shown: 'bank.example', nested: { deep: [1, 2] } } }],
      submissions: [],
      actions: [],
      clientIp: '192.0.2.7',
      mailFrom: 'bounce@news.example',
    })
    expect(body['attachmentList']).toMatchObject([{ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }])
    expect(body['urlList']).toMatchObject([{ place: 'link' }])
    expect(body['copies']).toMatchObject([
      { recipient: 'u0@kontor.example', handover: 'none' },
      { recipient: 'u1@kontor.example' },
    ])
    expect((await get(`/messages/${id(5)}`)).body['copies']).toHaveLength(30)
  })

  test('what is inside its files, how it is made, what did not count and whose policy it was are given as they were stored', async () => {
    const inside = {
      archive: { kind: 'zip', entries: [], count: 2, encrypted: true, depth: 1, stopped: null },
    } as const
    const [file] = all[0]?.parsed.mail.attachments ?? []
    const message = newMessage({
      mail: { attachments: file ? [{ ...file, inside }] : [] },
      judged: { suspended: [{ kind: 'signal', id: 'link-mismatch', version: 1 }] },
      inputs: { policy: { id: 'board', name: 'Board members', mode: 'strict', version: 3 } },
    })
    await t.storage.tenant(t.b, (tx) => receive(tx, message))
    const { body } = await get(`/messages/${message.id}`, t.b)
    expect(body).toMatchObject({
      attachmentList: [{ name: 'a.pdf', inside }],
      html: null,
      writing: message.parsed.mail.writing,
      verdict: { suspended: [{ kind: 'signal', id: 'link-mismatch', version: 1 }] },
      ownPolicy: { id: 'board', name: 'Board members' },
    })
    expect((await get(`/messages/${id(3)}`)).body).toMatchObject({ ownPolicy: null, verdict: { suspended: [] } })
  })

  test('several threats, one of them the message’s; what a list decided, and what it did not (explorer #31, #32)', async () => {
    const signal = (name: string, threat: 'phish' | 'spam') => ({
      ...{ id: name, version: 1, weight: 4, threat, technology: 'content' as const, summary: `Found ${name}` },
      ...{ evidence: {}, entities: [] },
    })
    const entry = (entryId: string, action: 'allow' | 'block', applied: boolean) => ({
      ...{ entryId, version: 2, action, entity: { kind: 'sender' as const, value: 'letters@news.example' }, applied },
      reason: applied ? 'block wins' : 'a block entry is stronger',
    })
    const message = newMessage({
      signals: [signal('urgent', 'phish'), signal('lottery', 'spam')],
      judged: {
        threat: 'phish',
        technology: 'list-entry',
        overrides: [entry('b1', 'block', true), entry('a1', 'allow', false)],
        causes: [{ kind: 'entry', id: 'b1', version: 2 }],
      },
    })
    await t.storage.tenant(t.b, (tx) => receive(tx, message))
    const { body } = await get(`/messages/${message.id}`, t.b)
    expect(body['threat']).toBe('phish')
    expect((body['signals'] as { threat: string }[]).map((s) => s.threat).sort()).toEqual(['phish', 'spam'])
    expect(body['verdict']).toMatchObject({
      threat: 'phish',
      causes: [{ kind: 'entry', id: 'b1' }],
      overrides: [
        { entryId: 'b1', action: 'block', applied: true, entity: { kind: 'sender', value: 'letters@news.example' } },
        { entryId: 'a1', action: 'allow', applied: false, reason: 'a block entry is stronger' },
      ],
    })
  })

  test('the timeline, oldest first, names whose copy it was', async () => {
    const { body } = await get(`/messages/${id(3)}/timeline`)
    const kinds = (body['items'] as { kind: string; recipient: string | null }[]).map((e) => [e.kind, e.recipient])
    expect(kinds).toEqual([
      ['received', null],
      ['judged', null],
      ['reported', null],
    ])
  })

  test('what is not there, or another tenant’s, is a 404; what is no id is refused', async () => {
    const mine = newMessage()
    await t.storage.tenant(t.b, (tx) => receive(tx, mine))
    for (const path of [`/messages/${mine.id}`, `/messages/${mine.id}/timeline`, `/messages/${uuidv7()}`]) {
      expect((await get(path)).status, path).toBe(404)
    }
    expect((await get(`/messages/${mine.id}`, t.b)).status).toBe(200)
    for (const wrong of ['1', 'x'.repeat(400), "'%20or%201=1", '..%2f..%2fetc'])
      expect((await get(`/messages/${wrong}`)).status, wrong).toBeGreaterThanOrEqual(400)
  })
})

test('permissions #2: only who may read mail', async () => {
  const files = ['/messages.csv', '/messages/histogram.csv', '/messages/top.csv?of=ip']
  const paths = [
    ...files,
    '/messages',
    '/messages/histogram',
    '/messages/top?of=ip',
    `/messages/${id(1)}`,
    `/messages/${id(1)}/timeline`,
  ]
  const others: Permission[] = ['submission.write', 'lists.read', 'settings.read', 'users.manage']
  const token = await api.token(t.a, others)
  for (const path of paths) {
    expect((await api.call(token, 'GET', path)).status, path).toBe(403)
    expect((await api.call(null, 'GET', path)).status, path).toBe(401)
    expect((await get(path)).status, path).toBe(200)
  }
})
