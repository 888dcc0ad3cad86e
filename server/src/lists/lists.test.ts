import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { list as auditList } from '../audit/index.ts'
import type { EntryId, SubmissionId, TenantId } from '../base/index.ts'
import { uuidv7 } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import type { NewEntry } from './door.ts'
import { addEntry, editEntry, removeEntry } from './entries.ts'
import { entriesFor, getEntry, historyOf, listEntries, noteMatches } from './queries.ts'

const ACTOR = { user: uuidv7(), name: 'Nadia' }
const DAY = 86_400_000
let rig: TestStorage
const both = async <T>(work: (tx: Tx, tenant: TenantId) => Promise<T>): Promise<T[]> => [
  await rig.storage.tenant(rig.a, (tx) => work(tx, rig.a)),
  await rig.storage.tenant(rig.b, (tx) => work(tx, rig.b)),
]
const add = (tx: Tx, part: Partial<NewEntry> & Pick<NewEntry, 'value'>) =>
  addEntry(tx, rig.storage.outbox, ACTOR, { action: 'block', kind: 'sender', ...part })
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) =>
      typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error),
  )

beforeAll(async () => {
  rig = await testStorage()
})
afterAll(() => rig.close())

describe('list entries', () => {
  it('are saved with history, audit entry and event, each tenant its own', async () => {
    const [first, second] = await both((tx) => add(tx, { value: 'Bad@Contoso.com', note: 'see case 7' }))
    expect(first).toMatchObject({ value: 'bad@contoso.com', version: 1, origin: 'direct', state: 'active', matches: 0 })
    expect(first?.createdBy).toBe('Nadia')
    expect(second?.id).not.toBe(first?.id)
    await rig.storage.tenant(rig.a, async (tx) => {
      const id = first?.id ?? ('' as EntryId)
      const events = await tx.selectFrom('outbox').select(['kind', 'data']).execute()
      expect(events).toContainEqual({ kind: 'entry.saved', data: { entryId: id, version: 1 } })
      expect((await historyOf(tx, id)).map((h) => [h.change, h.actor])).toEqual([['added', 'Nadia']])
      expect((await auditList(tx, { limit: 10 })).map((e) => e.action)).toContain('entry.added')
      // The other tenant's twin cannot be seen, changed or removed from here.
      expect(await getEntry(tx, second?.id ?? id)).toBeNull()
      expect(await code(removeEntry(tx, rig.storage.outbox, ACTOR, second?.id ?? id))).toBe('entry-not-found')
    })
  })

  it('a block lives 30 days by default (lists #45), other choices (lists #46)', async () => {
    await rig.storage.tenant(rig.a, async (tx) => {
      const days = async (value: string, expiresInDays?: number | null, kind: NewEntry['kind'] = 'sender') => {
        const entry = await add(tx, { value, kind, ...(expiresInDays === undefined ? {} : { expiresInDays }) })
        return entry.expiresAt === null ? null : Math.round((Date.parse(entry.expiresAt) - Date.now()) / DAY)
      }
      expect(await days('d1@x.example')).toBe(30)
      expect(await days('d2@x.example', 1)).toBe(1)
      expect(await days('d3@x.example', null)).toBeNull()
      expect(await days('d4@x.example', 90)).toBe(90)
      expect(await code(days('d5@x.example', 91))).toBe('bad-expiry')
      expect(await days('192.0.2.9', undefined, 'sender-ip')).toBeNull() // lists #50
    })
  })

  it('an allow cannot live for ever (lists #48), nor longer than 30 days (lists #49)', async () => {
    await rig.storage.tenant(rig.a, async (tx) => {
      expect(await code(add(tx, { action: 'allow', value: 'a1@x.example', expiresInDays: null }))).toBe('bad-expiry')
      expect(await code(add(tx, { action: 'allow', value: 'a1@x.example', expiresInDays: 31 }))).toBe('bad-expiry')
      expect(await code(add(tx, { action: 'allow', value: 'a1@x.example', expiresInDays: 30 }))).toBe('no error')
    })
  })

  it('a file is allowed by a submission only (lists #39)', async () => {
    await rig.storage.tenant(rig.a, async (tx) => {
      const file = { action: 'allow', kind: 'file-hash', value: 'c'.repeat(64) } as const
      expect(await code(add(tx, file))).toBe('no-file-allow')
      const entry = await add(tx, { ...file, submissionId: uuidv7<SubmissionId>() })
      expect(entry.origin).toBe('submission')
    })
  })

  it('the same value once more is refused; a submission lifts the direct entry, without a second row (lists #38)', async () => {
    await rig.storage.tenant(rig.a, async (tx) => {
      const entry = await add(tx, { action: 'allow', value: 'twice@x.example' })
      expect(await code(add(tx, { action: 'allow', value: ' Twice@X.example ' }))).toBe('entry-exists')
      const submissionId = uuidv7<SubmissionId>()
      const lifted = await add(tx, { action: 'allow', value: 'twice@x.example', submissionId })
      expect(lifted).toMatchObject({ id: entry.id, version: 2, origin: 'submission', submissionId })
      // Allow and block of one value may both exist; judging decides (lists #22).
      expect((await add(tx, { value: 'twice@x.example' })).action).toBe('block')
    })
  })

  it('keep their value when edited (lists #59), count the expiry anew (lists #58), and stay readable when removed', async () => {
    const [ids] = await both(async (tx) => {
      const { id } = await add(tx, { value: 'edit.example', kind: 'sender-domain', expiresInDays: 1 })
      const edited = await editEntry(tx, rig.storage.outbox, ACTOR, id, { expiresInDays: 7, note: 'longer' })
      expect(edited).toMatchObject({ value: 'edit.example', version: 2, note: 'longer' })
      expect(Math.round((Date.parse(edited.expiresAt ?? '') - Date.now()) / DAY)).toBe(7)
      const removed = await removeEntry(tx, rig.storage.outbox, ACTOR, id)
      expect([removed.state, removed.version]).toEqual(['removed', 3])
      expect((await removeEntry(tx, rig.storage.outbox, ACTOR, id)).version).toBe(3)
      expect(await code(editEntry(tx, rig.storage.outbox, ACTOR, id, { note: 'x' }))).toBe('entry-not-found')
      expect((await historyOf(tx, id)).map((h) => h.change)).toEqual(['added', 'edited', 'removed'])
      // A removed value can be entered again, as a new entry.
      expect((await add(tx, { value: 'edit.example', kind: 'sender-domain' })).id).not.toBe(id)
      return id
    })
    expect(ids).toBeTypeOf('string')
  })

  it('two people adding the same at once: one row', async () => {
    const results = await Promise.all(
      [1, 2].map(() => code(rig.storage.tenant(rig.a, (tx) => add(tx, { value: 'race@x.example' })))),
    )
    expect(results.sort()).toEqual(['entry-exists', 'no error'])
  })
})

