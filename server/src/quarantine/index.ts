export { type HeldMessage, type HeldQuery, type HeldRecipient, heldMessages, type ReleaseStatus } from './queries.ts'
export { expiresAt, RETENTION_DAYS } from './retention.ts'
export { HeldMessageRow, HeldRecipientRow, register } from './routes.ts'
