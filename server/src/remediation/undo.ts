import type { ActionId, ItemId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import type { LedgerContext } from './ledger.ts'
import type { ActionState } from './states.ts'
import type { Requester, UndoOptions } from './types.ts'
import { previewOf, submitUndo, type UndoPreview } from './undo/index.ts'

export type { UndoPreview } from './undo/index.ts'

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