describe('entriesFor', () => {
  it('finds living candidates by equality of keys, of its tenant only; a network of IPv4 among them (lists #78)', async () => {
    const [mine] = await both(async (tx) => {
      const url = await add(tx, { kind: 'url', value: '~find.example.com~' })
      const ip = await add(tx, { kind: 'sender-ip', value: '198.51.100.0/24' })
      const domain = await add(tx, { kind: 'sender-domain', value: '*.find.example.com' })
      const gone = await add(tx, { kind: 'url-domain', value: 'find.example.com' })
      await removeEntry(tx, rig.storage.outbox, ACTOR, gone.id)
      return [url.id, ip.id, domain.id]
    })
    await rig.storage.tenant(rig.a, async (tx) => {
      const entities = [
        { kind: 'url', value: 'https://go.example.net/?u=https://a.find.example.com/x' },
        { kind: 'sender-ip', value: '198.51.100.77' },
        { kind: 'sender-domain', value: 'mail.find.example.com' },
        { kind: 'body-fingerprint', value: '0123456789abcdef' },
      ]
      const found = await entriesFor(tx, entities)
      expect(found.map((e) => e.id).sort()).toEqual([...(mine ?? [])].sort())
      expect(Object.keys(found[0] ?? {}).sort()).toEqual([
        'action',
        'expiresAt',
        'id',
        'kind',
        'origin',
        'value',
        'version',
      ])
      // Thirty days from now they have ended.
      expect((await entriesFor(tx, entities, new Date(Date.now() + 31 * DAY))).map((e) => e.kind)).toEqual([
        'sender-ip',
      ])
      expect(await entriesFor(tx, [])).toEqual([])
    })
  })

  it('asks by an index, whatever the number of entries', async () => {
    await rig.storage.tenant(rig.b, async (tx) => {
      const { sql } = await import('kysely')
      await sql`insert into list_entry (tenant_id, id, version, action, kind, value, key, origin, note, created_by, created_by_name, created_at, updated_at)
        select current_setting('recourse.tenant_id')::uuid, gen_random_uuid(), 1, 'block', 'sender', 'n' || n || '@many.example', 'n' || n || '@many.example',
        'direct', '', 'x', 'x', now(), now() from generate_series(1, 20000) n`.execute(tx)
      await sql`analyze list_entry`.execute(tx).catch(() => {})
      const scanned = async () => {
        const seen = await sql<{ n: number }>`
          select seq_tup_read::int as n from pg_stat_xact_user_tables where relname = 'list_entry'`.execute(tx)
        return seen.rows[0]?.n ?? 0
      }
      const before = await scanned()
      for (let i = 0; i < 50; i++)
        expect(await entriesFor(tx, [{ kind: 'sender', value: `n${i + 1}@many.example` }])).toHaveLength(1)
      expect((await scanned()) - before).toBe(0)
    })
  })
})

describe('last used (lists #52)', () => {
  it('counts, and never goes back in time; use does not move the end (lists #54)', async () => {
    await rig.storage.tenant(rig.a, async (tx) => {
      const entry = await add(tx, { value: 'used@x.example' })
      await noteMatches(tx, [entry.id], new Date('2026-03-02T00:00:00Z'))
      await noteMatches(tx, [entry.id], new Date('2026-03-01T00:00:00Z'))
      expect(await getEntry(tx, entry.id)).toMatchObject({
        matches: 2,
        lastMatchedAt: new Date('2026-03-02T00:00:00Z'),
        version: 1,
        expiresAt: entry.expiresAt,
      })
    })
  })
})

describe('listing', () => {
  it('filters and pages', async () => {
    await rig.storage.tenant(rig.a, async (tx) => {
      for (const n of [1, 2, 3])
        await add(tx, { value: `page${n}.example`, kind: 'sender-domain', note: n === 2 ? '50%_Off' : '' })
      const ids = (await listEntries(tx, { kind: 'sender-domain', q: 'page', limit: 2 })).map((e) => e.value)
      expect(ids).toEqual(['page3.example', 'page2.example'])
      const [, second] = await listEntries(tx, { kind: 'sender-domain', q: 'page', limit: 2 })
      const rest = await listEntries(tx, {
        kind: 'sender-domain',
        q: 'page',
        limit: 2,
        ...(second ? { after: second.id } : {}),
      })
      expect(rest.map((e) => e.value)).toEqual(['page1.example'])
      expect((await listEntries(tx, { q: '50%_off', limit: 10 })).map((e) => e.value)).toEqual(['page2.example'])
      expect(await listEntries(tx, { q: '%', state: 'removed', limit: 10 })).toEqual([])
    })
  })
})
