import type { DeliveryId, TenantId } from '../../base/index.ts'
import type { Signal, Verdict } from '../../judgement/index.ts'
import { type Delivery, deliveriesOf } from '../../records/index.ts'
import type { ActionRequest } from '../../remediation/index.ts'
import type { Tx } from '../../storage/index.ts'
import { harsher, judgeAgain } from '../again.ts'
import type { HindsightDeps } from './hindsight.ts'
import type { LearntOf } from './learn.ts'
import { submitAutomatic } from './submit.ts'

/** A message whose copies are to go, by what the verdict and the feed say. */
interface Taking {
  readonly verdict: Verdict
  readonly cause: Signal
  readonly copies: readonly DeliveryId[]
}

/** Records what was learnt and submits what follows from it; gives back how many messages have a new verdict. */
export async function settleHits(
  tx: Tx,
  deps: Pick<HindsightDeps, 'remediation' | 'clock'>,
  tenant: TenantId,
  learnt: readonly LearntOf[],
): Promise<number> {
  const takings: Taking[] = []
  let judged = 0
  // In the order of their ids: two that look back at the same time wait for each other, and never in a circle.
  for (const one of [...learnt].sort((a, b) => (a.messageId < b.messageId ? -1 : 1))) {
    const again = await judgeAgain(tx, one.messageId, learntBy(one.signals), deps.clock.now())
    if (again === null) continue
    judged++
    const { before, after, otherwise } = again
    // What a list or policy of today alone would do acts on what comes, not on what is there: that is asked for apart.
    if (!harsher(after, before) || !harsher(after, otherwise)) continue
    const copies = (await deliveriesOf(tx, one.messageId)).filter((d) => inReach(d, after)).map((d) => d.id)
    const cause = strongest(one.signals)
    if (cause && copies.length > 0) takings.push({ verdict: after, cause, copies })
  }
  const alike = ({ verdict, cause }: Taking) =>
    JSON.stringify([verdict.placement, verdict.threat, cause.id, cause.version])
  for (const group of Map.groupBy(takings, alike).values()) await submit(tx, deps, tenant, group)
  return judged
}

function learntBy(signals: readonly Signal[]) {
  const ids = new Set(signals.map((s) => s.id))
  return {
    signals: (before: readonly Signal[]) => {
      // Another process was faster.
      const known = new Set(before.map((s) => s.id))
      if (signals.every((s) => known.has(s.id))) return null
      return [...before.filter((s) => !ids.has(s.id)), ...signals]
    },
    actor: signals.map((s) => s.id).join(', '),
    why: `${signals.map((s) => s.summary).join('; ')}. That was not known at receipt.`,
    detail: { feeds: signals.map((s) => s.evidence['feed']) },
  }
}

const strongest = (signals: readonly Signal[]): Signal | undefined =>
  signals.filter((s) => s.weight > 0).sort((a, b) => b.weight - a.weight)[0]

/** In a folder of its user and not deleted (air #136); in Junk already: only quarantine is more. */
const inReach = ({ latest_location: at }: Delivery, { placement }: Verdict): boolean =>
  at === 'inbox' || at === 'folder' || (at === 'junk' && placement === 'quarantine')

const SPAM: ReadonlySet<string> = new Set(['spam', 'high-confidence-spam', 'bulk'])

/** One action for all that goes to the same place for the same reason, undone like any other. */
async function submit(
  tx: Tx,
  { remediation }: Pick<HindsightDeps, 'remediation'>,
  tenant: TenantId,
  group: readonly Taking[],
): Promise<void> {
  const [first] = group
  if (first === undefined) return
  const { verdict, cause } = first
  const copies = group.flatMap((t) => t.copies)
  const request: ActionRequest = {
    ...(verdict.placement === 'junk' ? { kind: 'move', target: 'junk' } : { kind: 'quarantine' }),
    select: { deliveryIds: copies },
    name: `ZAP: ${verdict.threat} found after delivery, ${copies.length} ${copies.length === 1 ? 'copy' : 'copies'}`,
    description: `${cause.summary}. That was not known when it was delivered.`,
    cause: { kind: 'signal', id: cause.id, version: cause.version },
    source: 'automation',
    zap: true,
    ...(SPAM.has(verdict.threat) ? { onlyUnread: true } : {}),
  }
  await submitAutomatic(tx, remediation, tenant, request)
}
