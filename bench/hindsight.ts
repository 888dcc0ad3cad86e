// What it costs to look back at the mail of two days when a feed of a million entries was read anew: `bin/bench hindsight [messages]`.
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { systemClock, type TenantId } from '../server/src/base/index.ts'
import { createFeeds } from '../server/src/detection/index.ts'
import { lookBack } from '../server/src/intake/index.ts'
import { createParser } from '../server/src/mail/index.ts'
import { ALL_MIGRATIONS } from '../server/src/migrations.ts'
import { connect, migrate, type Tx } from '../server/src/storage/index.ts'
import { unprivileged } from '../server/test/rig/account.ts'
import { quietLog } from '../server/test/rig/office.ts'
import { cpuOf, family } from './lib/processes.ts'

const MESSAGES = Number(process.argv[2] ?? 100_000)
const ENTRIES = 1_000_000
/** Links of a message; a third of them is everybody's. Besides: its sender, its server, a file of every fourth. */
const LINKS = 10

/** Rows written directly: nothing but what is asked for is read of them, for none is listed. */
async function seed(tx: Tx, tenant: TenantId, n: number): Promise<void> {
  await sql`insert into message (tenant_id, id, received_at, direction, source, subject, sender_name, size, blob_key, sha256, parse_state,
      mail, snippet, verdict_id, threat)
    select ${tenant}, recourse_uuidv7(now()), now() - make_interval(secs => k * 172800.0 / ${n}::int), 'inbound', 'gateway', 'Letter ' || k, '', 1000,
      'x', 'x', 'parsed', '{}', '', gen_random_uuid(), 'none' from generate_series(1, ${n}::int) k`.execute(tx)
  const add = (kind: string, value: ReturnType<typeof sql>, where = sql`true`) =>
    sql`insert into entity (tenant_id, kind, hash, message_id, value, received_at)
      select ${tenant}, ${kind}, md5(v), id, v, received_at from (select id, received_at, ${value} as v from
        (select *, row_number() over (order by id) as k from message where tenant_id = ${tenant}) m where ${where}) x
      on conflict do nothing`.execute(tx)
  for (let l = 0; l < LINKS; l++)
    await add(
      'url',
      l % 3 === 0
        ? sql`'https://shared.example/page/' || ${l}::int`
        : sql`'https://news' || k % 5000 || '.example/' || k || '/' || ${l}::int || '?u=' || md5(k::text)`,
    )
  await add('sender-domain', sql`'shop' || k % 3000 || '.example'`)
  await add('sender-ip', sql`'192.0.2.' || k % 250`)
  await add('file-hash', sql`md5(k::text) || md5(k::text)`, sql`k % 4 = 0`)
}

const dir = mkdtempSync(join(tmpdir(), 'recourse-bench-hindsight-'))
const account = unprivileged()
if (account) chownSync(dir, account.uid, account.gid)
const storage = await connect({
  embedded: { dir: join(dir, 'pg'), account },
  blobs: { dir: join(dir, 'blobs'), keyFile: join(dir, 'master.key') },
})
const parser = createParser({ workers: 1 })
/** Processor time in seconds: others may be at work on this machine. */
const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const database = (): number =>
  cpuOf(family([Number(readFileSync(join(dir, 'pg', 'data', 'postmaster.pid'), 'utf8').split('\n')[0])]))
try {
  await migrate(storage, ALL_MIGRATIONS)
  const tenant = await storage.createTenant('Bench')
  await storage.tenant(tenant, (tx) => seed(tx, tenant, MESSAGES))
  await sql`vacuum analyze`.execute(storage.db)
  const path = join(dir, 'urls')
  const lines = Array.from({ length: ENTRIES }, (_, i) => `http://h${i}.x${i % 977}.bad.example/p/${i.toString(36)}\n`)
  writeFileSync(path, lines.join(''))
  const files = [{ name: 'urls', path, kind: 'url' as const }]
  const feeds = createFeeds({ files, limits: { maxBytes: 4e9, maxEntries: 5_000_000 }, log: quietLog })
  await feeds.check()
  const refuse = () => Promise.reject(new Error('nothing is listed'))
  const remediation = { submit: refuse }
  const brake = { judged: refuse }
  const deps = { storage, parser, remediation, brake, log: quietLog, feeds, clock: systemClock, hours: 49 }
  for (let round = 1; round <= 3; round++) {
    const before = { own: cpu(), database: database() }
    let stall = 0
    let last = cpu()
    const beat = setInterval(() => {
      stall = Math.max(stall, cpu() - last)
      last = cpu()
    }, 5)
    const started = performance.now()
    const { judged } = await lookBack(deps, tenant)
    const seconds = (performance.now() - started) / 1000
    clearInterval(beat)
    if (judged > 0) throw new Error('something was listed')
    const per = (spent: number): string => `${((spent / MESSAGES) * 1000).toFixed(3)} ms`
    console.log(
      `round ${round}: ${MESSAGES} messages in ${seconds.toFixed(1)} s; CPU a message: server ${per(cpu() - before.own)}, ` +
        `database ${per(database() - before.database)}; longest stall ${(stall * 1000).toFixed(0)} ms`,
    )
  }
} finally {
  await parser.close()
  await storage.close()
  rmSync(dir, { recursive: true, force: true })
}
