import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../test/rig/hash.ts'
import { homesAt, type IntakeRig, saveCompany, savePolicy, startIntake } from '../../test/rig/intake.ts'
import { type LmtpPeer, startLmtpPeer } from '../../test/rig/lmtp-peer.ts'
import { analyst, quietLog } from '../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { convict, MALWARE, waitingMail } from '../../test/rig/waiting.ts'
import { createLog, type MessageId, onCrashPoint, uuidv7 } from '../base/index.ts'
import { countPending, duePending, judgeLater } from '../detection/index.ts'
import type { Signal } from '../judgement/index.ts'
import { addEntry, removeEntry } from '../lists/index.ts'
import { createParser } from '../mail/index.ts'
import { createMemoryProvider, type MemoryProvider } from '../mailboxes/index.ts'
import { currentVerdict, deliveriesOf, timeline } from '../records/index.ts'
import { type ActionRequest, createRemediation } from '../remediation/index.ts'
import { createNextHop, type NextHop } from '../transport/index.ts'
import { lockArrived } from './again.ts'
import { judgeLate } from './late.ts'
import { actOnLateVerdicts } from './late-action.ts'

// Mail that waits for its mailbox (the store is down, or its answer was lost) while something is learnt about it.

let t: TestStorage
let peer: LmtpPeer
let provider: MemoryProvider
let rig: IntakeRig
let nextHop: NextHop
/** When a mailbox is about to be looked into. */
let looks: (() => Promise<unknown>) | null = null
const asked: ActionRequest[] = []

beforeAll(async () => {
  t = await testStorage()
  await saveCompany(t.storage, t.a, 'a.example')
  await savePolicy(t.storage, t.a, { mode: 'standard' })
  peer = await startLmtpPeer()
  provider = createMemoryProvider()
  nextHop = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 1500 })
  const home = homesAt(t.storage, provider)
  const intake = {
    homeOf: async (...of: Parameters<typeof home>) => {
      await looks?.()
      return home(...of)
    },
  }
  rig = await startIntake({ storage: t.storage, provider, nextHop, intake })
  actOnLateVerdicts(t.storage.outbox, {
    submit: async (_by, request) => {
      asked.push(request)
      return { id: uuidv7(), name: '', state: 'queued', approvalId: '', copies: 0 }
    },
  })
  await t.storage.start()
})
afterAll(async () => {
  await rig.close()
  await peer.close()
  await t.close()
})

const SPAM: Signal = { ...MALWARE, id: 'feed:spammers', weight: 6, threat: 'spam', summary: 'A known spammer' }
const { inTenant, send, idOf, copiesOf, sinceMinutes } = waitingMail(() => ({
  storage: t.storage,
  tenant: t.a,
  lmtp: rig.lmtp,
}))
const eventsOf = (id: MessageId) => inTenant(async (tx) => (await timeline(tx, id)).map((e) => e.kind))
/** Longer ago than any hand-over takes. */
const longAgo = (id: MessageId) => sinceMinutes(id, 60)

test('the mail store is down, and meanwhile the message is convicted: the retry hands nothing over, the copy is held', async () => {
  peer.next({ data: ['250 2.0.0 ok', '452 4.2.2 full'] })
  expect(await send('waits', ['ann@a.example', 'bo@a.example'])).toBe('250 452')
  const id = await idOf('waits')
  expect(await inTenant((tx) => lockArrived(tx, id, new Date()))).toBe(true)
  await inTenant((tx) => convict(tx, id))
  peer.taken.length = 0
  // One who is added by the retry gets no copy either.
  expect(await send('waits', ['ann@a.example', 'bo@a.example', 'cy@a.example'])).toBe('250 250 250')
  expect(peer.taken).toEqual([])
  expect(await copiesOf(id)).toEqual([
    'delivered handed-over inbox',
    'blocked none quarantine',
    'blocked none quarantine',
  ])
  expect((await eventsOf(id)).filter((kind) => kind === 'quarantined')).toHaveLength(2)
  expect(await send('waits', ['bo@a.example'])).toBe('250')
  expect(peer.taken).toEqual([])

  const remediation = createRemediation({ storage: t.storage, mailboxes: provider, nextHop, log: quietLog })
  const held = await inTenant(async (tx) => (await deliveriesOf(tx, id)).slice(1).map((d) => d.id))
  await remediation.submit(analyst(t.a), { kind: 'release', select: { deliveryIds: held } })
  await remediation.drain(t.a)
  await remediation.stop()
  expect(peer.taken.map((copy) => copy.recipient).sort()).toEqual(['bo@a.example', 'cy@a.example'])
  for (const copy of peer.taken) expect(copy.bytes.toString()).toContain('Subject: waits')
})

