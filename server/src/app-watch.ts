import { type Log, type Metrics, systemClock, type TenantId } from './base/index.ts'
import type { Config } from './config.ts'
import { createRemedy, createWatcher, type HomeOf, type Judge, type Watcher } from './intake/index.ts'
import type { Parser } from './mail/index.ts'
import type { Remediation } from './remediation/index.ts'
import type { Storage } from './storage/index.ts'
import { reportOpinion } from './submissions/index.ts'

export interface WatchParts {
  readonly config: Config
  readonly log: Log
  readonly metrics: Metrics
  readonly storage: Storage
  readonly parser: Parser
  readonly judge: Judge
  readonly homeOf: HomeOf
  readonly remediation: Remediation
  readonly trustedAuthserv: (tenant: TenantId) => Promise<readonly string[]>
}

/** Watches the mailboxes where the configuration says so; null = nobody does. */
export function openWatcher(parts: WatchParts): Watcher | null {
  const { config, log, metrics, storage } = parts
  const { enabled, pollSeconds, concurrency, listeners, backlogPerMinute } = config.watch
  if (!enabled || !config.roles.includes('worker')) return null
  const watcher = createWatcher({
    storage,
    parser: parts.parser,
    judge: parts.judge,
    homeOf: parts.homeOf,
    trustedAuthserv: parts.trustedAuthserv,
    clock: systemClock,
    remedy: createRemedy(parts.remediation),
    log: log.child({ room: 'watch' }),
    tuning: { pollMs: pollSeconds * 1000, concurrency, listeners, backlogPerMinute },
  })
  const gauge = (name: string, help: string, read: (health: ReturnType<Watcher['health']>) => number) =>
    metrics.gauge(`recourse_watch_${name}`, help, [], () => read(watcher.health()))
  gauge('mailboxes', 'Mailboxes that this process watches.', (h) => h.mailboxes)
  gauge('failing', 'Watched mailboxes that could not be looked at.', (h) => h.failing)
  gauge('closed_folders', 'Folders of watched mailboxes that cannot be opened.', (h) => h.closedFolders)
  gauge('lag_seconds', 'Longest time since a watched mailbox was looked at.', (h) => h.lagMs / 1000)
  gauge('judged', 'Messages found in mailboxes and judged since the start.', (h) => h.judged)
  return watcher
}

/** What users say in their mailboxes becomes reports. */
export function reportOpinions(storage: Storage): void {
  storage.outbox.subscribe('submissions.opinions', ['mailbox.opinion'], async (tx, { data, tenant }) => {
    await reportOpinion(tx, storage.outbox, tenant, data)
  })
}
