import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from './decide.ts'
import { type Direction, type MailPolicy, policyFor, type Whom } from './policies.ts'
import { decidePolicy } from './table.ts'

const NONE = { recipients: [], groups: [], domains: [] }
const policy = (part: Partial<MailPolicy> & Pick<MailPolicy, 'id'>): MailPolicy => ({
  ...{ name: part.id, kind: 'custom', priority: 0, enabled: true, mail: ['inbound', 'internal', 'outbound'] },
  ...{ applies: NONE, except: NONE, mode: 'standard', thresholds: null, unparsable: null },
  ...part,
})
const everybody = decidePolicy({ mode: 'standard', version: 7 })
const whom = (address: string, groups: string[] = [], secops = false): Whom => ({
  address,
  groups: new Set(groups),
  secops,
})
const ann = whom('ann@kontor.example', ['board@kontor.example', 'all@kontor.example'])
const chosen = (list: MailPolicy[], who = ann, direction: Direction = 'inbound') =>
  policyFor(list, 3, who, direction, everybody).id ?? 'everybody'
const strict = policy({ id: 'strict-preset', kind: 'strict', priority: 0 })
const standard = policy({ id: 'standard-preset', kind: 'standard', priority: 0 })

describe('which policy applies (allow-block-list §8.4)', () => {
  it('Strict preset, then Standard preset, then own ones by priority, then the one for everybody', () => {
    const own = [policy({ id: 'second', priority: 2 }), policy({ id: 'first', priority: 1 })]
    expect(chosen([...own, standard, strict])).toBe('strict-preset')
    expect(chosen([...own, standard])).toBe('standard-preset')
    expect(chosen(own)).toBe('first')
    expect(chosen([])).toBe('everybody')
    expect(chosen([{ ...strict, enabled: false }, { ...own[0], id: 'off', enabled: false } as MailPolicy])).toBe(
      'everybody',
    )
  })
  it.each<[string, Partial<MailPolicy>, boolean]>([
    ['for nobody in particular', {}, true],
    ['by mailbox', { applies: { ...NONE, recipients: ['ann@kontor.example'] } }, true],
    ['by another mailbox', { applies: { ...NONE, recipients: ['bo@kontor.example'] } }, false],
    ['by group', { applies: { ...NONE, groups: ['x@kontor.example', 'board@kontor.example'] } }, true],
    ['by domain', { applies: { ...NONE, domains: ['kontor.example'] } }, true],
    ['by domain, not below it', { applies: { ...NONE, domains: ['example'] } }, false],
    [
      'by group and domain, both',
      { applies: { ...NONE, groups: ['board@kontor.example'], domains: ['kontor.example'] } },
      true,
    ],
    [
      'by group and domain, one of them',
      { applies: { ...NONE, groups: ['board@kontor.example'], domains: ['werft.example'] } },
      false,
    ],
    ['all but the board', { except: { ...NONE, groups: ['board@kontor.example'] } }, false],
    [
      'the board, but not ann',
      {
        applies: { ...NONE, groups: ['board@kontor.example'] },
        except: { ...NONE, recipients: ['ann@kontor.example'] },
      },
      false,
    ],
    ['inbound only', { mail: ['inbound'] }, true],
    ['internal only', { mail: ['internal'] }, false],
  ])('%s', (_, part, applies) => {
    expect(chosen([policy({ id: 'own', ...part })])).toBe(applies ? 'own' : 'everybody')
  })
  it('internal and outbound mail have their own', () => {
    const list = [
      policy({ id: 'in', mail: ['internal'], priority: 1 }),
      policy({ id: 'out', mail: ['outbound'], priority: 2 }),
    ]
    expect((['inbound', 'internal', 'outbound'] as const).map((d) => chosen(list, ann, d))).toEqual([
      'everybody',
      'in',
      'out',
    ])
  })
  it('a preset is what it is; an own one has thresholds; the version is the policies’', () => {
    const bent = { ...strict, mode: 'observe' as const, thresholds: { suspicious: 50, high: 60 } }
    expect(policyFor([bent], 3, ann, 'inbound', everybody)).toMatchObject({
      mode: 'strict',
      version: 3,
      thresholds: { suspicious: 4 },
    })
    const own = policy({ id: 'own', thresholds: { suspicious: 7, high: 9 }, unparsable: 'junk' })
    expect(policyFor([own], 3, ann, 'inbound', everybody)).toMatchObject({
      id: 'own',
      thresholds: { suspicious: 7, high: 9 },
      unparsable: 'junk',
    })
  })
  it('the security team’s mailboxes are never filtered', () => {
    expect(policyFor([strict], 3, whom('sec@kontor.example', [], true), 'inbound', everybody)).toMatchObject({
      id: 'secops',
      mode: 'observe',
    })
  })
  it('the reasoning names it', () => {
    const decided = (list: MailPolicy[], who = ann) =>
      decide({
        ...{ signals: [], entities: [], entries: [], unparsable: null, now: '2026-03-01T12:00:00.000Z' },
        authentication: {
          ...{ source: 'none', spf: { result: 'none', domain: null }, dkim: [], arc: 'none', aligned: false },
          dmarc: { result: 'none', domain: null, policy: null },
        },
        policy: policyFor(list, 3, who, 'inbound', everybody),
      }).because.at(-1)
    expect(decided([{ ...strict, name: 'Board' }])).toContain('by the policy “Board” (strict, version 3)')
    expect(decided([])).toContain('by the standard policy (version 7)')
    expect(decided([], whom('sec@kontor.example', [], true))).toContain(
      'Observe only (policy “Mailboxes of the security team”)',
    )
  })
  it('never two merged: the answer is one of them whole, whatever their order in the list', () => {
    const any = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      kind: fc.constantFrom('strict' as const, 'standard' as const, 'custom' as const),
      priority: fc.nat(5),
      enabled: fc.boolean(),
      mode: fc.constantFrom('standard' as const, 'strict' as const, 'observe' as const),
      applies: fc.constantFrom(
        NONE,
        { ...NONE, groups: ['board@kontor.example'] },
        { ...NONE, domains: ['werft.example'] },
      ),
    })
    fc.assert(
      fc.property(fc.uniqueArray(any, { selector: (p) => p.id, maxLength: 5 }), (list) => {
        const policies = list.map(policy)
        const picked = policyFor(policies, 3, ann, 'inbound', everybody)
        expect(policyFor(policies.toReversed(), 3, ann, 'inbound', everybody)).toEqual(picked)
        const source = policies.find((p) => p.id === picked.id)
        expect(picked.mode).toBe(
          source === undefined ? 'standard' : source.kind === 'custom' ? source.mode : source.kind,
        )
      }),
    )
  })
})
