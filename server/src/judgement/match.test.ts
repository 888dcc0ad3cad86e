import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsedMail } from '../../test/rig/parsed-mail.ts'
import { type EntryAction, type EntryRule, keyOf, lookupKeys, normalValue } from '../lists/index.ts'
import { canonicalUrl } from '../mail/index.ts'
import { entitiesOf } from './entities.ts'
import { matchEntries, matches } from './match.ts'
import type { EntityRef } from './types.ts'

const NOW = '2026-03-01T12:00:00.000Z'
const rule = (part: Partial<EntryRule> & Pick<EntryRule, 'kind' | 'value'>): EntryRule => ({
  id: part.value,
  version: 1,
  action: 'block',
  expiresAt: null,
  origin: 'direct',
  ...part,
})
const url = (value: string): EntityRef => ({ kind: 'url', value })

/** §6.5: entry, candidates, what an allow and what a block does with each; `null` = the form is refused as an allow. */
const TABLE: readonly [string, string, string[], boolean | null, boolean][] = [
  [
    'U1',
    '*.tld/*',
    [
      ...['a.TLD', 'TLD/abcd', 'b.abcd.TLD', 'TLD/contoso.com', 'TLD/q=contoso.com', 'www.abcd.TLD'],
      ...['www.abcd.TLD/q=a@contoso.com', 'www.abcd.com\\xyz.TLD', 'www.abcd.com\\xyz.TLD?q=1234'],
    ],
    null,
    true,
  ],
  ['U2', 'contoso.com', ['contoso.com'], true, true],
  [
    'U3',
    'contoso.com',
    [
      ...['contoso.com/a', 'payroll.contoso.com', 'abc.xyz.contoso.com/a/b/c', 'www.contoso.com'],
      'www.contoso.com/q=a@contoso.com',
    ],
    false,
    true,
  ],
  ['U4', 'contoso.com', ['fabrikam.com/contoso.com', 'fabrikam.com/q=contoso.com'], false, true],
  ['U5', 'contoso.com', ['abc-contoso.com'], false, false],
  ['U6', '*.contoso.com', ['www.contoso.com', 'xyz.abc.contoso.com'], null, true],
  [
    'U7',
    '*.contoso.com',
    ['contoso.com', '123contoso.com', 'fabrikam.com/contoso.com', 'www.contoso.com/abc'],
    null,
    false,
  ],
  ['U8', 'contoso.com/a/*', ['contoso.com/a/b', 'contoso.com/a/b/c', 'contoso.com/a/?q=joe@t.com'], true, true],
  [
    'U9',
    'contoso.com/a/*',
    ['contoso.com', 'contoso.com/a', 'www.contoso.com', 'www.contoso.com/q=a@contoso.com'],
    false,
    false,
  ],
  ['U10', '~contoso.com', ['contoso.com', 'www.contoso.com', 'xyz.abc.contoso.com'], null, true],
  ['U11', '~contoso.com', ['123contoso.com', 'contoso.com/abc', 'www.contoso.com/abc'], null, false],
  [
    'U12',
    'contoso.com/*',
    [
      ...['contoso.com/?q=whatever@fabrikam.com', 'contoso.com/a', 'contoso.com/a/b/c', 'contoso.com/ab'],
      ...['contoso.com/b', 'contoso.com/b/a/c', 'contoso.com/ba'],
    ],
    true,
    true,
  ],
  ['U13', 'contoso.com/*', ['contoso.com'], false, false],
  [
    'U14',
    '*.contoso.com/*',
    [
      ...['abc.contoso.com/ab', 'abc.xyz.contoso.com/a/b/c', 'www.contoso.com/a', 'www.contoso.com/b/a/c'],
      'xyz.contoso.com/ba',
    ],
    null,
    true,
  ],
  ['U15', '*.contoso.com/*', ['contoso.com/b'], null, false],
  [
    'U16',
    '~contoso.com~',
    [
      ...['contoso.com', 'contoso.com/a', 'www.contoso.com', 'www.contoso.com/b', 'xyz.abc.contoso.com'],
      ...['abc.xyz.contoso.com/a/b/c', 'contoso.com/b/a/c', 'fabrikam.com/contoso.com'],
    ],
    null,
    true,
  ],
  ['U17', '~contoso.com~', ['123contoso.com', 'contoso.org', 'fabrikam.com/q=contoso.com'], null, false],
  ['U18', '1.2.3.4', ['1.2.3.4'], true, true],
  ['U19', '1.2.3.4', ['1.2.3.4/a', '11.2.3.4/a'], false, false],
  ['U20', '1.2.3.4/*', ['1.2.3.4/b', '1.2.3.4/baaaa'], true, true],
]

