import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyFingerprint, fingerprintDistance, subjectFingerprint, urlsFingerprint } from './fingerprints.ts'
import { parseMail } from './parse.ts'
import { urlFound } from './urls.ts'

const letter = (name: string, amount: string, order: string) =>
  `Dear ${name},\nyour invoice ${order} over ${amount} is now due. Please open the attached document and confirm the ` +
  `payment within the next two days, otherwise we must suspend your account until everything is settled.\n` +
  `Details: https://pay-${order}.example.com/?u=${name}\nKind regards from your accounting team`

describe('fingerprints', () => {
  it('of a body are equal for the same template with other names, numbers and addresses', () => {
    const word = fc.stringMatching(/^[A-Z][a-z]{1,12}$/)
    fc.assert(
      fc.property(word, word, fc.nat(), fc.nat(), (a, b, m, n) => {
        expect(bodyFingerprint(letter(a, `${m}.00`, `INV-${n}`))).toBe(bodyFingerprint(letter(b, `${n},-`, `R${m}`)))
      }),
    )
  })

  it('leave out a name in small letters when it is the recipient’s', () => {
    expect(bodyFingerprint(letter('jane', '1', '2'), new Set(['jane']))).toBe(bodyFingerprint(letter('Bob', '3', '4')))
  })

  it('of slightly edited bodies are near, of others far', () => {
    const base = letter('Ann', '5', '6')
    const edited = base.replace('attached document', 'enclosed document')
    const other =
      'We met at the conference last week and I would like to continue our talk about the garden project, the new ' +
      'fence, the apple trees and how the children could help with watering during the long summer holidays.'
    const [a, b, c] = [base, edited, other].map((text) => bodyFingerprint(text) ?? '')
    expect(fingerprintDistance(a ?? '', b ?? '')).toBeLessThanOrEqual(16)
    expect(fingerprintDistance(a ?? '', c ?? '')).toBeGreaterThan(20)
  })

  it('mean nothing for a few words', () => {
    expect(bodyFingerprint('ok thanks')).toBeNull()
    expect(bodyFingerprint('')).toBeNull()
  })

  it('of a subject ignore reply prefixes, numbers, case and punctuation', () => {
    expect(subjectFingerprint('Re: AW: Fwd: Invoice #4711 due!')).toBe(subjectFingerprint('invoice 99 due'))
    expect(subjectFingerprint('Re: 123')).toBeNull()
    expect(subjectFingerprint('Invoice due')).not.toBe(subjectFingerprint('Invoice paid'))
    expect(subjectFingerprint('x')).toMatch(/^[0-9a-f]{16}$/)
  })

  const urls = (...list: string[]) => list.flatMap((u) => urlFound(u, 'link') ?? [])
  it('of addresses ignore order, numbers and tokens, and mean nothing for one or two', () => {
    const set = [
      'https://a.example.com/offer/1234',
      'https://cdn.example.net/img/aXbYcZ9.png',
      'https://b.example.org/terms',
    ]
    const other = [
      'https://b.example.org/terms',
      'https://a.example.com/offer/99?u=7',
      'https://cdn.example.net/img/Qw3rTy.png',
    ]
    expect(urlsFingerprint(urls(...set))).toBe(urlsFingerprint(urls(...other)))
    expect(urlsFingerprint(urls(...set))).not.toBe(
      urlsFingerprint(urls(...set.slice(0, 2), 'https://b.example.org/about')),
    )
    expect(urlsFingerprint(urls(...set.slice(0, 2)))).toBeNull()
  })

  it('of the structure stay when words, rows and formatting change, and go with the template', async () => {
    const boxes = 'table tbody tr td div p a img span ul li h1 h2 hr center section'.split(' ')
    // A template: elements in an order of its own.
    const template = (seed: number) => {
      let state = seed
      return Array.from({ length: 60 }, () => {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
        return boxes[(state >> 8) % boxes.length] ?? 'p'
      })
    }
    const page = (seed: number, word: string, rows: number) =>
      `<html><body>${template(seed)
        .map((name) => `<${name}>${word}`)
        .join('')}${`<tr><td>${word}<b>${word}</b></td></tr>`.repeat(rows)}`
    const structure = async (html: string) => {
      const settings = { maxParts: 100, maxDepth: 10, maxHeaderBytes: 65_536, trustedAuthserv: [], resolver: null }
      const raw = Buffer.from(`Content-Type: text/html\r\n\r\n${html}`)
      const { mail } = await parseMail(raw, { mailFrom: null, clientIp: null, helo: null }, settings)
      return mail.fingerprints.structure ?? ''
    }
    const [a, b, c] = [
      await structure(page(3, 'one', 2)),
      await structure(page(3, 'zwei', 9)),
      await structure(page(11, 'one', 2)),
    ]
    expect(a).toMatch(/^[0-9a-f]{16}$/)
    expect(b).toBe(a)
    expect(fingerprintDistance(a, c)).toBeGreaterThan(8)
    expect(await structure('<p>short</p>')).toBe('')
  })
})
