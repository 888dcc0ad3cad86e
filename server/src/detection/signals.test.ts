import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growth, LINEAR } from '../../test/rig/growth.ts'
import { parsedMail } from '../../test/rig/parsed-mail.ts'
import { decide, decidePolicy, entitiesOf } from '../judgement/index.ts'
import type { EntryRule } from '../lists/index.ts'
import type { AttachmentFound, Authentication, ParsedMail, UrlFound } from '../mail/index.ts'
import { disguised, editDistance, nameKey, skeleton } from './names.ts'
import { dangerOf } from './signals/dangerous-attachment.ts'
import { gather } from './signals/index.ts'
import { shownUrl } from './signals/link-mismatch.ts'
import { likeness } from './signals/look-alike-domain.ts'
import type { OrganisationFacts } from './types.ts'

const OURS: OrganisationFacts = {
  domains: ['alderfinch.example'],
  protectedDomains: ['northbank.com'],
  people: [
    { name: 'Ingrid Alder', addresses: ['ingrid.alder@alderfinch.example', 'ingrid@home.example'], protected: true },
    { name: 'Yuki Tanabe', addresses: ['yuki.tanabe@alderfinch.example'], protected: false },
  ],
}
const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
/** The analyses that this file is about; the others have files of their own. */
const HERE = [
  ...[
    'authentication-failure',
    'display-name-impersonation',
    'link-mismatch',
    'look-alike-domain',
    'dangerous-attachment',
  ],
]
const found = (mail: Partial<ParsedMail>) =>
  gather({ mail: parsedMail(mail), context: CONTEXT, organisation: OURS })
    .filter((s) => HERE.includes(s.id))
    .map((s) => [s.id, s.weight] as const)
const from = (name: string, address: string) => ({ from: [{ name, address, raw: '' }] })
const auth = (part: Partial<Authentication>): Partial<ParsedMail> => ({
  authentication: { ...parsedMail().authentication, source: 'trusted-header', ...part },
})
const link = (url: string, anchor: string | null): UrlFound => ({
  url,
  host: new URL(url).hostname,
  domain: null,
  place: 'link',
  anchor,
})
const file = (name: string, realType: string | null = null): AttachmentFound => ({
  name,
  declaredType: 'application/octet-stream',
  realType,
  size: 10,
  sha256: 'a'.repeat(64),
  inline: false,
  contentId: null,
})

describe('authentication-failure', () => {
  const spfFail = { spf: { result: 'fail' as const, domain: 'x.example' } }
  const dmarc = (policy: string) => auth({ dmarc: { result: 'fail', domain: 'news.example', policy } })
  it('is strongest for our own domain', () => {
    expect(found({ ...from('', 'it@alderfinch.example'), ...auth(spfFail) })).toEqual([['authentication-failure', 10]])
    expect(found({ ...from('', 'it@sub.alderfinch.example'), ...auth(spfFail) })).toEqual([
      ['authentication-failure', 10],
    ])
  })
  it('knows our own domain however its name is written', () => {
    const organisation = { ...OURS, domains: ['xn--bcher-kva.example'] }
    for (const address of ['it@BÜCHER.example', 'it@xn--bcher-kva.example', 'it@sub.bücher.example.']) {
      const mail = parsedMail({ ...from('', address), ...auth(spfFail) })
      const [signal] = gather({ mail, context: CONTEXT, organisation }).filter((s) => s.id === 'authentication-failure')
      expect([address, signal?.weight]).toEqual([address, 10])
      expect(signal?.entities[0]?.value).toMatch(/xn--bcher-kva\.example$/)
    }
  })
  it('says nothing about our own mail that nobody signs', () =>
    expect(found({ ...from('', 'it@alderfinch.example'), ...auth({}) })).toEqual([]))
  it.each([
    ['reject', 10],
    ['quarantine', 6],
    ['none', 3],
  ])('weighs DMARC p=%s as %i', (policy, weight) =>
    expect(found(dmarc(policy))).toEqual([['authentication-failure', weight]]),
  )
  it('does not convict what a mailing list changed', () => {
    const list = { headers: [{ name: 'List-Id', value: '<dev.lists.example>' }] }
    expect(found({ ...dmarc('reject'), ...list })).toEqual([['authentication-failure', 3]])
  })
  it('says nothing where nothing was checked, nor where it passed', () => {
    expect(found({})).toEqual([])
    expect(found(auth({ ...spfFail, aligned: true }))).toEqual([])
  })
})

