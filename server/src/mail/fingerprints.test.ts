import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyFingerprint, fingerprintDistance, subjectFingerprint } from './fingerprints.ts'

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
})
