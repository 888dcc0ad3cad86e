// Stores numbered blobs and events until it is killed at a named point; says each that was acknowledged.
import { sql } from 'kysely'
import type { TenantId } from '../../src/base/index.ts'
import { connect } from '../../src/storage/index.ts'

const [url = '', dir = '', keyFile = '', tenant = '', mode = ''] = process.argv.slice(2)
const storage = await connect({ url, blobs: { dir, keyFile }, maxConnections: 5 })
const id = tenant as TenantId

async function put(): Promise<void> {
  for (let n = 1; n <= 50; n++) {
    const ref = await storage.blobs.put(id, Buffer.from(`message ${n} of ${process.pid} `.repeat(200)))
    await storage.tenant(id, async (tx) => {
      await storage.blobs.mark(tx, [ref])
      await sql`insert into t_put (tenant_id, key) values (recourse_tenant(), ${ref.key})`.execute(tx)
    })
    console.log(JSON.stringify({ key: ref.key }))
  }
}

async function handle(): Promise<void> {
  let last = performance.now()
  storage.outbox.subscribe('crash', ['test.happened'], async (tx, { data }) => {
    last = performance.now()
    await sql`insert into t_handled (n) values (${data.n})`.execute(tx)
  })
  await storage.start()
  while (performance.now() - last < 1000) await new Promise((done) => setTimeout(done, 50))
}

await (mode === 'put' ? put() : handle())
await storage.close()
