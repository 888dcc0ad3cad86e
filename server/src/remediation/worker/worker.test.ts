import { afterAll, beforeAll, expect, test } from 'vitest'
import { Office, people } from '../../../test/rig/memory-office.ts'
import { quietLog } from '../../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import type { Storage } from '../../storage/index.ts'
import { createNextHop } from '../../transport/index.ts'
import { createRemediation } from '../index.ts'

let t: TestStorage
let o: Office
beforeAll(async () => {
  t = await testStorage()
  o = new Office(t, t.a, await people(t))
})
afterAll(async () => {
  await o.close()
  await t.close()
})

// An error that nobody hears ends the process; here it would end the test.
test('the lease of one mailbox cannot be had while the next one is looked for: logged, tried again, and the others are worked on', async () => {
  const { copies } = await o.deliver(['ann', 'bob', 'cem'])
  let failures = 1
  const { storage: real } = t
  const storage: Storage = {
    db: real.db,
    blobs: real.blobs,
    outbox: real.outbox,
    jobs: real.jobs,
    tenant: (id, work) => real.tenant(id, work),
    tenants: () => real.tenants(),
    createTenant: (name, id) => real.createTenant(name, id),
    start: async () => {},
    close: async () => {},
    leases: {
      acquire: async (...asked) => {
        if (failures-- > 0) throw new Error('the database was not there')
        return real.leases.acquire(...asked)
      },
    },
  }
  const said: string[] = []
  const service = createRemediation({
    storage,
    mailboxes: o.provider,
    nextHop: createNextHop({ kind: 'mailbox', provider: o.provider }),
    log: { ...quietLog, error: (_: object, what: string) => void said.push(what) },
    clock: () => o.now(),
    tuning: { backoffMs: 1, leaseMs: 5000, deadlineMs: 100 },
  })
  const { id } = await service.submit(o.analyst(), {
    kind: 'soft-delete',
    select: { deliveryIds: copies.map((c) => c.id) },
  })
  await service.drain(t.a)
  expect((await o.view(id)).counts).toMatchObject({ done: 2, approved: 1 })
  o.later(1000)
  await service.drain(t.a)
  await service.stop()
  expect((await o.items(id)).map((i) => i.state)).toEqual(['done', 'done', 'done'])
  expect(said).toEqual(['remediation could not begin in a mailbox'])
  expect(o.snapshots().flat()).toEqual([])
})
