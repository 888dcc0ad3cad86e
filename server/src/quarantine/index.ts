import type { RoomMigrations } from '../storage/index.ts'

export { auditHeld } from './audit.ts'
export { type MessageResult, resultsOf } from './decide.ts'
export { type Expired, type ExpiryDeps, expireAll, expireHeld } from './expiry.ts'
export type { HeldMessage, HeldRecipient } from './queries.ts'
export { type QuarantineRoutesDeps, register, resultsBody } from './routes.ts'
export { HeldMessageRow, Results } from './schemas.ts'
export { chosenCopies, type HeldCopy, HeldSelection, isOpen, whyClosed } from './selection.ts'
export type * from './tables.ts'
export { REASONS, type Reason, type ReleaseStatus } from './words.ts'

export const migrations: RoomMigrations = { room: 'quarantine', dir: new URL('./migrations/', import.meta.url) }
