import { describe, expect, it } from 'vitest'
import { parsedMail } from '../../test/rig/parsed-mail.ts'
import type { Authentication, ParsedMail } from '../mail/index.ts'
import { gather } from './signals/index.ts'
import type { OrganisationFacts } from './types.ts'

const OURS: OrganisationFacts = { domains: ['alderfinch.example'], protectedDomains: [], people: [] }
const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const h = (...lines: [string, string][]) => lines.map(([name, value]) => ({ name, value }))
const USUAL = h(['Date', 'Sun, 1 Mar 2026 10:00:00 +0000'], ['MIME-Version', '1.0'])
const TO = [{ name: '', address: 'anna@alderfinch.example', raw: 'anna@alderfinch.example' }]
/** A message that no analysis has anything to say about, with parts replaced. */
const letter = (part: Partial<ParsedMail> = {}) =>
  parsedMail({ internetMessageId: '1@news.example', headers: USUAL, to: TO, ...part })
const all = (mail: ParsedMail) => gather({ mail, context: CONTEXT, organisation: OURS })
const one = (id: string, mail: ParsedMail) => all(mail).find((s) => s.id === id)
const weight = (id: string, mail: ParsedMail) => one(id, mail)?.weight ?? 0
const from = (name: string, address: string | null) => ({ from: [{ name, address, raw: `${name} <${address}>` }] })
const auth = (part: Partial<Authentication>) => ({
  authentication: { ...parsedMail().authentication, source: 'trusted-header' as const, ...part },
})
const LIST = h(
  ['List-Id', 'Talk <talk.lists.society.org>'],
  ['List-Post', '<mailto:talk@lists.society.org>'],
  [
    'Received',
    'from mail.society.org (mail.society.org [203.0.113.9]) by mx.alderfinch.example; Sun, 1 Mar 2026 10:00:01 +0000',
  ],
)

it('an unremarkable message is unremarkable', () => expect(all(letter())).toEqual([]))

describe('unauthenticated', () => {
  const id = 'unauthenticated'
  it('nothing passed where somebody looked', () => {
    const found = one(id, letter(auth({})))
    expect(found).toMatchObject({ threat: 'spoof', entities: [{ kind: 'sender-domain', value: 'news.example' }] })
    expect(found?.weight).toBeGreaterThan(2)
    expect(found?.summary).toContain('neither SPF nor DKIM')
  })
  it('another domain’s proof is weaker evidence than none', () => {
    const other = letter(auth({ spf: { result: 'pass', domain: 'bulk.example' } }))
    expect(weight(id, other)).toBeGreaterThan(0)
    expect(weight(id, other)).toBeLessThan(weight(id, letter(auth({}))))
    expect(one(id, other)?.summary).toContain('bulk.example')
  })
  it.each([
    ['nobody looked', letter()],
    ['it is proven', letter(auth({ aligned: true, spf: { result: 'pass', domain: 'news.example' } }))],
    ['it is our own', letter({ ...from('', 'it@alderfinch.example'), ...auth({}) })],
    ['a list changed it', letter({ ...auth({}), headers: [...USUAL, ...LIST] })],
  ])('nothing where %s', (_, mail) => expect(weight(id, mail)).toBe(0))
})

describe('brand-impersonation', () => {
  const id = 'brand-impersonation'
  it.each([
    ['PayPal Service', 'x@somewhere.example'],
    ['PаyPal', 'x@somewhere.example'], // a Cyrillic а
    ['Pay Pal', 'x@somewhere.example'],
    ['PayPa1 Inc', 'paypal@somewhere.example'],
    ['Wells Fargo Bank', 'x@gmail.com'],
    ['DHL Express', 'x@somewhere.example'],
    ['Apple Support', 'x@somewhere.example'],
    ['Amazon', null],
    ['', 'service@paypa1.com'],
    ['', 'service@paypal-secure.com'],
    ['', 'service@secure-netflix.xyz'],
    ['', 'service@rnicrosoft.com'],
  ])('%s <%s>', (name, address) => {
    const found = one(id, letter(from(name, address)))
    expect(found?.weight).toBeGreaterThan(1.5)
    expect(found).toMatchObject({ threat: 'phish', technology: 'impersonation-domain' })
    expect(found?.evidence['claims']).not.toEqual([])
  })
  it.each([
    ['PayPal', 'service@paypal.com'],
    ['PayPal', 'service@mail.paypal.com'],
    ['PayPal', 'service@paypal.com.sg'],
    ['Anna Chase', 'anna@somewhere.example'],
    ['Tim Chapman', 'tim@somewhere.example'],
    ['Penguin Shell', 'x@somewhere.example'],
    ['News', 'letters@techtarget.com'],
    ['', 'x@appleton.example'],
  ])('%s <%s> pretends nothing', (name, address) => expect(weight(id, letter(from(name, address)))).toBe(0))
  it('a brand in the subject counts only with a request, and not when the links are the brand’s', () => {
    const link = (host: string) => ({
      urls: [{ url: `https://${host}/`, host, domain: host, place: 'link' as const, anchor: 'x' }],
    })
    const asks = { subject: 'Netflix: payment declined', text: 'Update your payment details, click here.' }
    expect(weight(id, letter({ ...asks, ...link('evil.example') }))).toBeGreaterThan(2)
    expect(weight(id, letter({ ...asks, ...link('www.netflix.com') }))).toBe(0)
    expect(weight(id, letter({ subject: 'What Netflix did right', text: 'An essay.', ...link('essay.example') }))).toBe(
      0,
    )
  })
  it('speaks of a brand on a list', () =>
    expect(weight(id, letter({ ...from('PayPal', 'x@somewhere.example'), headers: [...USUAL, ...LIST] }))).toBe(0))
})

