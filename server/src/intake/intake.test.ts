import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { corpus, corpusFiles } from '../../test/rig/corpus.ts'
import { sha256 } from '../../test/rig/hash.ts'
import { type IntakeRig, saveCompany, savePolicy, startIntake } from '../../test/rig/intake.ts'
import { type LmtpPeer, startLmtpPeer } from '../../test/rig/lmtp-peer.ts'
import { sendAsMta } from '../../test/rig/mta.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { MessageId, TenantId } from '../base/index.ts'
import { addEntry, removeEntry } from '../lists/index.ts'
import { createMemoryProvider, type MemoryProvider } from '../mailboxes/index.ts'
import { currentVerdict, deliveriesOf, messagesMatching, timeline } from '../records/index.ts'
import { createNextHop, forSmtp } from '../transport/index.ts'

let t: TestStorage
let peer: LmtpPeer
let provider: MemoryProvider
/** Next hop by LMTP to a peer that misbehaves when told; `direct`: straight into mailboxes. */
let viaPeer: IntakeRig
let direct: IntakeRig
const HANDOVER_MS = 2000

beforeAll(async () => {
  t = await testStorage()
  await saveCompany(t.storage, t.a, 'a.example')
  await saveCompany(t.storage, t.b, 'b.example')
  peer = await startLmtpPeer()
  provider = createMemoryProvider()
  const hop = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 1500 })
  const intake = { handoverMs: HANDOVER_MS }
  viaPeer = await startIntake({ storage: t.storage, provider, nextHop: hop, intake })
  direct = await startIntake({
    storage: t.storage,
    provider,
    nextHop: createNextHop({ kind: 'mailbox', provider }),
    intake,
    gateway: { maxSize: 70 * 1024 * 1024 },
  })
})
afterAll(async () => {
  await viaPeer.close()
  await direct.close()
  await peer.close()
  await t.close()
})
beforeEach(() => {
  peer.taken.length = 0
})

let serial = 0
const message = (subject = `hello ${++serial}`, more = '') =>
  Buffer.from(
    `From: Friend <friend@client.example>\r\nTo: ann\r\nSubject: ${subject}\r\nMessage-ID: <m${++serial}@client.example>\r\n${more}\r\nbody\r\n`,
  )
const send = (rig: IntakeRig, raw: Buffer, recipients: readonly string[], ident = `Q${++serial}`) =>
  sendAsMta(rig.lmtp, { mailFrom: 'friend@client.example', recipients, raw, ident })
const codes = (replies: readonly (string | null)[]) => replies.map((r) => r?.slice(0, 3) ?? null)

/** What is recorded of the newest message with this subject. */
async function recorded(tenant: TenantId, subject: string) {
  return t.storage.tenant(tenant, async (tx) => {
    const rows = await tx.selectFrom('message').selectAll().where('subject', '=', subject).execute()
    const row = rows.at(-1)
    const deliveries = row ? await deliveriesOf(tx, row.id) : []
    const events = row ? (await timeline(tx, row.id)).map((e) => e.kind) : []
    return { messages: rows.length, row, deliveries, events }
  })
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a message is recorded, handed over with our headers, and answered per recipient (explorer #24: Inbox, Unknown)', async () => {
  peer.next({ data: ['250 2.0.0 ok', '452 4.2.2 full'] })
  const replies = await send(viaPeer, message('per recipient'), ['ann@a.example', 'nobody@a.example', 'bo@a.example'])
  expect(codes(replies)).toEqual(['250', '550', '452'])
  const { deliveries, events, row } = await recorded(t.a, 'per recipient')
  expect(deliveries.map((d) => [d.recipient, d.action, d.handover, d.latest_location])).toEqual([
    ['ann@a.example', 'delivered', 'handed-over', 'inbox'],
    ['bo@a.example', 'pending', 'none', 'unknown'],
  ])
  expect(events).toEqual(expect.arrayContaining(['received', 'judged', 'delivered', 'deferred']))
  const [copy] = peer.taken
  expect(copy?.bytes.toString()).toContain(`X-Recourse-Message-Id: ${row?.id}\r\n`)
  expect(copy?.bytes.toString()).toContain('by mx.recourse.example (Recourse) with LMTP')
  expect(deliveries[0]?.sent_size).toBe(copy?.bytes.length)
})

test('NUL in the address of its sender: the message is judged and taken like any other', async () => {
  const odd = Buffer.from(message('odd sender').toString().replace('friend@', 'fri\0end@'))
  expect(codes(await send(direct, odd, ['ann@a.example']))).toEqual(['250'])
  const { row } = await recorded(t.a, 'odd sender')
  expect(row).toMatchObject({ sender_domain: 'client.example' })
})

