// Taking 10,000 messages out of 50 Dovecot mailboxes and undoing it, against a bare imapflow script that issues the commands correctness needs.
import { createHash } from 'node:crypto'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ImapFlow } from 'imapflow'
import { sql } from 'kysely'
import { createImapProvider } from '../server/src/mailboxes/index.ts'
import { ALL_MIGRATIONS } from '../server/src/migrations.ts'
import { createRemediation, getAction } from '../server/src/remediation/index.ts'
import { connect, migrate } from '../server/src/storage/index.ts'
import { unprivileged } from '../server/test/rig/account.ts'
import { type Dovecot, startDovecot } from '../server/test/rig/dovecot.ts'
import { mailboxTruth } from '../server/test/rig/mail-truth.ts'
import { analyst, asDelivered, keep, letter, organise, quietLog } from '../server/test/rig/office.ts'
import { seedMaildir } from '../server/test/rig/seed.ts'

const MAILBOXES = Number(process.argv[2] ?? 50)
const LETTERS = Number(process.argv[3] ?? 200)
const ROUNDS = Number(process.argv[4] ?? 3)
const CONNECTIONS = 4
const COPIES = MAILBOXES * LETTERS
const LOGINS = Array.from({ length: MAILBOXES }, (_, n) => `user${String(n).padStart(3, '0')}@kontor.example`)

/** 5 to 35 KB, 20 KB in the mean. */
const body = (n: number) =>
  `${'A line of text in a message, as long as lines in mail often are.\r\n'.repeat(77 + ((n * 61) % 462))}`

/** Works through all mailboxes, so many at a time; gives back the seconds. */
async function everywhere(work: (login: string) => Promise<void>): Promise<number> {
  const started = performance.now()
  const waiting = [...LOGINS]
  const one = async () => {
    for (let login = waiting.shift(); login !== undefined; login = waiting.shift()) await work(login)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
  return (performance.now() - started) / 1000
}

/**
 * The bare script: log in, FETCH identity, UID MOVE, FETCH identity where it came to; nothing is written down. Identity is UID, flags,
 * date, size and the two ids in the header; `bytes`: the whole message too, hashed, which is how a take has to know what it takes (P1, step 3).
 */
async function bare(dovecot: Dovecot, login: string, source: string, target: string, bytes: boolean): Promise<void> {
  const { master } = dovecot
  const client = new ImapFlow({
    host: dovecot.host,
    port: dovecot.imapPort,
    secure: false,
    logger: false,
    auth: { user: `${login}${master.separator}${master.user}`, pass: master.password },
  })
  await client.connect()
  if (target.startsWith('Recourse')) await client.mailboxCreate(target)
  await client.mailboxOpen(source)
  const before = await identities(client, bytes)
  const moved = await client.messageMove([...before], target, { uid: true })
  if (!moved || moved.uidMap?.size !== LETTERS) throw new Error(`${login}: not everything was moved`)
  await client.mailboxOpen(target)
  if ((await identities(client, false)).size !== LETTERS) throw new Error(`${login}: not everything has arrived`)
  await client.logout()
}

async function identities(client: ImapFlow, bytes: boolean): Promise<Set<number>> {
  const found = new Set<number>()
  const headers = ['message-id', 'x-recourse-message-id']
  const what = { uid: true, flags: true, internalDate: true, size: true, headers, source: bytes }
  for await (const m of client.fetch('1:*', what)) {
    if (bytes)
      createHash('sha256')
        .update(m.source ?? '')
        .digest()
    found.add(m.uid)
  }
  return found
}

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
    tuning: { perServer: CONNECTIONS },
  })
  return { storage, tenant, mailboxes, remediation }
}

