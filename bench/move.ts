// Taking messages out of Dovecot mailboxes and undoing it, against a bare imapflow script that issues the commands correctness needs.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import type { TenantId } from '../server/src/base/index.ts'
import { type CopyRef, createImapProvider, type MailboxProvider } from '../server/src/mailboxes/index.ts'
import { ALL_MIGRATIONS } from '../server/src/migrations.ts'
import { type ActionView, createRemediation, DEFAULT_LIMITS, getAction } from '../server/src/remediation/index.ts'
import { connect, migrate, type Storage } from '../server/src/storage/index.ts'
import { buildSent } from '../server/src/transport/index.ts'
import { unprivileged } from '../server/test/rig/account.ts'
import { type Dovecot, startDovecot } from '../server/test/rig/dovecot.ts'
import { mailboxTruth } from '../server/test/rig/mail-truth.ts'
import { analyst, asDelivered, keep, type Letter, letter, organise, quietLog } from '../server/test/rig/office.ts'
import { seedMaildir } from '../server/test/rig/seed.ts'
import type { Errand } from './lib/bare-move.ts'
import { cpuOf, family } from './lib/processes.ts'

const MAILBOXES = Number(process.argv[2] ?? 50)
const LETTERS = Number(process.argv[3] ?? 200)
const ROUNDS = Number(process.argv[4] ?? 3)
const CONNECTIONS = 4
/** A soft deletion; `quarantine` is written down in one place more. */
const KIND = process.env['MOVE_KIND'] === 'quarantine' ? 'quarantine' : 'soft-delete'
/** `known`: mail that a watcher has found in its mailboxes, no gateway before it: its bytes were read at its UID, and are not read again. */
const KNOWN = process.env['MOVE_PLACES'] === 'known'
const COPIES = MAILBOXES * LETTERS
const LOGINS = Array.from({ length: MAILBOXES }, (_, n) => `user${String(n).padStart(3, '0')}@kontor.example`)
const HOLD = 'Recourse-Hold/bare'
/** Memory is looked at for so many copies too, where there are many more: it must not grow with them. */
const FEW = 10_000

/** 5 to 35 KB, 20 KB in the mean. */
const body = (n: number) =>
  `${'A line of text in a message, as long as lines in mail often are.\r\n'.repeat(77 + ((n * 61) % 462))}`

async function ours(dovecot: Dovecot, dir: string) {
  const account = unprivileged()
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
    pool: { connections: CONNECTIONS, perMailbox: 1, idleSeconds: 20 },
  })
  const remediation = createRemediation({
    storage,
    mailboxes,
    nextHop: null,
    log: quietLog,
    limits: { ...DEFAULT_LIMITS, maxByHand: COPIES },
  })
  return { storage, tenant, mailboxes, remediation }
}

function written(n: number): Letter {
  const mail = letter(`Letter ${n}`, body(n))
  return KNOWN ? { ...mail, sent: buildSent(mail.raw, '') } : mail
}

/** As it lies in a mailbox: as the gateway has handed it on, or as it came where there is none. */
const lies = (mail: Letter, login: string): Buffer => (KNOWN ? mail.raw : asDelivered(mail.sent, login))

/** Known as a watcher does that finds mail and reads it: the script's moves have given it new UIDs. */
async function look(storage: Storage, tenant: TenantId, mailboxes: MailboxProvider, letters: readonly Letter[]) {
  const places = await placesIn(mailboxes)
  const byId = new Map(letters.map((mail) => [mail.internetMessageId, mail]))
  const rows = [...places].map(([key, ref]) => {
    const [login, id = ''] = key.split(' ')
    const mail = byId.get(id)
    return { login, id: mail?.id, ref: { ...ref, sha256: mail?.sent.sha256 } }
  })
  const found = await storage.tenant(tenant, (tx) =>
    sql`update delivery d set ref = x.ref from json_to_recordset(${JSON.stringify(rows)}::json) as x(login text, id uuid, ref jsonb), mailbox b
      where d.tenant_id = ${tenant} and d.message_id = x.id and b.tenant_id = d.tenant_id and b.id = d.mailbox_id and b.login = x.login`.execute(
      tx,
    ),
  )
  if (Number(found.numAffectedRows) !== COPIES) throw new Error(`${found.numAffectedRows} places are known`)
}

/** Where every message lies, by login and the message's own id. */
async function placesIn(mailboxes: MailboxProvider): Promise<ReadonlyMap<string, CopyRef>> {
  const places = new Map<string, CopyRef>()
  for (const login of LOGINS) {
    const session = await mailboxes.open({ login })
    const position = await session.position('INBOX')
    if (!position) throw new Error(`no Inbox of ${login}`)
    const folder = { folder: 'INBOX', uidValidity: position.uidValidity }
    for (const { ref, internetMessageId } of await session.between(folder, 1, position.uidNext - 1))
      places.set(`${login} ${internetMessageId}`, ref)
    await session.close()
  }
  return places
}

const pidIn = (file: string): number => Number(readFileSync(file, 'utf8').split('\n')[0])

