import { type Log, type Metrics, messageOf, systemClock, type TenantId } from './base/index.ts'
import type { Config } from './config.ts'
import {
  type Brake,
  countMatches,
  createBrake,
  createEngines,
  createFeeds,
  duePending,
  type Engines,
  type Feeds,
  watchBrake,
} from './detection/index.ts'
import { actOnLateVerdicts, createHindsight, judgeLate } from './intake/index.ts'
import type { Parser } from './mail/index.ts'
import type { Remediation } from './remediation/index.ts'
import { eachTenant, type Storage } from './storage/index.ts'
import { teachFromSubmissions, workOnLessons } from './submissions/index.ts'

const MB = 1024 * 1024
const LATE = 'engines.late'
const REFIT = 'classifier.refit'
const LATE_EVERY_MS = 15_000

export function openEngines(
  config: Config,
  storage: Storage,
  log: Log,
  metrics: Metrics,
  opened: { add(name: string, close: () => Promise<unknown>): void },
): Engines {
  const { rspamd, clamav } = config.engines
  const engines = createEngines({
    storage,
    log: log.child({ room: 'engines' }),
    metrics,
    rspamd:
      rspamd.url === null
        ? null
        : { url: rspamd.url, password: rspamd.password, timeoutMs: rspamd.timeoutMs, maxBytes: rspamd.maxMb * MB },
    clamav:
      clamav.address === null
        ? null
        : { address: clamav.address, timeoutMs: clamav.timeoutMs, maxBytes: clamav.maxMb * MB },
    onUp: (engine) => void wake(storage, engine, log),
  })
  opened.add('engines', async () => engines.stop())
  // Known from the start, not only from the first message on; nobody waits for it.
  void engines.check()
  return engines
}

/** Waits until every feed was read once: mail shall not be judged without one because it came early. */
export async function openFeeds(
  config: Config,
  log: Log,
  metrics: Metrics,
  opened: { add(name: string, close: () => Promise<unknown>): void },
): Promise<Feeds> {
  const { files, checkSeconds, maxMb, maxEntries } = config.feeds
  const feeds = createFeeds({
    files,
    limits: { maxBytes: maxMb * MB, maxEntries },
    log: log.child({ room: 'feeds' }),
    metrics,
  })
  opened.add('feeds', async () => feeds.stop())
  await feeds.check()
  feeds.watch(checkSeconds * 1000)
  return feeds
}

/** An engine is back: what waits for it is due now. */
async function wake(storage: Storage, engine: string, log: Log): Promise<void> {
  try {
    await eachTenant(storage, (tenant) =>
      storage.tenant(tenant, async (tx) => {
        if ((await duePending(tx, [engine])) > 0) await storage.jobs.send(tx, LATE, {}, { key: LATE })
      }),
    )
  } catch (error) {
    log.warn({ engine, reason: messageOf(error) }, 'mail that waits for an engine is looked for later')
  }
}

interface Subscribing {
  readonly storage: Storage
  readonly remediation: Remediation
  readonly config: Pick<Config, 'brake'>
  readonly log: Log
}

const brakeOf = ({ storage, config, log }: Omit<Subscribing, 'remediation'>): Brake =>
  createBrake({ outbox: storage.outbox, limits: config.brake, log: log.child({ room: 'detection' }) })

/** Before `storage.start()`. */
export function subscribeEngines({ storage, remediation, config, log }: Subscribing): void {
  const { outbox } = storage
  const brake = brakeOf({ storage, config, log })
  countMatches(outbox, brake)
  watchBrake(outbox, brake)
  teachFromSubmissions({ storage })
  actOnLateVerdicts(storage.outbox, remediation)
  storage.outbox.subscribe('classifier.refit', ['classifier.taught'], (tx) =>
    storage.jobs.send(tx, REFIT, {}, { key: REFIT }),
  )
}

interface Work {
  readonly storage: Storage
  readonly parser: Parser
  readonly engines: Engines
  readonly log: Log
}

/** What the role `worker` does for the engines. */
export async function workForEngines({ storage, parser, engines, log }: Work): Promise<void> {
  const late = { storage, parser, engines, log: log.child({ room: 'engines' }) }
  await workOnLessons({ storage, parser, log: log.child({ room: 'submissions' }) })
  await storage.jobs.work(REFIT, async ({ tenant }) => {
    if (typeof tenant === 'string') while (await engines.refit(tenant as TenantId));
  })
  await storage.jobs.work(LATE, async ({ tenant }) => {
    if (typeof tenant === 'string') await judgeLate(late, tenant as TenantId)
  })
  await storage.jobs.schedule('engines.late.look', LATE_EVERY_MS, async () => {
    await eachTenant(storage, (tenant) => judgeLate(late, tenant))
  })
}

interface Looking extends Pick<Work, 'storage' | 'parser' | 'log'> {
  readonly config: Config
  readonly feeds: Feeds
  readonly remediation: Remediation
}

/** The role `worker`: what a feed has learnt holds for the mail of the last days too. Now as well, for what it learnt while we were away. */
export function lookBackWithFeeds(
  { config, storage, parser, feeds, remediation, log }: Looking,
  opened: { add(name: string, close: () => Promise<unknown>): void },
): void {
  const hindsight = createHindsight({
    ...{ storage, parser, remediation, feeds, clock: systemClock },
    log: log.child({ room: 'intake' }),
    brake: brakeOf({ storage, config, log }),
    hours: config.feeds.lookBackHours,
  })
  opened.add('hindsight', () => hindsight.stop())
  feeds.onRead(() => hindsight.wake())
}

/** For `/readyz`: mail is taken without them, so they never make a server unready. */
export const engineStates = (engines: Engines, feeds: Feeds) => ({
  engines: Object.fromEntries(engines.statuses().map((s) => [s.id, s.state])),
  feeds: Object.fromEntries(feeds.statuses().map((s) => [s.name, s.state])),
})
