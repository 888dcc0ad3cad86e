import type { RoomMigrations } from '../storage/index.ts'

export { auditHeld } from './audit.ts'
export { type MessageResult, needSome, resultsOf } from './decide.ts'
export { type Expired, type ExpiryDeps, expireAll, expireHeld } from './expiry.ts'
export { HeldFilter } from './filter.ts'
export { countHeld, type HeldMessage, type HeldRecipient, heldMessage, listHeld } from './queries.ts'
export { LONGEST_DAYS } from './retention.ts'
export { type QuarantineRoutesDeps, register, resultsBody } from './routes.ts'
export { HeldMessageRow, HeldRecipientRow, Results } from './schemas.ts'
export { chosenCopies, type HeldCopy, HeldSelection, isOpen, lockMessages, whyClosed } from './selection.ts'
export type * from './tables.ts'
export { POLICY_TYPES, REASONS, type Reason, type ReleaseStatus, STATUSES } from './words.ts'

export const migrations: RoomMigrations = { room: 'quarantine', dir: new URL('./migrations/', import.meta.url) }
