import type { MessageId } from '../base/index.ts'
import { deliveriesOf } from '../records/index.ts'
import type { ActionRequest, Remediation } from '../remediation/index.ts'
import type { Outbox, Tx } from '../storage/index.ts'
import { submitAutomatic } from './automatic.ts'

/**
 * A verdict that came late moves what has been delivered meanwhile: to where the policy would have put it, as an automatic action with
 * the finding as its cause, so that it can be undone by it and keeps away from what was undone before. A milder verdict takes nothing
 * back by itself: the release is proposed, a person decides; and only of copies that lie where the verdict has put them, for what has
 * been done with the others since was somebody's decision. Call it before `storage.start()`.
 */
export function actOnLateVerdicts(outbox: Outbox, remediation: Pick<Remediation, 'submit'>): void {
  outbox.subscribe('intake.late-verdicts', ['verdict.late'], async (tx, { data, tenant }) => {
    const request = await requestOf(tx, data)
    if (request !== null) await submitAutomatic(tx, remediation, { tenant, name: 'Late verdict' }, request)
  })
}

type Placement = 'deliver' | 'junk' | 'quarantine'

type Late = {
  readonly messageId: MessageId
  readonly signal: { readonly id: string; readonly version: number } | null
  readonly from: { readonly placement: Placement }
  readonly to: { readonly threat: string; readonly placement: Placement }
  readonly why?: string
}

async function requestOf(tx: Tx, { messageId, signal, from, to, why }: Late): Promise<ActionRequest | null> {
  const common = {
    select: { messageIds: [messageId] },
    ...(signal ? { cause: { kind: 'signal' as const, ...signal } } : {}),
    description: `${why ?? 'An engine that did not answer at receipt has been heard'}: ${to.threat}, ${to.placement} instead of ${from.placement}.`,
  }
  if (to.placement === 'quarantine') return { ...common, kind: 'quarantine', zap: true }
  if (from.placement === 'deliver') return { ...common, kind: 'move', target: 'junk', zap: true }
  const there = (await deliveriesOf(tx, messageId)).filter((d) => d.latest_location === from.placement)
  if (there.length === 0) return null
  const select = { deliveryIds: there.map((d) => d.id) }
  return { ...common, select, propose: true, ...wayBack(from.placement, to.placement) }
}

/** What a milder verdict would have done with what a harsher one has put there. */
export function wayBack(from: Placement, to: Placement): Pick<ActionRequest, 'kind' | 'target'> {
  if (to === 'junk') return { kind: 'move', target: 'junk' }
  return from === 'quarantine' ? { kind: 'release' } : { kind: 'move', target: 'inbox' }
}
