import type { ActionId, ItemId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger/ledger.ts'
import type { ActionState } from '../ledger/states.ts'
import type { Requester, UndoOptions } from '../types.ts'
import { previewOf, type UndoPreview } from './preview.ts'
import { submitUndo } from './submit.ts'

/** What taking back one action, or some of its items, would do. */
export function previewUndo(
  tx: Tx,
  context: LedgerContext,
  action: ActionId,
  items?: readonly ItemId[],
): Promise<UndoPreview> {
  return previewOf(tx, context.tenant, { actions: [action], ...(items ? { items } : {}) }, context.now)
}

/** Takes back one action, or some of its items. */
export function submitUndoOf(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  of: ActionId,
  { items, ...options }: UndoOptions,
  proveAbove: number,
): Promise<{ id: ActionId; name: string; state: ActionState }> {
  const select = { actions: [of], ...(items ? { items } : {}) }
  return submitUndo(tx, context, requester, { ...options, select }, proveAbove)
}
