// Rules that the console keeps on its own side, held against the server's: what Take action offers, what a shared
// address may carry, how text of a message is shown.
import fc from 'fast-check'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { PROPERTIES as ACTIONS, actionSearch } from '../../console/src/pages/ActionCenter/search.ts'
import { FILE_COLUMNS } from '../../console/src/pages/Explorer/columnLabels.ts'
import { apiFilter, explorerSearch } from '../../console/src/pages/Explorer/filters.ts'
import { PIVOTS as CHARTS } from '../../console/src/pages/Explorer/pivots.ts'
import { type FilterKey, PROPERTIES } from '../../console/src/pages/Explorer/properties.ts'
import { searchOf } from '../../console/src/pages/Explorer/queries/data.ts'
import { TOPS as COUNTED } from '../../console/src/pages/Explorer/tops.ts'
import { PROPERTIES as HELD, heldFilter, heldSearch, orderOf } from '../../console/src/pages/Quarantine/search.ts'
import { moved, newPolicy, THRESHOLDS as SHOWN, withPolicy } from '../../console/src/pages/Settings/policies.ts'
import { entryQuery, entrySearch } from '../../console/src/pages/TenantAllowBlockList/search.ts'
import { conditionsIn, operatorsOf, replaced, TEXT } from '../../console/src/parts/filters/conditions.ts'
import { keysOf, withPart } from '../../console/src/parts/filters/search.ts'
import { defang, visible, visibleLines } from '../../console/src/parts/text.ts'
import { CHOICES, misfit } from '../../console/src/takeAction/fit.ts'
import { LOCATION } from '../../console/src/words.ts'
import { EXPORT_COLUMNS, PIVOTS, TOPS } from '../src/explorer/index.ts'
import { THRESHOLDS } from '../src/judgement/table.ts'
import { EntryListQuery } from '../src/lists/schemas.ts'
import { MailPolicies as Document, type MailPolicies, type MailPolicy } from '../src/organisation/index.ts'
import { HeldListQuery } from '../src/quarantine/schemas.ts'
import { MessageFilter, NEGATABLE } from '../src/records/index.ts'
import { classify } from '../src/remediation/submit/possible.ts'

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

