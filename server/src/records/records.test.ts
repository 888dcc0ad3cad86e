import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copy, mailboxOf, newMessage, type RecordPart, verdict } from '../../test/rig/letter.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { type DeliveryId, type MessageId, type TenantId, uuidv7 } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import {
  addEvents,
  begunAttempts,
  currentVerdict,
  deliveriesOf,
  getDeliveries,
  getMessage,
  getMessages,
  locate,
  messagesByEntity,
  type NewMessage,
  receive,
  receiveAll,
  rejudge,
  setHandover,
  timeline,
  verdicts,
} from './index.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())

const inTenant = <T>(tenant: TenantId, work: (tx: Tx) => Promise<T>) => t.storage.tenant(tenant, work)
/** The same message, under the same ids, in both tenants. */
async function inBoth(part: RecordPart = {}): Promise<NewMessage> {
  const message = newMessage(part)
  for (const tenant of [t.a, t.b]) await inTenant(tenant, (tx) => receive(tx, message))
  return message
}
const facts = (tenant: TenantId, id: MessageId) =>
  inTenant(tenant, (tx) =>
    tx.selectFrom('copy_fact').selectAll().where('message_id', '=', id).orderBy('delivery_id').execute(),
  )
const events = (tenant: TenantId, id: MessageId) =>
  inTenant(tenant, (tx) =>
    tx
      .selectFrom('outbox')
      .select(['kind', 'data'])
      .where(sql<boolean>`data ->> 'messageId' = ${id} or data -> 'messageIds' ? ${id}`)
      .orderBy('seq')
      .execute(),
  )

