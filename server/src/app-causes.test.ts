import { afterAll, beforeAll, expect, test } from 'vitest'
import { Office, people } from '../test/rig/memory-office.ts'
import { type TestStorage, testStorage } from '../test/rig/storage.ts'
import { suspendCauses } from './app-causes.ts'
import type { TenantId } from './base/index.ts'
import * as lists from './lists/index.ts'
import type { Mailbox } from './organisation/index.ts'

let t: TestStorage
let all: ReadonlyMap<TenantId, ReadonlyMap<string, Mailbox>>
beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
  suspendCauses(t.storage, { info: () => {} })
  await t.storage.start()
})
afterAll(() => t.close())
const until = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
  for (let k = 0; k < 2400; k++) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((done) => setTimeout(done, 25))
  }
  throw new Error('it did not come')
}

test('an undo suspends what it was asked to: the signal in the version that acted, the entry; here and nowhere else', async () => {
  const o = new Office(t, t.a, all)
  const actor = { user: '00000000-0000-7000-8000-000000000001', name: 'Anna Lyst' }
  const { copies } = await o.deliver(['ann', 'bob'])
  const value = 'bad.example'
  const add = (tenant: TenantId) =>
    t.storage.tenant(tenant, (tx) =>
      lists.addEntry(tx, t.storage.outbox, actor, { action: 'block', kind: 'url-domain', value }),
    )
  const [entry, theirs] = [await add(t.a), await add(t.b)]
  await o.run({ kind: 'soft-delete', cause: { kind: 'signal', id: 'url-reputation', version: 7 } }, copies.slice(0, 1))
  await o.run({ kind: 'soft-delete', cause: { kind: 'entry', id: entry.id, version: entry.version } }, copies.slice(1))

  const preview = async () =>
    (await o.service.previewUndoOf(o.analyst(), { signal: { id: 'url-reputation', version: 7 } })).future[0]
  expect(await preview()).toMatchObject({ state: 'acts', canSuspend: true })
  await o.service.undoAll(o.analyst(), { select: { signal: { id: 'url-reputation' } }, suspendCause: true })
  const rule = await until(() =>
    t.storage.tenant(t.a, async (tx) => (await lists.listSuspensions(tx, { all: false, limit: 9 }))[0]),
  )
  expect(rule).toMatchObject({ signalId: 'url-reputation', version: 7, by: expect.stringContaining('Anna Lyst') })
  expect(await preview()).toMatchObject({ state: 'suspended', canSuspend: false })

  await o.service.undoAll(o.analyst(), { select: { entry: { id: entry.id } }, suspendCause: true })
  const state = (tenant: TenantId, id: typeof entry.id) =>
    t.storage.tenant(tenant, async (tx) => (await lists.getEntry(tx, id))?.state)
  await until(async () => ((await state(t.a, entry.id)) === 'removed' ? true : undefined))
  expect(await state(t.b, theirs.id)).toBe('active')
  expect(await t.storage.tenant(t.b, (tx) => lists.suspendedSignals(tx))).toEqual([])
  await o.service.drain(t.a)
  await o.close()
})