describe('display-name-impersonation', () => {
  const id = 'display-name-impersonation'
  it.each([
    ['Ingrid Alder', 8],
    ['Alder, Ingrid', 8],
    ['INGRID  ALDER (Director)', 8],
    ['Íngrid Alder', 8],
    ['Ingrid Аlder', 12], // a Cyrillic А
    ['Yuki Tanabe', 3],
    ['ingrid.alder@alderfinch.example', 8],
  ])('%s from outside: %i', (name, weight) =>
    expect(found(from(name, 'boss@freemail.example'))).toEqual([[id, weight]]),
  )
  it.each([
    ['Ingrid Alder', 'ingrid.alder@alderfinch.example'],
    ['Ingrid Alder', 'Ingrid@Home.example'],
    ['Ingrid', 'x@freemail.example'],
    ['Ingrid Alderson', 'x@freemail.example'],
    ['someone@else.example', 'x@freemail.example'],
  ])('%s <%s> is nobody else', (name, address) => expect(found(from(name, address))).toEqual([]))
})

describe('link-mismatch', () => {
  const weigh = (url: string, anchor: string | null, mail: Partial<ParsedMail> = {}) =>
    found({ ...mail, urls: [link(url, anchor)] }).find(([id]) => id === 'link-mismatch')?.[1] ?? null
  const bulk: Partial<ParsedMail> = {
    ...auth({ aligned: true }),
    headers: [{ name: 'List-Unsubscribe', value: '<https://x.example/u>' }],
  }
  it.each([
    ['https://evil.example/', 'https://intranet.alderfinch.example/keep', 8],
    ['https://evil.example/', 'www.northbank.com', 8],
    ['https://evil.example/', 'https://shop.example.com/login', 6],
    ['http://198.51.100.7/', 'https://shop.example.com/', 7],
    ['https://evil.example/', 'https://shop.example.com/', 2],
  ])('%s shown as %s: %i', (url, anchor, weight) => expect(weigh(url, anchor)).toBe(weight))
  it.each([
    ['https://mail.shop.co.uk/x', 'https://www.shop.co.uk/'],
    ['https://evil.example/', 'Click here'],
    ['https://evil.example/', 'report.pdf'],
    ['https://evil.example/', 'Read it on news.example today'],
    ['https://eur01.safelinks.protection.outlook.com/?url=x', 'https://shop.example.com/login'],
    ['https://go.example/?u=https%3A%2F%2Fshop.example.com%2Flogin', 'https://shop.example.com/login'],
    ['https://evil.example/', null],
  ])('%s shown as %s is no mismatch', (url, anchor) => expect(weigh(url, anchor)).toBeNull())
  it('an authenticated newsletter may count clicks, but not promise a sign-in page', () => {
    expect(weigh('https://click.example/1', 'https://shop.example.com/offer', bulk)).toBe(0)
    expect(weigh('https://click.example/1', 'https://alderfinch.example/news', bulk)).toBe(3)
    expect(weigh('https://click.example/1', 'https://account.shop.example.com/login', bulk)).toBe(6)
  })
  it('a redirector must carry the whole site, not something that contains it', () => {
    expect(weigh('https://go.example/?u=https://bad-shop.com/', 'https://shop.com/login')).toBe(6)
    expect(weigh('https://go.example/?u=https://shop.com.bad.example/', 'https://shop.com/login')).toBe(6)
  })
  it('reads hostile anchors for what their length costs', () => {
    for (const word of ['a.', 'a-', 'www.'])
      expect(
        growth((n) => shownUrl(`${word.repeat(n / word.length)}!`), 20_000),
        word,
      ).toBeLessThan(LINEAR)
  })
})

