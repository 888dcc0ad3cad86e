import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../base/index.ts'
import { formatIp, parseIp } from './ip.ts'
import { urlMatches, urlPattern } from './patterns.ts'
import { ENTRY_KINDS, type EntryAction, type EntryKind } from './types.ts'
import { normalValue } from './values.ts'

const refused = (kind: EntryKind, value: string, action: EntryAction = 'block'): string => {
  try {
    return `accepted as ${normalValue(kind, action, value)}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('URL entries', () => {
  it.each([
    ...['1.2.3.4:80', '1.2.3.4:80/a', '[2001:db8::1]:443', '[2001:db8::1]:443/*', 'contoso.:443'],
    ...['contoso.com:443', 'abc.contoso.com:25', 'test.pdf', '*.pdf', '.com', 'contoso.', 'contoso', '*contoso.com'],
    ...['*.contoso.*', '*.com', 'contoso.com*', 'contoso.com/a*', 'contoso.com/ab*', '*.com*', '*1.2.3.4', '1.2.3.4*'],
    ...[
      'conto*so.com',
      'conto~so.com',
      'contoso.com/**',
      'contoso.com/*/*',
      '*',
      '*.*',
      '"contoso.com"',
      "'contoso.com'",
    ],
    ...[
      'https://contoso.com',
      'user:pw@contoso.com',
      'cont\u00f6so.com',
      '~contoso.com/a',
      'contoso.com~',
      'co.uk',
      '*.co~',
    ],
  ])('%s is refused with a reason (lists #73)', (value) => {
    expect(refused('url', value)).toMatch(/ is not a url for an entry: .+\.$/)
  })
  it.each([
    ...['1.2.3.4', 't.co', 'xn--bcher-kva.example', '*.contoso.com', 'contoso.com/*', 'contoso.com/a/*', '1.2.3.4/*'],
    ...['~contoso.com', '~contoso.com~', '*.zip/*', '*.contoso.com/*', 'contoso.com/a/b?c=d'],
  ])('%s is taken as it is', (value) => expect(normalValue('url', 'block', value)).toBe(value))
  it('251 characters are refused, 250 taken (lists #74)', () => {
    const long = (n: number) => `contoso.com/${'a'.repeat(n - 12)}`
    expect(normalValue('url', 'block', long(250))).toHaveLength(250)
    expect(refused('url', long(251))).toContain('longer than 250')
  })
})

describe('hashes (lists #70)', () => {
  it.each([63, 65, 32, 40])('%i digits are refused', (n) =>
    expect(refused('file-hash', 'a'.repeat(n))).toContain('is not'),
  )
  it('64 are stored in lower case', () =>
    expect(normalValue('file-hash', 'block', 'A'.repeat(64))).toBe('a'.repeat(64)))
  it('names what it looks like', () => expect(refused('file-hash', 'd'.repeat(40))).toContain('SHA-1'))
})

describe('senders and domains', () => {
  it.each([
    'co.uk',
    'com',
    '*',
    '*.*',
    'contoso',
    'a@contoso.com',
    'https://contoso.com',
    '*contoso.com',
    '1.2.3.4',
    'a b.com',
    '',
  ])('domain %j is refused, allow and block', (value) => {
    expect(refused('sender-domain', value)).toContain('is not a sender-domain')
    expect(refused('sender-domain', value, 'allow')).toContain('is not a sender-domain')
  })
  it('a wildcard is for blocks only', () => {
    expect(normalValue('sender-domain', 'block', '*.Contoso.com')).toBe('*.contoso.com')
    expect(refused('sender-domain', '*.contoso.com', 'allow')).toContain('takes no wildcard')
  })
  it('Unicode becomes Punycode', () =>
    expect(normalValue('sender-domain', 'allow', 'bücher.example')).toBe('xn--bcher-kva.example'))
  it.each([
    ['url', 'contoso.com.', 'contoso.com'],
    ['url', '*.Contoso.com.', '*.contoso.com'],
    ['url', '~contoso.com.~', '~contoso.com~'],
    ['url', 'contoso.com./a.', 'contoso.com/a.'],
    ['sender', '"ann"@contoso.com.', 'ann@contoso.com'],
    ['sender-domain', '*.contoso.com.', '*.contoso.com'],
  ] as const)('what means the same is the same entry: %s %s', (kind, written, value) =>
    expect(normalValue(kind, 'block', written)).toBe(value),
  )
  it.each(['contoso.com', 'a@b', 'a b@contoso.com', '@contoso.com', 'a@', 'mailto:a@contoso.com', 'a,b@contoso.com'])(
    'sender %j is refused',
    (value) => expect(refused('sender', value)).toContain('is not a sender'),
  )
  it('is compared in lower case', () =>
    expect(normalValue('sender', 'block', ' Jo.Doe@Contoso.COM ')).toBe('jo.doe@contoso.com'))
})

describe('addresses', () => {
  it.each([
    ['0.0.0.0/0', 'block'],
    ['10.0.0.0/8', 'allow'],
    ['2001::/16', 'block'],
    ['2001:db8::/32', 'allow'],
    ['::/0', 'block'],
  ] as const)('%s is too wide to %s', (value, action) =>
    expect(refused('sender-ip', value, action)).toContain('too wide'),
  )
  it.each(['1.2.3', '1.2.3.4.5', '1.2.3.256', '2001:::1', '1.2.3.4/33', 'host', '1.2.3.4/x', '2001:db8::/129'])(
    '%s is none',
    (v) => expect(refused('sender-ip', v)).toContain('no address'),
  )
  it('writes IPv6 as RFC 5952 does', () => {
    const text = (value: string) => {
      const ip = parseIp(value)
      return ip === null ? null : formatIp(ip)
    }
    expect(text('2001:0DB8:0:0:1:0:0:1')).toBe('2001:db8::1:0:0:1')
    expect(text('2001:db8:0:1:1:1:1:1')).toBe('2001:db8:0:1:1:1:1:1')
    expect(text('::')).toBe('::')
    expect(text('[IPv6:::1]')).toBe('::1')
    expect(text('::ffff:1.2.3.4')).toBe('1.2.3.4')
  })
})

describe('spoofed senders', () => {
  it.each([
    ['Contoso.com , 192.168.100.100/24', 'contoso.com, 192.168.100.0/24'],
    ['Chris@contoso.com,fabrikam.com', 'chris@contoso.com, fabrikam.com'],
    ['*, contoso.net', '*, contoso.net'],
    ['bücher.example, *', 'xn--bcher-kva.example, *'],
    ['contoso.com, 2001:db8::7/64', 'contoso.com, 2001:db8::/64'],
    ['"a, b"@contoso.com, fabrikam.com', '"a, b"@contoso.com, fabrikam.com'],
  ])('%s is saved as %s', (text, value) => expect(normalValue('spoof', 'allow', text)).toBe(value))
  it.each([
    ['*, *', 'both sides are a wildcard'],
    ['contoso.com, 192.0.2.0/25', 'by its /24'],
    ['contoso.com, 192.0.2.7', 'by its /24'],
    ['contoso.com, 2001:db8::/48', 'by its /64'],
    ['contoso.com', 'it is no pair'],
    [', contoso.com', 'it is no pair'],
    ['contoso.com,', 'it is no pair'],
    ['*.contoso.com, fabrikam.com', 'more than a domain'],
    ['contoso.com, co.uk', 'a public suffix'],
    ['contoso.com, mail@fabrikam.com', 'it is an address'],
    ['@contoso.com, fabrikam.com', 'no full address'],
    ['a, b, c.example', 'is not a spoof'],
  ])('%s is refused: %s (lists #67, #68)', (text, why) => {
    expect(refused('spoof', text, 'allow')).toContain(why)
    expect(refused('spoof', text, 'block')).toContain(why)
  })
})

describe('normal values', () => {
  it.each(['contoso.com/', 'contoso.com//', 'contoso.com///'])('%s is the host alone', (text) => {
    expect(normalValue('url', 'block', text)).toBe('contoso.com')
  })

  it('are what they become: saving one again changes nothing', () => {
    const part = fc.constantFrom(
      'a',
      'WWW',
      'contoso',
      'com',
      'co',
      'uk',
      '*',
      '~',
      '.',
      '/',
      ':',
      '@',
      '?',
      '1',
      '%20',
      'ü',
      ' ',
    )
    const junk = fc.array(part, { minLength: 1, maxLength: 9 }).map((p) => p.join(''))
    const label = fc.constantFrom('a', 'Contoso', 'xn--p1ai', 'b-c', '1', '_x', 'ü', 'co')
    const host = fc
      .tuple(fc.array(label, { minLength: 1, maxLength: 12 }), fc.constantFrom('com', 'uk', 'tld'))
      .map(([l, t]) => [...l, t].join('.'))
    const shaped = fc
      .tuple(
        fc.constantFrom('', '*.', '~', 'a@', '%22x%20y%22@'),
        fc.oneof(host, fc.ipV4(), fc.ipV6()),
        fc.constantFrom('', '/', '/a', '/*', '~', '/24', '/48', '?q'),
      )
      .map((p) => p.join(''))
    let accepted = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...ENTRY_KINDS),
        fc.constantFrom('allow' as const, 'block' as const),
        fc.oneof(junk, shaped),
        (kind, action, text) => {
          let value: string
          try {
            value = normalValue(kind, action, text)
          } catch (error) {
            expect(error).toBeInstanceOf(AppError)
            return
          }
          accepted++
          expect(normalValue(kind, action, value)).toBe(value)
          if (kind === 'url' && urlPattern(value).form === 'exact')
            expect(urlMatches(value, `http://${value}`, { action, deeper: false })).toBe(true)
        },
      ),
      { numRuns: 20_000 },
    )
    expect(accepted).toBeGreaterThan(200)
  })
})
