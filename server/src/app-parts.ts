import { resolve } from 'node:dns/promises'
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { connect as connectTo } from 'node:net'
import { join } from 'node:path'
import { sql } from 'kysely'
import { AppError, type Log, messageOf, type TenantId } from './base/index.ts'
import type { Config } from './config.ts'
import type { Resolver } from './mail/index.ts'
import { commandSeconds, createMailboxes, type MailboxProvider } from './mailboxes/index.ts'
import type { Tuning } from './remediation/index.ts'
import { connect, type OpenStorage } from './storage/index.ts'
import { createNextHop, type NextHop, reply } from './transport/index.ts'

/** DNS as this machine is set up to ask it, for checking senders ourselves. */
export const askTheResolver: Resolver = async (name, type) => {
  if (type === 'TXT') return await resolve(name, 'TXT')
  if (type === 'MX') return await resolve(name, 'MX')
  if (type === 'A' || type === 'AAAA' || type === 'PTR') return await resolve(name, type)
  return []
}

/** Database (ours or by address) and blobs. */
export async function openStorage(config: Config, log: Log): Promise<OpenStorage> {
  if (config.database.url === null && process.getuid?.() === 0)
    throw new AppError(
      'root',
      'As root neither the embedded PostgreSQL nor anything that reads mail is started.',
      'Use bin/recourse serve, which goes on as the account "recourse", or start it as another ordinary user.',
    )
  const where =
    config.database.url === null
      ? { embedded: { dir: join(config.dataDir, 'postgres'), log } }
      : { url: config.database.url }
  return await connect({
    ...where,
    blobs: { dir: config.blobs.dir, keyFile: config.keyFile },
    maxConnections: config.database.maxConnections,
    log: log.child({ room: 'storage' }),
  })
}

/** The data directory, ours alone. */
export const prepareDataDir = (dir: string): void => usable('data directory', dir, 'RECOURSE_DATA_DIR')

/** What is wrong with a directory shows at the start, not at the first mail. */
function usable(what: string, dir: string, setting: string): void {
  const wrong = (is: string, cause: unknown) =>
    new AppError(
      'directory',
      `The ${what} ${dir} ${is}: ${messageOf(cause)}`,
      `Make it, give it to the account that runs Recourse, or set ${setting} to one that is.`,
      { cause },
    )
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw wrong('cannot be made', cause)
  }
  try {
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw wrong('does not let this account write', cause)
  }
}

export function openMailboxes(config: Config): MailboxProvider {
  const { mailboxes } = config
  if (mailboxes.kind === 'maildir') usable('directory of the mailboxes', mailboxes.root, 'RECOURSE_MAILBOXES_ROOT')
  return createMailboxes(mailboxes)
}

const LOCAL_COMMAND_MS = 30_000

/** How long a mailbox is one worker's own, and how long the last command of one may take. */
/** How much at once, and how fast, a mail server is asked for. */
export const pace = ({ remediation }: Config): Pick<Tuning, 'perServer' | 'rates'> => ({
  perServer: remediation.connections,
  rates: { perServer: remediation.perServerPerMinute, perMailbox: remediation.perMailboxPerMinute },
})

export function leaseTerms({ remediation, mailboxes }: Config): {
  readonly leaseMs: number
  readonly deadlineMs: number
} {
  const deadlineMs = mailboxes.kind === 'imap' ? commandSeconds(mailboxes) * 1000 : LOCAL_COMMAND_MS
  return { leaseMs: remediation.leaseSeconds * 1000, deadlineMs }
}

export function openNextHop(config: Config, provider: MailboxProvider): NextHop | null {
  const hop = config.gateway.nextHop
  if (hop.kind === 'lmtp') return createNextHop({ ...hop, hostname: config.gateway.hostname })
  return provider.deliver ? createNextHop({ kind: 'mailbox', provider }) : null
}

/** The first organisation, made by whoever starts first. */
export async function firstTenant(
  storage: OpenStorage,
  name: string,
): Promise<{ readonly id: TenantId; readonly made: boolean }> {
  return await storage.db.connection().execute(async (db) => {
    await sql`select pg_advisory_lock(hashtext('recourse first tenant'))`.execute(db)
    try {
      const [known] = await storage.tenants()
      return known ? { id: known, made: false } : { id: await storage.createTenant(name), made: true }
    } finally {
      await sql`select pg_advisory_unlock(hashtext('recourse first tenant'))`.execute(db)
    }
  })
}

/** Where there is no next hop, mail cannot be handed on: the sender keeps it. Imported mail goes into its mailbox without one. */
export const NO_HOP: NextHop = {
  kind: 'lmtp',
  handOver: async (mail) =>
    mail.recipients.map(() => ({ kind: 'temporary', reply: reply(451, '4.3.5', 'No next hop is configured') })),
  close: async () => {},
}

export const readIfThere = (path: string): string | null =>
  existsSync(path) ? readFileSync(path, 'utf8').trim() : null

/** Whether the mail store answers at all; whether it lets us in shows when it is used. */
export async function reachable(config: Config): Promise<void> {
  const store = config.mailboxes
  if (store.kind === 'maildir') {
    await mkdir(store.root, { recursive: true, mode: 0o700 })
    return await access(store.root, constants.W_OK)
  }
  await new Promise<void>((done, failed) => {
    const socket = connectTo({ host: store.host, port: store.port, timeout: 4000 })
    socket.once('connect', done)
    socket.once('error', failed)
    socket.once('timeout', () => failed(new Error(`${store.host}:${store.port} does not answer`)))
    socket.once('connect', () => socket.end())
    socket.once('error', () => socket.destroy())
    socket.once('timeout', () => socket.destroy())
  })
}
