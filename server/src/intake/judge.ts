import type { TenantId } from '../base/index.ts'
import { type AskEngines, gather } from '../detection/index.ts'
import { decide, type EntityRef, entitiesOf, type Signal, type StoredInput, type Verdict } from '../judgement/index.ts'
import type { MailContext, ParseOutcome } from '../mail/index.ts'
import type { ViewOf } from './types.ts'

export interface Judged {
  readonly verdict: Verdict
  readonly signals: readonly Signal[]
  readonly inputs: StoredInput
  readonly entities: readonly EntityRef[]
  readonly direction: 'inbound' | 'internal'
  /** Engines that should have been heard and were not: to be judged again when they are back. */
  readonly absent: readonly string[]
}

export type Judge = (
  tenant: TenantId,
  parsed: ParseOutcome,
  context: MailContext,
  now: Date,
  raw: Buffer,
) => Promise<Judged>

/** From parsed mail to verdict: signals, what the engines say, the tenant's policy, its list entries that may match. */
export function createJudge(viewOf: ViewOf, ask: AskEngines = NO_ENGINES): Judge {
  return async (tenant, parsed, context, now, raw) => {
    const entities = entitiesOf(parsed.mail, context)
    const [view, answered] = await Promise.all([
      viewOf(tenant, entities, now),
      ask(tenant, { mail: parsed.mail, raw, context }),
    ])
    const signals = [...gather({ mail: parsed.mail, context, organisation: view.facts }), ...answered.signals]
    const inputs: StoredInput = {
      entities,
      authentication: parsed.mail.authentication,
      entries: view.entries,
      policy: view.policy,
      unparsable: parsed.kind === 'unparsable' ? parsed.why : null,
      now: now.toISOString(),
    }
    return {
      verdict: decide({ ...inputs, signals }),
      signals,
      inputs,
      entities,
      direction: isInternal(parsed, view.facts.domains) ? 'internal' : 'inbound',
      absent: answered.absent,
    }
  }
}

const NO_ENGINES: AskEngines = async () => ({ signals: [], absent: [] })

/** One of our own domains, and proved: anybody can write our name into From. */
function isInternal(parsed: ParseOutcome, domains: readonly string[]): boolean {
  const { from, authentication } = parsed.mail
  const address = from.length === 1 ? from[0]?.address : null
  const domain = address?.slice(address.lastIndexOf('@') + 1)
  return domain !== undefined && authentication.aligned && domains.includes(domain)
}
