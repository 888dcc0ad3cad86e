// Rules that the console keeps on its own side, held against the server's: what Take action offers, what a shared
// address may carry, how text of a message is shown.
import fc from 'fast-check'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { PROPERTIES as ACTIONS, actionSearch } from '../../console/src/pages/ActionCenter/search.ts'
import { apiFilter, explorerSearch, PROPERTIES } from '../../console/src/pages/Explorer/filters.ts'
import { PROPERTIES as HELD, heldFilter, heldSearch, orderOf } from '../../console/src/pages/Quarantine/search.ts'
import { moved, newPolicy, THRESHOLDS as SHOWN, withPolicy } from '../../console/src/pages/Settings/policies.ts'
import { defang, visible, visibleLines } from '../../console/src/parts/text.ts'
import { CHOICES, misfit } from '../../console/src/takeAction/fit.ts'
import { LOCATION } from '../../console/src/words.ts'
import { THRESHOLDS } from '../src/judgement/table.ts'
import { MailPolicies as Document, type MailPolicies, type MailPolicy } from '../src/organisation/index.ts'
import { HeldListQuery } from '../src/quarantine/schemas.ts'
import { MessageFilter } from '../src/records/index.ts'
import { classify } from '../src/remediation/plan.ts'

describe('Take action', () => {
  test('offers nothing that the server cannot do, and says so where it is done already', () => {
    for (const choice of CHOICES)
      for (const location of Object.keys(LOCATION) as (keyof typeof LOCATION)[]) {
        const server = classify(choice.kind, choice.target, {
          location,
          inMailbox: true,
          delivered: true,
          released: false,
        })
        const reason = misfit(choice, location)
        if (reason === null) expect({ choice: choice.id, location, is: server.is }).toMatchObject({ is: 'actionable' })
        if (reason === 'It is already there.') expect(server.is).toBe('already-there')
        if (server.is !== 'actionable') expect(reason).not.toBeNull()
      }
  })
})

describe('Explorer’s address', () => {
  const key = fc.constantFrom(...PROPERTIES.map((p) => p.key), 'q', 'range', 'from', 'to', 'by', 'nonsense')
  const value = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 3 }),
    fc.constantFrom('7d', 'custom', 'all', '2026-05-01T00:00:00Z', 'true', 'false', 'threat'),
  )

  test('whatever stands in it, what is read from it is read the same again', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), (raw) => {
        const search = explorerSearch(raw)
        expect(explorerSearch({ ...search })).toEqual(search)
      }),
    )
  })

  test('its known values make a filter that the API takes', () => {
    const known = PROPERTIES.filter((p) => p.options).map((p) =>
      fc.record({ key: fc.constant(p.key), values: fc.subarray(Object.keys(p.options ?? {}), { minLength: 1 }) }),
    )
    const range = fc.constantFrom(
      {},
      { range: 'all' },
      { range: '7d' },
      { range: 'custom', from: '2026-05-01T00:00:00Z' },
    )
    fc.assert(
      fc.property(fc.tuple(...known), range, (chosen, time) => {
        const raw = Object.fromEntries(chosen.map((c) => [c.key, c.values]))
        const filter = apiFilter(explorerSearch({ ...raw, ...time }), Date.now())
        expect([...Value.Errors(MessageFilter, filter)]).toEqual([])
      }),
    )
  })
})

describe('Quarantine’s address', () => {
  const key = fc.constantFrom(
    ...HELD.map((p) => p.key),
    'q',
    'received',
    'expires',
    'from',
    'expiresTo',
    'sort',
    'dir',
    'open',
    'x',
  )
  const value = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 3 }),
    fc.constantFrom(
      '7d',
      'custom',
      'today',
      'phish',
      'needs-review',
      'expires',
      'asc',
      '2026-05-01T00:00:00Z',
      'true',
      '1',
      // Every object has it, no list of values.
      'valueOf',
    ),
  )

  test('whatever stands in it, what is read from it is read the same again, and the API takes it', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), (raw) => {
        const search = heldSearch(raw)
        expect(heldSearch({ ...search })).toEqual(search)
        expect([...Value.Errors(HeldListQuery, { ...heldFilter(search, Date.now()), ...orderOf(search) })]).toEqual([])
      }),
    )
  })
})

