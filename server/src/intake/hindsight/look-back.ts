import { type Clock, type Log, type MessageId, madeAt, type TenantId } from '../../base/index.ts'
import { type Brake, type Feeds, feedsListing, LISTED_KINDS } from '../../detection/index.ts'
import type { Parser } from '../../mail/index.ts'
import { type Occurrence, recentMessages } from '../../records/index.ts'
import type { Remediation } from '../../remediation/index.ts'
import type { Storage } from '../../storage/index.ts'
import { type Hit, type LearntOf, learn, Spared, unknownTo } from './learn.ts'
import { type SettledHits, settleHits } from './settle.ts'
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

/** What has come of a look at one organisation's mail. */
export interface LookedBack {
  /** Messages that were judged again. */
  readonly judged: number
  /** When the oldest message that is to be judged again has come, but whose copies are on their way into their mailboxes just now. */
  readonly underway: Date | null
}

export interface LookBackOptions {
  readonly spared?: Spared
  /** Only messages that have come since then: what an earlier look can have missed. */
  readonly arrivedSince?: Date | null
}

/**
 * Looks at the mail of the last hours with the eyes of today: a message in which a feed now lists something is judged again, and copies that
 * the policy would not have delivered are taken, as zero-hour auto purge does (air #132-137). The verdict and the action are one
 * transaction, so whatever ends this process leaves nothing half done, and looking twice changes nothing. What a feed has taken back is judged
 * without it, and the way back is proposed.
 */
export async function lookBack(
  deps: HindsightDeps,
  tenant: TenantId,
  { spared = new Spared(), arrivedSince = null }: LookBackOptions = {},
): Promise<LookedBack> {
  const { listed, over } = await look(deps, tenant, arrivedSince)
  let judged = 0
  const underway: MessageId[] = []
  const hits = listed.filter((hit) => !spared.has(hit))
  for (const part of parts(hits, TOGETHER)) {
    const settled = await again(deps, tenant, part, spared)
    judged += settled.judged
    underway.push(...settled.underway)
  }
  for (const part of parts(over, TOGETHER))
    judged += await deps.storage.tenant(tenant, (tx) => settleTakenBack(tx, deps, tenant, part))
  return { judged, underway: underway.length > 0 ? new Date(Math.min(...underway.map(madeAt))) : null }
}

/** All of them before the first is judged: what belongs together is one action, however much other mail came between. */
async function look(deps: HindsightDeps, tenant: TenantId, arrivedSince: Date | null) {
  const since = new Date(deps.clock.now().getTime() - deps.hours * 3_600_000)
  const listed: Hit[] = []
  const over: TakenBack[] = []
  for (let before: Occurrence | undefined; ; ) {
    const options = {
      since,
      arrivedSince,
      kinds: LISTED_KINDS,
      signals: 'feed:',
      limit: PAGE,
      ...(before ? { before } : {}),
    }
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

async function again(
  deps: HindsightDeps,
  tenant: TenantId,
  hits: readonly Hit[],
  spared: Spared,
): Promise<SettledHits> {
  const fresh = await deps.storage.tenant(tenant, (tx) => unknownTo(tx, hits))
  const learnt: LearntOf[] = []
  for (const part of parts(fresh, AT_ONCE))
    learnt.push(
      ...(await Promise.all(part.map((one) => learn(deps, tenant, one, spared)))).filter((one) => one !== null),
    )
  if (learnt.length === 0) return { judged: 0, underway: [] }
  return deps.storage.tenant(tenant, (tx) => settleHits(tx, deps, tenant, learnt))
}

function* parts<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}