describe('receive', () => {
  test('writes everything, once, in both tenants under the same ids', async () => {
    const deliveries = [copy(), copy({ recipient: 'Bob@Kontor.Example', mailboxId: null, location: 'external' })]
    const message = await inBoth({
      deliveries,
      mail: { subject: 'Invoice', text: 'Please  pay\n\nnow.' },
      judged: { threat: 'phish', technology: 'url-analysis', placement: 'junk' },
      entities: [
        { kind: 'url', value: 'https://pay.example/x' },
        { kind: 'url', value: 'https://pay.example/x' },
        { kind: 'url-domain', value: 'pay.example' },
      ],
      events: [{ kind: 'junked', actor: 'policy', summary: 'Put into Junk', deliveryId: deliveries[0]?.id ?? null }],
    })
    for (const tenant of [t.a, t.b]) {
      const row = await inTenant(tenant, (tx) => getMessage(tx, message.id))
      expect(row).toMatchObject({
        tenant_id: tenant,
        subject: 'Invoice',
        sender_address: 'letters@news.example',
        sender_domain: 'news.example',
        snippet: 'Please pay now.',
        threat: 'phish',
        technology: 'url-analysis',
        parse_state: 'parsed',
        received_at: message.receivedAt,
        size: 1234,
      })
      expect(row?.mail).not.toHaveProperty('text')
      expect(row?.mail.from).toEqual(message.parsed.mail.from)
      const copies = await inTenant(tenant, (tx) => deliveriesOf(tx, message.id))
      expect(copies.map((c) => [c.id, c.recipient, c.latest_location, c.original_location])).toEqual([
        [deliveries[0]?.id, 'ann@kontor.example', 'inbox', 'inbox'],
        [deliveries[1]?.id, 'Bob@Kontor.Example', 'external', 'external'],
      ])
      expect((await facts(tenant, message.id)).map((f) => [f.location, f.threat, f.sender_domain])).toEqual([
        ['inbox', 'phish', 'news.example'],
        ['external', 'phish', 'news.example'],
      ])
      expect(await inTenant(tenant, (tx) => currentVerdict(tx, message.id))).toMatchObject({
        verdict: message.verdict,
        signals: [],
        inputs: {},
      })
      const told = await inTenant(tenant, (tx) => timeline(tx, message.id))
      expect(told.map((e) => e.kind).sort()).toEqual(['judged', 'junked', 'received'])
      const found = await inTenant(tenant, (tx) => messagesByEntity(tx, 'url', 'https://pay.example/x', { limit: 5 }))
      expect(found).toEqual([{ messageId: message.id, receivedAt: message.receivedAt }])
      expect(await events(tenant, message.id)).toEqual([
        { kind: 'message.received', data: { messageId: message.id, threat: 'phish', placement: 'junk' } },
      ])
    }
  })

  test('an attempt that is known writes nothing and names the message', async () => {
    const first = await inBoth({ attemptKey: 'attempt 1' })
    const again = newMessage({ attemptKey: 'attempt 1' })
    const answer = await inTenant(t.a, (tx) => receive(tx, again))
    expect(answer).toMatchObject({ messageId: first.id, duplicate: true })
    expect(await inTenant(t.a, (tx) => getMessage(tx, again.id))).toBeNull()
    expect(await inTenant(t.a, (tx) => verdicts(tx, again.id))).toEqual([])
    expect(await events(t.a, again.id)).toEqual([])
  })

  test('what was begun of an attempt is found in all its groups, and not what another has begun', async () => {
    const outside = copy({ recipient: 'far@else.example', mailboxId: null })
    const first = await inBoth({
      attemptKey: 'begun',
      deliveries: [copy({ recipient: 'ann@kontor.example' }), outside],
    })
    const second = await inBoth({ attemptKey: 'begun by strict', attempt: 'begun' })
    const alone = await inBoth({ attemptKey: 'alone by strict', attempt: 'alone' })
    await inBoth({ attemptKey: 'other' })
    const mailboxes = (m: typeof first) => m.deliveries.flatMap((d) => d.mailboxId ?? [])
    const found = await inTenant(t.a, (tx) => begunAttempts(tx, ['nothing', 'begun', 'alone', 'alone by strict']))
    expect(found).toMatchObject([
      [],
      [
        { messageId: first.id, mailboxes: mailboxes(first), outside: ['far@else.example'] },
        { messageId: second.id, mailboxes: mailboxes(second), outside: [] },
      ],
      [{ messageId: alone.id }],
      [{ messageId: alone.id }],
    ])
    expect(await inTenant(t.a, (tx) => begunAttempts(tx, []))).toEqual([])
  })

  test('the same attempt at the same moment, many times: one message', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => inTenant(t.a, (tx) => receive(tx, newMessage({ attemptKey: 'at once' })))),
    )
    expect(new Set(answers.map((answer) => answer.messageId)).size).toBe(1)
    expect(answers.filter((answer) => !answer.duplicate)).toHaveLength(1)
  })

  test('several at once: each has its own rows; what is known, or twice among them, writes nothing', async () => {
    const first = await inBoth({ attemptKey: 'group 1' })
    const one = newMessage({
      attemptKey: 'group 2',
      deliveries: [copy({ recipient: 'ann@kontor.example' }), copy({ recipient: 'bo@kontor.example' })],
      entities: [{ kind: 'url', value: 'https://group.example/one' }],
    })
    const again = newMessage({ attemptKey: 'group 1' })
    const twin = newMessage({ attemptKey: 'group 2' })
    const other = newMessage({ receivedAt: new Date('2004-04-04T04:04:04Z'), judged: { threat: 'spam' } })
    const answers = await inTenant(t.a, (tx) => receiveAll(tx, [one, again, twin, other]))
    expect(answers.map((a) => [a.messageId, a.duplicate])).toEqual([
      [one.id, false],
      [first.id, true],
      [one.id, true],
      [other.id, false],
    ])
    for (const { id } of [again, twin]) {
      expect(await inTenant(t.a, (tx) => getMessage(tx, id))).toBeNull()
      expect(await inTenant(t.a, (tx) => verdicts(tx, id))).toEqual([])
      expect(await facts(t.a, id)).toEqual([])
      expect(await events(t.a, id)).toEqual([])
    }
    for (const [message, copies] of [
      [one, 2],
      [other, 1],
    ] as const) {
      const stored = await inTenant(t.a, (tx) => getMessage(tx, message.id))
      expect(stored?.threat).toBe(message.verdict.threat)
      const [verdict] = await inTenant(t.a, (tx) => verdicts(tx, message.id))
      expect(verdict?.id).toBe(stored?.verdict_id)
      expect(await inTenant(t.a, (tx) => deliveriesOf(tx, message.id))).toHaveLength(copies)
      expect(await facts(t.a, message.id)).toHaveLength(copies)
      expect((await facts(t.a, message.id))[0]?.received_at).toEqual(stored?.received_at)
      expect(await events(t.a, message.id)).toHaveLength(1)
      expect(await inTenant(t.a, (tx) => timeline(tx, message.id))).toHaveLength(2)
      expect(await inTenant(t.b, (tx) => getMessage(tx, message.id))).toBeNull()
    }
    const found = await inTenant(t.a, (tx) => messagesByEntity(tx, 'url', 'https://group.example/one', { limit: 10 }))
    expect(found.map((m) => m.messageId)).toEqual([one.id])
    expect(await inTenant(t.a, (tx) => receiveAll(tx, []))).toEqual([])
  })

  test('mail of any time: old months, before 1990, and dates that have not come yet', async () => {
    const dates = ['2002-08-22T12:36:23Z', '2002-08-01T00:00:00Z', '1971-01-01T00:00:00Z', '2026-10-31T23:59:59.999Z']
    for (const date of dates) {
      const began = Date.now()
      const message = await inBoth({ receivedAt: new Date(date) })
      // Mail that came long ago is judged now.
      const judged = await inTenant(t.a, (tx) => currentVerdict(tx, message.id))
      expect(judged?.at.getTime()).toBeGreaterThanOrEqual(began - 1000)
      expect((await facts(t.b, message.id))[0]?.received_at).toEqual(new Date(date))
    }
    const future = await inBoth({ receivedAt: new Date('2199-01-01T00:00:00Z') })
    const year = (await facts(t.a, future.id))[0]?.received_at.getUTCFullYear() ?? 9999
    expect(year).toBeLessThan(2199)
    const partitions = await sql<{ n: number }>`select count(*) as n from pg_inherits
      where inhparent = 'copy_fact'::regclass`.execute(t.storage.db)
    expect(partitions.rows[0]?.n).toBeLessThan(12)
  })

  test('many first messages of a day at once: its partition is made by one of them', async () => {
    const at = new Date('2003-05-05T10:00:00Z')
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        inTenant(i % 2 ? t.a : t.b, (tx) => receive(tx, newMessage({ receivedAt: at }))),
      ),
    )
  })

  test('property: hostile text in any field is stored, and cannot break the statement', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 }).map((s) => `${s}'";--\0\ud800\\u0000`)
    await fc.assert(
      fc.asyncProperty(text, text, text, async (subject, value, name) => {
        const message = newMessage({
          mail: { subject, from: [{ name, address: null, raw: value }], text: value, defects: [value] },
          entities: [{ kind: 'url', value }],
          mailFrom: value,
          clientIp: null,
          deliveries: [copy({ recipient: value })],
          inputs: { [name]: value },
        })
        await inTenant(t.a, (tx) => receive(tx, message))
        const stored = await inTenant(t.a, (tx) => getMessage(tx, message.id))
        const clean = (s: string) => s.replaceAll('\0', '\ufffd').toWellFormed()
        expect(stored?.subject).toBe(clean(subject))
        expect(stored?.mail.defects).toEqual([clean(value)])
        const found = await inTenant(t.a, (tx) => messagesByEntity(tx, 'url', value, { limit: 1000 }))
        expect(found.map((o) => o.messageId)).toContain(message.id)
      }),
      { numRuns: 40 },
    )
  })

  test('without a tenant it is refused', async () => {
    const lost = t.storage.db.transaction().execute((tx) => receive(tx, newMessage()))
    await expect(lost).rejects.toThrow()
  })
})