test('a retry of the MTA: what is done stays done, only the refused recipient is sent again', async () => {
  const raw = message('retried')
  peer.next({ data: ['250 2.0.0 ok', '452 4.2.2 full'] })
  await send(viaPeer, raw, ['ann@a.example', 'bo@a.example'], 'SAME')
  peer.taken.length = 0
  expect(codes(await send(viaPeer, raw, ['ann@a.example', 'bo@a.example'], 'SAME'))).toEqual(['250', '250'])
  expect(peer.taken.map((c) => c.recipient)).toEqual(['bo@a.example'])
  const { messages, deliveries } = await recorded(t.a, 'retried')
  expect(messages).toBe(1)
  expect(deliveries.map((d) => d.action)).toEqual(['delivered', 'delivered'])
})

test('the same mail with another queue id is another message', async () => {
  const raw = message('twice on purpose')
  await send(viaPeer, raw, ['ann@a.example'])
  await send(viaPeer, raw, ['ann@a.example'])
  expect(peer.taken).toHaveLength(2)
  expect((await recorded(t.a, 'twice on purpose')).messages).toBe(2)
})

test('SMTP: recipients that come in transactions of their own share one message', async () => {
  const raw = message('split')
  for (const to of ['ann@a.example', 'bo@a.example', 'ann@a.example']) {
    const one = { mailFrom: 'f@client.example', recipients: [to], raw, ident: 'SPLIT', protocol: 'smtp' } as const
    expect(codes(await sendAsMta(direct.smtp, one))).toEqual(['250'])
  }
  const { messages, deliveries } = await recorded(t.a, 'split')
  expect(messages).toBe(1)
  expect(deliveries.map((d) => d.recipient)).toEqual(['ann@a.example', 'bo@a.example'])
})

test('the same attempt at the same time, on two connections: one copy each', async () => {
  const raw = message('at once')
  const all = await Promise.all(
    ['ann', 'bo', 'ann', 'bo', 'cy', 'ann'].map((n) => send(direct, raw, [`${n}@a.example`], 'ONCE')),
  )
  expect(codes(all.flat())).toEqual(Array(6).fill('250'))
  const { messages, deliveries } = await recorded(t.a, 'at once')
  expect([messages, deliveries.length]).toEqual([1, 3])
})

test('answer lost, copy in the mailbox: found by our message ID, not sent again', async () => {
  const raw = message('lost but there')
  peer.next('die-after-data-taken')
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'LOST1'))).toEqual(['451'])
  // Still being handed over, as far as another process could know.
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'LOST1'))).toEqual(['451'])
  const [copy] = peer.taken
  await provider.deliver({ login: 'ann@a.example' }, 'inbox', copy?.bytes ?? Buffer.alloc(0))
  await pause(HANDOVER_MS + 50)
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'LOST1'))).toEqual(['250'])
  expect(peer.taken).toHaveLength(1)
  const { deliveries } = await recorded(t.a, 'lost but there')
  expect(deliveries[0]).toMatchObject({ handover: 'handed-over', action: 'delivered', ref: { folder: 'INBOX' } })
})

test('answer lost, no copy in the mailbox: sent again, the same bytes', async () => {
  const raw = message('lost and gone')
  peer.next('die-after-data')
  await send(viaPeer, raw, ['ann@a.example'], 'LOST2')
  await pause(HANDOVER_MS + 50)
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'LOST2'))).toEqual(['250'])
  const { deliveries, events } = await recorded(t.a, 'lost and gone')
  expect(peer.taken).toHaveLength(1)
  expect(deliveries[0]).toMatchObject({ handover: 'handed-over', sent_size: peer.taken[0]?.bytes.length })
  expect(events).toContain('handed-over-again')
})

test('answer lost and the mailbox cannot be asked: sent again and told as possibly twice, for good', async () => {
  const raw = message('cannot ask')
  peer.next('die-after-data-taken', 'die-after-data-taken')
  await send(viaPeer, raw, ['ann@a.example'], 'LOST3')
  await pause(HANDOVER_MS + 50)
  provider.failOnce('open', { error: 'unavailable' }, 'ann@a.example')
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'LOST3'))).toEqual(['451'])
  await provider.deliver({ login: 'ann@a.example' }, 'inbox', peer.taken[0]?.bytes ?? Buffer.alloc(0))
  await pause(HANDOVER_MS + 50)
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'LOST3'))).toEqual(['250'])
  expect((await recorded(t.a, 'cannot ask')).deliveries[0]).toMatchObject({
    handover: 'possibly-twice',
    action: 'delivered',
  })
})