const NO_CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const mailWith = (url: string, scheme = 'http') =>
  parsedMail({ urls: [{ url: `${scheme}://${url}`, host: '', domain: null, place: 'link', anchor: null }] })

describe.each(['http', 'https', 'ftp'])('URL entries (lists #72), %s', (scheme) => {
  it.each(TABLE)('%s %s', (_row, entry, candidates, allow, block) => {
    for (const candidate of candidates) {
      const found = entitiesOf(mailWith(candidate, scheme), NO_CONTEXT).filter((e) => e.kind === 'url')
      expect(found.length).toBeGreaterThan(0)
      const as = (action: EntryAction) =>
        found.some((e) => matches(rule({ kind: 'url', value: normalValue('url', action, entry), action }), e))
      expect([candidate, as('block')]).toEqual([candidate, block])
      if (allow === null) expect(() => normalValue('url', 'allow', entry)).toThrow(/allow entry takes no/)
      else expect([candidate, as('allow')]).toEqual([candidate, allow])
    }
  })

  it('a domain indicator covers its sub-domains and paths', () => {
    const entry = rule({ kind: 'url-domain', value: 'contoso.com' })
    const among = (written: string) => entitiesOf(mailWith(written, scheme), NO_CONTEXT).some((e) => matches(entry, e))
    expect(['contoso.com', 'a.contoso.com:2121/b', 'me:pw@contoso.com/', 'contoso.example'].map(among)).toEqual([
      ...[true, true, true, false],
    ])
  })
})

describe('URL entries', () => {
  it('an allow from a submission covers deeper paths (lists #75)', () => {
    const entry = rule({ kind: 'url', value: 'www.contoso.com/abc', action: 'allow', origin: 'submission' })
    for (const below of ['/abc', '/abc?id=1', '/abc/def/gty/uyt?id=5', '/abc/whatever'])
      expect(matches(entry, url(`https://www.contoso.com${below}`))).toBe(true)
    for (const other of ['/abcd', '/ab', '']) expect(matches(entry, url(`https://www.contoso.com${other}`))).toBe(false)
  })

  it('a direct allow is exact (lists #76)', () => {
    const entry = rule({ kind: 'url', value: 'contoso.com', action: 'allow' })
    expect(matches(entry, url('https://contoso.com/'))).toBe(true)
    expect(matches(entry, url('https://contoso.com/a'))).toBe(false)
  })

  it('a letter in a path is the same letter when it is percent-encoded (RFC 3986, 6.2.2.2), in the entry and in the link', () => {
    const written = ['contoso.com/Log-in', 'contoso.com/l%6fg-in', 'contoso.com/%4C%6F%67%2D%69%6E']
    for (const entry of written)
      for (const link of written)
        for (const action of ['block', 'allow'] as const) {
          const value = normalValue('url', action, entry)
          expect(matches(rule({ kind: 'url', value, action }), url(`https://${link}`)), `${entry} ${link}`).toBe(true)
        }
    // What has a meaning of its own is not what stands for it.
    const below = rule({ kind: 'url', value: 'contoso.com/a/*' })
    expect(matches(below, url('https://contoso.com/a/b'))).toBe(true)
    expect(matches(below, url('https://contoso.com/a%2Fb'))).toBe(false)
    expect(matches(rule({ kind: 'url', value: 'contoso.com/%6c' }), url('https://contoso.com/%256c'))).toBe(false)
    expect(matches(rule({ kind: 'url', value: 'contoso.com/%6c' }), url('https://contoso.com/%6%63'))).toBe(false)
  })

  it('sees the target inside a redirector, but not a recipient in a tracking link', () => {
    const entry = rule({ kind: 'url', value: 'evil.example.com' })
    expect(matches(entry, url('https://go.test.net/r?u=https%3A%2F%2Fevil.example.com%2Fx'))).toBe(true)
    expect(matches(entry, url('https://go.test.net/r?to=jo@evil.example.com'))).toBe(false)
    expect(matches(entry, url('https://go.test.net/r?to=jo%40evil.example.com'))).toBe(false)
  })
})