describe('changes', () => {
  test('explorer #4, #23: locate moves thousands of copies at once, with their facts and timeline, in this tenant only', async () => {
    const deliveries = Array.from({ length: 1500 }, (_, i) =>
      copy({ recipient: `u${i}@kontor.example`, mailboxId: mailboxOf(i) }),
    )
    const message = await inBoth({ deliveries })
    await inTenant(t.a, (tx) =>
      locate(
        tx,
        deliveries.map((d, i) => ({
          deliveryId: d.id,
          location: 'soft-deleted' as const,
          folder: null,
          ref: { folder: 'Hold', uid: i },
          copyHash: 'c'.repeat(64),
          detail: { uid: i },
        })),
        { kind: 'soft-deleted', actor: 'ann', summary: 'Soft deleted', detail: { action: 'x' } },
      ),
    )
    const moved = await inTenant(t.a, (tx) => deliveriesOf(tx, message.id))
    expect(moved.every((d) => d.latest_location === 'soft-deleted' && d.original_location === 'inbox')).toBe(true)
    expect(moved).toHaveLength(1500)
    expect(moved[7]).toMatchObject({ ref: { folder: 'Hold', uid: 7 }, copy_hash: 'c'.repeat(64), action: 'delivered' })
    const narrow = await facts(t.a, message.id)
    expect(narrow).toHaveLength(1500)
    expect(narrow.every((f) => f.location === 'soft-deleted' && f.rev === 1)).toBe(true)
    const told = await inTenant(t.a, (tx) => timeline(tx, message.id))
    expect(told.filter((e) => e.kind === 'soft-deleted')).toHaveLength(1500)
    expect(told.find((e) => e.delivery_id === deliveries[7]?.id)?.detail).toEqual({ action: 'x', uid: 7 })
    // One event tells of all of them.
    const changed = (await events(t.a, message.id)).filter((e) => e.kind !== 'message.received')
    expect(changed).toMatchObject([{ kind: 'messages.changed', data: { copies: 1500, kind: 'soft-deleted' } }])
    expect((await facts(t.b, message.id)).every((f) => f.location === 'inbox')).toBe(true)
    const others = await inTenant(t.b, (tx) => timeline(tx, message.id))
    expect(others.map((e) => e.kind).sort()).toEqual(['judged', 'received'])
  })

  test('explorer #4: however many copies were received at the same time, only those that move are looked at', async () => {
    const deliveries = Array.from({ length: 3000 }, () => copy())
    const message = await inBoth({ deliveries })
    await t.storage.db.executeQuery(sql`analyze`.compile(t.storage.db))
    const read = await inTenant(t.a, async (tx) => {
      const moves = deliveries
        .filter((_, n) => n % 15 === 0)
        .map((d) => ({ deliveryId: d.id, location: 'junk' as const, folder: null, ref: null }))
      // The counters hold what earlier transactions of this connection have not handed on yet: what they were before is taken off.
      const counted = async () => {
        const found = await sql<{
          rows: number
        }>`select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int as rows from pg_stat_xact_user_tables
          where relname like 'copy_fact%'`.execute(tx)
        return found.rows[0]?.rows ?? 0
      }
      const before = await counted()
      await locate(tx, moves, { kind: 'moved', actor: 'test', summary: 'Moved' })
      return (await counted()) - before
    })
    expect(read).toBe(200)
    expect((await facts(t.a, message.id)).filter((f) => f.location === 'junk')).toHaveLength(200)
  })

  test('a folder is kept while the copy is in one, and forgotten after', async () => {
    const message = await inBoth()
    const deliveryId = message.deliveries[0]?.id ?? uuidv7<DeliveryId>()
    const event = { kind: 'moved', actor: 'user', summary: 'Moved' }
    const move = (location: 'folder' | 'inbox', folder: string | null) =>
      inTenant(t.a, async (tx) => {
        await locate(tx, [{ deliveryId, location, folder, ref: null }], event)
        return (await getDeliveries(tx, [deliveryId]))[0]
      })
    expect(await move('folder', 'Work/2026')).toMatchObject({ latest_location: 'folder', latest_folder: 'Work/2026' })
    expect(await move('inbox', null)).toMatchObject({ latest_location: 'inbox', latest_folder: null, ref: null })
  })

  test('another tenant’s copies cannot be changed, whatever is asked', async () => {
    const mine = newMessage()
    await inTenant(t.b, (tx) => receive(tx, mine))
    const id = mine.deliveries[0]?.id ?? uuidv7<DeliveryId>()
    await inTenant(t.a, async (tx) => {
      await locate(tx, [{ deliveryId: id, location: 'dropped', folder: null, ref: null }], {
        kind: 'x',
        actor: 'x',
        summary: 'x',
      })
      await setHandover(tx, [{ deliveryId: id, handover: 'refused' }])
      expect(
        await rejudge(tx, mine.id, { verdict: verdict(), signals: [], inputs: {} }, { actor: 'x', summary: 'x' }),
      ).toBeNull()
      expect(await getMessage(tx, mine.id)).toBeNull()
      expect(await getMessages(tx, [mine.id])).toEqual([])
      expect(await getDeliveries(tx, [id])).toEqual([])
      expect(await currentVerdict(tx, mine.id)).toBeNull()
    })
    await inTenant(t.a, (tx) => addEvents(tx, [{ messageId: mine.id, kind: 'x', actor: 'x', summary: 'x' }]))
    expect(await events(t.a, mine.id)).toEqual([])
    const left = await inTenant(t.a, (tx) => timeline(tx, mine.id))
    expect(left).toEqual([])
    const [kept] = await inTenant(t.b, (tx) => getDeliveries(tx, [id]))
    expect(kept).toMatchObject({ latest_location: 'inbox', handover: 'none' })
    expect(await inTenant(t.b, (tx) => timeline(tx, mine.id))).toHaveLength(2)
  })

  test('setHandover: what is not named stays', async () => {
    const message = await inBoth({
      deliveries: [
        copy({
          handover: 'handing-over',
          action: 'pending',
          location: 'unknown',
          sentSha256: 'a'.repeat(64),
          sentSize: 5,
        }),
      ],
    })
    const id = message.deliveries[0]?.id ?? uuidv7<DeliveryId>()
    await inTenant(t.a, (tx) =>
      setHandover(tx, [{ deliveryId: id, handover: 'handed-over', action: 'delivered', location: 'inbox' }], {
        kind: 'delivered',
        actor: 'gateway',
        summary: 'Delivered',
      }),
    )
    const [now] = await inTenant(t.a, (tx) => getDeliveries(tx, [id]))
    expect(now).toMatchObject({
      handover: 'handed-over',
      action: 'delivered',
      original_location: 'inbox',
      latest_location: 'inbox',
      sent_sha256: 'a'.repeat(64),
      sent_size: 5,
    })
    expect((await facts(t.a, message.id))[0]).toMatchObject({ location: 'inbox', action: 'delivered' })
    expect((await facts(t.b, message.id))[0]).toMatchObject({ location: 'unknown', action: 'pending' })
  })

  test('rejudge adds a verdict, keeps the old ones, and moves nothing', async () => {
    const message = await inBoth({
      judged: { threat: 'phish', placement: 'quarantine' },
      deliveries: [copy({ location: 'quarantine' })],
    })
    const next = { verdict: verdict({ technology: 'list-entry' }), signals: [], inputs: { why: 'entry' } }
    const id = await inTenant(t.a, (tx) =>
      rejudge(tx, message.id, next, { actor: 'ann', summary: 'Judged again: clean' }),
    )
    const now = await inTenant(t.a, (tx) => currentVerdict(tx, message.id))
    expect(now).toMatchObject({ id, verdict: { threat: 'none' }, inputs: { why: 'entry' } })
    expect((await inTenant(t.a, (tx) => verdicts(tx, message.id))).map((v) => v.verdict.threat)).toEqual([
      'phish',
      'none',
    ])
    expect(await inTenant(t.a, (tx) => getMessage(tx, message.id))).toMatchObject({
      threat: 'none',
      technology: 'list-entry',
    })
    expect((await facts(t.a, message.id))[0]).toMatchObject({ threat: 'none', location: 'quarantine' })
    expect((await inTenant(t.b, (tx) => getMessage(tx, message.id)))?.threat).toBe('phish')
    expect((await inTenant(t.a, (tx) => timeline(tx, message.id))).map((e) => e.kind)).toContain('re-judged')
  })

  test('nothing given, nothing done', async () => {
    await inTenant(t.a, async (tx) => {
      await locate(tx, [], { kind: 'x', actor: 'x', summary: 'x' })
      await setHandover(tx, [])
      await addEvents(tx, [])
      expect(await getMessages(tx, [])).toEqual([])
      expect(await getDeliveries(tx, [])).toEqual([])
    })
  })
})

test('messagesByEntity pages from the newest, without gaps or repetition', async () => {
  const value = 'paged.example'
  const ids: MessageId[] = []
  for (let i = 0; i < 7; i++) {
    // Several of the same instant: the id decides.
    const message = await inBoth({
      receivedAt: new Date(Date.UTC(2026, 1, 1 + Math.floor(i / 3))),
      entities: [{ kind: 'url-domain', value }],
    })
    ids.unshift(message.id)
  }
  const got: MessageId[] = []
  for (let page = 0; page < 10; page++) {
    const before = await inTenant(t.a, async (tx) => {
      const last = got.at(-1)
      const row = last ? await getMessage(tx, last) : null
      return row ? { messageId: row.id, receivedAt: row.received_at } : undefined
    })
    const found = await inTenant(t.a, (tx) =>
      messagesByEntity(tx, 'url-domain', value, { limit: 2, ...(before ? { before } : {}) }),
    )
    if (found.length === 0) break
    got.push(...found.map((o) => o.messageId))
  }
  expect(got).toEqual(ids)
})
