import { afterAll, beforeAll, expect, test } from 'vitest'
import { saveCompany } from '../../test/rig/intake.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { TenantId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import { createDirectory } from './index.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
  await saveCompany(t.storage, t.a, 'a.example')
  await saveCompany(t.storage, t.b, 'b.example', ['ann', 'dora'])
})
afterAll(() => t.close())

test('recipients that are asked for at once share transactions; each is answered by its own organisation', async () => {
  let transactions = 0
  const directory = createDirectory({
    db: t.storage.db,
    tenant: <T>(tenant: TenantId, work: (tx: Tx) => Promise<T>) => {
      transactions++
      return t.storage.tenant(tenant, work)
    },
  })
  const asked = ['ann@a.example', 'ann@b.example', 'dora@b.example', 'dora@a.example', 'chief@a.example', 'x@c.example']
  await Promise.all(asked.map((address) => directory.resolve(address)))
  transactions = 0
  const again = Array.from({ length: 30 }, (_, i) => `nobody${i}@${i % 2 ? 'a' : 'b'}.example`)
  const found = await Promise.all([...again, ...asked.map((a) => a.toUpperCase())].map((a) => directory.resolve(a)))
  expect(transactions).toBeLessThan(10)
  again.forEach((_, i) => {
    expect(found[i]).toEqual({ kind: 'unknown', tenant: i % 2 ? t.a : t.b })
  })
  const leads = found
    .slice(again.length)
    .map((r) => (r.kind === 'known' ? [r.tenant, r.targets.map((m) => m.address)] : r))
  expect(leads).toEqual([
    [t.a, ['ann@a.example']],
    [t.b, ['ann@b.example']],
    [t.b, ['dora@b.example']],
    { kind: 'unknown', tenant: t.a },
    [t.a, ['ann@a.example']],
    { kind: 'not-ours' },
  ])
})
