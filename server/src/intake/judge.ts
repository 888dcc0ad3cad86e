import type { TenantId } from '../base/index.ts'
import { type AskEngines, type FeedLookup, gather, NO_FEEDS } from '../detection/pure.ts'
import {
  type Direction,
  decide,
  type EntityRef,
  entitiesOf,
  type Signal,
  type StoredInput,
  type Verdict,
} from '../judgement/pure.ts'
import { canonicalHost } from '../lists/pure.ts'
import type { MailContext, ParseOutcome } from '../mail/index.ts'
import type { ViewOf } from './types.ts'

export interface Judged {
  readonly verdict: Verdict
  readonly signals: readonly Signal[]
  readonly inputs: StoredInput
  readonly entities: readonly EntityRef[]
  readonly direction: Direction
  /** Engines that should have been heard and were not: to be judged again when they are back. */
  readonly absent: readonly string[]
}

export type Judge = (
  tenant: TenantId,
  parsed: ParseOutcome,
  context: MailContext,
  now: Date,
  raw: Buffer,
  /** Addresses of the mailboxes that it is for, which share a policy; absent = the policy for everybody. */
  mailboxes?: readonly string[],
) => Promise<Judged>

/** From parsed mail to verdict: signals (what feeds list among them), what the engines say, the tenant's policy, its list entries that may match. */
export function createJudge(viewOf: ViewOf, ask: AskEngines = NO_ENGINES, feeds: FeedLookup = NO_FEEDS): Judge {
  return async (tenant, parsed, context, now, raw, mailboxes = []) => {
    const entities = entitiesOf(parsed.mail, context)
    const [view, answered] = await Promise.all([
      viewOf(tenant, entities, now, mailboxes),
      ask(tenant, { mail: parsed.mail, raw, context }),
    ])
    const about = { mail: parsed.mail, context, organisation: view.facts, feeds, now }
    const signals = [
      ...gather(view.history === undefined ? about : { ...about, history: view.history }),
      ...answered.signals,
    ]
    const direction = directionOf(parsed, view.facts.domains)
    const [first] = mailboxes
    const policy = first === undefined ? view.policy : (view.policyOf?.(first, direction) ?? view.policy)
    const own = first === undefined ? undefined : view.senderLists?.get(first)
    const inputs: StoredInput = {
      entities,
      authentication: parsed.mail.authentication,
      entries: view.entries,
      policy,
      ...(own === undefined ? {} : { recipientList: own }),
      unparsable: parsed.kind === 'unparsable' ? parsed.why : null,
      now: now.toISOString(),
    }
    return {
      verdict: decide({ ...inputs, signals }),
      signals,
      inputs,
      entities,
      direction,
      absent: answered.absent,
    }
  }
}

const NO_ENGINES: AskEngines = async () => ({ signals: [], absent: [] })

/**
 * Inbound, unless the sender is one of our own domains and proved (anybody can write our name into From); then internal, or outbound
 * where its headers name recipients of others only.
 */
export function directionOf(parsed: ParseOutcome, domains: readonly string[]): Direction {
  const { from, authentication, to, cc } = parsed.mail
  // As the organisation has its domains: in lower case and punycode.
  const domainOf = (address: string | null | undefined) =>
    address == null ? undefined : (canonicalHost(address.slice(address.lastIndexOf('@') + 1)) ?? undefined)
  const sender = from.length === 1 ? domainOf(from[0]?.address) : undefined
  if (sender === undefined || !authentication.aligned || !domains.includes(sender)) return 'inbound'
  const named = [...to, ...cc].flatMap((a) => domainOf(a.address) ?? [])
  return named.length > 0 && named.every((d) => !domains.includes(d)) ? 'outbound' : 'internal'
}