describe('sender-disagreement', () => {
  const id = 'sender-disagreement'
  const answers = (address: string) => ({ replyTo: [{ name: '', address, raw: address }] })
  it('answers that go to a free mailbox', () => {
    const found = one(
      id,
      letter({ ...from('Director', 'director@firm.example'), ...answers('director.firm@gmail.com') }),
    )
    expect(found?.weight).toBeGreaterThan(2)
    expect(found?.summary).toContain('director.firm@gmail.com')
    expect(weight(id, letter({ ...from('', 'a@yahoo.com'), ...answers('b@gmail.com') }))).toBeGreaterThan(2)
  })
  it('another firm’s address is a weak sign, the same firm’s none', () => {
    expect(weight(id, letter(answers('help@desk.example')))).toBeLessThan(1)
    expect(weight(id, letter(answers('help@support.news.example')))).toBe(0)
  })
  it('lists redirect answers', () =>
    expect(weight(id, letter({ ...answers('talk@gmail.com'), headers: [...USUAL, ...LIST] }))).toBe(0))
  it('a free mailbox sent in the name of another server', () =>
    expect(weight(id, letter({ ...from('', 'a@gmail.com'), returnPath: 'www@server.example' }))).toBeGreaterThan(1))
})

describe('from-oddity', () => {
  const id = 'from-oddity'
  it.each([
    ['no From', { from: [], fromHeaders: 0 }],
    ['two From headers', { fromHeaders: 2 }],
    ['no readable address', from('Support', null)],
    ['another’s address as its name', from('boss@bank.example', 'x@elsewhere.example')],
    ['look-alike letters', from('Αmanda Вrown', 'x@elsewhere.example')],
    ['mathematical letters', from('𝐒𝐮𝐩𝐩𝐨𝐫𝐭', 'x@elsewhere.example')],
    ['a number for a domain', from('', 'x@[203.0.113.7]')],
    ['a domain that does not exist', from('', 'root@server1')],
    ['an office in a free mailbox', from('IT Help Desk', 'x123@gmail.com')],
  ])('%s', (_, part) => {
    const found = one(id, letter(part))
    expect(found?.weight).toBeGreaterThan(1.4)
    expect(found?.evidence['found']).not.toEqual([])
  })
  it.each([
    ['Anna Alder', 'anna@elsewhere.example'],
    ['anna@elsewhere.example', 'anna@elsewhere.example'],
    ['Анна Альдер', 'anna@elsewhere.example'],
    ['山田太郎', 'yamada@elsewhere.example'],
    ['News', 'bounce+3.19584.83-p1sylj1blfvqjrrr=x#1@news.example'],
  ])('%s <%s> is ordinary', (name, address) => expect(weight(id, letter(from(name, address)))).toBe(0))
})

describe('sender-domain', () => {
  const id = 'sender-domain'
  it.each([
    'x@offer.xyz',
    'x@9hq2xk7vbz.example',
    'x@contoso.onmicrosoft.com',
    'x@my-best-deal-now.example',
    'x@a.b.c.d.example',
  ])('%s', (address) => {
    expect(weight(id, letter(from('', address)))).toBeGreaterThan(0.5)
    expect(one(id, letter(from('', address)))?.entities).toHaveLength(1)
  })
  it.each(['x@contoso.com', 'x@mail.contoso.co.uk', 'x@alderfinch.example', 'x@3m.com'])('%s is ordinary', (address) =>
    expect(weight(id, letter(from('', address)))).toBe(0),
  )
})