test('answer lost, then deferred: the mailbox is looked into once more before it is sent again', async () => {
  const raw = message('lost then full')
  peer.next('die-after-data-taken', { data: ['452 4.2.2 full'] })
  await send(viaPeer, raw, ['ann@a.example'], 'LOST4')
  await pause(HANDOVER_MS + 50)
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'LOST4'))).toEqual(['452'])
  // The first attempt's copy shows up late.
  await provider.deliver({ login: 'ann@a.example' }, 'inbox', peer.taken[0]?.bytes ?? Buffer.alloc(0))
  await pause(HANDOVER_MS + 50)
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'LOST4'))).toEqual(['250'])
  expect(peer.taken).toHaveLength(1)
})

test('two gateways that retry the same copy at the same moment: one sends, the other waits', async () => {
  const hop = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 1500 })
  const other = await startIntake({ storage: t.storage, provider, nextHop: hop, intake: { handoverMs: HANDOVER_MS } })
  try {
    for (let i = 0; i < 10; i++) {
      const raw = message(`race ${i}`)
      peer.next(i % 2 === 0 ? 'die-after-data' : { rcpt: '451 4.3.0 later' })
      await send(viaPeer, raw, ['ann@a.example', 'bo@a.example'], `RACE${i}`)
      if (i % 2 === 0) await pause(HANDOVER_MS + 50)
      peer.taken.length = 0
      const both = await Promise.all(
        [viaPeer, other].map((rig) => send(rig, raw, ['ann@a.example', 'bo@a.example'], `RACE${i}`)),
      )
      expect(both.flat().some((r) => r?.startsWith('250'))).toBe(true)
      expect(peer.taken.map((c) => c.recipient).sort()).toEqual(['ann@a.example', 'bo@a.example'])
    }
  } finally {
    await other.close()
  }
})

test('mail store down: 451, recorded, delivered by the retry', async () => {
  const raw = message('store down')
  peer.next({ rcpt: '451 4.3.0 later' })
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'DOWN'))).toEqual(['451'])
  expect((await recorded(t.a, 'store down')).deliveries[0]).toMatchObject({ action: 'pending', handover: 'none' })
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'DOWN'))).toEqual(['250'])
  expect(peer.taken).toHaveLength(1)
})

test('refused by the mail store: passed through and recorded (explorer #24: Failed)', async () => {
  peer.next({ data: ['554 5.7.1 no thanks'] })
  const replies = await send(viaPeer, message('refused'), ['ann@a.example'])
  expect(replies[0]).toBe('554 5.7.1 no thanks')
  expect((await recorded(t.a, 'refused')).deliveries[0]).toMatchObject({
    handover: 'refused',
    latest_location: 'failed',
  })
})

test('relaying is refused, unknown recipients too; a group reaches its members once, those elsewhere are told (explorer #24: On-prem/external)', async () => {
  const raw = message('group')
  const to = ['x@elsewhere.example', 'nobody@a.example', 'all@a.example', 'chief@a.example']
  const replies = await send(direct, raw, to)
  expect(replies.map((r) => r?.slice(0, 9))).toEqual(['550 5.7.1', '550 5.1.1', '250 2.0.0', '250 2.0.0'])
  const { deliveries } = await recorded(t.a, 'group')
  expect(deliveries.map((d) => [d.recipient, d.handover, d.latest_location])).toEqual([
    ['all@a.example', 'handed-over', 'inbox'],
    ['all@a.example', 'handed-over', 'inbox'],
    ['all@a.example', 'handed-over', 'inbox'],
    ['guest@elsewhere.example', 'refused', 'external'],
  ])
})

