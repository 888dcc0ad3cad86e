import type { RoomMigrations } from '../storage/index.ts'

export { type FalsePositiveDeps, rejectAsFalsePositive } from './false-positive.ts'
export type { HeldDeps } from './held/act.ts'
export { registerHeld } from './held/routes.ts'
export { HeldDone, HeldPlan } from './held/schemas.ts'
export { histogram } from './histogram.ts'
export { messageRow } from './list.ts'
export * from './query-schemas.ts'
export { type ExplorerDeps, register } from './routes.ts'
export { NewQuery, QueryRun, SavedQueries, SavedQuery } from './saved/schemas.ts'
export * from './schemas.ts'
export type * from './tables.ts'
export { type TakeDeps, takeAction } from './take-action.ts'
export { registerTakeAction } from './take-routes.ts'
export * from './take-schemas.ts'

export const migrations: RoomMigrations = { room: 'explorer', dir: new URL('./migrations/', import.meta.url) }