describe('look-alike-domain', () => {
  it.each([
    ['alderf1nch.example', 10],
    ['alderfinсh.example', 10], // a Cyrillic с
    ['aIderfinch.example', 10], // a capital i
    ['alderfinhc.example', 7],
    ['alderfinch-billing.example', 8],
    ['alderfinchportal.example', 8],
    ['alderfinch.example.evil.com', 8],
    ['alderfinch.com', 3],
    ['n0rthbank.com', 10],
  ])('%s: %i', (host, weight) => {
    const models = [...OURS.domains, ...OURS.protectedDomains]
    expect(likeness(new URL(`http://${host}`).hostname, models, OURS)?.weight).toBe(weight)
  })
  it.each([
    'alderfinch.example',
    'mail.alderfinch.example',
    'alder.example',
    'finch.example',
    'northbank.com',
    'blackbird.example',
    '192.0.2.1',
  ])('%s is not alike', (host) => expect(likeness(host, [...OURS.domains, ...OURS.protectedDomains], OURS)).toBeNull())
  it('weighs sender, reply address and link apart', () => {
    expect(found(from('', 'x@alderf1nch.example'))).toEqual([['look-alike-domain', 10]])
    expect(found({ replyTo: [{ name: '', address: 'x@alderf1nch.example', raw: '' }] })).toEqual([
      ['look-alike-domain', 7.5],
    ])
    expect(found({ urls: [link('https://alderf1nch.example/x', null)] })).toEqual([['look-alike-domain', 5]])
  })
})

describe('dangerous-attachment', () => {
  it.each([
    ['invoice.pdf.js', null, 12],
    ['invoice.pdf          .exe', null, 12],
    ['invoice.exe.', null, 10],
    ['setup.EXE', null, 10],
    ['\u202efdp.exe', null, 12],
    ['picture.jpg', 'application/x-msdownload', 12],
    ['disk.iso', null, 8],
    ['sheet.xlsm', null, 6],
    ['order.pdf.html', null, 7],
    ['order.pdf', 'text/html', 7],
    ['page.html', 'text/html', 3],
    ['go.lnk', null, 10],
  ])('%j (%s): %i', (name, real, weight) => expect(dangerOf(file(name, real))?.weight).toBe(weight))
  it.each([
    ['report.pdf', 'application/pdf'],
    ['photo.jpeg', 'image/jpeg'],
    ['notes.txt', null],
    ['www.contoso.com', 'image/png'],
    ['patch-v2.0.diff', null],
    ['', null],
  ])('%j (%s) is not', (name, real) => expect(dangerOf(file(name, real))).toBeNull())
  it('names the file in its evidence without its tricks', () => {
    const [signal] = gather({
      mail: parsedMail({ attachments: [file('a\u202efdp.exe')] }),
      context: CONTEXT,
      organisation: OURS,
    })
    expect(signal?.summary).toContain('a\\u202efdp.exe')
    expect(signal?.entities).toEqual([{ kind: 'file-hash', value: 'a'.repeat(64) }])
  })
})

describe('names', () => {
  it('knows letters that look alike', () => {
    expect(skeleton('аррlе')).toBe(skeleton('apple'))
    expect(skeleton('rnicrosoft')).toBe(skeleton('microsoft'))
    expect([disguised('Pаul'), disguised('Павел'), disguised('Łukasz Żak'), disguised('José')]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
  it('counts edits up to a limit', () => {
    expect([
      editDistance('finch', 'fnich', 2),
      editDistance('finch', 'finch', 2),
      editDistance('a', 'abcd', 2),
    ]).toEqual([1, 0, 3])
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const d = editDistance(a, b, 20)
        expect(d).toBe(editDistance(b, a, 20))
        expect(d === 0).toBe(a === b)
      }),
    )
  })
  it('a single word is nobody', () =>
    expect([nameKey('Support'), nameKey('A B'), nameKey('Bo Li')]).toEqual([null, null, null]))
})

