import type { RoomMigrations } from '../storage/index.ts'

export { CRASH_POINTS } from './crash-points.ts'
export type { RemediationLog, Tuning } from './desk.ts'
export type * from './events.ts'
export { type HomeOf, type MailboxHome, oneServer } from './outside.ts'
export type { Plan } from './preview.ts'
export { type RemediationRoutesDeps, register } from './routes.ts'
export * as schemas from './schemas.ts'
export { guardedBy } from './select.ts'
export { createRemediation, DEFAULT_TUNING, type Remediation, type RemediationDeps, type Submitted } from './service.ts'
export { ACTION_STATES, type ActionState, type Counts, ITEM_STATES, type ItemState } from './states.ts'
export type * from './tables.ts'
export type * from './types.ts'
export type { UndoPreview } from './undo.ts'
export { withdraw } from './vault.ts'
export {
  type ActionView,
  actionsOfMessage,
  getAction,
  type ItemView,
  listActions,
  listItems,
  type Transition,
  transitionsOf,
} from './view.ts'

export const migrations: RoomMigrations = { room: 'remediation', dir: new URL('./migrations/', import.meta.url) }