describe('transport-oddity', () => {
  const id = 'transport-oddity'
  const hop = (value: string) => letter({ headers: [...USUAL, ...h(['Received', value])] })
  it.each([
    ['no Message-ID', letter({ internetMessageId: null })],
    ['no Date', letter({ headers: h(['MIME-Version', '1.0']) })],
    ['no recipient', letter({ to: [] })],
    ['undisclosed recipients', letter({ to: [{ name: 'undisclosed-recipients:', address: null, raw: '' }] })],
    ['its own sender as recipient', letter({ to: [{ name: '', address: 'letters@news.example', raw: '' }] })],
    ['a script', letter({ headers: [...USUAL, ...h(['X-PHP-Originating-Script', '33:a.php'])] })],
    [
      'a home connection',
      hop(
        'from x.example (dsl-203-0-113-7.dyn.isp.example [203.0.113.7]) by mx.a.example; Sun, 1 Mar 2026 10:00:01 +0000',
      ),
    ],
    ['a nameless server', hop('from User (unknown [203.0.113.7]) by mx.a.example; Sun, 1 Mar 2026 10:00:01 +0000')],
    [
      'a Date in the future',
      hop('from a.b.example (a.b.example [203.0.113.7]) by mx.a.example; Wed, 25 Feb 2026 10:00:01 +0000'),
    ],
    ['a forged Message-ID', letter({ internetMessageId: 'CAF=x@mail.gmail.com' })],
  ])('%s', (_, mail) => {
    expect(weight(id, mail)).toBeGreaterThan(0.6)
    expect(one(id, mail)?.evidence['found']).not.toEqual([])
  })
  it.each([
    [
      'a mail server',
      hop('from mail.b.example (mail.b.example [203.0.113.7]) by mx.a.example; Sun, 1 Mar 2026 10:00:01 +0000'),
    ],
    [
      'Gmail',
      letter({
        internetMessageId: 'CAF=x@mail.gmail.com',
        headers: [
          ...USUAL,
          ...h([
            'Received',
            'from mail-x1.google.com (mail-x1.google.com [209.85.220.41]) by mx.a.example; Sun, 1 Mar 2026 10:00:01 +0000',
          ]),
        ],
      }),
    ],
  ])('%s is ordinary', (_, mail) => expect(weight(id, mail)).toBe(0))
})

describe('good-evidence', () => {
  const id = 'good-evidence'
  it('a list whose servers handled the message counts, one that is only named hardly', () => {
    expect(weight(id, letter({ headers: [...USUAL, ...LIST] }))).toBeLessThanOrEqual(-3)
    expect(weight(id, letter({ headers: [...USUAL, ...LIST.slice(0, 2)] }))).toBe(-1)
  })
  it('a newsletter’s List-Id is no list', () =>
    expect(
      weight(
        id,
        letter({
          headers: [...USUAL, ...h(['List-Id', '<123.xt.local>'], ['List-Unsubscribe', '<https://x.example/>'])],
        }),
      ),
    ).toBe(0))
  it('an answer that quotes', () => {
    const answer = { subject: 'Re: Lunch', text: 'Yes!\n\nAnna wrote:\n> Lunch at noon?' }
    expect(weight(id, letter({ ...answer, headers: [...USUAL, ...h(['In-Reply-To', '<7@a.example>'])] }))).toBe(-2)
    expect(weight(id, letter(answer))).toBe(0)
  })
  it('a known and proven sender', () => {
    const known = { ...from('PayPal', 'service@paypal.com'), ...auth({ aligned: true }) }
    expect(weight(id, letter(known))).toBe(-1.5)
    expect(weight(id, letter({ ...known, ...auth({ aligned: false }) }))).toBe(0)
  })
})

describe('bulk-mail', () => {
  it('is sent to many', () =>
    expect(
      one('bulk-mail', letter({ headers: [...USUAL, ...h(['List-Unsubscribe', '<https://x.example/>'])] })),
    ).toMatchObject({
      threat: 'bulk',
      weight: 0.6,
    }))
  it('is no discussion', () =>
    expect(
      weight('bulk-mail', letter({ headers: [...USUAL, ...LIST, ...h(['List-Unsubscribe', '<https://x.example/>'])] })),
    ).toBe(0))
})