describe('gathering', () => {
  it('does not look at headers of collectors, nor at the order of headers', () => {
    const mail: Partial<ParsedMail> = {
      ...from('Ingrid Alder', 'x@alderf1nch.example'),
      ...auth({ dmarc: { result: 'fail', domain: null, policy: 'reject' } }),
      urls: [link('https://evil.example/', 'https://mail.alderfinch.example/login')],
      attachments: [file('a.pdf.js')],
    }
    const header = fc.record({
      name: fc.constantFrom(
        'X-MS-Exchange-Organization-SCL',
        'X-Forefront-Antispam-Report',
        'X-Mozilla-Status',
        'X-UIDL',
        'X-Spam-Flag',
        'X-Barracuda-Spam-Score',
        'X-Message-Delivery',
        'X-SID-Result',
        'X-EOPAttributedMessage',
      ),
      value: fc.string(),
    })
    const plain = gather({ mail: parsedMail(mail), context: CONTEXT, organisation: OURS })
    expect(new Set(plain.map((s) => s.id)).size).toBeGreaterThanOrEqual(5)
    fc.assert(
      fc.property(fc.array(header, { maxLength: 10 }), (headers) => {
        expect(gather({ mail: parsedMail({ ...mail, headers }), context: CONTEXT, organisation: OURS })).toEqual(plain)
      }),
    )
  })
  it('survives anything that a parser may hand over', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '@', 'a@', '@b', 'a@b@c.example', 'http://', '.', '..'),
    )
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        const mail = parsedMail({
          from: [
            { name: a, address: b, raw: c },
            { name: b, address: null, raw: '' },
          ],
          replyTo: [{ name: '', address: d, raw: '' }],
          urls: [{ url: c, host: d, domain: null, place: 'link', anchor: a }],
          attachments: [file(a, b)],
          authentication: { ...parsedMail().authentication, source: 'own-check' },
        })
        const all = gather({ mail, context: CONTEXT, organisation: OURS })
        expect(all.filter((s) => s.summary.startsWith('The analysis'))).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })
})

describe('what an allow entry lifts', () => {
  const judged = (mail: ParsedMail, entries: readonly EntryRule[]) =>
    decide({
      signals: gather({ mail, context: CONTEXT, organisation: OURS }),
      entities: entitiesOf(mail, CONTEXT),
      authentication: mail.authentication,
      entries,
      policy: decidePolicy({ mode: 'standard', version: 1 }),
      unparsable: null,
      now: '2026-03-01T00:00:00.000Z',
    }).placement
  const allow = (kind: EntryRule['kind'], value: string): EntryRule => ({
    id: value,
    version: 1,
    action: 'allow',
    kind,
    value,
    expiresAt: null,
    origin: 'submission',
  })
  it('the worst of several bad links does not speak for the others (lists #10)', () => {
    const mail = parsedMail({
      urls: [
        link('http://198.51.100.7/a', 'https://shop.example.com/'),
        link('https://evil.example/b', 'https://shop.example.com/login'),
      ],
    })
    const one = allow('url', '198.51.100.7/a')
    const two = allow('url-domain', 'evil.example')
    expect([judged(mail, []), judged(mail, [one]), judged(mail, [two]), judged(mail, [one, two])]).toEqual([
      ...['quarantine', 'quarantine', 'quarantine', 'deliver'],
    ])
  })
  it('nor the worst of several bad files', () => {
    const other = { ...file('page.pdf.html'), sha256: 'b'.repeat(64) }
    const mail = parsedMail({ attachments: [file('a.exe'), other] })
    const one = allow('file-hash', 'a'.repeat(64))
    const two = allow('file-hash', 'b'.repeat(64))
    expect([judged(mail, []), judged(mail, [one]), judged(mail, [one, two])]).toEqual([
      'quarantine',
      'quarantine',
      'deliver',
    ])
  })
  it('a look-alike link is lifted by its domain', () => {
    const mail = parsedMail({ urls: [link('https://www.alderf1nch.example/x', null)] })
    expect([judged(mail, []), judged(mail, [allow('url-domain', 'alderf1nch.example')])]).toEqual([
      'quarantine',
      'deliver',
    ])
  })
})
