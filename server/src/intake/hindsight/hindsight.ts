import { type Clock, type Log, messageOf, type TenantId } from '../../base/index.ts'
import { type Brake, type Feeds, feedsListing, LISTED_KINDS } from '../../detection/index.ts'
import type { Parser } from '../../mail/index.ts'
import { type Occurrence, recentMessages } from '../../records/index.ts'
import type { Remediation } from '../../remediation/index.ts'
import type { Storage } from '../../storage/index.ts'
import { type Hit, type LearntOf, learn, Spared, unknownTo } from './learn.ts'
import { settleHits } from './settle.ts'
import { settleTakenBack, type TakenBack, takenBack } from './taken-back.ts'

export interface HindsightDeps {
  readonly storage: Pick<Storage, 'tenant' | 'tenants' | 'blobs'>
  readonly parser: Pick<Parser, 'parse'>
  readonly feeds: Pick<Feeds, 'look' | 'lists'>
  readonly remediation: Pick<Remediation, 'submit'>
  readonly brake: Brake
  readonly log: Pick<Log, 'warn' | 'info'>
  readonly clock: Clock
  /** How far back mail is looked at. */
  readonly hours: number
}

/** Messages whose entities are read together, messages whose bytes are, and those that are judged in one transaction and taken by one action. */
const PAGE = 200
const AT_ONCE = 20
const TOGETHER = 500

/**
 * Looks at the mail of the last hours with the eyes of today: a message in which a feed now lists something is judged again, and copies that
 * the policy would not have delivered are taken, as zero-hour auto purge does (air #132-137). The verdict and the action are one
 * transaction, so whatever ends this process leaves nothing half done, and looking twice changes nothing. What a feed has taken back is judged
 * without it, and the way back is proposed. Gives back how many messages were judged again.
 */
export async function lookBack(deps: HindsightDeps, tenant: TenantId, spared = new Spared()): Promise<number> {
  const { listed, over } = await look(deps, tenant)
  let judged = 0
  const hits = listed.filter((hit) => !spared.has(hit))
  for (const part of parts(hits, TOGETHER)) judged += await again(deps, tenant, part, spared)
  for (const part of parts(over, TOGETHER))
    judged += await deps.storage.tenant(tenant, (tx) => settleTakenBack(tx, deps, tenant, part))
  return judged
}

/** All of them before the first is judged: what belongs together is one action, however much other mail came between. */
async function look(deps: HindsightDeps, tenant: TenantId) {
  const since = new Date(deps.clock.now().getTime() - deps.hours * 3_600_000)
  const listed: Hit[] = []
  const over: TakenBack[] = []
  for (let before: Occurrence | undefined; ; ) {
    const options = { since, kinds: LISTED_KINDS, signals: 'feed:', limit: PAGE, ...(before ? { before } : {}) }
    const page = await deps.storage.tenant(tenant, (tx) => recentMessages(tx, options))
    for (const { messageId, entities, signals } of page) {
      const feeds = feedsListing(deps.feeds.look, entities)
      const known = new Set(signals.map((s) => s.id))
      if ([...feeds].some((name) => !known.has(`feed:${name}`))) listed.push({ messageId, feeds })
    }
    over.push(...takenBack(page, deps.feeds))
    before = page.at(-1)
    if (page.length < PAGE) return { listed, over }
  }
}

async function again(deps: HindsightDeps, tenant: TenantId, hits: readonly Hit[], spared: Spared): Promise<number> {
  const fresh = await deps.storage.tenant(tenant, (tx) => unknownTo(tx, hits))
  const learnt: LearntOf[] = []
  for (const part of parts(fresh, AT_ONCE))
    learnt.push(
      ...(await Promise.all(part.map((one) => learn(deps, tenant, one, spared)))).filter((one) => one !== null),
    )
  if (learnt.length === 0) return 0
  return deps.storage.tenant(tenant, (tx) => settleHits(tx, deps, tenant, learnt))
}

function* parts<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}

export interface Hindsight {
  /** Looks back soon; while it does, once more afterwards. Returns at once. */
  wake(): void
  /** Begins nothing new and waits for what runs. */
  stop(): Promise<void>
}

const RETRY_MS = 60_000

/** Looks back in every organisation whenever it is woken; what fails is tried again a minute later. */
export function createHindsight(deps: HindsightDeps): Hindsight {
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const spared = new Spared()

  /** True when it was all looked at. One organisation's trouble is not another's. */
  async function round(): Promise<boolean> {
    let well = true
    for (const tenant of await deps.storage.tenants()) {
      if (stopped) return true
      try {
        const judged = await lookBack(deps, tenant, spared)
        if (judged > 0) deps.log.info({ tenant, judged }, 'mail was judged again because a feed has learnt')
      } catch (error) {
        well = false
        failed(error, tenant)
      }
    }
    return well
  }

  const failed = (error: unknown, tenant?: TenantId): void =>
    deps.log.warn(
      { ...(tenant ? { tenant } : {}), reason: messageOf(error) },
      'mail could not be looked at again; it is tried again in a minute',
    )

  async function run(): Promise<void> {
    do {
      again = false
      const well = await round().catch((error) => {
        failed(error)
        return false
      })
      if (well || stopped) continue
      clearTimeout(timer)
      timer = setTimeout(wake, RETRY_MS)
      timer.unref()
    } while (again && !stopped)
  }

  function wake(): void {
    again = true
    if (stopped || deps.hours === 0 || deps.feeds.look.empty) return
    running ??= run().finally(() => {
      running = null
    })
  }

  return {
    wake,
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