test('the answer was lost: a copy that has not arrived is held; nothing is said of it while the mailbox cannot be asked', async () => {
  for (const [subject, fault, arrived, state] of [
    ['lost', null, false, 'blocked none quarantine'],
    ['lost-unasked', 'unavailable', false, 'blocked none quarantine'],
    ['there-unasked', 'unavailable', true, 'delivered handed-over inbox'],
  ] as const) {
    asked.length = 0
    peer.taken.length = 0
    peer.next('die-after-data-taken')
    expect(await send(subject)).toBe('451')
    const id = await idOf(subject)
    const [copy] = peer.taken
    if (arrived) await provider.deliver({ login: 'ann@a.example' }, 'inbox', copy?.bytes ?? Buffer.alloc(0))
    await inTenant((tx) => convict(tx, id))
    await longAgo(id)
    if (fault) {
      provider.failOnce('open', { error: fault }, 'ann@a.example')
      expect(await send(subject)).toBe('451')
      expect(await copiesOf(id)).toEqual(['pending handing-over unknown'])
    }
    expect(await send(subject)).toBe('250')
    expect(peer.taken).toHaveLength(1)
    expect(await copiesOf(id)).toEqual([state])
    if (arrived) await expect.poll(() => asked[0]?.select).toEqual({ messageIds: [id] })
  }
})

test('mailboxes of a server that hangs are not waited for one after another', async () => {
  const all = ['ann@a.example', 'bo@a.example', 'cy@a.example']
  peer.next('die-after-data')
  expect(await send('hangs', all)).toBe('451 451 451')
  await longAgo(await idOf('hangs'))
  let [now, most] = [0, 0]
  looks = async () => {
    most = Math.max(most, ++now)
    await pause(100)
    now--
  }
  peer.taken.length = 0
  expect(await send('hangs', all)).toBe('250 250 250')
  looks = null
  expect([most, peer.taken.length]).toEqual([3, 3])
})

test('the answer was lost, and the copy is in the mailbox: it is found, and taken by an action', async () => {
  asked.length = 0
  peer.taken.length = 0
  peer.next('die-after-data-taken')
  expect(await send('there')).toBe('451')
  const id = await idOf('there')
  // As long as it may be on its way, nothing is judged: nothing could be taken yet.
  expect(await inTenant((tx) => lockArrived(tx, id, new Date()))).toBe(false)
  await longAgo(id)
  expect(await inTenant((tx) => lockArrived(tx, id, new Date()))).toBe(true)
  await inTenant((tx) => convict(tx, id))
  await provider.deliver({ login: 'ann@a.example' }, 'inbox', peer.taken[0]?.bytes ?? Buffer.alloc(0))
  expect(await send('there')).toBe('250')
  expect(await copiesOf(id)).toEqual(['delivered handed-over inbox'])
  await expect.poll(() => asked.length).toBeGreaterThan(0)
  expect(asked[0]).toMatchObject({
    kind: 'quarantine',
    select: { messageIds: [id] },
    cause: { kind: 'signal', id: 'clamav', version: 1 },
    description: 'Its delivery was in doubt when it was convicted: malware, quarantine instead of deliver.',
  })
})

const junked = (id: MessageId) => inTenant((tx) => convict(tx, id, SPAM))
const JUNK = /^X-Recourse-Placement: junk\r$/m

