import { afterAll, beforeAll, describe, inject } from 'vitest'
import type { Cluster } from '../../src/storage/index.ts'
import { debianPostgres, ownCluster } from '../rig/postgres.ts'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { blobCases } from './blobs.ts'
import { jobCases } from './jobs.ts'
import { leaseCases } from './leases.ts'
import { migrationCases } from './migrations.ts'
import { outboxCases } from './outbox.ts'
import { transactionCases } from './transactions.ts'
import { wallCases } from './walls.ts'

const debian = debianPostgres()

/** The whole suite on the embedded PostgreSQL and on Debian's, two tenants in each. */
describe.each([{ engine: 'embedded' }, { engine: `Debian's ${debian.major}` }])('$engine', ({ engine }) => {
  let t: TestStorage
  let own: Cluster | undefined
  const the = () => t
  beforeAll(async () => {
    if (engine !== 'embedded') own = await ownCluster({ binaries: debian })
    t = await testStorage({ socket: own?.socketDir ?? inject('postgresSocket') })
  })
  afterAll(async () => {
    try {
      await t?.close()
    } finally {
      await own?.stop()
    }
  })
  describe('storage', () => {
    wallCases(the)
    transactionCases(the)
    migrationCases(the)
    blobCases(the)
    leaseCases(the)
    outboxCases(the)
    jobCases(the)
  })
})
