import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { campaigns } from '../../demo/campaigns.ts'
import { AUTHSERV, ORGANISATION } from '../../demo/company.ts'
import { corpus, corpusFiles } from '../../test/rig/corpus.ts'
import { takeIn } from '../../test/rig/judged.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { decide, decidePolicy, entitiesOf } from '../judgement/index.ts'
import { addEntry, getEntry } from '../lists/index.ts'
import { createParser, type Parser } from '../mail/index.ts'
import { setOrganisation } from '../organisation/index.ts'
import { factsOf, tenantView } from './facts.ts'
import { gather } from './signals/index.ts'
import { countMatches } from './today.ts'

const ADMIN = { user: 'test', name: 'Test' }
const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
let parser: Parser
beforeAll(() => {
  parser = createParser({ workers: 2, trustedAuthserv: [AUTHSERV, '', 'smtp.subspace.kernel.org', 'mm2.emwd.com'] })
})
afterAll(() => parser.close())

describe('what entries decided', () => {
  let rig: TestStorage
  beforeAll(async () => {
    rig = await testStorage()
  })
  afterAll(() => rig.close())

  it('is counted once per message that they changed, and not where they changed nothing (lists #26, #52)', async () => {
    const { storage, a, b } = rig
    countMatches(storage.outbox)
    const newsletters = campaigns(new Date())
      .filter((m) => m.mailFrom.includes('timberjournal'))
      .slice(0, 3)
    expect(newsletters).toHaveLength(3)
    const [allow, idle] = await storage.tenant(a, async (tx) => {
      await setOrganisation(tx, storage.outbox, ORGANISATION, ADMIN)
      const sender = { action: 'allow', kind: 'sender' } as const
      return [
        await addEntry(tx, storage.outbox, ADMIN, { ...sender, value: 'letters@timberjournal.example' }),
        await addEntry(tx, storage.outbox, ADMIN, { ...sender, value: 'share@docs-portal.example' }),
      ]
    })
    const twin = await storage.tenant(b, (tx) =>
      addEntry(tx, storage.outbox, ADMIN, { action: 'allow', kind: 'sender', value: 'letters@timberjournal.example' }),
    )
    const clean = campaigns(new Date())
      .filter((m) => m.mailFrom.includes('docs-portal'))
      .slice(0, 2)
    expect(clean).toHaveLength(2)
    await takeIn(storage, a, parser, [...newsletters, ...clean])
    await storage.start()
    const of = (tenant: typeof a, id: typeof allow.id) => storage.tenant(tenant, (tx) => getEntry(tx, id))
    await expect.poll(async () => (await of(a, allow.id))?.matches).toBe(3)
    expect((await of(a, allow.id))?.lastMatchedAt).toBeInstanceOf(Date)
    expect(await of(a, idle.id)).toMatchObject({ matches: 0, lastMatchedAt: null })
    expect(await of(b, twin.id)).toMatchObject({ matches: 0 })
  })

  it('the organisation’s facts: people with their aliases, not shared or security mailboxes', async () => {
    const { facts } = await rig.storage.tenant(rig.a, tenantView)
    expect(facts.domains).toEqual(['alderfinch.example'])
    const director = facts.people.find((p) => p.name === 'Ingrid Alder')
    expect(director).toEqual({
      name: 'Ingrid Alder',
      addresses: ['ingrid.alder@alderfinch.example', 'ingrid@alderfinch.example'],
      protected: true,
    })
    expect(facts.people.map((p) => p.name)).not.toContain('Security reports')
    // Kept per version of the organisation: signals remember what they made of it.
    expect((await rig.storage.tenant(rig.a, tenantView)).facts).toBe(facts)
    expect(typeof factsOf).toBe('function')
  })
})

describe.skipIf(corpus === null)('real mail', () => {
  const organisation = {
    domains: ['alderfinch.example'],
    protectedDomains: ['paypal.com', 'microsoft.com', 'google.com'],
    people: [{ name: 'Ingrid Alder', addresses: ['ingrid.alder@alderfinch.example'], protected: true }],
  }
  const placed = async (files: readonly string[], mode: 'standard' | 'strict') => {
    const out: { file: string; placement: string; because: readonly string[] }[] = []
    for (const file of files) {
      const parsed = await parser.parse(readFileSync(file), CONTEXT)
      const signals = gather({ mail: parsed.mail, context: CONTEXT, organisation })
      expect(signals.filter((s) => s.summary.includes('failed and found nothing'))).toEqual([])
      const verdict = decide({
        signals,
        entities: entitiesOf(parsed.mail, CONTEXT),
        authentication: parsed.mail.authentication,
        entries: [],
        policy: decidePolicy({ mode, version: 1 }),
        unparsable: parsed.kind === 'unparsable' ? parsed.why : null,
        now: '2026-01-01T00:00:00.000Z',
      })
      out.push({ file, placement: verdict.placement, because: verdict.because })
    }
    return out
  }

  it('wanted mail is left alone: at most 1 % false alarms, in strict too', async () => {
    const ham = corpusFiles('mail/ham').filter((_, i) => i % 3 === 0)
    expect(ham.length).toBeGreaterThan(400)
    const stopped = (await placed(ham, 'strict')).filter((m) => m.placement !== 'deliver')
    expect(stopped.length, JSON.stringify(stopped.slice(0, 3))).toBeLessThanOrEqual(ham.length / 100)
  })

  it('no message of the torture collection breaks an analysis, or judging', async () => {
    const torture = corpusFiles('mime-torture').filter((f) => f.endsWith('.eml') || f.endsWith('.msg'))
    expect(
      (await placed(torture.length > 0 ? torture : corpusFiles('mime-torture'), 'standard')).length,
    ).toBeGreaterThan(100)
  })
})
