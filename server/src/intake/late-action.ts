import { AppError, type MessageId } from '../base/index.ts'
import type { ActionRequest, Remediation, Requester } from '../remediation/index.ts'
import type { Outbox } from '../storage/index.ts'

/**
 * A verdict that came late moves what has been delivered meanwhile: to where the policy would have put it, as an automatic action with
 * the finding as its cause, so that it can be undone by it and keeps away from what was undone before. A milder verdict takes nothing
 * back by itself: the release is proposed, a person decides. Call it before `storage.start()`.
 */
export function actOnLateVerdicts(outbox: Outbox, remediation: Pick<Remediation, 'submit'>): void {
  outbox.subscribe('intake.late-verdicts', ['verdict.late'], async (tx, { data, tenant }) => {
    const requester: Requester = {
      tenant,
      user: null,
      name: 'Late verdict',
      permissions: new Set(['remediation.propose', 'remediation.approve']),
    }
    try {
      await remediation.submit(requester, requestOf(data), tx)
    } catch (error) {
      // Nothing of it is in any mailbox, or somebody has released it already: nothing to do.
      if (!(error instanceof AppError) || error.status >= 500) throw error
    }
  })
}

type Late = {
  readonly messageId: MessageId
  readonly signal: { readonly id: string; readonly version: number }
  readonly from: { readonly placement: string }
  readonly to: { readonly threat: string; readonly placement: string }
}

function requestOf({ messageId, signal, from, to }: Late): ActionRequest {
  const common = {
    select: { messageIds: [messageId] },
    cause: { kind: 'signal' as const, id: signal.id, version: signal.version },
    source: 'automation' as const,
    description: `An engine that did not answer at receipt has been heard: ${to.threat}, ${to.placement} instead of ${from.placement}.`,
  }
  if (to.placement === 'quarantine') return { ...common, kind: 'quarantine' }
  if (from.placement === 'quarantine') return { ...common, kind: 'release', propose: true }
  if (to.placement === 'junk') return { ...common, kind: 'move', target: 'junk' }
  return { ...common, kind: 'move', target: 'inbox', propose: true }
}
