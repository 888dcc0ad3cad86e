import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import { type MessageId, type TenantId, uuidv7 } from '../../base/index.ts'
import { claimPending, countPending, duePending, judgeLater, postponePending, settlePending } from './pending.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())

const ids = Array.from({ length: 5 }, () => uuidv7<MessageId>())
const within = <T>(tenant: TenantId, work: Parameters<typeof t.storage.tenant<T>>[1]) => t.storage.tenant(tenant, work)
const claim = (tenant: TenantId, engines: string[], limit = 10) =>
  within(tenant, (tx) => claimPending(tx, engines, limit))
/** As if that much time had gone by. */
const later = (tenant: TenantId, seconds: number) =>
  within(tenant, async (tx) => {
    const rows = await tx.selectFrom('engine_pending').select(['message_id', 'next_at']).execute()
    for (const { message_id, next_at } of rows)
      await tx
        .updateTable('engine_pending')
        .set({ next_at: new Date(next_at.getTime() - seconds * 1000) })
        .where('message_id', '=', message_id)
        .execute()
  })

describe('mail that was judged without an engine', () => {
  it('is in the queue with the verdict or not at all; in each organisation its own', async () => {
    for (const tenant of [t.a, t.b])
      for (const id of ids) await within(tenant, (tx) => judgeLater(tx, id, ['clamav', 'rspamd']))
    await within(t.a, (tx) => judgeLater(tx, uuidv7<MessageId>(), []))
    await within(t.a, async (tx) => {
      await judgeLater(tx, uuidv7<MessageId>(), ['clamav'])
      throw new Error('the verdict could not be recorded')
    }).catch(() => undefined)
    expect(await Promise.all([t.a, t.b].map((x) => within(x, countPending)))).toEqual([5, 5])
  })

  it('waits a moment, unless the engine is back; then each is given to one worker only', async () => {
    expect(await claim(t.a, ['clamav'])).toEqual([])
    expect(await within(t.a, (tx) => duePending(tx, ['clamav']))).toBe(5)
    const [one, two] = await Promise.all([claim(t.a, ['clamav'], 3), claim(t.a, ['clamav'], 3)])
    const taken = [...one, ...two].map((p) => p.messageId)
    expect(new Set(taken).size).toBe(taken.length)
    expect(taken.length + (await claim(t.a, ['clamav'])).length).toBe(5)
    expect(await claim(t.b, ['clamav'])).toEqual([])
  })

  it('comes back when its worker died, and only for engines that are there', async () => {
    expect(await claim(t.a, ['clamav'])).toEqual([])
    await later(t.a, 121)
    expect(await claim(t.a, ['other'])).toEqual([])
    const again = await claim(t.a, ['rspamd'])
    expect(again.map((p) => p.messageId).sort()).toEqual([...ids].sort())
    expect(again.every((p) => p.attempts === 2)).toBe(true)
  })

  it('what was heard is not asked again, what was not is asked later and later; settled once', async () => {
    await later(t.a, 121)
    const [pending] = await claim(t.a, ['rspamd'], 1)
    if (pending === undefined) throw new Error('nothing to claim')
    await within(t.a, (tx) => postponePending(tx, pending, ['clamav'], 'did not answer'))
    await later(t.a, 130)
    expect((await claim(t.a, ['rspamd'])).map((p) => p.messageId)).not.toContain(pending.messageId)
    const [clam] = (await claim(t.a, ['clamav'])).filter((p) => p.messageId === pending.messageId)
    expect(clam).toMatchObject({ engines: ['clamav'], attempts: 4 })
    const settled = await Promise.all([1, 2].map(() => within(t.a, (tx) => settlePending(tx, pending.messageId))))
    expect(settled.sort()).toEqual([false, true])
    expect(await within(t.a, countPending)).toBe(4)
    expect(await within(t.b, countPending)).toBe(5)
  })
})
