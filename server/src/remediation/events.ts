import type { ActionId } from '../base/index.ts'
import type { Cause } from '../judgement/index.ts'
import type { ActionState } from './ledger/states.ts'

declare module '../storage/types.ts' {
  interface Events {
    /** An action's status changed; counts are read from it. */
    'action.changed': { readonly actionId: ActionId; readonly state: ActionState }
    /** Somebody approved it, and somebody else still has to; or messages joined it while it waits. Its status is as before. */
    'action.touched': { readonly actionId: ActionId }
    /** An action waits for approval and will expire soon; said once. */
    'action.expiring': { readonly actionId: ActionId; readonly expiresAt: string }
    /** An undo asked that its cause stop acting on new mail: `lists` suspends the entry, judgement's settings the signal. */
    'cause.suspend': { readonly cause: Cause; readonly undoActionId: ActionId }
  }
}
