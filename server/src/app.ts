import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ALL_PERMISSIONS, actorOfToken, createToken, newSetupCode } from './access/index.ts'
import { suspendCauses } from './app-causes.ts'
import { lookBackWithFeeds, subscribeEngines, workForEngines } from './app-engines.ts'
import { serveHttp } from './app-http.ts'
import { serveMail } from './app-mail.ts'
import { countEvents } from './app-metrics.ts'
import { leaseTerms, readIfThere } from './app-parts.ts'
import { Opened, openRooms, type Rooms } from './app-rooms.ts'
import { reportOpinions } from './app-watch.ts'
import { SYSTEM } from './audit/index.ts'
import { type Log, type MailboxId, type TenantId, writePrivateFile } from './base/index.ts'
import type { Config } from './config.ts'
import { lookUpDoubts } from './intake/index.ts'
import type { MailboxProvider } from './mailboxes/index.ts'
import * as organisation from './organisation/index.ts'
import * as quarantine from './quarantine/index.ts'
import * as remediationRoom from './remediation/index.ts'
import { oneServer, type Remediation } from './remediation/index.ts'
import { eachTenant, type OpenStorage } from './storage/index.ts'

/** A running server. */
export interface App {
  /** Where the API and console answer; null without the role. */
  readonly url: string | null
  /** Ports of the gateway, in the order LMTP, SMTP, as far as they are configured. */
  readonly gatewayPorts: readonly number[]
  readonly tenant: TenantId
  /** The one-time code of the first run; null when somebody is there who can let others in. */
  readonly setupCode: string | null
  readonly storage: OpenStorage
  readonly mailboxes: MailboxProvider
  readonly remediation: Remediation
  /** Begins nothing new, waits for what runs, and closes everything, the embedded database last. */
  stop(): Promise<void>
}

/** Starts everything that the configuration's roles need, in order; what was opened is closed again when a later step fails. */
export async function startApp(config: Config, log: Log): Promise<App> {
  const opened = new Opened(log)
  try {
    const rooms = await openRooms(config, log, opened)
    subscribe(rooms)
    const url = config.roles.includes('api') ? await serveHttp(rooms, opened) : null
    await rooms.storage.start()
    if (config.roles.includes('worker')) {
      await rooms.remediation.run()
      await schedule(rooms)
      await workForEngines(rooms)
    }
    opened.add('remediation', () => rooms.remediation.stop())
    if (config.roles.includes('worker')) lookBackWithFeeds(rooms, opened)
    if (rooms.watcher) {
      const { watcher } = rooms
      watcher.run()
      opened.add('watcher', () => watcher.stop())
    }
    const gateway = await serveMail(rooms, opened)
    const setupCode = url === null ? null : await announce(rooms, url, opened)
    const { storage, tenant, mailboxes, remediation } = rooms
    return {
      url,
      gatewayPorts: gateway?.ports ?? [],
      tenant,
      setupCode,
      storage,
      mailboxes,
      remediation,
      stop: () => opened.close(),
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** The only place where subscribers of the outbox are named. */
function subscribe(rooms: Rooms): void {
  const { storage, log, metrics } = rooms
  subscribeEngines(rooms)
  countEvents(metrics, storage)
  reportOpinions(storage)
  suspendCauses(storage, log)
}

const MINUTE = 60_000
const DAY = 86_400_000

/** What is done from time to time, whoever does it. */
async function schedule({ config, storage, log, mailboxes }: Rooms): Promise<void> {
  const homeOf = oneServer(storage, mailboxes)
  const loginOf = async (tenant: TenantId, mailbox: MailboxId) => (await homeOf(tenant, mailbox))?.account.login ?? null
  await storage.jobs.schedule('quarantine.expire', 5 * MINUTE, async () => {
    const done = await quarantine.expireAll({
      storage,
      mailboxes,
      loginOf,
      ...leaseTerms(config),
      log: log.child({ room: 'quarantine' }),
      onExpired: remediationRoom.copiesExpired,
      trusted: async (tx, now) => (await organisation.retentionNow(tx, now)).trusted,
    })
    if (done.copies > 0 || done.left > 0) log.info(done, 'copies expired in quarantine')
  })
  await storage.jobs.schedule('intake.doubts', 5 * MINUTE, async () => {
    await eachTenant(storage, async (tenant) => {
      const settled = await lookUpDoubts({ storage, homeOf }, tenant)
      if (settled > 0)
        log.info({ tenant, settled }, 'held copies were looked for in mailboxes that could not be asked before')
    })
  })
  await storage.jobs.schedule('blobs.sweep', DAY, async () => {
    await eachTenant(storage, async (tenant) => {
      const removed = await storage.blobs.sweep(tenant, { graceMs: DAY })
      if (removed > 0) log.info({ tenant, removed }, 'bytes that nothing refers to any more were removed')
    })
  })
}

/** Files for those who may read the data directory: where the server is, a token for the command line, the code of the first run. */
async function announce(rooms: Rooms, url: string, opened: Opened): Promise<string | null> {
  const { config, storage, tenant } = rooms
  const file = (name: string) => join(config.dataDir, name)
  const token = readIfThere(file('cli-token'))
  if (token === null || (await actorOfToken(storage, token)) === null) {
    const { secret } = await storage.tenant(tenant, (tx) =>
      createToken(tx, { name: 'Command line on the server', permissions: ALL_PERMISSIONS }, SYSTEM),
    )
    writePrivateFile(file('cli-token'), `${secret}\n`)
  }
  const code = await storage.tenant(tenant, newSetupCode)
  if (code) writePrivateFile(file('setup-code'), `${code}\n`)
  else await rm(file('setup-code'), { force: true })
  const about = { url, pid: process.pid, startedAt: new Date().toISOString() }
  writePrivateFile(file('server.json'), `${JSON.stringify(about)}\n`)
  opened.add('server.json', () => rm(file('server.json'), { force: true }))
  return code
}