test('found to be spam while it waits: it is sent as junk; where an earlier attempt may have arrived, the same bytes again, and it is moved', async () => {
  peer.next({ rcpt: '451 4.3.0 later' })
  expect(await send('junk')).toBe('451')
  const id = await idOf('junk')
  expect((await junked(id))?.after).toMatchObject({ threat: 'spam', placement: 'junk' })
  peer.taken.length = 0
  expect(await send('junk')).toBe('250')
  expect(await copiesOf(id)).toEqual(['junked handed-over junk'])
  const [sent] = peer.taken
  expect(sent?.bytes.toString()).toMatch(JUNK)
  const [row] = await inTenant((tx) => deliveriesOf(tx, id))
  expect(row?.sent_sha256).toBe(sha256(sent?.bytes ?? Buffer.alloc(0)))

  for (const arrives of [false, true]) {
    const subject = `junk-lost-${arrives}`
    asked.length = 0
    peer.next('die-after-data-taken')
    peer.taken.length = 0
    expect(await send(subject)).toBe('451')
    const lost = await idOf(subject)
    await junked(lost)
    await longAgo(lost)
    const [first] = peer.taken
    if (arrives) await provider.deliver({ login: 'ann@a.example' }, 'inbox', first?.bytes ?? Buffer.alloc(0))
    expect(await send(subject)).toBe('250')
    expect(peer.taken.map((copy) => copy.bytes.toString())).toEqual(
      Array(arrives ? 1 : 2).fill(first?.bytes.toString()),
    )
    expect(first?.bytes.toString()).not.toMatch(JUNK)
    // As it was sent, and so as it lies.
    expect(await copiesOf(lost)).toEqual(['delivered handed-over inbox'])
    await expect.poll(() => asked.length).toBeGreaterThan(0)
    expect(asked[0]).toMatchObject({
      kind: 'move',
      target: 'junk',
      select: { messageIds: [lost] },
      cause: { id: SPAM.id },
    })
  }
})

test('killed right after a copy in doubt was handed over again as an earlier verdict said: today’s is carried out all the same', async () => {
  for (const fault of [null, 'unavailable'] as const) {
    const subject = `killed-${fault}`
    asked.length = 0
    peer.next('die-after-data')
    expect(await send(subject, ['ann@a.example', 'bo@a.example'])).toContain('451')
    const id = await idOf(subject)
    await junked(id)
    await longAgo(id)
    if (fault) provider.failOnce('open', { error: fault }, 'ann@a.example')
    let hit = 0
    onCrashPoint((name) => {
      if (name === 'intake.after-delivered-commit' && ++hit === 1) throw new Error('killed')
    })
    await send(subject, ['ann@a.example', 'bo@a.example'])
    onCrashPoint(null)
    expect(hit).toBeGreaterThan(0)
    await longAgo(id)
    expect(await send(subject, ['ann@a.example', 'bo@a.example'])).toBe('250 250')
    await expect.poll(() => asked.length).toBeGreaterThan(0)
    expect(asked[0]).toMatchObject({
      kind: 'move',
      target: 'junk',
      select: { messageIds: [id] },
      cause: { id: SPAM.id },
    })
  }
})

test('convicted while the retry looks into the mailbox: nothing is handed over, the next attempt holds it', async () => {
  peer.next('die-after-data')
  expect(await send('race')).toBe('451')
  const id = await idOf('race')
  await longAgo(id)
  peer.taken.length = 0
  looks = () => inTenant((tx) => convict(tx, id))
  expect(await send('race')).toBe('451')
  looks = null
  expect(await send('race')).toBe('250')
  expect(peer.taken).toEqual([])
  expect(await copiesOf(id)).toEqual(['blocked none quarantine'])
})

test('who judges and who hands over wait for each other', async () => {
  peer.next({ rcpt: '451 4.3.0 later' })
  expect(await send('lock')).toBe('451')
  const id = await idOf('lock')
  let retry: Promise<string> | undefined
  await inTenant(async (tx) => {
    await convict(tx, id)
    peer.taken.length = 0
    retry = send('lock')
    const waiting = () =>
      sql<{ n: number }>`select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'
        and datname = current_database()`.execute(tx)
    await expect.poll(async () => (await waiting()).rows[0]?.n).toBeGreaterThan(0)
  })
  expect(await retry).toBe('250')
  expect(peer.taken).toEqual([])
  expect(await copiesOf(id)).toEqual(['blocked none quarantine'])
})

