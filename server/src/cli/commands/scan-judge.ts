import { type TenantId, uuidv7 } from '../../base/pure.ts'
import {
  classifyBy,
  type Model,
  type OrganisationFacts,
  type PackedFeed,
  SHIPPED,
  unpackFeeds,
} from '../../detection/pure.ts'
import { createJudge } from '../../intake/pure.ts'
import { decidePolicy, type PolicyMode } from '../../judgement/pure.ts'
import { type MailContext, type ReadMail, receivedContext } from '../../mail/pure.ts'
import type { Judgement } from './scan-run.ts'

/** What judging needs to know; sent to each process. */
export interface Judging {
  readonly mode: PolicyMode
  readonly facts: OrganisationFacts
  /** Null = the shipped start. */
  readonly model: Model | null
  readonly feeds: readonly PackedFeed[]
  /** Servers whose Authentication-Results are believed; null = by the place of the headers. */
  readonly trustAuthserv: readonly string[] | null
  /** Instant of the judgement. */
  readonly now: Date
}

/** From bytes to judgement, in the process that parses: what was read of a message is far larger than what is answered. */
export function prepareJudging(by: Judging): (raw: Buffer, read: ReadMail) => Promise<Judgement> {
  const policy = decidePolicy({ mode: by.mode, version: 1 })
  const view = { facts: by.facts, policy, entries: [] }
  const judge = createJudge(async () => view, classifyBy(by.model ?? SHIPPED), unpackFeeds(by.feeds))
  const nobody = uuidv7<TenantId>()
  return async (raw, read) => {
    const context = contextOf(raw, by.trustAuthserv)
    const parsed = await read(context)
    const { verdict, signals } = await judge(nobody, parsed, context, by.now, raw)
    return {
      messageId: parsed.mail.internetMessageId,
      action: verdict.placement,
      threat: verdict.threat,
      score: verdict.score,
      signals: signals.map(({ id, weight, evidence }) => ({ id, weight, evidence })),
      error: parsed.kind === 'unparsable' ? parsed.why : null,
    }
  }
}

function contextOf(raw: Buffer, trusted: readonly string[] | null): MailContext {
  const { trustedResults, ...context } = receivedContext(raw)
  if (trusted !== null) return { ...context, trustedAuthserv: trusted }
  return { ...context, ...(trustedResults === undefined ? {} : { trustedResults }) }
}