describe('senders of a message', () => {
  const senders = (...addresses: string[]) =>
    entitiesOf(parsedMail({ from: addresses.map((address) => ({ name: '', address, raw: '' })) }), NO_CONTEXT)
      .filter((e) => e.kind === 'sender')
      .map((e) => e.value)
  it('are compared in normal form', () => {
    expect(senders('Jo@BÜCHER.example')).toEqual(['jo@xn--bcher-kva.example'])
    expect(senders('b@x.example', 'a@x.example', 'A@X.example')).toEqual(['a@x.example', 'b@x.example'])
    expect(senders(`a@${'l.'.repeat(20)}x.example`)).toHaveLength(1)
  })
  it.each([
    'a@trusted.com/x.evil.com',
    'a@trusted.com#.evil.com',
    'a@trusted.com?evil',
    'a@trusted%2ecom',
    'a@trusted.com:80',
    'a@',
    '@',
  ])('%s is not the sender that it begins like', (address) => expect(senders(address)).toEqual([]))
})

describe('sender entries', () => {
  const domain = (value: string, candidate: string) =>
    matches(rule({ kind: 'sender-domain', value }), { kind: 'sender-domain', value: candidate })
  it('a domain is exact (lists #62)', () => {
    expect(domain('contoso.com', 'contoso.com')).toBe(true)
    expect(domain('contoso.com', 'marketing.contoso.com')).toBe(false)
  })
  it('a wildcard leaves the domain itself out (lists #63)', () => {
    expect(domain('*.contoso.com', 'a.b.contoso.com')).toBe(true)
    expect(domain('*.contoso.com', 'contoso.com')).toBe(false)
    expect(domain('*.contoso.com', 'notcontoso.com')).toBe(false)
  })
  it('a top-level domain is all of it', () => expect(domain('*.tld', 'mail.abc.tld')).toBe(true))
  it('an encoded local part matches the quoted address (lists #66)', () => {
    const value = normalValue('sender', 'block', '%22bad%2B%20attacker%22@fourthcoffee.com')
    expect(
      matches(rule({ kind: 'sender', value }), { kind: 'sender', value: '"bad+ attacker"@fourthcoffee.com' }),
    ).toBe(true)
  })
})

describe('IP entries', () => {
  const ip = (value: string, candidate: string) =>
    matches(rule({ kind: 'sender-ip', value: normalValue('sender-ip', 'block', value) }), {
      kind: 'sender-ip',
      value: candidate,
    })
  it.each([
    ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '2001:db8:85a3::8a2e:370:7334', true],
    ['2001:0db8::/32', '2001:db8:ffff::1', true],
    ['2001:0db8::/32', '2001:db9::1', false],
    ['192.0.2.77/24', '192.0.2.1', true],
    ['192.0.2.0/24', '192.0.3.1', false],
    ['192.0.2.0/24', '::ffff:192.0.2.9', true],
    ['192.0.2.7', '192.0.2.70', false],
  ])('%s on %s: %s (lists #79)', (value, candidate, expected) => expect(ip(value, candidate)).toBe(expected))
})

describe('expiry', () => {
  it('an entry matters until the instant of its expiry', () => {
    const at = (expiresAt: string | null) =>
      matchEntries([url('https://contoso.com/')], [rule({ kind: 'url', value: 'contoso.com', expiresAt })], NOW).length
    expect(at(null)).toBe(1)
    expect(at('2026-03-01T12:00:00.001Z')).toBe(1)
    expect(at(NOW)).toBe(0)
    expect(at('2026-02-28T12:00:00.000Z')).toBe(0)
  })
})

