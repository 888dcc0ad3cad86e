import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { migrations as audit, list } from '../audit/index.ts'
import { AppError, type TenantId } from '../base/index.ts'
import type { DomainEvent } from '../storage/index.ts'
import {
  DEFAULT_POLICY,
  directory,
  getPolicy,
  mailboxById,
  migrations,
  ownDomains,
  ownPeople,
  policyVersion,
  readOrganisation,
  resolve,
  setOrganisation,
  setPolicy,
  tenantOfDomain,
} from './index.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage({ migrations: [audit, migrations] })
})
afterAll(() => t.close())

const ann = { user: 'u-ann', name: 'Ann' }
const events: DomainEvent[] = []
const outbox = {
  emit: async (_: unknown, event: DomainEvent) => {
    events.push(event)
  },
}
const save = (tenant: TenantId, document: unknown) =>
  t.storage.tenant(tenant, (tx) => setOrganisation(tx, outbox, document, ann))
const ask = (tenant: TenantId, address: string) => t.storage.tenant(tenant, (tx) => resolve(tx, address))

const company = (domain: string) => ({
  domains: [domain, `mail.${domain}`],
  mailboxes: [
    { address: `Ann@${domain}`, displayName: 'Ann Berg', protected: true },
    { address: `bo@${domain}`, login: `bo.${domain}`, displayName: 'Bo' },
    { address: `info@${domain}`, kind: 'shared' },
    { address: `sec+ops@${domain}`, kind: 'secops' },
  ],
  aliases: [
    { address: `chief@${domain}`, target: `ann@${domain}` },
    { address: `boss@${domain}`, target: `chief@${domain}` },
    { address: `old@${domain}`, target: 'elsewhere@other.example' },
  ],
  groups: [
    {
      address: `all@${domain}`,
      displayName: 'Everybody',
      members: [`team@${domain}`, `boss@${domain}`, `info@${domain}`],
    },
    { address: `team@${domain}`, members: [`bo@${domain}`, `chief@${domain}`, 'guest@other.example'] },
  ],
})