interface Spent {
  readonly seconds: number
  /** CPU seconds, by process. */
  readonly cpu: { readonly script: number; readonly ours: number; readonly database: number; readonly dovecot: number }
  readonly rows: { readonly inserted: number; readonly updated: number; readonly hot: number; readonly deleted: number }
  readonly statements: number
  readonly commits: number
  /** Highest resident size of our process, bytes. */
  readonly peak: number
  /** Of `seconds`, until the action was submitted. */
  readonly submission?: number
}

/** Statements that this process sends. */
let statements = 0
const send = pg.Client.prototype.query
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
  statements++
  return Reflect.apply(send, this, args)
} as typeof send

/** Runs something and says what it took. */
function createMeter(storage: Storage, pids: { script: number; database: number; dovecot: number }) {
  const written = async () => {
    // A session of PostgreSQL tells its counters with its next transaction, a second later at the earliest.
    await new Promise((done) => setTimeout(done, 1200))
    await Promise.all(Array.from({ length: 20 }, () => sql`select pg_sleep(0.05)`.execute(storage.db)))
    const found = await sql<{ inserted: number; updated: number; hot: number; deleted: number; commits: number }>`
      select sum(n_tup_ins)::float8 as inserted, sum(n_tup_upd)::float8 as updated, sum(n_tup_hot_upd)::float8 as hot,
        sum(n_tup_del)::float8 as deleted, (select xact_commit::float8 from pg_stat_database where datname = current_database()) as commits
      from pg_stat_user_tables`.execute(storage.db)
    return found.rows[0] ?? { inserted: 0, updated: 0, hot: 0, deleted: 0, commits: 0 }
  }
  const used = () => ({
    script: cpuOf([pids.script]),
    ours: cpuOf([process.pid], false),
    database: cpuOf(family([pids.database])),
    dovecot: cpuOf(family([pids.dovecot])),
  })
  return async (work: () => Promise<void>): Promise<Spent> => {
    const rows = await written()
    const cpu = used()
    const sent = statements
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss())
    }, 20)
    const started = performance.now()
    await work()
    const seconds = (performance.now() - started) / 1000
    clearInterval(watch)
    const now = used()
    const count = statements - sent
    const after = await written()
    return {
      seconds,
      cpu: {
        script: now.script - cpu.script,
        ours: now.ours - cpu.ours,
        database: now.database - cpu.database,
        dovecot: now.dovecot - cpu.dovecot,
      },
      rows: {
        inserted: after.inserted - rows.inserted,
        updated: after.updated - rows.updated,
        hot: after.hot - rows.hot,
        deleted: after.deleted - rows.deleted,
      },
      statements: count,
      commits: after.commits - rows.commits,
      peak,
    }
  }
}

function createBare(script: ChildProcess, dovecot: Dovecot) {
  const { host, imapPort: port, master } = dovecot
  return async (source: string, target: string, procedure: Errand['procedure']): Promise<void> => {
    const errand: Errand = {
      ...{ host, port, user: master.user, pass: master.password, separator: master.separator },
      ...{ logins: LOGINS, connections: CONNECTIONS, source, target, letters: LETTERS, procedure },
    }
    script.send(errand)
    const [answer] = await once(script, 'message')
    if (answer.error) throw new Error(answer.error)
  }
}

const per10k = (x: number, copies = COPIES): string => ((x / copies) * 10_000).toFixed(2)
const perMessage = (x: number, copies = COPIES): string => (x / copies).toFixed(2)

function show(name: string, spent: Spent, copies = COPIES): void {
  const { cpu, rows } = spent
  const all = cpu.script + cpu.ours + cpu.database + cpu.dovecot
  const parts = [
    `${name.padEnd(16)}${String(Math.round(copies / spent.seconds)).padStart(7)}/s`,
    `CPU s per 10,000: ${per10k(all, copies)} (${[
      ...(cpu.script > 0.02 ? [`script ${per10k(cpu.script, copies)}`] : []),
      `ours ${per10k(cpu.ours, copies)}`,
      `PostgreSQL ${per10k(cpu.database, copies)}`,
      `Dovecot ${per10k(cpu.dovecot, copies)}`,
    ].join(', ')})`,
  ]
  if (spent.submission !== undefined)
    parts.push(
      `${spent.seconds.toFixed(2)} s, the submission ${spent.submission.toFixed(2)} s`,
      `rows a message: ${perMessage(rows.inserted, copies)} inserted, ${perMessage(rows.updated, copies)} updated ` +
        `(${perMessage(rows.hot, copies)} without touching an index), ${perMessage(rows.deleted, copies)} deleted`,
      `${spent.statements} statements, ${spent.commits} commits`,
      `peak ${Math.round(spent.peak / 1e6)} MB`,
    )
  console.log(`  ${parts.join('; ')}`)
}

