import { readFile } from 'node:fs/promises'
import { type Auth, makeAuth } from './access/index.ts'
import { openEngines, openFeeds } from './app-engines.ts'
import { countVerdicts } from './app-metrics.ts'
import {
  askTheResolver,
  firstTenant,
  leaseTerms,
  NO_HOP,
  openMailboxes,
  openNextHop,
  openStorage,
  pace,
  prepareDataDir,
} from './app-parts.ts'
import { openWatcher } from './app-watch.ts'
import { createMetrics, type Log, type Metrics, messageOf, type TenantId } from './base/index.ts'
import type { Config } from './config.ts'
import type * as detection from './detection/index.ts'
import {
  type AcceptorDeps,
  createDirectory,
  createIntake,
  createJudge,
  createSplit,
  createView,
  type Intake,
  type Watcher,
} from './intake/index.ts'
import { createParser, isolation, type Parser } from './mail/index.ts'
import type { MailboxProvider } from './mailboxes/index.ts'
import { ALL_MIGRATIONS } from './migrations.ts'
import * as organisation from './organisation/index.ts'
import { createRemediation, oneServer, type Remediation } from './remediation/index.ts'
import { migrate, type OpenStorage } from './storage/index.ts'
import type { NextHop } from './transport/index.ts'

/** What a running server is made of. */
export interface Rooms {
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
export class Opened {
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

/** Opens everything that the configuration names, in order; nothing runs yet. */
export async function openRooms(config: Config, log: Log, opened: Opened): Promise<Rooms> {
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
    doubtMs: config.gateway.doubtMinutes * 60_000,
    observe: (stage, ms) => stages.observe({ stage }, ms / 1000),
  })
  const remediation = createRemediation({
    storage,
    mailboxes,
    nextHop,
    homeOf,
    log: log.child({ room: 'remediation' }),
    limits: config.remediation,
    tuning: { ...leaseTerms(config), ...pace(config) },
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
