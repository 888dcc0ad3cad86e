import { afterAll, beforeAll, describe, inject } from 'vitest'
import { debianPostgres, ownCluster } from '../../test/rig/postgres.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { Cluster } from './index.ts'
import { blobCases } from './suite/blobs.ts'
import { jobCases } from './suite/jobs.ts'
import { leaseCases } from './suite/leases.ts'
import { migrationCases } from './suite/migrations.ts'
import { outboxCases } from './suite/outbox.ts'
import { wallCases } from './suite/walls.ts'

const debian = debianPostgres()

/** The whole suite on the embedded PostgreSQL and on Debian's, two tenants in each. */
describe.each([
  { engine: 'embedded', there: true },
  { engine: `Debian's ${debian?.major ?? 15}`, there: debian !== undefined },
])('$engine', ({ engine, there }) => {
  let t: TestStorage
  let own: Cluster | undefined
  const the = () => t
  beforeAll(async () => {
    if (!there) return
    if (engine !== 'embedded') own = await ownCluster({ binaries: debian })
    t = await testStorage({ socket: own?.socketDir ?? inject('postgresSocket') })
  })
  afterAll(async () => {
    await t?.close()
    await own?.stop()
  })
  describe.skipIf(!there)('storage', () => {
    wallCases(the)
    migrationCases(the)
    blobCases(the)
    leaseCases(the)
    outboxCases(the)
    jobCases(the)
  })
})
