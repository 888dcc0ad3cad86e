import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_ADDRESSES, parseAddresses } from './addresses.ts'
import { normaliseAddress } from './domains.ts'

const short = (value: string) => parseAddresses(value).map(({ name, address }) => [name, address])

describe('addresses as shown and as sent', () => {
  it.each<[string, [string, string | null][]]>([
    ['Bob <bob@Example.ORG>', [['Bob', 'bob@example.org']]],
    ['bob@example.org', [['', 'bob@example.org']]],
    ['<b\0ob@example.org>', [['', 'b\ufffdob@example.org']]],
    ['bob@example.org (Bob B.)', [['Bob B.', 'bob@example.org']]],
    ['<bob@example.org>', [['', 'bob@example.org']]],
    [
      '"Bob, the B." <bob@example.org>, eve@example.net',
      [
        ['Bob, the B.', 'bob@example.org'],
        ['', 'eve@example.net'],
      ],
    ],
    ['Smith, John <j@example.org>', [['Smith, John', 'j@example.org']]],
    [
      'Foo, Inc., Berlin <a@example.org>; b@example.org',
      [
        ['Foo, Inc., Berlin', 'a@example.org'],
        ['', 'b@example.org'],
      ],
    ],
    ['=?utf-8?B?QsO2Yg==?= <b@example.org>', [['Böb', 'b@example.org']]],
    ['"=?utf-8?Q?B=C3=B6b?=" <b@example.org>', [['Böb', 'b@example.org']]],
    [
      'Friends: a@example.org, B <b@example.org>;',
      [
        ['', 'a@example.org'],
        ['B', 'b@example.org'],
      ],
    ],
    ['"ceo@ours.example" <x@evil.example>', [['ceo@ours.example', 'x@evil.example']]],
    ['"ceo@ours.example", <x@evil.example>', [['ceo@ours.example', 'x@evil.example']]],
    ['"a <ceo@ours.example>" <x@evil.example>', [['a <ceo@ours.example>', 'x@evil.example']]],
    [
      'Bob <bob@example.org> <eve@example.net>',
      [
        ['Bob', 'bob@example.org'],
        ['Bob', 'eve@example.net'],
      ],
    ],
    ['"Bob <bob@example.org>', [['"Bob', 'bob@example.org']]],
    ['Service: PayPal <a@example.org>', [['Service: PayPal', 'a@example.org']]],
    ['Bob <bob@example.org.>', [['Bob', 'bob@example.org']]],
    ['"quoted local"@example.org', [['', '"quoted local"@example.org']]],
    ['<"quoted local"@example.org>', [['', '"quoted local"@example.org']]],
  ])('%s', (value, expected) => {
    expect(short(value)).toEqual(expected)
  })

  it.each([
    ['Support Team', 'Support Team'],
    ['Shop <deals@shop,example>', 'Shop'],
    ['Bank <>', 'Bank'],
    ['Post <x@%post.example>', 'Post'],
    ['Two words <not an address>', 'Two words'],
    ['', ''],
    ['<<<>>>', '>>'],
    ['undisclosed-recipients:;', 'undisclosed-recipients:;'],
  ])('without a readable address the words and what was written stay: %s', (value, name) => {
    expect(parseAddresses(value)).toEqual([{ name, address: null, raw: value }])
  })

  it('never throws, output is bounded, and what is an address can be normalised', () => {
    const token = fc.oneof(
      fc.constantFrom(
        '"',
        '<',
        '>',
        '(',
        ')',
        ',',
        ';',
        ':',
        '\\',
        '@',
        ' ',
        'a@b.example',
        '=?utf-8?q?=22?=',
        '\0',
        '\ud800',
      ),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), (list) => {
        const value = list.join('')
        const found = parseAddresses(value)
        expect(found.length).toBeGreaterThan(0)
        expect(found.length).toBeLessThanOrEqual(MAX_ADDRESSES)
        for (const { name, address, raw } of found) {
          expect(name.length).toBeLessThanOrEqual(512)
          expect(raw.length).toBeLessThanOrEqual(1_024)
          const text = `${name}${raw}${address}`
          expect(text.isWellFormed()).toBe(true)
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
          expect(text).not.toMatch(/[\u0000-\u0008\n\r]/)
          if (address !== null) expect(normaliseAddress(address)).not.toBeNull()
        }
      }),
      { numRuns: 500 },
    )
  })

  it('reads back what a correct program writes', () => {
    const name = fc.stringMatching(/^[A-Za-zÄÖÜäöü][A-Za-zÄÖÜäöü ,.@<>()-]{0,30}[a-z]$/)
    const address = fc.stringMatching(/^[a-z0-9.+_-]{1,20}$/).map((local) => `${local}@mail.example.org`)
    fc.assert(
      fc.property(fc.array(fc.tuple(name, address), { minLength: 1, maxLength: 20 }), (list) => {
        const value = list.map(([n, a]) => `"${n}" <${a}>`).join(', ')
        expect(short(value)).toEqual(list.map(([n, a]) => [n.replace(/ +/g, ' '), a]))
      }),
    )
  })
})
