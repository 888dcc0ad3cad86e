import type { RoomMigrations } from '../storage/index.ts'

export type { ApprovalRules } from './approval.ts'
export { busyCopies } from './busy.ts'
export { classifyAction, messagesOf } from './classify.ts'
export { CRASH_POINTS } from './crash-points.ts'
export type { Decided, Part } from './decide.ts'
export type { RemediationLog, Tuning } from './desk.ts'
export type * from './events.ts'
export { type ActionQuery, listActions } from './history.ts'
export { type ItemView, listItems, type Transition, transitionsOf } from './item-view.ts'
export { DEFAULT_LIMITS, type Limits } from './limits.ts'
export { type HomeOf, type MailboxHome, oneServer } from './outside.ts'
export { type Chosen, type PlanRequest, readable } from './plans.ts'
export type { Plan } from './preview.ts'
export { copiesExpired, type Expired } from './retention/expire.ts'
export { type RetentionState, retentionState } from './retention/routes.ts'
export { type RejectAsFalsePositive, type RemediationRoutesDeps, register, selectionOf } from './routes.ts'
export * as schemas from './schemas.ts'
export { guardedBy, type Scope } from './select.ts'
export {
  createRemediation,
  DEFAULT_TUNING,
  type PlanDesk,
  type Remediation,
  type RemediationDeps,
  type Submitted,
} from './service.ts'
export { ACTION_STATES, type ActionState, type Counts, ITEM_STATES, type ItemState } from './states.ts'
export type { SubmittedAction } from './submit.ts'
export type * from './tables.ts'
export { possibleFor, selectedMessages, sentToPutBack, strangers, type TargetCopy, targetsOf } from './targets.ts'
export * from './types.ts'
export type { CauseRef, Counted, Future, TouchedAction, UndoPreview, UndoRequest, UndoSelection } from './undo/index.ts'
export { withdraw } from './vault.ts'
export { type ActionView, actionsOfMessage, getAction } from './view.ts'

export const migrations: RoomMigrations = { room: 'remediation', dir: new URL('./migrations/', import.meta.url) }
