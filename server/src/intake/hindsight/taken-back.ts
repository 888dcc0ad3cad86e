import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { DeliveryId, MessageId, TenantId } from '../../base/index.ts'
import type { Feeds } from '../../detection/index.ts'
import type { Signal, Verdict } from '../../judgement/index.ts'
import { deliveriesOf, type RecentMessage } from '../../records/index.ts'
import type { ActionRequest } from '../../remediation/index.ts'
import type { Tx } from '../../storage/index.ts'
import { harsher } from '../again.ts'
import { submitAutomatic } from '../automatic.ts'
import { wayBack } from '../late-action.ts'
import { judged } from './judge.ts'
import type { HindsightDeps } from './look-back.ts'

/** A message with signals of feeds that list nothing of it any more. */
export interface TakenBack {
  readonly messageId: MessageId
  readonly signals: readonly Signal[]
}

const Evidence = Type.Object({ feed: Type.String(), listed: Type.Array(Type.Object({ entry: Type.String() })) })

/** What was listed at receipt, or since, and is not now. A feed that cannot be read has its last good state; one that is not here says nothing. */
export const takenBack = (page: readonly RecentMessage[], feeds: Pick<Feeds, 'lists'>): readonly TakenBack[] =>
  page.flatMap(({ messageId, signals }) => {
    const over = signals.filter(({ evidence }) => isOver(evidence, feeds))
    return over.length > 0 ? [{ messageId, signals: over }] : []
  })

const isOver = (evidence: Signal['evidence'], feeds: Pick<Feeds, 'lists'>): boolean =>
  Value.Check(Evidence, evidence) &&
  evidence.listed.length > 0 &&
  evidence.listed.every(({ entry }) => feeds.lists(evidence.feed, entry) === false)

interface Back {
  readonly from: Verdict['placement']
  readonly to: Verdict['placement']
  readonly cause: Signal
  readonly copies: readonly DeliveryId[]
}

/**
 * Judges them without what was taken back. What would be let go today is proposed: a person decides, as of any milder verdict (lesson #62), and
 * only of copies that lie where the verdict has put them.
 */
export async function settleTakenBack(
  tx: Tx,
  deps: Pick<HindsightDeps, 'remediation' | 'clock' | 'log'>,
  tenant: TenantId,
  over: readonly TakenBack[],
): Promise<number> {
  const all: Back[] = []
  let count = 0
  for (const { messageId, signals } of [...over].sort((a, b) => (a.messageId < b.messageId ? -1 : 1))) {
    const again = await judged(tx, deps, messageId, without(signals))
    if (again === null) continue
    count++
    const { before, after, otherwise } = again
    const [cause] = signals
    if (!cause || !harsher(before, after) || !harsher(otherwise, after)) continue
    const there = (await deliveriesOf(tx, messageId)).filter((d) => d.latest_location === before.placement)
    if (there.length > 0)
      all.push({ from: before.placement, to: after.placement, cause, copies: there.map((d) => d.id) })
  }
  const alike = ({ from, to, cause }: Back) => JSON.stringify([from, to, cause.id, cause.version])
  for (const group of Map.groupBy(all, alike).values()) await propose(tx, deps, tenant, group)
  return count
}

function without(signals: readonly Signal[]) {
  const ids = new Set(signals.map((s) => s.id))
  return {
    signals: (before: readonly Signal[]) => {
      const left = before.filter((s) => !ids.has(s.id))
      return left.length === before.length ? null : left
    },
    actor: [...ids].join(', '),
    why: `${signals.map((s) => `the feed ${s.evidence['feed']} does not list it any more`).join('; ')}.`,
    detail: { feeds: signals.map((s) => s.evidence['feed']), takenBack: true },
  }
}

async function propose(
  tx: Tx,
  { remediation }: Pick<HindsightDeps, 'remediation'>,
  tenant: TenantId,
  group: readonly Back[],
): Promise<void> {
  const [first] = group
  if (first === undefined) return
  const { from, to, cause } = first
  const copies = group.flatMap((b) => b.copies)
  const request: ActionRequest = {
    ...wayBack(from, to),
    select: { deliveryIds: copies },
    name: `Taken back by the feed ${cause.evidence['feed']}: ${copies.length} ${copies.length === 1 ? 'copy' : 'copies'}`,
    description: `The feed ${cause.evidence['feed']} does not list any more what put these messages into ${from}: today they would be ${to === 'junk' ? 'junked' : 'delivered'}.`,
    // No cause: to undo what the feed did must not take this back.
    propose: true,
  }
  await submitAutomatic(tx, remediation, { tenant, name: 'ZAP' }, request)
}
