import { domainToASCII } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressDomain, normaliseAddress } from './domains.ts'

describe('the domain of an address', () => {
  it.each([
    ['a@Example.COM', 'example.com'],
    ['a@bücher.example.', 'xn--bcher-kva.example'],
    ['a@[192.0.2.1]', '[192.0.2.1]'],
    ['a@under_score.example', 'under_score.example'],
  ])('%s → %s', (address, domain) => expect(addressDomain(address)).toBe(domain))

  it.each([
    'boss@trusted.com#.evil.com',
    'boss@trusted.com/.evil.com',
    'boss@trusted.com?.evil.com',
    'boss@trusted.com\\.evil.com',
    'boss@trusted.com:25',
    'boss@trusted.com%2e',
    'a@1',
    'a@0x7f.1',
    'a@127.0.0.1',
    'a@',
    'a@b c',
  ])('%s names none', (address) => {
    expect(addressDomain(address)).toBeNull()
    expect(normaliseAddress(address)).toBeNull()
  })

  it('is the one that the rules for hosts make of it, also where it needs no rules', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      'x',
      '1',
      '0x1',
      '-',
      '--',
      '.',
      'xn--',
      'xn--bcher-kva',
      '\u212a',
      'ü',
      'example',
    )
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 7 }), (pieces) => {
        const domain = pieces.join('')
        const ascii = domainToASCII(domain.replace(/\.$/, ''))
        expect([domain, addressDomain(`a@${domain}`)]).toEqual([
          domain,
          ascii === '' || /^[\d.]+$/.test(ascii) ? null : ascii,
        ])
      }),
      { numRuns: 3_000 },
    )
  })

  it('never reads another domain out of what follows the @', () => {
    fc.assert(
      fc.property(fc.string(), (tail) => {
        const domain = addressDomain(`a@trusted.com${tail}`)
        if (domain === 'trusted.com')
          expect(
            tail
              .slice(tail.lastIndexOf('@') + 1)
              .replace(/\.$/, '')
              .toLowerCase()
              .replace(/[\u00ad\u200b]/g, ''),
          ).toBe('')
      }),
    )
  })
})