test('an engine that was late is heard about a message on its way only when it has arrived', async () => {
  peer.next('die-after-data')
  expect(await send('late')).toBe('451')
  const id = await idOf('late')
  await inTenant((tx) =>
    tx
      .insertInto('engine_pending')
      .values({ tenant_id: t.a, message_id: id, engines: ['clamav'] })
      .execute(),
  )
  const parser = createParser({ workers: 1 })
  const engines = { up: () => ['clamav'], askOnly: async () => ({ signals: [MALWARE], absent: [] }) }
  const late = () => judgeLate({ storage: t.storage, parser, engines, log: createLog({ level: 'silent' }) }, t.a)
  expect(await late()).toBe(0)
  expect(await eventsOf(id)).not.toContain('re-judged')
  await longAgo(id)
  const pending = await inTenant((tx) =>
    tx
      .updateTable('engine_pending')
      .set({ next_at: new Date(0) })
      .returning(['message_id', 'last_error'])
      .execute(),
  )
  expect(pending).toEqual([{ message_id: id, last_error: 'its copies are being handed over' }])
  expect(await late()).toBe(1)
  expect(await eventsOf(id)).toContain('re-judged')
  await parser.close()
})

test('two workers that ask about the same message while one engine is back and another not: each engine is heard once', async () => {
  const spam: Signal = { ...SPAM, id: 'rspamd:SPAM' }
  const parser = createParser({ workers: 1 })
  const worker = (absent: readonly string[], meanwhile: () => Promise<unknown>) => {
    const says = { rspamd: spam, clamav: MALWARE }
    const askOnly = async (wanted: readonly string[]) => {
      await meanwhile()
      const heard = (['rspamd', 'clamav'] as const).filter((e) => wanted.includes(e) && !absent.includes(e))
      return { signals: heard.map((e) => says[e]), absent: absent.filter((e) => wanted.includes(e)) }
    }
    const engines = { up: () => ['rspamd', 'clamav'], askOnly }
    return judgeLate({ storage: t.storage, parser, engines, log: createLog({ level: 'silent' }) }, t.a)
  }
  const back = () => inTenant((tx) => duePending(tx, ['clamav']))
  const idle = async () => undefined
  for (const [subject, first, second] of [
    ['part-first', ['clamav'], []],
    ['all-first', [], ['clamav']],
  ] as const) {
    expect(await send(subject)).toBe('250')
    const id = await idOf(subject)
    await inTenant((tx) => judgeLater(tx, id, ['rspamd', 'clamav']))
    await inTenant((tx) => duePending(tx, ['rspamd']))
    // The second has the message and its answers; then an engine comes back, and another worker does the whole of it.
    await worker(second, async () => {
      await back()
      expect(await worker(first, idle)).toBe(1)
    })
    await back()
    await worker([], idle)
    const verdict = await inTenant((tx) => currentVerdict(tx, id))
    const heard = verdict?.signals.map((s) => s.id).filter((s) => s === spam.id || s === MALWARE.id)
    expect([subject, heard?.sort()]).toEqual([subject, [MALWARE.id, spam.id]])
    expect(await inTenant(countPending)).toBe(0)
  }
  await parser.close()
})

test('a small finding that comes late takes nothing because of an entry that was added since: that is asked for apart', async () => {
  expect(await send('since-blocked')).toBe('250')
  const id = await idOf('since-blocked')
  await inTenant((tx) => judgeLater(tx, id, ['rspamd']))
  await inTenant((tx) => duePending(tx, ['rspamd']))
  const entry = { action: 'block', kind: 'sender-domain', value: 'client.example' } as const
  const { id: entryId } = await inTenant((tx) => addEntry(tx, t.storage.outbox, { user: 'u', name: 'Ann' }, entry))
  const parser = createParser({ workers: 1 })
  const small: Signal = { ...SPAM, id: 'rspamd:SMALL', weight: 0.5 }
  const engines = { up: () => ['rspamd'], askOnly: async () => ({ signals: [small], absent: [] }) }
  asked.length = 0
  expect(await judgeLate({ storage: t.storage, parser, engines, log: createLog({ level: 'silent' }) }, t.a)).toBe(1)
  await inTenant((tx) => removeEntry(tx, t.storage.outbox, { user: 'u', name: 'Ann' }, entryId))
  expect(await eventsOf(id)).toContain('re-judged')
  const told = await inTenant((tx) =>
    sql<{ id: string }>`select data->>'messageId' as id from outbox where kind = 'verdict.late'`.execute(tx),
  )
  expect(told.rows.map((row) => row.id)).not.toContain(id)
  await parser.close()
})