describe('where an address leads', () => {
  beforeAll(async () => {
    await save(t.a, company('kontor.example'))
    await save(t.b, company('werft.example'))
  })

  test.each([
    ['ann@', 'mailbox', ['ann'], []],
    ['ANN@', 'mailbox', ['ann'], []],
    ['ann+shop@', 'mailbox', ['ann'], []],
    ['sec+ops@', 'mailbox', ['sec+ops'], []],
    ['sec@', 'none', [], []],
    ['boss@', 'alias', ['ann'], []],
    ['boss+x@', 'alias', ['ann'], []],
    ['old@', 'alias', [], ['elsewhere@other.example']],
    ['team@', 'group', ['bo', 'ann'], ['guest@other.example']],
    ['all@', 'group', ['bo', 'ann', 'info'], ['guest@other.example']],
    ['nobody@', 'none', [], []],
  ])('%s', async (local, via, mailboxes, external) => {
    for (const [tenant, domain] of [
      [t.a, 'kontor.example'],
      [t.b, 'werft.example'],
    ] as const) {
      const found = await ask(tenant, `${local}${domain}`)
      expect(found.via).toBe(via)
      expect(found.ownDomain).toBe(true)
      expect(found.mailboxes.map((m) => m.address)).toEqual(mailboxes.map((m) => `${m}@${domain}`))
      expect(found.external).toEqual(external)
    }
  })

  test("another tenant's addresses are nobody's", async () => {
    expect(await ask(t.a, 'ann@werft.example')).toMatchObject({ via: 'none', ownDomain: false, mailboxes: [] })
  })

  test('people and domains are those of the tenant', async () => {
    const people = await t.storage.tenant(t.b, ownPeople)
    expect(people.map((p) => [p.address, p.name, p.protected])).toEqual([
      ['ann@werft.example', 'Ann Berg', true],
      ['bo@werft.example', 'Bo', false],
      ['info@werft.example', 'info@werft.example', false],
      ['sec+ops@werft.example', 'sec+ops@werft.example', false],
    ])
    expect([...(await t.storage.tenant(t.a, ownDomains))]).toEqual(['kontor.example', 'mail.kontor.example'])
  })

  test('whose a domain is can be asked before the tenant is known; nothing else can', async () => {
    expect(await tenantOfDomain(t.storage, 'kontor.example')).toBe(t.a)
    expect(await tenantOfDomain(t.storage, 'Ann@WERFT.example')).toBe(t.b)
    expect(await tenantOfDomain(t.storage, 'other.example')).toBe(null)
    expect(await t.storage.db.selectFrom('org_domain').selectAll().execute()).toEqual([])
    expect(await t.storage.db.selectFrom('mailbox').selectAll().execute()).toEqual([])
  })

  test('a domain belongs to one tenant only, also when two take it at once', async () => {
    await expect(save(t.b, company('kontor.example'))).rejects.toThrow(
      /kontor\.example belongs to another organisation/,
    )
    expect((await ask(t.b, 'ann@werft.example')).via).toBe('mailbox')
    const [c, d] = [await t.storage.createTenant('c'), await t.storage.createTenant('d')]
    const won = await Promise.allSettled([c, d].map((tenant) => save(tenant, company('race.example'))))
    expect(won.map((w) => w.status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('a login opens a mailbox, so', () => {
  const one = (domain: string, login: string) => ({ domains: [domain], mailboxes: [{ address: `x@${domain}`, login }] })
  test("one that is another's address is refused, whether that mailbox is known or not", async () => {
    const tenant = await t.storage.createTenant('thief')
    for (const login of ['ann@werft.example', 'ANN@WERFT.example', 'nobody@nowhere.example'])
      await expect(save(tenant, one('thief.example', login))).rejects.toMatchObject({ code: 'login-taken' })
    await save(tenant, one('thief.example', 'other@thief.example'))
  })
  test('another case is the same login, in another tenant and in one’s own', async () => {
    const [c, d] = [await t.storage.createTenant('case-c'), await t.storage.createTenant('case-d')]
    await save(c, one('case-c.example', 'Jim'))
    await expect(save(d, one('case-d.example', 'jIM'))).rejects.toMatchObject({ code: 'login-taken' })
    const twice = { domains: ['case-d.example'], mailboxes: [] as object[] }
    for (const login of ['kim', 'KIM'])
      twice.mailboxes.push({ address: `${login === 'kim' ? 'a' : 'b'}@case-d.example`, login })
    await expect(save(d, twice)).rejects.toThrow(/the login "KIM" is taken by mailboxes\[0\]/)
  })
  test('one that is no address belongs to who took it first, also when two take it at once', async () => {
    const [c, d] = [await t.storage.createTenant('c'), await t.storage.createTenant('d')]
    const won = await Promise.allSettled([save(c, one('c.example', 'joe')), save(d, one('d.example', 'joe'))])
    expect(won.map((w) => w.status).sort()).toEqual(['fulfilled', 'rejected'])
    const [winner, loser] = won[0]?.status === 'fulfilled' ? [c, d] : [d, c]
    await save(winner, { domains: [], mailboxes: [] })
    await save(loser, one(loser === c ? 'c.example' : 'd.example', 'joe'))
  })
})

describe('saving an organisation', () => {
  test('mailboxes keep their identity; one that left stays known and comes back as itself', async () => {
    const tenant = await t.storage.createTenant('keeps')
    const whole = company('keeps.example')
    await save(tenant, whole)
    const ids = async () => new Map((await t.storage.tenant(tenant, directory)).mailboxes.map((m) => [m.address, m.id]))
    const first = await ids()
    const bo = first.get('bo@keeps.example')
    if (!bo) throw new Error('no bo')
    const without = { ...whole, groups: [], mailboxes: whole.mailboxes.filter((m) => !m.address.startsWith('bo')) }
    await save(tenant, without)
    expect((await ask(tenant, 'bo@keeps.example')).via).toBe('none')
    expect(await t.storage.tenant(tenant, (tx) => mailboxById(tx, bo))).toMatchObject({
      login: 'bo.keeps.example',
      removed: true,
    })
    await save(tenant, whole)
    expect(await ids()).toEqual(first)
  })

  test('what is read can be sent back unchanged, and an older version is refused', async () => {
    const tenant = await t.storage.createTenant('rounds')
    const saved = await save(tenant, company('rounds.example'))
    const read = (await t.storage.tenant(tenant, directory)).document()
    expect(read.version).toBe(saved.version)
    const again = await save(tenant, read)
    expect(again.version).toBe(saved.version + 1)
    await expect(save(tenant, read)).rejects.toMatchObject({
      code: 'version',
      status: 409,
      message: 'The organisation was changed meanwhile by Ann: version 1 was read, version 2 is there.',
      cure: expect.stringContaining('Leave "version" out'),
    })
  })

  test('a change that is rolled back is not remembered', async () => {
    const tenant = await t.storage.createTenant('back')
    await save(tenant, company('back.example'))
    await t.storage
      .tenant(tenant, async (tx) => {
        await setOrganisation(
          tx,
          outbox,
          { domains: ['back.example'], mailboxes: [{ address: 'x@back.example' }] },
          ann,
        )
        expect((await resolve(tx, 'x@back.example')).via).toBe('mailbox')
        throw new Error('rolled back')
      })
      .catch(() => {})
    expect((await ask(tenant, 'x@back.example')).via).toBe('none')
    await save(tenant, { domains: ['back.example'], mailboxes: [{ address: 'y@back.example' }] })
    expect((await ask(tenant, 'x@back.example')).via).toBe('none')
    expect((await ask(tenant, 'y@back.example')).via).toBe('mailbox')
  })

  test('tells the others and the audit log what changed', async () => {
    const tenant = await t.storage.createTenant('tells')
    events.length = 0
    const { version } = await save(tenant, company('tells.example'))
    expect(events).toEqual([{ kind: 'organisation.changed', data: { version } }])
    const [entry] = await t.storage.tenant(tenant, (tx) => list(tx, { limit: 1 }))
    expect(entry).toMatchObject({
      action: 'organisation.set',
      actor: 'Ann',
      detail: { aliases: { added: ['chief@tells.example', 'boss@tells.example', 'old@tells.example'] } },
    })
  })

  test('resolving one of 20,000 mailboxes costs little more than an empty transaction', async () => {
    const tenant = await t.storage.createTenant('big')
    const mailboxes = Array.from({ length: 20_000 }, (_, i) => ({ address: `u${i}@big.example` }))
    await save(tenant, { domains: ['big.example'], mailboxes })
    await ask(tenant, 'u1@big.example')
    const time = async (work: (i: number) => Promise<unknown>) => {
      const begun = performance.now()
      for (let i = 0; i < 300; i++) await work(i)
      return performance.now() - begun
    }
    const ratios: number[] = []
    for (let round = 0; round < 3; round++) {
      const empty = await time(() => t.storage.tenant(tenant, (tx) => sql`select 1`.execute(tx)))
      const resolving = await time(async (i) =>
        expect((await ask(tenant, `u${i}@big.example`)).mailboxes).toHaveLength(1),
      )
      ratios.push(resolving / empty)
    }
    // Reading 20,000 mailboxes each time would be a hundred times more.
    expect(Math.min(...ratios)).toBeLessThan(3)
  })
})

describe('mistakes in the document', () => {
  const said = (document: unknown): string => {
    try {
      readOrganisation(document)
    } catch (error) {
      if (error instanceof AppError) return error.message
      throw error
    }
    return ''
  }
  test('all are told at once, each with its entry', () => {
    const text = said({
      domains: ['a.example', 'A.example', 'no domain'],
      mailboxes: [
        { address: 'x@a.example' },
        { address: 'X@a.example' },
        { address: 'y@b.example' },
        { address: 'not an address' },
        { address: 'z@a.example', login: '../../etc' },
        { address: 'w@a.example', login: 'x@a.example' },
      ],
      aliases: [
        { address: 'x@a.example', target: 'x@a.example' },
        { address: 's@a.example', target: 'gone@a.example' },
      ],
      groups: [
        { address: 'g1@a.example', members: ['g2@a.example'] },
        { address: 'g2@a.example', members: ['g3@a.example', 'x@a.example'] },
        { address: 'g3@a.example', members: ['g1@a.example'] },
      ],
    })
    for (const line of [
      'domains[1] a.example: there twice',
      'domains[2] "no domain": not a domain name',
      'mailboxes[1] x@a.example: the address is taken by mailboxes[0]',
      'mailboxes[2] y@b.example: its domain b.example is not among the domains',
      'mailboxes[3] "not an address": not an e-mail address',
      'mailboxes[4] z@a.example: the login "../../etc" must not hold slashes, "..", or control characters',
      'mailboxes[5] w@a.example: the login "x@a.example" is taken by mailboxes[1]',
      'aliases[0] x@a.example: the address is taken by mailboxes[1]',
      'aliases[1] s@a.example: gone@a.example is neither a mailbox nor an alias nor a group here',
      'g1@a.example → g2@a.example → g3@a.example → g1@a.example: goes in a circle',
    ])
      expect(text).toContain(line)
  })

  test('a wrong shape names the place', () => {
    expect(said({ domains: 'a.example', mailboxes: [] })).toMatch(/domains: /)
    expect(said({ domains: [], mailboxes: [{ address: 'x@a.example', knd: 'user' }] })).toMatch(/mailboxes\[0\].*knd/)
    expect(said({ domains: [], mailboxes: [{ address: 'x@a.example', kind: 'room' }] })).toMatch(/mailboxes\[0\]\.kind/)
    expect(said(null)).toMatch(/the document/)
  })

  test('whatever is sent is either read or refused in words, and what is accepted ends for every address', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
    const at = name.map((n) => `${n}@x.example`)
    const some = fc.record({
      domains: fc.constant(['x.example']),
      mailboxes: fc.array(fc.record({ address: at }), { maxLength: 3 }),
      aliases: fc.array(fc.record({ address: at, target: at }), { maxLength: 3 }),
      groups: fc.array(fc.record({ address: at, members: fc.array(at, { maxLength: 3 }) }), { maxLength: 3 }),
    })
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(some, fc.anything()), (document) => {
        try {
          const read = readOrganisation(document)
          accepted++
          const next = new Map<string, readonly string[]>([
            ...read.aliases.map((a) => [a.address, [a.target]] as const),
            ...read.groups.map((g) => [g.address, g.members] as const),
          ])
          const walk = (one: string, depth: number): void => {
            expect(depth).toBeLessThan(20)
            for (const to of next.get(one) ?? []) walk(to, depth + 1)
          }
          for (const one of next.keys()) walk(one, 0)
        } catch (error) {
          if (!(error instanceof AppError)) throw error
        }
      }),
      { numRuns: 2000 },
    )
    expect(accepted).toBeGreaterThan(20)
  })
})

describe('policy', () => {
  const set = (tenant: TenantId, change: unknown) =>
    t.storage.tenant(tenant, (tx) => setPolicy(tx, outbox, change, ann))
  test('starts with the documented default, and every change is a version that stays', async () => {
    for (const tenant of [t.a, t.b]) expect(await t.storage.tenant(tenant, getPolicy)).toEqual(DEFAULT_POLICY)
    await set(t.a, { mode: 'strict' })
    const second = await set(t.a, { trustedAuthserv: ['mx.kontor.example'] })
    expect(second).toEqual({ ...DEFAULT_POLICY, version: 2, mode: 'strict', trustedAuthserv: ['mx.kontor.example'] })
    expect(await t.storage.tenant(t.a, (tx) => policyVersion(tx, 1))).toMatchObject({
      version: 1,
      mode: 'strict',
      trustedAuthserv: [],
    })
    expect(await t.storage.tenant(t.b, getPolicy)).toEqual(DEFAULT_POLICY)
  })
  test('wrong values are refused with what is allowed, an older version with what is there', async () => {
    await expect(set(t.b, { mode: 'harsh', colour: 1 })).rejects.toThrow(/mode: .*/)
    await expect(set(t.b, { thresholds: { suspicious: 9, high: 5 } })).rejects.toThrow(/must not be below/)
    await set(t.b, { unparsable: 'junk' })
    await expect(set(t.b, { version: 0, mode: 'strict' })).rejects.toMatchObject({
      code: 'version',
      status: 409,
      message: expect.stringContaining('changed meanwhile by Ann: version 0 was read, version 1 is there'),
    })
  })
  test('two changes at once become two versions', async () => {
    const tenant = await t.storage.createTenant('policies')
    await Promise.all([set(tenant, { mode: 'strict' }), set(tenant, { unparsable: 'junk' })])
    expect(await t.storage.tenant(tenant, getPolicy)).toMatchObject({ version: 2, mode: 'strict', unparsable: 'junk' })
  })
})