describe('looking up by key', () => {
  const label = fc.constantFrom('a', 'b', 'contoso', 'xn--p1ai', 'x-y')
  const host = fc
    .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), fc.constantFrom('com', 'net', 'tld'))
    .map(([l, t]) => [...l, t].join('.'))
  const path = fc.constantFrom('', '/', '/a', '/a/b', '/a?q=1', '/b.com', '/?u=b.com', '/a.contoso.com/x')
  const entries = fc.oneof(
    fc
      .tuple(fc.constantFrom('', '*.', '~'), host, fc.constantFrom('', '/*', '~', '/a/*', '/a', '/a/b'))
      .map((p) => p.join('')),
    fc.constantFrom('*.tld/*', '*.com/*'),
  )
  const valid = (kind: EntryRule['kind'], value: string): EntryRule | null => {
    try {
      return rule({ kind, value: normalValue(kind, 'block', value) })
    } catch {
      return null
    }
  }
  it('finds every entry that matches', () => {
    let hits = 0
    const user = fc.oneof(
      host,
      fc.constant('*'),
      host.map((h) => `Jo@${h}`),
    )
    const domains = fc.tuple(fc.constantFrom('', '*.'), host).map((p) => p.join(''))
    const kinds = fc.oneof(
      entries.map((v) => valid('url', v)),
      domains.map((v) => valid('sender-domain', v)),
      host.map((v) => valid('url-domain', v)),
      fc.tuple(fc.ipV4(), fc.integer({ min: 24, max: 32 })).map(([a, p]) => valid('sender-ip', `${a}/${p}`)),
      fc.tuple(user, fc.oneof(host, fc.constantFrom('*', '192.0.2.9/24'))).map((p) => valid('spoof', p.join(','))),
    )
    const entity = fc.oneof(
      fc
        .tuple(host, fc.oneof(host, fc.constant('192.0.2.0/24')))
        .map(([h, server]): EntityRef => ({ kind: 'spoof', value: `jo@${h}, ${server}` })),
      fc.tuple(host, path).map(([h, p]) => url(canonicalUrl(`http://${h}${p}`) ?? '')),
      host.map((value): EntityRef => ({ kind: 'sender-domain', value })),
      host.map((value): EntityRef => ({ kind: 'url-domain', value })),
      fc.ipV4().map((value): EntityRef => ({ kind: 'sender-ip', value })),
    )
    fc.assert(
      fc.property(kinds, entity, (entry, candidate) => {
        if (entry === null || !matches(entry, candidate)) return
        hits++
        expect(lookupKeys([candidate])).toContainEqual({ kind: entry.kind, key: keyOf(entry.kind, entry.value) })
      }),
      { numRuns: 20_000 },
    )
    expect(hits).toBeGreaterThan(100)
  })
})

describe('a hostile message', () => {
  it('cannot hide a blocked host behind thousands of others', () => {
    const decoy = (i: number) =>
      `http://${'a.'.repeat(100)}n${i}.example/${Array.from({ length: 30 }, (_, k) => `${'b.'.repeat(40)}k${k}.example`).join('/')}`
    const urls = [...Array.from({ length: 999 }, (_, i) => decoy(i)), 'http://x.y.blocked.example/']
    const mail = parsedMail({
      urls: urls.map((u) => ({ url: u, host: '', domain: null, place: 'link', anchor: null })),
    })
    const entities = entitiesOf(mail, NO_CONTEXT)
    const keys = lookupKeys(entities)
    const entry = rule({ kind: 'url-domain', value: 'blocked.example' })
    expect(matchEntries(entities, [entry], NOW)).toHaveLength(1)
    expect(keys).toContainEqual({ kind: 'url-domain', key: 'blocked.example' })
    expect(keys.length).toBeLessThan(300_000)
  })
})

describe('the sender', () => {
  it('is who stands in From, not the sender of the envelope (lists #65)', () => {
    const mail = parsedMail({
      from: [{ name: '', address: 'Jo@shop.example', raw: '' }],
      returnPath: 'b@bounce.example',
    })
    const entities = entitiesOf(mail, { mailFrom: 'b@bounce.example', clientIp: null, helo: null })
    const hits = (value: string, kind: 'sender' | 'sender-domain') =>
      matchEntries(entities, [rule({ kind, value })], NOW).length
    expect([hits('jo@shop.example', 'sender'), hits('shop.example', 'sender-domain')]).toEqual([1, 1])
    expect([hits('b@bounce.example', 'sender'), hits('bounce.example', 'sender-domain')]).toEqual([0, 0])
    // A whole top-level domain (lists #64).
    expect([hits('*.example', 'sender-domain'), hits('*.test', 'sender-domain')]).toEqual([1, 0])
  })
})