async function main(): Promise<void> {
  const account = unprivileged()
  const dir = mkdtempSync(join(tmpdir(), 'recourse-move-'))
  if (account) chownSync(dir, account.uid, account.gid)
  const dovecot = await startDovecot({ reuse: true })
  const script = fork(new URL('./lib/bare-move.ts', import.meta.url), { stdio: 'inherit' })
  const { storage, tenant, mailboxes, remediation } = await ours(dovecot, dir)
  try {
    const people = await organise(storage, tenant, LOGINS)
    const letters = Array.from({ length: LETTERS }, (_, n) => written(n))
    for (const login of LOGINS) {
      const files = letters.map((m, n) => ({ bytes: lies(m, login), letters: n % 3 ? 'S' : 'RS' }))
      seedMaildir(dovecot.mailDir(login), 'INBOX', files)
    }
    const to = [...people.values()].map((mailbox) => ({ mailbox, ref: null }))
    for (const mail of letters) await keep(storage, tenant, { letter: mail, at: 'inbox', to })
    // A running server: it also keeps the planner's statistics fresh.
    await storage.start()
    await sql`analyze`.execute(storage.db)
    const meter = createMeter(storage, {
      script: script.pid ?? 0,
      database: pidIn(join(dir, 'pg', 'data', 'postmaster.pid')),
      dovecot: pidIn(join(dovecot.dir, 'run', 'master.pid')),
    })
    const bare = createBare(script, dovecot)
    const before = await mailboxTruth(dovecot.imapPort, LOGINS[0] ?? '')
    const messageIds = letters.map((m) => m.id)
    const run = async (copies: number, submit: () => Promise<{ id: ActionView['id'] }>) => {
      let id: ActionView['id'] | null = null
      let submission = 0
      const spent = await meter(async () => {
        const started = performance.now()
        id = (await submit()).id
        submission = (performance.now() - started) / 1000
        await remediation.drain(tenant)
      })
      const action = id ?? never()
      const view = await storage.tenant(tenant, (tx) => getAction(tx, tenant, action))
      if (view?.counts.verified !== copies) throw new Error(`not everything was done: ${JSON.stringify(view)}`)
      return { id: action, spent: { ...spent, submission } }
    }
    const both = async (copies: number, recipients?: readonly string[]) => {
      const select = { messageIds, ...(recipients ? { recipients } : {}) }
      const take = await run(copies, () => remediation.submit(analyst(tenant), { kind: KIND, select }))
      const undo = await run(copies, () => remediation.submitUndo(analyst(tenant), take.id))
      return { take: take.spent, undo: undo.spent }
    }
    const knows = KNOWN ? 'places known, one copy in 16 is read' : 'places not known, every copy is looked for and read'
    console.log(
      `${COPIES} messages, ${MAILBOXES} mailboxes, ${CONNECTIONS} connections, ${KIND}; ${knows}; bare script and ours in turns`,
    )
    const few = LOGINS.slice(0, Math.floor(FEW / LETTERS))
    const small = COPIES >= 2 * FEW ? await both(few.length * LETTERS, few) : null
    const all: { [K in 'bareTake' | 'bareBack' | 'wholeTake' | 'wholeBack' | 'take' | 'undo']: Spent }[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      const bareTake = await meter(() => bare('INBOX', HOLD, 'short'))
      const bareBack = await meter(() => bare(HOLD, 'INBOX', 'short'))
      const wholeTake = await meter(() => bare('INBOX', HOLD, 'whole'))
      const wholeBack = await meter(() => bare(HOLD, 'INBOX', 'whole'))
      if (KNOWN) await look(storage, tenant, mailboxes, letters)
      const { take, undo } = await both(COPIES)
      all.push({ bareTake, bareBack, wholeTake, wholeBack, take, undo })
      console.log(`round ${round}`)
      show('script take', bareTake)
      show('… all of P1', wholeTake)
      show('script back', bareBack)
      show('… all of P1', wholeBack)
      show('ours take', take)
      show('ours undo', undo)
    }
    const ratio = (of: (r: (typeof all)[number]) => number) => percent(median(all.map(of)))
    console.log(
      `median of ${ROUNDS}: take ${ratio((r) => r.bareTake.seconds / r.take.seconds)} of the short script, ` +
        `${ratio((r) => r.wholeTake.seconds / r.take.seconds)} of all of P1; undo ` +
        `${ratio((r) => r.bareBack.seconds / r.undo.seconds)} and ${ratio((r) => r.wholeBack.seconds / r.undo.seconds)}`,
    )
    if (small) {
      const mb = (s: Spent) => `${Math.round(s.peak / 1e6)} MB`
      const last = all.at(-1)
      console.log(
        `peak memory of our process: ${few.length * LETTERS} copies ${mb(small.take)} and ${mb(small.undo)}` +
          `${last ? `, ${COPIES} copies ${mb(last.take)} and ${mb(last.undo)}` : ''} (take and undo)`,
      )
    }
    const after = await mailboxTruth(dovecot.imapPort, LOGINS[0] ?? '')
    if (JSON.stringify(after) !== JSON.stringify(before)) throw new Error('a mailbox is not as it was')
  } finally {
    script.kill()
    await remediation.stop()
    await mailboxes.close()
    await storage.close()
    await dovecot.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

const never = (): never => {
  throw new Error('nothing was submitted')
}
const percent = (x: number): string => `${Math.round(x * 100)} %`
const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

await main()
