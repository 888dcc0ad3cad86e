// The door of the room. Behind it, from what is written down to who does the work:
//   ledger/     the tables, the states of items and actions, and the only way to change them
//   rules/      who may do it, who has to agree, how much at once
//   submit/     from a selection to an action or a plan that waits: which copies, what would happen, the proposal
//   decide/     approve, reject, cancel, expire, classify
//   undo/       taking back by action or by cause: preview and submission
//   views/      actions, items and their history, read for people
//   api/        the HTTP routes and their schemas
//   desk/       what the worker has at hand in one mailbox: session, lease, rates, time of the next attempt
//   find/       which copy in the mailbox is meant, proved by its bytes
//   act/        moving it, putting it back, handing it over; what came of it, and what to do in doubt
//   worker/     the loop: loads what is due and goes from mailbox to mailbox
//   retention/  the end of what is kept for undo
// service.ts puts them together as contract.ts promises; types.ts has the terms that all of them share.

import type { RoomMigrations } from '../storage/index.ts'

export { withdraw } from './act/vault.ts'
export { type RejectAsFalsePositive, type RemediationRoutesDeps, register, selectionOf } from './api/routes.ts'
export * as schemas from './api/schemas.ts'
export type { PlanDesk, Remediation, RemediationDeps, Submitted } from './contract.ts'
export { classifyAction, messagesOf } from './decide/classify.ts'
export type { Decided, Part } from './decide/decide.ts'
export { CRASH_POINTS } from './desk/crash-points.ts'
export type { RemediationLog, Tuning } from './desk/desk.ts'
export { type HomeOf, type MailboxHome, oneServer } from './desk/outside.ts'
export type { Rates } from './desk/pace.ts'
export type * from './events.ts'
export { isCopyOf } from './find/identity.ts'
export { ACTION_STATES, type ActionState, type Counts, ITEM_STATES, type ItemState } from './ledger/states.ts'
export type * from './ledger/tables.ts'
export { copiesExpired, type Expired } from './retention/expire.ts'
export type { RetentionState } from './retention/routes.ts'
export type { ApprovalRules } from './rules/approval.ts'
export { DEFAULT_LIMITS, type Limits } from './rules/limits.ts'
export { createRemediation } from './service.ts'
export type { KeepPreview, KeepRequest } from './submit/keep.ts'
export { type Chosen, type PlanRequest, readable } from './submit/plans.ts'
export type { Plan } from './submit/preview.ts'
export { guardedBy, type Scope } from './submit/select.ts'
export type { SubmittedAction } from './submit/submit.ts'
export {
  possibleFor,
  selectedMessages,
  sentToPutBack,
  strangers,
  type TargetCopy,
  targetsOf,
} from './submit/targets.ts'
export * from './types.ts'
export type { CauseRef, Counted, Future, TouchedAction, UndoPreview, UndoRequest, UndoSelection } from './undo/index.ts'
export { type ActionView, getAction } from './views/action.ts'
export { busyCopies } from './views/busy.ts'
export { type ActionQuery, listActions } from './views/history.ts'
export { type ItemView, listItems, type Transition } from './views/items.ts'

export const migrations: RoomMigrations = { room: 'remediation', dir: new URL('./migrations/', import.meta.url) }
