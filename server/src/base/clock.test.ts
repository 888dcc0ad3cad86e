import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instantOf } from './index.ts'

test('an instant in any form of ISO 8601', () => {
  for (const text of ['2026-05-01', '2026-05-01T12:00Z', '2026-05-01 12:00:00.123456+02:00', '2028-02-29T24:00:00Z'])
    expect(instantOf(text), text).toEqual(new Date(text))
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (at) => {
      expect(instantOf(at.toISOString())).toEqual(at)
    }),
  )
})

test('a day that does not exist is no other day, and other words are no instants', () => {
  for (const text of [
    ...['2026-02-30', '2026-02-29T00:00:00Z', '2026-04-31T10:00:00Z', '2026-13-01', '2026-00-10', '2026-01-00'],
    ...['', 'today', '1', '2026-05-01 (noon)', '2026-05-01T25:00:00Z', '+275760-09-13T00:00:00.000Z', '2026-05-01T'],
  ])
    expect(instantOf(text), text).toBe(null)
})
