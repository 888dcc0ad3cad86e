import type { TenantId } from '../../base/index.ts'
import type { Remediation } from '../../remediation/index.ts'
import type { Tx } from '../../storage/index.ts'
import { submitAutomatic } from '../automatic.ts'
import type { TakenCopy } from './take.ts'

/**
 * What policy does not leave in the mailbox is taken by an action like any other: one for each place and cause, undone like any other,
 * and kept off what was taken back from the same cause before.
 */
export function createRemedy(remediation: Pick<Remediation, 'submit'>) {
  return async (tx: Tx, tenant: TenantId, copies: readonly TakenCopy[]): Promise<void> => {
    const groups = Map.groupBy(copies, ({ placement, cause }) => JSON.stringify([placement, cause]))
    for (const group of groups.values()) {
      const [first] = group
      if (!first) continue
      const { placement, cause, threat } = first
      const kind =
        placement === 'junk' ? ({ kind: 'move', target: 'junk' } as const) : ({ kind: 'quarantine' } as const)
      const request = {
        ...kind,
        select: { deliveryIds: group.map((copy) => copy.deliveryId) },
        name: `${placement === 'junk' ? 'Junk' : 'Quarantine'} found in mailboxes: ${threat}`,
        description: 'Judged after delivery, by the watcher of mailboxes.',
        ...(cause ? { cause } : {}),
      }
      await submitAutomatic(tx, remediation, { tenant, name: 'automation' }, request)
    }
  }
}
