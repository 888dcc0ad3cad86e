import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copy, newMessage } from '../../test/rig/letter.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { getDeliveries, getMessage, type NewMessage } from '../records/index.ts'
import type { Settled } from './settle.ts'
import { createWriter, type ToRecord } from './writing.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())

async function toRecord(text: string): Promise<ToRecord> {
  const blob = await t.storage.blobs.put(t.a, Buffer.from(text))
  const deliveries = [copy({ location: 'unknown', handover: 'handing-over', action: 'pending' })]
  return { message: { ...newMessage({ deliveries }), blob }, blob, absent: [] }
}
const delivered = ({ deliveries }: NewMessage): Settled[] =>
  deliveries.map(({ id }) => ({
    deliveryId: id,
    result: { kind: 'delivered', ref: null, detail: 'ok' },
    placement: 'deliver',
    doubted: false,
    lost: false,
    by: 'gateway',
  }))
/** The transaction that wrote a row last. */
const writerOf = async (table: string, id: string) => {
  const { rows } = await t.storage.tenant(t.a, (tx) =>
    sql<{ xmin: string }>`select xmin::text from ${sql.table(table)} where id = ${id}`.execute(tx),
  )
  return rows[0]?.xmin
}

test('messages and copies that wait at the same time share a transaction', async () => {
  const [first, second, third] = await Promise.all(['one', 'two', 'three'].map(toRecord))
  if (!first || !second || !third) throw new Error('three')
  const writer = createWriter(t.storage)
  await writer.record(t.a, first)
  await Promise.all([
    writer.record(t.a, second),
    writer.settle(t.a, delivered(first.message)),
    writer.record(t.a, third),
  ])
  const [copyOfFirst] = first.message.deliveries
  const shared = await writerOf('delivery', copyOfFirst?.id ?? '')
  expect(await writerOf('message', third.message.id)).toBe(shared)
  expect(await writerOf('message', second.message.id)).not.toBe(shared)
})

test('of what shares one only what is wrong fails', async () => {
  const [first, second, lost] = await Promise.all(['four', 'five', 'six'].map(toRecord))
  if (!first || !second || !lost) throw new Error('three')
  const writer = createWriter(t.storage)
  await writer.record(t.a, first)
  const gone = { ...lost.blob, key: lost.blob.key.replace(/./g, '0') as typeof lost.blob.key }
  const all = await Promise.allSettled([
    writer.record(t.a, second),
    writer.settle(t.a, delivered(first.message)),
    writer.record(t.a, { ...lost, blob: gone }),
  ])
  expect(all.map((one) => one.status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  const [there, none, copies] = await t.storage.tenant(t.a, async (tx) => [
    await getMessage(tx, second.message.id),
    await getMessage(tx, lost.message.id),
    await getDeliveries(
      tx,
      first.message.deliveries.map((d) => d.id),
    ),
  ])
  expect(there).not.toBeNull()
  expect(none).toBeNull()
  expect(copies.map((c) => c.handover)).toEqual(['handed-over'])
})
