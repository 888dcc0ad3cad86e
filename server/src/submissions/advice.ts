import type { Explanation } from '../detection/index.ts'
import type { Delivery } from '../records/index.ts'
import type { NextStep } from './next-steps.ts'
import type { Opinion } from './tables.ts'

/** What a person should know that no ready-made step says: why something is not offered, and which entry stands in the way. */
export function advice(
  explanation: Explanation,
  opinion: Opinion,
  deliveries: readonly Delivery[],
  next: readonly NextStep[],
): string[] {
  const { today, judgement } = explanation
  const wanted = opinion === 'should-not-have-been-blocked'
  const inTheWay = today.verdict.overrides.filter((o) => o.applied && o.action === (wanted ? 'block' : 'allow'))
  const entries = inTheWay.map((o) =>
    wanted
      ? `The block entry on ${o.entity.value} decides: as long as it stands (entry ${o.entryId}), no allow entry can win against it.`
      : `The allow entry on ${o.entity.value} let it through (entry ${o.entryId}): remove it, or the next one comes the same way.`,
  )
  return [
    ...entries,
    ...(wanted && inTheWay.length === 0 ? noEntry(explanation, next) : []),
    ...taken(wanted, deliveries),
  ]
    .filter((text) => text !== '')
    .concat(
      judgement.inputs.unparsable === null ? [] : ['The message could not be read completely, so more may be in it.'],
    )
}

function noEntry({ today, judgement }: Explanation, next: readonly NextStep[]): string[] {
  if (today.verdict.threat === 'none' || next.some((s) => s.kind === 'allow-entry')) return []
  const { authentication, entities } = judgement.inputs
  const senders = entities.filter((e) => e.kind === 'sender')
  if (senders.length > 1)
    return ['No entry is offered: the message names several From addresses, so its sender is not known.']
  const [sender] = senders
  return authentication.aligned || sender === undefined
    ? ['No entry is offered: none would let this message through.']
    : [
        `No entry for ${sender.value} is offered: ${authentication.source === 'none' ? 'nothing says whether the sender is genuine' : 'the sender could not be authenticated'}, so anybody could use it.`,
      ]
}

function taken(wanted: boolean, deliveries: readonly Delivery[]): string[] {
  const gone = deliveries.filter((d) => d.latest_location === 'soft-deleted' || d.latest_location === 'hard-deleted')
  if (!wanted || gone.length === 0) return []
  return [
    `${gone.length === 1 ? 'One copy was' : `${gone.length} copies were`} taken out of the mailbox by an action: undo that action, and they come back exactly as they were.`,
  ]
}
