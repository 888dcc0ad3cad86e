import type { Explanation } from '../detection/index.ts'
import type { Delivery } from '../records/index.ts'
import type { Opinion } from './tables.ts'

/** The result words of submissions §7.2 that our checks can give. */
export type Result =
  | 'No threats found'
  | 'Threats found'
  | 'Spam'
  | 'Bulk'
  | 'Spoofed message'
  | 'Authentication failed'
  | 'User Impersonation'
  | 'Domain Impersonation'
  | 'Allowed due to organizational overrides'
  | 'Blocked due to organizational overrides'
  | 'Unknown'

export interface ResultOf {
  readonly result: Result
  /** Why, in one or two sentences; names the entry or signal. */
  readonly detail: string
}

/** What today's lists and signals say, in the words of the field: overrides first, then authentication, then the rest (§6). */
export function resultOf(explanation: Explanation, opinion: Opinion, deliveries: readonly Delivery[]): ResultOf {
  const found = byOverride(explanation) ?? bySignals(explanation)
  const idle = pointless(opinion, deliveries)
  return idle === null ? found : { ...found, detail: `${found.detail} ${idle}` }
}

function byOverride({ today }: Explanation): ResultOf | null {
  const applied = today.verdict.overrides.find((o) => o.applied)
  if (applied === undefined) return null
  return {
    result:
      applied.action === 'allow'
        ? 'Allowed due to organizational overrides'
        : 'Blocked due to organizational overrides',
    detail: `${applied.action === 'allow' ? 'Allow' : 'Block'} entry ${applied.entryId} on ${applied.entity.value} decides.`,
  }
}

function bySignals({ today, judgement }: Explanation): ResultOf {
  const { verdict } = today
  const strongest = judgement.signals.find((s) => s.technology === verdict.technology && s.weight > 0)
  const because = strongest ? `${strongest.summary}.` : 'No signal speaks against it.'
  switch (verdict.threat) {
    case 'none':
      return judgement.inputs.unparsable === null
        ? { result: 'No threats found', detail: because }
        : { result: 'Unknown', detail: `The message could not be read: ${judgement.inputs.unparsable}.` }
    case 'spoof':
      return {
        result: strongest?.evidence['own'] === true ? 'Spoofed message' : 'Authentication failed',
        detail: because,
      }
    case 'impersonation':
      return {
        result: verdict.technology === 'impersonation-domain' ? 'Domain Impersonation' : 'User Impersonation',
        detail: because,
      }
    case 'bulk':
      return { result: 'Bulk', detail: because }
    case 'spam':
    case 'high-confidence-spam':
      return { result: 'Spam', detail: because }
    default:
      return { result: 'Threats found', detail: because }
  }
}

/** Reporting what is so already (invalidFalsePositive, invalidFalseNegative). */
function pointless(opinion: Opinion, deliveries: readonly Delivery[]): string | null {
  if (deliveries.length === 0) return null
  const stopped = (d: Delivery) => d.action === 'blocked' || d.action === 'junked'
  if (opinion === 'should-not-have-been-blocked' && !deliveries.some(stopped)) return 'It was not blocked for anybody.'
  if (opinion === 'should-have-been-blocked' && deliveries.every(stopped))
    return 'It was blocked for everybody already.'
  return null
}