describe('Explorer', () => {
  test('offers every filter, chart, count and column that the server knows, and no other', () => {
    const elsewhere = ['q', 'from', 'to', 'not', 'match']
    const known = Object.keys(MessageFilter.properties).filter((key) => !elsewhere.includes(key))
    expect(PROPERTIES.flatMap(keysOf).sort()).toEqual(known.sort())
    const turned = PROPERTIES.flatMap((p): string[] => (p.negatable ? [p.key] : []))
    expect(['q', ...turned].sort()).toEqual([...NEGATABLE].sort())
    expect(Object.keys(CHARTS).sort()).toEqual([...PIVOTS].sort())
    expect(Object.keys(COUNTED).sort()).toEqual([...TOPS].sort())
    expect([...FILE_COLUMNS].sort()).toEqual([...EXPORT_COLUMNS].sort())
  })

  const keys = PROPERTIES.flatMap(keysOf)
  const key = fc.constantFrom(...keys, 'q', 'range', 'from', 'to', 'by', 'top', 'not', 'match', 'query', 'nonsense')
  const value = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.array(fc.oneof(fc.string({ minLength: 1, maxLength: 20 }), key), { maxLength: 3 }),
    fc.constantFrom('7d', '400d', 'custom', 'all', '2026-05-01T00:00:00Z', 'true', 'false', 'threat', 'any', '12'),
  )

  test('whatever stands in its address, what is read from it is read the same again', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), (raw) => {
        const search = explorerSearch(raw)
        expect(explorerSearch({ ...search })).toEqual(search)
      }),
    )
  })

  const range = fc.constantFrom(
    {},
    { range: 'all' },
    { range: '7d' },
    { range: 'custom', from: '2026-05-01T00:00:00Z' },
  )
  const chosen = fc.tuple(
    ...PROPERTIES.map((p) => {
      const values = p.options
        ? fc.subarray(Object.keys(p.options), { minLength: 1, maxLength: p.yesNo ? 1 : 3 })
        : p.under
          ? fc.nat(1000).map((n) => [String(n)])
          : fc.constant([p.key === 'fileHash' ? 'a'.repeat(64) : '01234567-89ab-7cde-8f01-23456789abcd'])
      const one = fc.record({ property: fc.constant(p), operator: fc.constantFrom(...operatorsOf(p)), values })
      return fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: one })
    }),
  )

  test('conditions that are built with its chips make a filter that the API takes, a query that is saved opens as the same', () => {
    fc.assert(
      fc.property(chosen, range, fc.boolean(), (conditions, time, any) => {
        const built = conditions.flatMap((c) => c ?? [])
        const start = explorerSearch({ ...time, ...(any ? { match: 'any' } : {}) })
        const search = built.reduce(
          (all, c) => withPart(all, replaced<FilterKey>(all, null, c.operator, c.values)),
          start,
        )
        expect(conditionsIn(search, PROPERTIES)).toEqual(built)
        expect(explorerSearch({ ...search })).toEqual(search)
        const filter = apiFilter(search, Date.now())
        expect([...Value.Errors(MessageFilter, filter)]).toEqual([])
        const id = '01234567-89ab-7cde-8f01-23456789abcd'
        expect(conditionsIn(searchOf({ id, days: 7 }, filter), PROPERTIES)).toEqual(built)
        // Taken away one by one, nothing of them is left.
        const empty = built.reduce((all, c) => withPart(all, replaced<FilterKey>(all, null, c.operator, [])), search)
        expect(empty).toEqual(start)
      }),
    )
  })

  test('text that must not be contained is a condition; text that must be has its box', () => {
    const properties = [...PROPERTIES, TEXT]
    expect(conditionsIn(explorerSearch({ q: 'bill' }), properties)).toEqual([])
    const search = explorerSearch({ q: 'bill', not: 'q' })
    expect(conditionsIn(search, properties).map((c) => [c.operator.word, c.values])).toEqual([
      ['does not contain', ['bill']],
    ])
    expect(apiFilter({ ...search, range: 'all' }, 0)).toEqual({ q: 'bill', not: ['q'] })
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

describe('Tenant Allow/Block List’s address', () => {
  const key = fc.constantFrom('action', 'kind', 'state', 'ends', 'used', 'changed', 'by', 'q', 'x')
  const value = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(fc.string({ maxLength: 5 }), { maxLength: 2 }),
    fc.constantFrom('allow', 'block', 'all', 'sender-ip', 'removed', 'never', '7d', '30d', 'not-90d', 'valueOf'),
  )

  test('whatever stands in it, what is read from it is read the same again, and the API takes it', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), (raw) => {
        const search = entrySearch(raw)
        expect(entrySearch({ ...search })).toEqual(search)
        expect([...Value.Errors(EntryListQuery, entryQuery(search, Date.now()))]).toEqual([])
      }),
    )
  })

  test('a time counts back from now, an end forward, and what has ended does not end', () => {
    const now = Date.parse('2026-05-10T12:00:00Z')
    expect(entryQuery(entrySearch({ ends: '7d', used: 'not-30d', changed: '1d' }), now)).toEqual({
      state: 'active',
      endsBefore: '2026-05-17T12:00:00.000Z',
      unusedSince: '2026-04-10T12:00:00.000Z',
      updatedSince: '2026-05-09T12:00:00.000Z',
    })
    expect(entryQuery(entrySearch({ ends: 'never', used: '30d', state: 'expired' }), now)).toEqual({
      state: 'expired',
      neverEnds: true,
      usedSince: '2026-04-10T12:00:00.000Z',
    })
  })
})

describe('Action center’s address', () => {
  const key = fc.constantFrom(
    ...ACTIONS.map((p) => p.key),
    'tab',
    'period',
    'from',
    'to',
    'q',
    'sort',
    'dir',
    'open',
    'x',
  )
  const value = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 3 }),
    fc.constantFrom(
      'pending',
      'history',
      '7d',
      'all',
      'custom',
      '2026-05-01',
      'name',
      'asc',
      'valueOf',
      'completed',
      'move',
      'high',
    ),
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
    expect(visible('\t\r\n\ud83d\ude00', 2)).toBe(' …')
    expect(visible('a\u202Etxt.exe')).toBe('a[RLO]txt.exe')
    expect(visible('x'.repeat(20_000)).length).toBeLessThan(1100)
    expect(visibleLines('a\r\nb\u0000')).toBe('a\nb[U+0000]')
  })

  test('joiners stay where writing needs them, and are named where they hide', () => {
    const needed = [
      '\u{1f468}\u200d\u{1f469}\u{1f3fd}\u200d\u{1f467}',
      '\u{1f3f3}\ufe0f\u200d\u{1f308}',
      'می\u200cخواهم',
      'क्\u200dष',
      'ക്\u200d',
    ]
    for (const text of needed) expect(visible(text)).toBe(text)
    expect(visible('pay\u200dpal and pay\u200cpal')).toBe('pay[U+200D]pal and pay[U+200C]pal')
    expect(visible('\u200d\u{1f468} \u{1f468}\u200d\u200d\u{1f469} م\u200c')).toBe(
      '[U+200D]\u{1f468} \u{1f468}[U+200D][U+200D]\u{1f469} م[U+200C]',
    )
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