describe('spoofed senders', () => {
  const SERVER = { mailFrom: null, clientIp: '198.51.100.7', helo: null, clientName: 'smtp.inbound.contoso.com' }
  const signed = (...domains: string[]) =>
    domains.map((domain) => ({ result: 'pass' as const, domain, selector: null }))
  const sent = (authentication: object, ...from: string[]) =>
    parsedMail({
      from: from.map((address) => ({ name: '', address, raw: '' })),
      authentication: { ...parsedMail({}).authentication, source: 'own-check', aligned: false, ...authentication },
    })
  const pairs = (mail: ReturnType<typeof sent>, context: Parameters<typeof entitiesOf>[1] = SERVER) =>
    entitiesOf(mail, context)
      .filter((e) => e.kind === 'spoof')
      .map((e) => e.value)

  it('are known by the name of the server, by who signed and by the network; only where the sender is not proved', () => {
    const mail = sent(
      { dkim: [...signed('Mailer.example'), { result: 'fail', domain: 'no.example', selector: null }] },
      'Jo@shop.example',
    )
    expect(pairs(mail)).toEqual([
      'jo@shop.example, 198.51.100.0/24',
      'jo@shop.example, mailer.example',
      'jo@shop.example, smtp.inbound.contoso.com',
    ])
    // The MTA beside us sends for everybody.
    expect(pairs(mail, { ...SERVER, clientIp: '10.0.0.3' })).toEqual(['jo@shop.example, mailer.example'])
    expect(pairs(mail, NO_CONTEXT)).toEqual(['jo@shop.example, mailer.example'])
    expect(pairs(mail, { ...NO_CONTEXT, clientIp: '2001:db8:1:2:3::4' })).toContain(
      'jo@shop.example, 2001:db8:1:2::/64',
    )
    expect(pairs(sent({ aligned: true }, 'jo@shop.example'))).toEqual([])
    expect(pairs(sent({ source: 'none' }, 'jo@shop.example'))).toEqual([])
    expect(pairs(sent({}, 'jo@shop.example', 'al@other.example'))).toEqual([])
    const many = signed(...Array.from({ length: 500 }, (_, i) => `d${i}.example`))
    expect(pairs(sent({ dkim: many }, 'jo@shop.example')).length).toBeLessThan(10)
  })

  it.each([
    ['contoso.com, fabrikam.com', 'jo@contoso.com, smtp.fabrikam.com', true],
    ['jo@contoso.com, fabrikam.com', 'jo@contoso.com, fabrikam.com', true],
    ['jo@contoso.com, fabrikam.com', 'al@contoso.com, fabrikam.com', false],
    ['contoso.com, fabrikam.com', 'jo@contoso.com, notfabrikam.com', false],
    ['contoso.com, smtp.fabrikam.com', 'jo@contoso.com, fabrikam.com', false],
    ['contoso.com, fabrikam.com', 'jo@mail.contoso.com, fabrikam.com', false],
    ['contoso.com, 192.0.2.0/24', 'jo@contoso.com, 192.0.2.0/24', true],
    ['contoso.com, 192.0.2.0/24', 'jo@contoso.com, 192.0.3.0/24', false],
    ['contoso.com, *', 'jo@contoso.com, 192.0.3.0/24', true],
    ['*, contoso.com', 'jo@shop.example, smtp.inbound.contoso.com', true],
    ['*, contoso.com', '"a, b"@shop.example, contoso.com', true],
  ])('%s on %s: %s (lists #69)', (value, pair, is) =>
    expect(matches(rule({ kind: 'spoof', value }), { kind: 'spoof', value: pair })).toBe(is),
  )
})

describe('files', () => {
  it('are known by what they hold: attached, shown in the text, or in an archive (lists #71)', () => {
    const [zip, inner, picture] = ['a', 'b', 'c'].map((c) => c.repeat(64))
    const file = { declaredType: '', realType: null, size: 9, contentId: null }
    const mail = parsedMail({
      attachments: [
        {
          ...file,
          ...{ name: 'invoice.zip', sha256: zip ?? '', inline: false },
          inside: {
            archive: {
              ...{ kind: 'zip', count: 2, encrypted: true, depth: 1, stopped: null },
              entries: [
                { name: 'run.exe', type: null, size: 5, encrypted: false, sha256: inner ?? '' },
                { name: 'locked.exe', type: null, size: 5, encrypted: true },
              ],
            },
          },
        },
        { ...file, name: 'logo.png', sha256: picture ?? '', inline: true, contentId: 'logo' },
      ],
    })
    const entities = entitiesOf(mail, { mailFrom: null, clientIp: null, helo: null })
    for (const value of [zip, inner, picture])
      expect(matchEntries(entities, [rule({ kind: 'file-hash', value: value ?? '' })], NOW)).toHaveLength(1)
    expect(entities.filter((e) => e.kind === 'file-hash')).toHaveLength(3)
  })
})
