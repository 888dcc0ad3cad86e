import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { TenantId } from '../base/index.ts'
import { listSuspensions, revokeSuspension, suspendedSignals, suspendSignal } from './index.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())
const actor = { user: '00000000-0000-7000-8000-000000000001', name: 'Anna Lyst' }
let signalId = ''
let n = 0
beforeEach(() => {
  signalId = `signal-${++n}`
})
const inside = <T>(tenant: TenantId, work: Parameters<typeof t.storage.tenant<T>>[1]) => t.storage.tenant(tenant, work)
const suspend = (tenant: TenantId, part: object = {}) =>
  inside(tenant, (tx) => suspendSignal(tx, t.storage.outbox, actor, { signalId, version: 2, why: 'wrong', ...part }))
const alive = (tenant: TenantId, at?: Date) =>
  inside(tenant, async (tx) => (await suspendedSignals(tx, at)).filter((s) => s.id === signalId))

test('suspended for one organisation, with who and why; revoked, it counts again', async () => {
  const made = await suspend(t.a)
  expect(made).toMatchObject({ signalId, version: 2, why: 'wrong', by: 'Anna Lyst', state: 'active', until: null })
  expect(await alive(t.a)).toEqual([{ id: signalId, version: 2 }])
  expect(await alive(t.b)).toEqual([])
  await expect(inside(t.b, (tx) => revokeSuspension(tx, t.storage.outbox, actor, made.id))).rejects.toMatchObject({
    code: 'suspension-not-found',
  })
  await inside(t.a, (tx) => revokeSuspension(tx, t.storage.outbox, actor, made.id))
  expect(await alive(t.a)).toEqual([])
  await expect(inside(t.a, (tx) => revokeSuspension(tx, t.storage.outbox, actor, made.id))).rejects.toThrow(/Anna Lyst/)
  const all = await inside(t.a, (tx) => listSuspensions(tx, { all: true, limit: 100 }))
  expect(all.find((s) => s.id === made.id)).toMatchObject({ state: 'revoked', revokedBy: 'Anna Lyst' })
})

test('a second person is told that it is suspended already; an undo that asks again gets what is there', async () => {
  const made = await suspend(t.a, { version: null })
  await expect(suspend(t.a)).rejects.toMatchObject({
    code: 'signal-suspended',
    message: expect.stringContaining('Anna Lyst'),
  })
  const undoId = '00000000-0000-7000-8000-00000000000f'
  expect((await suspend(t.a, { undoId })).id).toBe(made.id)
})

test('it may end by itself', async () => {
  await suspend(t.a, { untilDays: 2 })
  expect(await alive(t.a)).toHaveLength(1)
  expect(await alive(t.a, new Date(Date.now() + 3 * 86_400_000))).toEqual([])
})

test('two at once: one suspension', async () => {
  const both = await Promise.allSettled([suspend(t.a), suspend(t.a)])
  expect(both.map((b) => b.status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(await alive(t.a)).toHaveLength(1)
})
