import type { DeliveryId, MessageId, TenantId } from '../../base/index.ts'
import type { Signal, Verdict } from '../../judgement/index.ts'
import { suspendedSignals } from '../../lists/index.ts'
import { currentVerdict, type Delivery, deliveriesOf } from '../../records/index.ts'
import type { ActionRequest } from '../../remediation/index.ts'
import type { Tx } from '../../storage/index.ts'
import { type Again, harsher, lockArrived, strongest } from '../again.ts'
import { submitAutomatic } from '../automatic.ts'
import { judged } from './judge.ts'
import type { LearntOf } from './learn.ts'
import type { HindsightDeps } from './look-back.ts'

/** A message whose copies are to go, by what the verdict and the feed say. */
interface Taking {
  readonly learnt: LearntOf
  readonly again: Again
  readonly cause: Signal
  readonly copies: readonly DeliveryId[]
}

type SettleDeps = Pick<HindsightDeps, 'remediation' | 'clock' | 'brake' | 'log'>

export interface SettledHits {
  /** Messages that have a new verdict. */
  readonly judged: number
  /** Those whose copies are on their way into their mailboxes just now: they are judged at the next look. */
  readonly underway: readonly MessageId[]
}

/**
 * Records what was learnt and submits what follows from it. A feed that would take the
 * mail of known senders is stopped by the brake before anything is taken.
 */
export async function settleHits(
  tx: Tx,
  deps: SettleDeps,
  tenant: TenantId,
  learnt: readonly LearntOf[],
): Promise<SettledHits> {
  const takings: Taking[] = []
  const underway: MessageId[] = []
  let count = 0
  // In the order of their ids: two that look back at the same time wait for each other, and never in a circle.
  for (const one of [...learnt].sort((a, b) => (a.messageId < b.messageId ? -1 : 1))) {
    if (!(await lockArrived(tx, one.messageId, deps.clock.now()))) {
      underway.push(one.messageId)
      continue
    }
    const again = await judged(tx, deps, one.messageId, learntBy(one.signals))
    if (again === null) continue
    count++
    const taking = await takingOf(tx, one, again)
    if (taking === null) continue
    takings.push(taking)
    const current = await currentVerdict(tx, one.messageId)
    if (current !== null) await deps.brake.judged(tx, one.messageId, current)
  }
  const going = await unlessStopped(tx, deps, takings)
  const alike = ({ again: { after }, cause }: Taking) =>
    JSON.stringify([after.placement, after.threat, cause.id, cause.version])
  for (const group of Map.groupBy(going, alike).values()) await submit(tx, deps, tenant, group)
  return { judged: count, underway }
}

/** Null where nothing is to go: it is not worse, or not for what was learnt, or no copy is in reach. */
async function takingOf(tx: Tx, learnt: LearntOf, again: Again): Promise<Taking | null> {
  const { before, after, otherwise } = again
  // What a list or policy of today alone would do acts on what comes, not on what is there: that is asked for apart.
  if (!harsher(after, before) || !harsher(after, otherwise)) return null
  const copies = (await deliveriesOf(tx, learnt.messageId)).filter((d) => inReach(d, after)).map((d) => d.id)
  const cause = strongest(learnt.signals)
  return cause && copies.length > 0 ? { learnt, again, cause, copies } : null
}

/** Where the brake has stopped a feed meanwhile, its messages are judged once more, and go only if another feed convicts them too. */
async function unlessStopped(tx: Tx, deps: SettleDeps, takings: readonly Taking[]): Promise<readonly Taking[]> {
  const off = await suspendedSignals(tx, deps.clock.now())
  const isOff = (signal: Signal) =>
    off.some((s) => s.id === signal.id && (s.version === null || s.version === signal.version))
  const going: Taking[] = []
  for (const taking of takings) {
    const { messageId, signals } = taking.learnt
    const stopped = signals.filter(isOff).map((s) => s.id)
    if (stopped.length === 0) going.push(taking)
    else {
      const why = `${stopped.join(' and ')} was suspended by the brake: it would have taken the mail of known senders.`
      const same = {
        signals: (all: readonly Signal[]) => all,
        actor: stopped.join(', '),
        why,
        detail: { braked: true },
      }
      const again = await judged(tx, deps, messageId, same)
      const left = { messageId, signals: signals.filter((s) => !isOff(s)) }
      const still = again && (await takingOf(tx, left, { ...taking.again, after: again.after }))
      if (still) going.push(still)
    }
  }
  return going
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

/** In a folder of its user and not deleted (air #136); in Junk already: only quarantine is more. */
const inReach = ({ latest_location: at }: Delivery, { placement }: Verdict): boolean =>
  at === 'inbox' || at === 'folder' || (at === 'junk' && placement === 'quarantine')

const SPAM: ReadonlySet<string> = new Set(['spam', 'high-confidence-spam', 'bulk'])

/** One action for all that goes to the same place for the same reason, undone like any other. */
async function submit(tx: Tx, { remediation }: SettleDeps, tenant: TenantId, group: readonly Taking[]): Promise<void> {
  const [first] = group
  if (first === undefined) return
  const {
    again: { after: verdict },
    cause,
  } = first
  const copies = group.flatMap((t) => t.copies)
  const request: ActionRequest = {
    ...(verdict.placement === 'junk' ? { kind: 'move', target: 'junk' } : { kind: 'quarantine' }),
    select: { deliveryIds: copies },
    name: `ZAP: ${verdict.threat.replaceAll('-', ' ')} found after delivery, ${copies.length} ${copies.length === 1 ? 'copy' : 'copies'}`,
    description: `${cause.summary}. That was not known when it was delivered.`,
    cause: { kind: 'signal', id: cause.id, version: cause.version },
    zap: true,
    ...(SPAM.has(verdict.threat) ? { onlyUnread: true } : {}),
  }
  await submitAutomatic(tx, remediation, { tenant, name: 'ZAP' }, request)
}
