import type { TenantId } from '../base/index.ts'
import { gather } from '../detection/index.ts'
import { decide, type EntityRef, entitiesOf, type Signal, type StoredInput, type Verdict } from '../judgement/index.ts'
import type { MailContext, ParseOutcome } from '../mail/index.ts'
import type { ViewOf } from './types.ts'

export interface Judged {
  readonly verdict: Verdict
  readonly signals: readonly Signal[]
  readonly inputs: StoredInput
  readonly entities: readonly EntityRef[]
  readonly direction: 'inbound' | 'internal'
}

export type Judge = (tenant: TenantId, parsed: ParseOutcome, context: MailContext, now: Date) => Promise<Judged>

/** From parsed mail to verdict: signals, the tenant's policy, its list entries that may match. */
export function createJudge(viewOf: ViewOf): Judge {
  return async (tenant, parsed, context, now) => {
    const entities = entitiesOf(parsed.mail, context)
    const view = await viewOf(tenant, entities, now)
    const signals = gather({ mail: parsed.mail, context, organisation: view.facts })
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
    }
  }
}

/** One of our own domains, and proved: anybody can write our name into From. */
function isInternal(parsed: ParseOutcome, domains: readonly string[]): boolean {
  const { from, authentication } = parsed.mail
  const address = from.length === 1 ? from[0]?.address : null
  const domain = address?.slice(address.lastIndexOf('@') + 1)
  return domain !== undefined && authentication.aligned && domains.includes(domain)
}
