import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import * as accessRoom from './access/index.ts'
import { ALL_PERMISSIONS, type Auth, actorOfToken, createToken, makeAuth, newSetupCode } from './access/index.ts'
import { suspendCauses } from './app-causes.ts'
import { engineStates, openEngines, openFeeds, subscribeEngines, workForEngines } from './app-engines.ts'
import { countEvents, countVerdicts } from './app-metrics.ts'
import {
  askTheResolver,
  firstTenant,
  leaseTerms,
  NO_HOP,
  openMailboxes,
  openNextHop,
  openStorage,
  prepareDataDir,
  reachable,
  readIfThere,
} from './app-parts.ts'
import { openWatcher, reportOpinions } from './app-watch.ts'
import { SYSTEM } from './audit/index.ts'
import {
  AppError,
  createMetrics,
  type Log,
  type MailboxId,
  type Metrics,
  messageOf,
  type TenantId,
  writePrivateFile,
} from './base/index.ts'
import { type Config, takesMail } from './config.ts'
import * as detection from './detection/index.ts'
import * as explorer from './explorer/index.ts'
import { createHttp, registerAudit, registerPreview, registerRaw } from './http/index.ts'
import * as intakeRoom from './intake/index.ts'
import {
  type AcceptorDeps,
  createAcceptor,
  createDirectory,
  createIntake,
  createJudge,
  createSplit,
  createView,
  type Intake,
  type Watcher,
} from './intake/index.ts'
import * as lists from './lists/index.ts'
import { createParser, isolation, type Parser } from './mail/index.ts'
import type { MailboxProvider } from './mailboxes/index.ts'
import { ALL_MIGRATIONS } from './migrations.ts'
import * as organisation from './organisation/index.ts'
import * as quarantine from './quarantine/index.ts'
import * as remediationRoom from './remediation/index.ts'
import { createRemediation, oneServer, type Remediation } from './remediation/index.ts'
import { migrate, type OpenStorage } from './storage/index.ts'
import * as submissions from './submissions/index.ts'
import { createGateway, type Gateway, type NextHop } from './transport/index.ts'

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

interface Rooms {
  readonly config: Config
  readonly log: Log
  readonly metrics: Metrics
  readonly storage: OpenStorage
  readonly auth: Auth
  readonly tenant: TenantId
  readonly parser: Parser
  readonly mailboxes: MailboxProvider
  readonly nextHop: NextHop | null
  readonly intake: Intake
  readonly directory: AcceptorDeps['directory']
  readonly remediation: Remediation
  readonly engines: detection.Engines
  readonly feeds: detection.Feeds
  readonly watcher: Watcher | null
}

/** What was opened, to be closed in the opposite order; closing goes on when one of them fails. */
class Opened {
  readonly #closers: (readonly [name: string, close: () => Promise<unknown>])[] = []
  readonly #log: Log
  #closing: Promise<void> | undefined
  constructor(log: Log) {
    this.#log = log
  }
  add(name: string, close: () => Promise<unknown>): void {
    this.#closers.push([name, close])
  }
  close(): Promise<void> {
    this.#closing ??= (async () => {
      for (const [name, close] of this.#closers.toReversed())
        await close().catch((error: unknown) =>
          this.#log.error({ error: messageOf(error) }, `${name} could not be closed in order`),
        )
    })()
    return this.#closing
  }
}