test('what an ftp link leads to is found by entries for its host, as every other link (lists #72)', async () => {
  const actor = { user: 'u', name: 'Ann' }
  const add = (kind: 'url' | 'url-domain', value: string) =>
    t.storage.tenant(t.a, (tx) => addEntry(tx, t.storage.outbox, actor, { action: 'block', kind, value }))
  const made = [await add('url', 'files.bad.example/tool.exe'), await add('url-domain', 'worse.example')]
  const links = ['ftp://files.bad.example/tool.exe', 'ftp://user:secret@ftp.worse.example/a', 'ftp://good.example/a']
  const arrived: unknown[] = []
  for (const [n, link] of links.entries()) {
    const raw = Buffer.from(
      `From: friend@client.example\r\nSubject: ftp ${n}\r\nContent-Type: text/html\r\n\r\n<a href="${link}">tool</a>\r\n`,
    )
    expect(codes(await send(viaPeer, raw, ['ann@a.example']))).toEqual(['250'])
    arrived.push((await recorded(t.a, `ftp ${n}`)).deliveries[0]?.original_location)
  }
  for (const { id } of made) await t.storage.tenant(t.a, (tx) => removeEntry(tx, t.storage.outbox, actor, id))
  expect(arrived).toEqual(['quarantine', 'quarantine', 'inbox'])
})

test('a block entry: held for all, nothing is handed over, 250; the entry is what decided (explorer #34, #24: Quarantine); removed, the very next mail comes through (lesson #29, lists #44)', async () => {
  const actor = { user: 'u', name: 'Ann' }
  const entry = await t.storage.tenant(t.a, (tx) =>
    addEntry(tx, t.storage.outbox, actor, { action: 'block', kind: 'sender', value: 'x@bad.example' }),
  )
  const raw = Buffer.from('From: x@bad.example\r\nSubject: blocked\r\n\r\nbody\r\n')
  expect(codes(await send(viaPeer, raw, ['ann@a.example', 'ann@b.example'], 'BLOCK'))).toEqual(['250', '250'])
  const held = await recorded(t.a, 'blocked')
  expect(held.deliveries[0]).toMatchObject({ action: 'blocked', original_location: 'quarantine', handover: 'none' })
  expect(held.events).toContain('quarantined')
  const judged = await t.storage.tenant(t.a, async (tx) => (held.row ? currentVerdict(tx, held.row.id) : null))
  expect(judged?.verdict).toMatchObject({
    threat: 'high-confidence-phish',
    technology: 'list-entry',
    overrides: [
      { entryId: entry.id, action: 'block', entity: { kind: 'sender', value: 'x@bad.example' }, applied: true },
    ],
    causes: expect.arrayContaining([{ kind: 'entry', id: entry.id, version: 1 }]),
  })
  expect(peer.taken.map((c) => c.recipient)).toEqual(['ann@b.example'])
  // The retry of what is held is done as well.
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'BLOCK'))).toEqual(['250'])
  expect(peer.taken).toHaveLength(1)
  await t.storage.tenant(t.a, (tx) => removeEntry(tx, t.storage.outbox, actor, entry.id))
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'UNBLOCKED'))).toEqual(['250'])
  expect(peer.taken.map((c) => c.recipient)).toEqual(['ann@b.example', 'ann@a.example'])
})

test('our own name in From, not proved: inbound, and found as such (explorer #29)', async () => {
  const raw = Buffer.from('From: bo@a.example\r\nTo: ann@a.example\r\nSubject: as if from us\r\n\r\nbody\r\n')
  expect(codes(await send(viaPeer, raw, ['ann@a.example']))).toEqual(['250'])
  expect((await recorded(t.a, 'as if from us')).row?.direction).toBe('inbound')
  const found = (direction: 'inbound' | 'internal') =>
    t.storage.tenant(t.a, (tx) =>
      messagesMatching(tx, { direction, senderDomain: 'a.example' }).select('m.subject').execute(),
    )
  expect(await found('inbound')).toContainEqual({ subject: 'as if from us' })
  expect(await found('internal')).toEqual([])
})

test('two tenants with identical mailboxes: each sees its own message only', async () => {
  const replies = await send(direct, message('both'), ['ann@a.example', 'ann@b.example', 'bo@b.example'])
  expect(codes(replies)).toEqual(['250', '250', '250'])
  const [a, b] = [await recorded(t.a, 'both'), await recorded(t.b, 'both')]
  expect(a.deliveries.map((d) => d.recipient)).toEqual(['ann@a.example'])
  expect(b.deliveries.map((d) => d.recipient)).toEqual(['ann@b.example', 'bo@b.example'])
  expect(a.row?.id).not.toBe(b.row?.id)
  const seen = await t.storage.tenant(t.a, (tx) => deliveriesOf(tx, b.row?.id ?? ('' as MessageId)))
  expect(seen).toEqual([])
})

test('a domain belongs to one tenant', async () => {
  await expect(saveCompany(t.storage, t.b, 'a.example')).rejects.toMatchObject({ code: 'domain-taken' })
})

