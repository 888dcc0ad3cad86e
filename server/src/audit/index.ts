import type { RoomMigrations } from '../storage/index.ts'

export { type AuditEntry, type AuditQuery, list } from './queries.ts'
export { type AuditActor, type AuditRecord, record, SYSTEM } from './record.ts'
export type * from './tables.ts'
export { type AuditCheck, verify } from './verify.ts'

export const migrations: RoomMigrations = { room: 'audit', dir: new URL('./migrations/', import.meta.url) }