/** Starts everything that the configuration's roles need, in order; what was opened is closed again when a later step fails. */
export async function startApp(config: Config, log: Log): Promise<App> {
  const opened = new Opened(log)
  try {
    const rooms = await open(config, log, opened)
    subscribe(rooms)
    const url = config.roles.includes('api') ? await serveHttp(rooms, opened) : null
    await rooms.storage.start()
    if (config.roles.includes('worker')) {
      await rooms.remediation.run()
      await schedule(rooms)
      await workForEngines(rooms)
    }
    opened.add('remediation', () => rooms.remediation.stop())
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

async function open(config: Config, log: Log, opened: Opened): Promise<Rooms> {
  prepareDataDir(config.dataDir)
  const metrics = createMetrics({ process: true })
  const storage = await openStorage(config, log)
  opened.add('storage', () => storage.close())
  await migrate(storage, ALL_MIGRATIONS, log)
  const { id: tenant } = await firstTenant(storage, config.organisationName)
  const mailboxes = openMailboxes(config)
  opened.add('mailboxes', () => mailboxes.close())
  const nextHop = openNextHop(config, mailboxes)
  if (nextHop) opened.add('next hop', () => nextHop.close())
  const { workers, deadlineMs, maxRssMb, maxMb, askDns } = config.parser
  const parser = createParser({
    workers,
    deadlineMs,
    maxRssMb,
    maxBytes: maxMb * 1024 * 1024,
    hide: dataOf(config),
    ...(askDns ? { resolver: askTheResolver } : {}),
  })
  opened.add('parser', () => parser.close())
  const kept = isolation()
  if (kept.kind === 'none')
    log.warn(
      { why: kept.why },
      'Mail is parsed without namespaces of its own: only Node’s permission model limits the parsers.',
    )
  const engines = openEngines(config, storage, log, metrics, opened)
  const feeds = await openFeeds(config, log, metrics, opened)
  const homeOf = oneServer(storage, mailboxes)
  const stages = metrics.histogram('recourse_intake_seconds', 'Time of each step of taking a message in.', ['stage'])
  const judge = countVerdicts(metrics, createJudge(createView(storage), engines.ask, feeds.lookup))
  const trustedAuthserv = (id: TenantId) =>
    storage.tenant(id, async (tx) => (await organisation.getPolicy(tx)).trustedAuthserv)
  const intake = createIntake({
    storage,
    parser,
    judge,
    split: createSplit(storage),
    nextHop: nextHop ?? NO_HOP,
    homeOf,
    hostname: config.gateway.hostname,
    trustedAuthserv,
    observe: (stage, ms) => stages.observe({ stage }, ms / 1000),
  })
  const remediation = createRemediation({
    storage,
    mailboxes,
    nextHop,
    homeOf,
    log: log.child({ room: 'remediation' }),
    limits: config.remediation,
    tuning: leaseTerms(config),
    pending: { days: config.remediation.pendingDays, warnHours: config.remediation.warnHours },
  })
  // Makes the key file on the first start, and finds out now, not at the first mail, that it is a wrong one.
  await storage.blobs.put(tenant, Buffer.from('Recourse'))
  const key = await readFile(config.keyFile)
  const auth = makeAuth({ db: storage.db, key, publicUrl: config.http.publicUrl, log: log.child({ room: 'access' }) })
  return {
    config,
    log,
    metrics,
    storage,
    auth,
    tenant,
    parser,
    mailboxes,
    nextHop,
    intake,
    directory: createDirectory(storage),
    remediation,
    engines,
    feeds,
    watcher: openWatcher({ config, log, metrics, storage, parser, judge, homeOf, remediation, trustedAuthserv }),
  }
}

/** What those who parse mail must not see. */
const dataOf = (config: Config): string[] => [
  config.dataDir,
  config.blobs.dir,
  config.keyFile,
  ...(config.mailboxes.kind === 'maildir' ? [config.mailboxes.root] : []),
]

/** The only place where subscribers of the outbox are named. */
function subscribe({ storage, log, metrics, remediation }: Rooms): void {
  subscribeEngines(storage, remediation)
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
  await storage.jobs.schedule('blobs.sweep', DAY, async () => {
    for (const tenant of await storage.tenants()) {
      const removed = await storage.blobs.sweep(tenant, { graceMs: DAY })
      if (removed > 0) log.info({ tenant, removed }, 'bytes that nothing refers to any more were removed')
    }
  })
}

async function serveHttp(rooms: Rooms, opened: Opened): Promise<string> {
  const { config, storage, auth, parser } = rooms
  const http = await createHttp({
    storage,
    auth,
    log: rooms.log,
    metrics: rooms.metrics,
    publicUrl: config.http.publicUrl,
    trustedProxies: config.http.trustedProxies,
    consoleDir: config.http.consoleDir,
    maxBody: config.http.maxBodyMb * 1024 * 1024,
    checks: checks(rooms),
    details: () => engineStates(rooms.engines, rooms.feeds),
    routes: (api) => {
      accessRoom.register(api, {
        storage,
        auth,
        publicUrl: config.http.publicUrl,
        firstTenant: rooms.tenant,
        onSetUp: () => void rm(join(config.dataDir, 'setup-code'), { force: true }),
      })
      organisation.register(api, { storage })
      detection.register(api, { storage, engines: rooms.engines, feeds: rooms.feeds })
      lists.register(api, { storage, submissionExists: submissions.submissionExists })
      submissions.register(api, { storage, emailOf: accessRoom.emailOf(storage) })
      const take = {
        storage,
        remediation: rooms.remediation,
        outbox: storage.outbox,
        emailOf: accessRoom.emailOf(storage),
      }
      remediationRoom.register(api, {
        storage,
        remediation: rooms.remediation,
        rejectAsFalsePositive: explorer.rejectAsFalsePositive(take),
      })
      explorer.registerTakeAction(api, take)
      quarantine.register(api, { storage })
      intakeRoom.register(api, { intake: rooms.intake, directory: rooms.directory })
      explorer.register(api, { storage })
      explorer.registerHeld(api, {
        storage,
        remediation: rooms.remediation,
        emailOf: accessRoom.emailOf(storage),
      })
      registerRaw(api, { storage, parser })
      registerAudit(api, storage)
    },
    pages: (app) => registerPreview(app, { storage, parser }),
  })
  opened.add('http', () => http.close())
  const { host, port } = config.http
  await http.listen({ host, port }).catch((cause: unknown) => {
    throw new AppError(
      'http-port',
      `http.port ${port} on ${host} cannot be listened on: ${messageOf(cause)}`,
      'Stop what uses it, or choose another with RECOURSE_HTTP_PORT (0 = any free one).',
      { cause },
    )
  })
  const address = http.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host}:${bound}`
}

const checks = ({ storage, config }: Rooms) => ({
  database: () => sql`select 1`.execute(storage.db),
  blobs: async () => {
    await mkdir(config.blobs.dir, { recursive: true, mode: 0o700 })
    const probe = join(config.blobs.dir, `.probe-${process.pid}`)
    await writeFile(probe, 'x')
    await rm(probe)
  },
  key: () => access(config.keyFile, constants.R_OK),
  mailboxes: () => reachable(config),
})

async function serveMail(rooms: Rooms, opened: Opened): Promise<Gateway | null> {
  const { config, intake } = rooms
  if (!takesMail(config)) return null
  const { gateway: g } = config
  const listen = (['lmtp', 'smtp'] as const).flatMap((protocol) => {
    const { host, port } = g[protocol]
    return port === null ? [] : [{ protocol, host, port }]
  })
  const log = rooms.log.child({ room: 'gateway' })
  const gateway = await createGateway({
    options: {
      listen,
      hostname: g.hostname,
      maxSize: g.maxSizeMb * 1024 * 1024,
      maxRecipients: g.maxRecipients,
      maxConnections: g.maxConnections,
      maxConnectionsPerClient: g.maxConnectionsPerClient,
      maxMessagesPerMinute: g.maxMessagesPerMinute,
      xclient: g.xclient,
      xforward: g.xforward,
    },
    accept: createAcceptor({ intake, directory: rooms.directory, log }),
    log,
  })
  opened.add('gateway', () => gateway.close())
  rooms.metrics.gauge('recourse_gateway_connections', 'Connections to the gateway that are open.', [], () =>
    gateway.connections(),
  )
  return gateway
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
