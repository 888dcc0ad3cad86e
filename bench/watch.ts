// What watching costs: 1,000 Dovecot mailboxes of 5 folders on one process while nothing happens, how soon a user's move is recorded, and
// the first run over a mailbox with many messages. `bin/bench watch [mailboxes] [messages of the large one]`
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { systemClock } from '../server/src/base/index.ts'
import { createJudge, createView, createWatcher, DEFAULT_WATCH } from '../server/src/intake/index.ts'
import { createParser } from '../server/src/mail/index.ts'
import { createImapProvider } from '../server/src/mailboxes/index.ts'
import { ALL_MIGRATIONS } from '../server/src/migrations.ts'
import { connect, migrate } from '../server/src/storage/index.ts'
import { unprivileged } from '../server/test/rig/account.ts'
import { startDovecot } from '../server/test/rig/dovecot.ts'
import { homesAt } from '../server/test/rig/intake.ts'
import { organise, quietLog } from '../server/test/rig/office.ts'
import { RawImap } from '../server/test/rig/raw-imap.ts'
import { seedMaildir } from '../server/test/rig/seed.ts'

const MAILBOXES = Number(process.argv[2] ?? 1000)
const LARGE = Number(process.argv[3] ?? 100_000)
const FOLDERS = ['INBOX', '.Junk', '.Trash', '.Sent', '.Work']
const LOGINS = Array.from({ length: MAILBOXES }, (_, n) => `user${String(n).padStart(4, '0')}@kontor.example`)
const BIG = 'archive@kontor.example'

let serial = 0
const letter = (to: string) => ({
  bytes: Buffer.from(
    `From: Friend <friend@client${serial % 50}.example>\r\nTo: ${to}\r\nSubject: Letter ${++serial}\r\nMessage-ID: <${serial}@client.example>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0000\r\n\r\n${`Line ${serial} of an ordinary message, not very long.\r\n`.repeat(20)}`,
  ),
  letters: 'S',
})

/** Processor seconds of this process so far, and of all that descend from it or were started by the store. */
const mine = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const clockTicks = 100
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / clockTicks
  } catch {
    return 0
  }
}
const rss = (): number => Math.round(process.memoryUsage().rss / 1e6)

async function main(): Promise<void> {
  const account = unprivileged()
  const dir = mkdtempSync(join(tmpdir(), 'recourse-watch-'))
  if (account) chownSync(dir, account.uid, account.gid)
  const dovecot = await startDovecot({ reuse: true })
  const store = Number(readFileSync(join(dovecot.dir, 'run', 'master.pid'), 'utf8'))
  const storage = await connect({
    embedded: { dir: join(dir, 'pg'), account },
    blobs: { dir: join(dir, 'blobs'), keyFile: join(dir, 'master.key') },
  })
  await migrate(storage, ALL_MIGRATIONS)
  const tenant = await storage.createTenant('Kontor')
  const mailboxes = createImapProvider({
    kind: 'imap',
    host: dovecot.host,
    port: dovecot.imapPort,
    secure: false,
    auth: { type: 'master', ...dovecot.master },
    pool: { connections: 4, perMailbox: 1, idleSeconds: 1 },
  })
  const parser = createParser({ workers: 2 })
  for (const login of LOGINS)
    for (const folder of FOLDERS) seedMaildir(dovecot.mailDir(login), folder, [letter(login), letter(login)])
  seedMaildir(
    dovecot.mailDir(BIG),
    'INBOX',
    (function* () {
      for (let n = 0; n < LARGE; n++) yield letter(BIG)
    })(),
  )
  await organise(storage, tenant, LOGINS)
  const watch = () =>
    createWatcher({
      storage,
      parser,
      judge: createJudge(createView(storage)),
      homeOf: homesAt(storage, mailboxes),
      clock: systemClock,
      remedy: async () => {},
      log: quietLog,
      tuning: { backlogPerMinute: 1e9 },
    })
  const recorded = async () => {
    const found = await storage.tenant(tenant, (tx) =>
      sql<{ n: number }>`select count(*)::int as n from message`.execute(tx),
    )
    return found.rows[0]?.n ?? 0
  }
  let watcher = watch()
  try {
    console.log(
      `${MAILBOXES} mailboxes of ${FOLDERS.length} folders, ${DEFAULT_WATCH.concurrency} connections, looked at every ${DEFAULT_WATCH.pollMs / 1000} s`,
    )
    let started = performance.now()
    await watcher.drain(tenant)
    console.log(
      `first look      ${((performance.now() - started) / 1000).toFixed(1)} s, ${await recorded()} messages judged`,
    )
    const [own, all] = [mine(), cpuOf(store)]
    started = performance.now()
    await watcher.drain(tenant)
    const seconds = (performance.now() - started) / 1000
    console.log(`nothing new     ${((seconds * 1000) / MAILBOXES).toFixed(2)} ms a mailbox, one after the other`)
    console.log(`  our process   ${(((mine() - own) * 1000) / MAILBOXES).toFixed(2)} ms CPU a look`)
    console.log(
      `  Dovecot       ${(((cpuOf(store) - all) * 1000) / MAILBOXES).toFixed(2)} ms CPU a look (processes that have ended)`,
    )
    watcher.run()
    await pause(1000)
    const before = mine()
    const at = performance.now()
    const movers = Array.from({ length: 20 }, (_, n) => LOGINS[Math.floor((n * MAILBOXES) / 20)] ?? '')
    const waits = await Promise.all(movers.map(moved))
    const share = (mine() - before) / ((performance.now() - at) / 1000)
    waits.sort((a, b) => a - b)
    console.log(
      `a user’s move   recorded after ${(waits[10] ?? 0).toFixed(1)} s in the median, ${(waits.at(-1) ?? 0).toFixed(1)} s at most (20 moves; goal 60)`,
    )
    console.log(`steady state    ${(share * 100).toFixed(1)} % of a core in our process, ${rss()} MB`)
    await watcher.stop()
    await organise(storage, tenant, [...LOGINS.slice(0, 1), BIG])
    const had = await recorded()
    watcher = watch()
    started = performance.now()
    await watcher.drain(tenant)
    const took = (performance.now() - started) / 1000
    const judged = (await recorded()) - had
    console.log(
      `large mailbox   ${judged} messages in ${took.toFixed(0)} s, ${(judged / took).toFixed(0)}/s, ${rss()} MB`,
    )
  } finally {
    await watcher.stop()
    await parser.close()
    await mailboxes.close()
    await storage.close()
    await dovecot.stop()
    rmSync(dir, { recursive: true, force: true })
  }

  /** Seconds from a user's move until records know it. */
  async function moved(login: string): Promise<number> {
    const client = await RawImap.open(dovecot.imapPort, login)
    await client.ok('SELECT INBOX')
    await client.ok('UID MOVE 1:1 Work')
    client.close()
    const from = performance.now()
    for (;;) {
      const found = await storage.tenant(tenant, (tx) =>
        sql<{
          n: number
        }>`select count(*)::int as n from message_event e join delivery d on d.tenant_id = e.tenant_id and d.id = e.delivery_id
          where e.kind = 'moved' and d.recipient = ${login}`.execute(tx),
      )
      if ((found.rows[0]?.n ?? 0) > 0) return (performance.now() - from) / 1000
      if (performance.now() - from > 120_000) throw new Error(`the move in ${login} was never seen`)
      await pause(500)
    }
  }
}

await main()
