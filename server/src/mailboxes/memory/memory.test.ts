import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CopyState, ProviderError } from '../provider.ts'
import { createMemoryProvider, type Fault, type MemoryProvider } from './provider.ts'

const login = 'anna@example.org'
const bytes = (n: number) => Buffer.from(`Message-ID: <m${n}@x>\r\n\r\nbody ${n}\r\n`)

async function filled(provider: MemoryProvider, count: number) {
  const user = provider.user(login)
  for (let i = 0; i < count; i++)
    user.append('INBOX', bytes(i), { flags: i % 2 ? ['\\Seen', 'K'] : [], date: new Date(i * 1e9) })
  const session = await provider.open({ login })
  const hold = await session.hold('quarantine', ['K'])
  const items = await session.state(
    'INBOX',
    user.list('INBOX').map((copy) => copy.ref.uid),
  )
  const target = await session.position(hold)
  if (!target) throw new Error('no hold')
  return { user, session, hold, items, target }
}

const uids = (items: readonly CopyState[]) => items.map((item) => item.ref.uid)
const code = async (run: Promise<unknown>) =>
  run.then(
    () => 'ok',
    (error: unknown) => (error instanceof ProviderError ? error.code : String(error)),
  )

describe('memory provider: recorded faults', () => {
  const kills = fc.record({
    done: fc.nat(8),
    both: fc.nat(4),
    spoilt: fc.boolean(),
    strangers: fc.boolean(),
  })

  test('mailbox #35: a move cut anywhere, settled and gone on with, leaves every message once and as it was', async () => {
    const one = async (cuts: readonly NonNullable<Fault['partial']>[], serverIds: boolean) => {
      const provider = createMemoryProvider({ serverIds })
      const { user, session, hold, items, target } = await filled(provider, 8)
      const before = user.snapshot()
      const ids = user.list('INBOX').map((copy) => copy.ref.serverId)
      let left: readonly CopyState[] = items
      for (const partial of cuts) {
        provider.failOnce('move', { partial })
        expect(await code(session.move('INBOX', uids(left), hold))).toBe('unknown')
        const settled = await session.settle({ source: 'INBOX', items, target, shared: false })
        left = items.filter((item) => settled.get(item.ref.uid)?.at === 'source')
        expect(user.snapshot().length + user.held().length).toBe(8)
      }
      await session.move('INBOX', uids(left), hold)
      expect(user.snapshot()).toEqual([])
      expect(user.held().map((one) => ({ ...one, folder: 'INBOX' }))).toEqual(before)
      if (serverIds)
        expect(
          user
            .list(hold)
            .map((copy) => copy.ref.serverId)
            .sort(),
        ).toEqual(ids.sort())
    }
    await fc.assert(fc.asyncProperty(fc.array(kills, { maxLength: 4 }), fc.boolean(), one), { numRuns: 200 })
  })

  test('a lost reply: it happened; a late one: it happens while we settle', async () => {
    for (const fault of [{ lostReply: true }, { late: 3 }]) {
      const provider = createMemoryProvider()
      const { user, session, hold, items, target } = await filled(provider, 4)
      provider.failOnce('move', fault)
      expect(await code(session.move('INBOX', uids(items), hold))).toBe('unknown')
      if ('late' in fault) expect(user.list('INBOX').length).toBe(4)
      const settled = await session.settle({ source: 'INBOX', items, target, shared: false })
      expect([...settled.values()].map((one) => one.at)).toEqual(['target', 'target', 'target', 'target'])
      expect(user.held().length).toBe(4)
    }
  })

  test('a lost reply to an append: found since the written-down position', async () => {
    const provider = createMemoryProvider()
    const { user, session, hold } = await filled(provider, 0)
    provider.failOnce('append', { lostReply: true })
    const copy = { bytes: bytes(7), flags: [], keywords: [], internalDate: new Date(0) }
    expect(await code(session.append(hold, copy))).toBe('unknown')
    expect((await session.find({ internetMessageIds: ['<m7@x>'], folders: [hold] })).length).toBe(1)
    expect(user.held().length).toBe(1)
  })

  test('a new UIDVALIDITY: no old place is believed, the message is found by the server’s id', async () => {
    const provider = createMemoryProvider()
    const { user, session, items } = await filled(provider, 3)
    user.renumber('INBOX')
    const [first] = items
    if (!first) throw new Error('no item')
    expect(await session.find({ refs: [first.ref] })).toEqual([])
    const [found] = await session.find({ serverIds: [first.ref.serverId ?? ''] })
    expect(found?.ref.uidValidity).not.toBe(first.ref.uidValidity)
    expect(await code(session.setFlags(first.ref, { flags: [], keywords: [] }))).toBe('changed')
  })

  test('a new UIDVALIDITY: a command that was given up is not carried out on other messages', async () => {
    const provider = createMemoryProvider()
    const { user, session, hold, items } = await filled(provider, 2)
    provider.failOnce('move', { late: 1, stuck: true })
    expect(await code(session.move('INBOX', uids(items), hold))).toBe('unknown')
    user.renumber('INBOX')
    for (let looks = 0; looks < 3; looks++) await session.find({ internetMessageIds: ['<m1@x>'] })
    expect([user.list('INBOX').length, user.held().length]).toEqual([2, 0])
  })

  test('mailbox #45 #46: a full mailbox moves, and refuses bytes', async () => {
    const provider = createMemoryProvider()
    const { user, session, hold, items } = await filled(provider, 3)
    user.setQuota(3)
    expect(await code(session.move('INBOX', uids(items), hold))).toBe('ok')
    const copy = { bytes: bytes(9), flags: [], keywords: [], internalDate: new Date(0) }
    expect(await code(session.append('INBOX', copy))).toBe('quota')
    expect(await provider.proveWayBack({ login })).toMatchObject({ ok: false, failure: 'quota' })
  })

  test('gone, denied, slow, read-only, and a user who acts in between', async () => {
    const provider = createMemoryProvider({
      logins: [login],
      faults: (call) => (call.nth === 2 && call.name === 'folders' ? { error: 'timeout' } : undefined),
    })
    expect(await code(provider.open({ login: 'nobody@example.org' }))).toBe('gone')
    const { user, session, hold, items } = await filled(provider, 3)
    provider.failOnce('open', { error: 'denied' }, login)
    expect(await code(provider.open({ login }))).toBe('denied')
    expect([await code(session.folders()), await code(session.folders())]).toEqual(['ok', 'timeout'])
    const [first] = uids(items)
    provider.failOnce('move', { delayMs: 5, before: () => user.move('INBOX', first ?? 0, 'Trash') })
    const result = await session.move('INBOX', uids(items), hold)
    expect(result.missing).toEqual([first])
    user.setReadOnly('INBOX', true)
    expect(await code(session.position('INBOX', { writable: true }))).toBe('read-only')
    user.setGone(true)
    expect([await code(session.folders()), await code(provider.open({ login }))]).toEqual(['gone', 'gone'])
  })
})
