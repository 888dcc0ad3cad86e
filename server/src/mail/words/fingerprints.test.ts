import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMail } from '../parse.ts'
import { urlFound } from '../urls.ts'
import { bodyFingerprint, fingerprintDistance, subjectFingerprint, urlsFingerprint } from './fingerprints.ts'

const letter = (name: string, amount: string, order: string) =>
  `Dear ${name},\nyour invoice ${order} over ${amount} is now due. Please open the attached document and confirm the ` +
  `payment within the next two days, otherwise we must suspend your account until everything is settled.\n` +
  `Details: https://pay-${order}.example.com/?u=${name}\nKind regards from your accounting team`

/** The body fingerprint with words as words, and counts as counts. */
function byDefinition(text: string, names: ReadonlySet<string>): string | null {
  const all: string[] = []
  for (const token of text.slice(0, 65_536).match(/\S+/g) ?? []) {
    if (all.length >= 4_000) break
    if (token.includes('@') || token.includes('://') || token.startsWith('www.')) continue
    for (const word of token.match(/[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu) ?? [])
      if (!/\p{N}/u.test(word) && !names.has(word.toLowerCase())) all.push(word)
  }
  const lower = all.filter((word) => word === word.toLowerCase())
  const words = (lower.length >= 8 ? lower : all).map((word) => word.toLowerCase())
  if (words.length < 8 && words.join('').length < 40) return null
  const mix = (h: number) => {
    const once = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
    return once ^ (once >>> 13)
  }
  const hash = (word: string, seed: number) => {
    let h = seed
    for (let i = 0; i < word.length; i++) h = Math.imul(h ^ word.charCodeAt(i), 0x01000193)
    return mix(h)
  }
  const half = (seed: number) => {
    const hashes = words.map((word) => hash(word, seed))
    return hashes.map((h, i) => mix(Math.imul(h, 0x9e3779b1) + (hashes[i + 1] ?? 0)) >>> 0)
  }
  const [low, high] = [half(0x811c9dc5), half(0x3c6ef372)]
  const pairs = new Map(low.map((l, i) => [`${l} ${(high[i] ?? 0) >>> 11}`, [l, high[i] ?? 0] as const]))
  const ones = (of: 0 | 1, bit: number) => [...pairs.values()].filter((pair) => ((pair[of] >>> bit) & 1) === 1).length
  const value = (of: 0 | 1) =>
    Array.from({ length: 32 }, (_, bit) => (2 * ones(of, bit) > pairs.size ? 2 ** bit : 0)).reduce((a, b) => a + b)
  return `${value(1).toString(16).padStart(8, '0')}${value(0).toString(16).padStart(8, '0')}`
}

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

  it('are what their definition says, whatever the text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'Dear',
        'jane',
        "don't",
        'your-invoice',
        'a1',
        'x@y.z',
        'http://a.b',
        'www.c.d',
        'ÜBER',
        'größe',
        '“quoted”',
        'Ann’s',
        'İt',
      ),
      fc.constantFrom(
        ' ',
        '\n',
        '\u00a0',
        '\u3000',
        '@\u3000',
        '\ufeff',
        '@\ufeff',
        '\u0085',
        ', ',
        '-',
        '’',
        '中文',
        'e\u0301',
        '\u0000',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.stringMatching(/^[a-z]{1,40}$/),
    )
    const names = fc.constantFrom(new Set<string>(), new Set(['jane', "don't", 'größe', 'a'.repeat(33)]))
    fc.assert(
      fc.property(fc.array(piece, { minLength: 12, maxLength: 60 }), names, (pieces, leftOut) => {
        const text = pieces.join('')
        expect(bodyFingerprint(text, leftOut)).toBe(byDefinition(text, leftOut))
      }),
      { numRuns: 400 },
    )
    const long = Array.from(
      { length: 9_000 },
      (_, i) => `word${String.fromCharCode(97 + (i % 26))} ${'ab,'.repeat(i % 5)}`,
    ).join(' ')
    expect(bodyFingerprint(long)).toBe(byDefinition(long, new Set()))
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
