// Stores numbered blobs and events until it is killed at a named point; says each that was acknowledged.
import { setTimeout as pause } from 'node:timers/promises'
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

/** Until all events are handled, and a little longer: what is handled twice shows then. */
async function handle(): Promise<void> {
  storage.outbox.subscribe('crash', ['test.happened'], async (tx, { data }) => {
    await sql`insert into t_handled (n) values (${data.n})`.execute(tx)
  })
  await storage.start()
  const left = () =>
    storage.tenant(id, async (tx) => {
      const { rows } = await sql<{ n: number }>`select ((select count(*) from outbox where kind = 'test.happened')
        - (select count(*) from t_handled))::int as n`.execute(tx)
      return rows[0]?.n ?? 0
    })
  while ((await left()) > 0) await pause(50)
  await pause(300)
}

await (mode === 'put' ? put() : handle())
await storage.close()
