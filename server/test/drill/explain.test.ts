import { expect, test } from 'vitest'
import type { Found } from './company.ts'
import { type Case, explain, isExact } from './explain.ts'
import type { Deed } from './users.ts'

const was: Found = { mailbox: 'u', id: 'm', folder: 'INBOX', sha256: 'x', flags: 'S', date: 1 }
const deed = (did: Deed['did'], from: number, confirmed = true): Deed => ({
  mailbox: 'u',
  id: 'm',
  did,
  from,
  to: from + 10,
  confirmed,
})
const of = (more: Partial<Case>): Case => ({
  was,
  deeds: [],
  is: [was],
  spans: [{ from: 100, to: 200 }],
  told: null,
  ...more,
})

test('as its user has put it: exact', () => {
  expect(isExact(of({}))).toBe(true)
  expect(
    isExact(of({ deeds: [deed('flag', 0), deed('move', 50)], is: [{ ...was, folder: 'Filed', flags: 'F S' }] })),
  ).toBe(true)
  expect(isExact(of({ deeds: [deed('mark', 0), deed('expunge', 20)], is: [] }))).toBe(true)
  expect(isExact(of({ deeds: [deed('flag', 0)] }))).toBe(false)
})

test('a confirmed deed may be lost only while the copy was being moved', () => {
  expect(explain(of({ deeds: [deed('flag', 150)] }))).toContain('flag was confirmed while we moved it')
  expect(explain(of({ deeds: [deed('flag', 95)] }))).toContain('flag was confirmed')
  expect(explain(of({ deeds: [deed('flag', 80)] }))).toBeNull()
  expect(explain(of({ deeds: [deed('flag', 201)] }))).toBeNull()
  expect(explain(of({ deeds: [deed('flag', 150), deed('flag', 300)] }))).toBeNull()
  expect(explain(of({ deeds: [deed('mark', 150), deed('expunge', 165)], is: [{ ...was, flags: 'S T' }] }))).toContain(
    'expunge',
  )
})

test('the lost deed must account for all that differs', () => {
  expect(explain(of({ deeds: [deed('flag', 150)], is: [{ ...was, flags: '' }] }))).toBeNull()
  expect(explain(of({ deeds: [deed('flag', 150)], is: [{ ...was, date: 2 }] }))).toBeNull()
  expect(explain(of({ deeds: [deed('flag', 150)], is: [was, was] }))).toBeNull()
})

/** Two takes and two undos, and where the user's own move has put one. */
const spans = [
  { from: 100, to: 200 },
  { from: 210, to: 220 },
  { from: 900, to: 910 },
  { from: 905, to: 920 },
]
const filed = { ...was, folder: 'Filed' }

test('a move by the user and by us in the same moment may make two, which both come back', () => {
  const deeds = [deed('move', 150)]
  expect(explain(of({ deeds, spans, is: [was, filed] }))).toContain('the mail server made two of it')
  expect(explain(of({ deeds, spans, is: [filed, was] }))).toContain('made two')
  // Not: at another time, one taken only, two in one folder, other flags, three.
  expect(explain(of({ deeds: [deed('move', 300)], spans, is: [was, filed] }))).toBeNull()
  expect(explain(of({ deeds, spans: spans.slice(0, 2), is: [was, filed] }))).toBeNull()
  expect(explain(of({ deeds, spans, is: [filed, filed] }))).toBeNull()
  expect(explain(of({ deeds, spans, is: [{ ...was, flags: '' }, filed] }))).toBeNull()
  expect(explain(of({ deeds, spans, is: [was, filed, filed] }))).toBeNull()
})

test('of the two that a move at the same moment made, what the user did afterwards may have met one or both', () => {
  const deeds = [deed('move', 150), deed('mark', 1000), deed('expunge', 1010)]
  expect(explain(of({ deeds, spans, is: [filed] }))).toContain('made two')
  expect(explain(of({ deeds, spans, is: [was] }))).toContain('made two')
  expect(isExact(of({ deeds, spans, is: [] }))).toBe(true)
  const flagged = [deed('move', 150), deed('flag', 1000)]
  const both = (one: string, other: string) =>
    explain(
      of({
        deeds: flagged,
        spans,
        is: [
          { ...was, flags: one },
          { ...filed, flags: other },
        ],
      }),
    )
  expect(both('F S', 'F S')).toContain('made two')
  expect(both('S', 'F S')).toContain('made two')
  expect(both('S', 'S')).toBeNull()
  // One that is gone although nobody has expunged it; one that was taken once only.
  expect(explain(of({ deeds: [deed('move', 150), deed('mark', 1000)], spans, is: [filed] }))).toBeNull()
  expect(explain(of({ deeds, spans: spans.slice(0, 2), is: [filed] }))).toBeNull()
})

test('a deed that was not confirmed may have happened', () => {
  const is = [{ ...was, folder: 'Filed' }]
  expect(explain(of({ deeds: [deed('move', 0, false)], is }))).toContain('move was not confirmed, and has happened')
  expect(isExact(of({ deeds: [deed('move', 0, false)] }))).toBe(true)
})

test('a copy that is lost or doubled is not explained by what the product says', () => {
  const told = { state: 'not-found', reason: 'Its copy is gone.', lost: [] }
  expect(explain(of({ is: [], told }))).toBeNull()
  expect(explain(of({ is: [was, was], told: { ...told, state: 'done' } }))).toBeNull()
  const doubt = { state: 'ambiguous', reason: 'It is in both.', lost: [] }
  expect(explain(of({ is: [was, { ...was, folder: '(held)' }], told: doubt }))).toBe('ambiguous: It is in both.')
  expect(explain(of({ is: [{ ...was, flags: '' }], told: { state: 'done', reason: null, lost: ['a keyword'] } }))).toBe(
    'a keyword',
  )
})