test('what is in the mailbox ends with what was recorded as sent', async () => {
  await send(direct, message('proof', 'X-Recourse-Placement: deliver\r\nX-RECOURSE-VERDICT: none\r\n'), [
    'cy@a.example',
  ])
  const { deliveries, row } = await recorded(t.a, 'proof')
  const session = await provider.open({ login: 'cy@a.example' })
  const [copy] = await session.find({ networkMessageIds: [row?.id ?? ''] })
  let bytes: Buffer = Buffer.alloc(0)
  for await (const read of session.read('INBOX', [copy?.ref.uid ?? 0])) bytes = read.bytes
  await session.close()
  expect(sha256(bytes.subarray(-Number(deliveries[0]?.sent_size)))).toBe(deliveries[0]?.sent_sha256)
  expect(bytes.toString().match(/x-recourse-placement/gi)).toHaveLength(1)
})

test('mail that cannot be read is held by policy, or delivered by another policy, never dropped', async () => {
  const nested = (subject: string) => {
    const open = Array.from(
      { length: 400 },
      (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
    )
    return Buffer.from(`From: x@client.example\r\nSubject: ${subject}\r\n${open.join('')}\r\nend\r\n`)
  }
  expect(codes(await send(direct, nested('unreadable'), ['ann@a.example']))).toEqual(['250'])
  const held = await recorded(t.a, 'unreadable')
  expect(held.row).toMatchObject({ parse_state: 'unparsable' })
  expect(held.events).toContain('unparsable')
  expect(held.deliveries[0]).toMatchObject({ latest_location: 'quarantine' })
  await savePolicy(t.storage, t.b, { unparsable: 'deliver' })
  await send(direct, nested('unreadable'), ['ann@b.example'])
  expect((await recorded(t.b, 'unreadable')).deliveries[0]).toMatchObject({ latest_location: 'inbox' })
})

test('garbage and NUL: recorded and delivered as they are', async () => {
  const raw = Buffer.concat([Buffer.from([0, 255, 254, 13, 10, 46, 13, 10, 0, 10, 13]), Buffer.from('\r\n')])
  expect(codes(await send(direct, raw, ['bo@b.example'], 'GARBAGE'))).toEqual(['250'])
})

test('a mail of 60 MB from end to end', async () => {
  const raw = Buffer.from(`From: x@client.example\r\nSubject: sixty\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(60_000)}`)
  expect(codes(await send(direct, raw, ['ann@b.example']))).toEqual(['250'])
  const { row, deliveries } = await recorded(t.b, 'sixty')
  expect(Number(row?.size)).toBe(raw.length)
  expect(['inbox', 'quarantine']).toContain(deliveries[0]?.latest_location)
})

test('database down: 451 4.3.0, nothing handed over; taken when it is back', async () => {
  const { blobs, outbox } = t.storage
  const broken = { blobs, outbox, tenant: () => Promise.reject(new Error('connection refused')) }
  const rig = await startIntake({
    storage: t.storage,
    provider,
    nextHop: createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port }),
    intake: { storage: broken },
  })
  const raw = message('no database')
  expect((await send(rig, raw, ['ann@a.example'], 'DB'))[0]).toMatch(/^451 4\.3\.0/)
  expect(peer.taken).toHaveLength(0)
  await rig.close()
  expect(codes(await send(viaPeer, raw, ['ann@a.example'], 'DB'))).toEqual(['250'])
})

// Every fifth of the torture messages and the bounces: hostile, truncated, broken. All of them go the whole way.
test.skipIf(corpus === null)('real broken mail: each is taken, recorded and in its place', async () => {
  const files = ['mime-torture', 'reports']
    .flatMap(corpusFiles)
    .filter((f) => !f.endsWith('.xml') && !f.endsWith('.tsv'))
  const some = files.filter((_, i) => i % 5 === 0)
  const wrong: string[] = []
  const count = () =>
    t.storage.tenant(t.b, async (tx) =>
      Number(
        (
          await tx
            .selectFrom('delivery')
            .select((eb) => eb.fn.countAll().as('n'))
            .where('recipient', '=', 'cy@b.example')
            .executeTakeFirst()
        )?.n,
      ),
    )
  const before = await count()
  for (const [i, file] of some.entries()) {
    const raw = forSmtp(readFileSync(file))
    const [reply] = await send(direct, raw, ['cy@b.example'], `TORTURE${i}`)
    if (!reply?.startsWith('250')) wrong.push(`${file}: ${reply}`)
  }
  expect(wrong).toEqual([])
  expect((await count()) - before).toBe(some.length)
})
