import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Office, people } from '../../test/rig/memory-office.ts'
import { analyst } from '../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { ActionRequest } from './types.ts'

/** A million by hand: RECOURSE_TEST_COPIES=1000000. */
const COPIES = Number(process.env['RECOURSE_TEST_COPIES'] ?? 20_000)
const PER_MESSAGE = 100

let t: TestStorage
let office: Office
beforeAll(async () => {
  t = await testStorage()
  office = new Office(t, t.a, await people(t))
})
afterAll(async () => {
  await office.close()
  await t.close()
})

/** As many copies as wanted of one message's likeness, in mailboxes that need not exist for a plan. */
async function fill(): Promise<void> {
  const { mail, copies } = await office.deliver(['ann'])
  await t.storage.tenant(t.a, async (tx) => {
    await sql`create temp table made on commit drop as
      select gen_random_uuid() as id, n from generate_series(1, ${COPIES / PER_MESSAGE}::int) n`.execute(tx)
    await sql`insert into message select (json_populate_record(m, json_build_object('id', made.id,
      'sender_address', 'many@bad.example', 'attempt_key', null))).* from message m, made
      where m.id = ${mail.id}`.execute(tx)
    await sql`insert into delivery select (json_populate_record(d, json_build_object('id', gen_random_uuid(),
      'message_id', made.id, 'mailbox_id', md5((k % 5000)::text)::uuid, 'recipient', 'u' || k || '@kontor.example',
      'recipient_key', 'u' || k || '@kontor.example'))).* from delivery d, made, generate_series(1, ${PER_MESSAGE}::int) k
      where d.id = ${copies[0]?.id}`.execute(tx)
  })
  await sql`analyze message, delivery`.execute(t.storage.db)
}

test('an action by query on very many copies is planned and written down by the database: nothing of it comes into our memory', async () => {
  await fill()
  const by = analyst(t.a)
  const request: ActionRequest = {
    kind: 'soft-delete',
    select: { filter: { sender: 'many@bad.example' } },
    propose: true,
  }
  // Whatever is loaded once is loaded before.
  await office.service.preview(by, {
    kind: 'move',
    target: 'junk',
    select: { filter: { sender: 'nobody@bad.example' } },
  })
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const times: Record<string, number> = {}
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now()
    const result = await work()
    times[name] = Math.round(performance.now() - start)
    return result
  }
  const plan = await timed('preview', () => office.service.preview(by, request))
  expect(plan).toMatchObject({ copies: COPIES, messages: COPIES / PER_MESSAGE, items: { actionable: COPIES } })
  const made = await timed('submit', () => office.service.submit(by, request))
  expect(made).toMatchObject({ copies: COPIES, state: 'pending-approval' })
  const rejected = await timed('reject', () => office.service.reject(by, made.id, 'only a test'))
  expect(rejected.state).toBe('rejected')
  const grown = (process.memoryUsage().rss - before) / 1e6
  if (COPIES > 100_000) process.stderr.write(`${JSON.stringify({ copies: COPIES, times, grown })}\n`)
  const items = await t.storage.tenant(t.a, (tx) =>
    sql<{ n: number; ordered: boolean }>`select count(*)::int as n, bool_and(ordered) as ordered from (
      select (delivery_id > lag(delivery_id) over w or message_id > lag(message_id) over w
        or lag(id) over w is null) as ordered
      from action_item where action_id = ${made.id} window w as (order by id)) x`.execute(tx),
  )
  expect(items.rows[0]).toEqual({ n: COPIES, ordered: true })
  // Ten thousand ids alone would be a megabyte and a half as text; a million more than a hundred.
  expect(grown).toBeLessThan(40)
}, 900_000)