async function main(): Promise<void> {
  const account = unprivileged()
  const dir = mkdtempSync(join(tmpdir(), 'recourse-move-'))
  if (account) chownSync(dir, account.uid, account.gid)
  const dovecot = await startDovecot({ reuse: true })
  const { storage, tenant, mailboxes, remediation } = await ours(dovecot, dir)
  try {
    const people = await organise(storage, tenant, LOGINS)
    const letters = Array.from({ length: LETTERS }, (_, n) => letter(`Letter ${n}`, body(n)))
    for (const mail of letters) {
      await keep(storage, tenant, {
        letter: mail,
        at: 'inbox',
        to: [...people.values()].map((mailbox) => ({ mailbox, ref: null })),
      })
    }
    for (const login of LOGINS) {
      const files = letters.map((m, n) => ({ bytes: asDelivered(m.sent, login), letters: n % 3 ? 'S' : 'RS' }))
      seedMaildir(dovecot.mailDir(login), 'INBOX', files)
    }
    // A running server: it also keeps the planner's statistics fresh.
    await storage.start()
    await sql`analyze`.execute(storage.db)
    const before = await mailboxTruth(dovecot.imapPort, LOGINS[0] ?? '')
    const select = { messageIds: letters.map((m) => m.id) }
    const run = async (submit: () => Promise<{ id: Parameters<typeof getAction>[2] }>): Promise<number> => {
      const started = performance.now()
      const { id } = await submit()
      await remediation.drain(tenant)
      const seconds = (performance.now() - started) / 1000
      const view = await storage.tenant(tenant, (tx) => getAction(tx, tenant, id))
      if (view?.counts.verified !== COPIES) throw new Error(`not everything was done: ${JSON.stringify(view)}`)
      return seconds
    }
    console.log(
      `${COPIES} messages, ${MAILBOXES} mailboxes, ${CONNECTIONS} connections; messages/s, bare script and ours in turns`,
    )
    const seconds: Record<'take' | 'proven' | 'undo', { bare: number; ours: number }[]> = {
      take: [],
      proven: [],
      undo: [],
    }
    for (let round = 1; round <= ROUNDS; round++) {
      const away = (bytes: boolean) => everywhere((login) => bare(dovecot, login, 'INBOX', HOLD, bytes))
      const back = () => everywhere((login) => bare(dovecot, login, HOLD, 'INBOX', false))
      const light = await away(false)
      const undone = await back()
      const proven = await away(true)
      await back()
      let action: Awaited<ReturnType<typeof remediation.submit>> | null = null
      const take = await run(async () => {
        action = await remediation.submit(analyst(tenant), { kind: 'quarantine', select })
        return action
      })
      const undo = await run(() => remediation.submitUndo(analyst(tenant), (action ?? { id: never() }).id))
      seconds.take.push({ bare: light, ours: take })
      seconds.proven.push({ bare: proven, ours: take })
      seconds.undo.push({ bare: undone, ours: undo })
      console.log(
        `round ${round}  bare: take${rate(light)}, with the bytes read${rate(proven)}, back${rate(undone)}   ` +
          `ours: take${rate(take)}, undo${rate(undo)}`,
      )
    }
    const ratio = (all: { bare: number; ours: number }[]) => percent(median(all.map((s) => s.bare / s.ours)))
    console.log(
      `median of ${ROUNDS}, of the bare script: take ${ratio(seconds.take)} (${ratio(seconds.proven)} where it reads the bytes, as ours does), ` +
        `undo ${ratio(seconds.undo)}`,
    )
    const after = await mailboxTruth(dovecot.imapPort, LOGINS[0] ?? '')
    if (JSON.stringify(after) !== JSON.stringify(before)) throw new Error('a mailbox is not as it was')
  } finally {
    await remediation.stop()
    await mailboxes.close()
    await storage.close()
    await dovecot.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

const HOLD = 'Recourse-Hold/bare'
const rate = (s: number): string => String(Math.round(COPIES / s)).padStart(7)
const never = (): never => {
  throw new Error('nothing was submitted')
}
const percent = (x: number): string => `${Math.round(x * 100)} %`
const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

await main()