describe('Action center’s address', () => {
  const key = fc.constantFrom(...ACTIONS.map((p) => p.key), 'tab', 'period', 'q', 'sort', 'dir', 'open', 'x')
  const value = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 3 }),
    fc.constantFrom('pending', 'history', '7d', 'all', 'name', 'asc', 'valueOf', 'completed', 'move', 'high'),
  )

  test('whatever stands in it, what is read from it is read the same again', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), (raw) => {
        const search = actionSearch(raw)
        expect(actionSearch({ ...search })).toEqual(search)
      }),
    )
  })
})

describe('policies', () => {
  const custom = (n: number): MailPolicy => ({ ...newPolicy('custom', NONE), id: `p${n}`, name: `P${n}`, priority: n })
  const NONE: MailPolicies = { version: 0, policies: [] }

  test('the thresholds that are told are those of the judgement', () => {
    expect(SHOWN).toEqual(THRESHOLDS)
  })

  test('a new policy has an ID that the server takes and nobody has', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 100 }), fc.integer({ min: 0, max: 3 }), (name, times) => {
        let document = NONE
        for (let n = 0; n <= times; n++) document = withPolicy(document, { ...newPolicy('custom', document), name })
        expect([...Value.Errors(Document, document)]).toEqual([])
        expect(new Set(document.policies.map((p) => p.id)).size).toBe(times + 1)
        expect(new Set(document.policies.map((p) => p.priority)).size).toBe(times + 1)
      }),
      {
        examples: [
          ['secops', 1],
          ['Everybody', 1],
          ['役員', 2],
          ['---', 0],
        ],
      },
    )
  })

  test('moved up and down again, all are where they were; the first and the last go no further', () => {
    const document = { version: 3, policies: [custom(0), custom(1), custom(2)] }
    for (const { id } of document.policies.slice(1)) {
      const up = moved(document, id, -1)
      expect(up?.policies.map((p) => p.id)).not.toEqual(document.policies.map((p) => p.id))
      expect(up ? moved(up, id, 1) : null).toEqual(document)
    }
    expect(moved(document, 'p0', -1)).toBeNull()
    expect(moved(document, 'p2', 1)).toBeNull()
  })
})

describe('text of a message', () => {
  const hiding = /[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/u
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('\u202e', '\u2066', '\0', '\u0007', '\u200b', '\r\n', '\t', 'x', '\ud83d\ude00'))
      .map((a) => a.join('')),
  )

  test('nothing that hides or reorders characters reaches the page, and nothing endless', () => {
    fc.assert(
      fc.property(nasty, fc.integer({ min: 1, max: 50 }), (text, max) => {
        const shown = visible(text, max)
        expect(shown).not.toMatch(hiding)
        expect(shown.length).toBeLessThanOrEqual(max + 1)
        expect(shown.isWellFormed() || !text.isWellFormed()).toBe(true)
      }),
    )
    expect(visible('a\u202Etxt.exe')).toBe('a[RLO]txt.exe')
    expect(visible('x'.repeat(20_000)).length).toBeLessThan(1100)
    expect(visibleLines('a\r\nb\u0000')).toBe('a\nb[U+0000]')
  })

  test('a copied address cannot be followed by accident', () => {
    expect(defang('https://login.evil.example/a.b?c=d.e')).toBe('hxxps://login[.]evil[.]example/a.b?c=d.e')
    expect(defang('HTTP://evil.example')).toBe('HxxP://evil[.]example')
    expect(defang('evil.example/a')).toBe('evil[.]example/a')
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
        expect(defang(url)).not.toMatch(/^https?:/i)
        expect(defang(url).split(/[/?#]/)[2] ?? '').not.toMatch(/[^[]\.[^\]]/)
      }),
    )
  })
})
