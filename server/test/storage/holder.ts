// Takes a lease for a minute and keeps it: a process that a test kills or stops. Arguments: url, blobs, key file, tenant, resource.
import type { TenantId } from '../../src/base/index.ts'
import { connect } from '../../src/storage/index.ts'

const [url = '', dir = '', keyFile = '', tenant = '', resource = ''] = process.argv.slice(2)
const storage = await connect({ url, blobs: { dir, keyFile }, maxConnections: 4 })
const lease = await storage.leases.acquire(tenant as TenantId, resource, { ttlMs: 60_000, deadlineMs: 30_000 })
console.log(lease?.epoch)
lease?.lost.addEventListener('abort', () => console.log('lost'))
setInterval(() => {}, 60_000)
