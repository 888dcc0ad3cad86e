import type { RoomMigrations } from '../storage/index.ts'

export type * from './door.ts'
export { addEntry, checkEntry, editEntry, removeEntry } from './entries.ts'
export type * from './events.ts'
export * from './pure.ts'
export {
  type EntryQuery,
  entriesFor,
  entriesForEach,
  getEntry,
  historyOf,
  listEntries,
  noteMatches,
} from './queries.ts'
export { type ListsDeps, register } from './routes.ts'
export { EntryBody, EntryRow } from './schemas.ts'
export {
  getSuspension,
  listSuspensions,
  type NewSuspension,
  revokeSuspension,
  type Suspension,
  suspendedSignals,
  suspendSignal,
} from './suspensions.ts'
export type * from './tables.ts'

export const migrations: RoomMigrations = { room: 'lists', dir: new URL('./migrations/', import.meta.url) }
