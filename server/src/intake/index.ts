import type { RoomMigrations } from '../storage/index.ts'

export { type AcceptorDeps, createAcceptor } from './acceptor.ts'
export { attemptKey } from './attempt.ts'
export { type DoubtDeps, lookUpDoubts } from './doubts.ts'
export { createHindsight, type Hindsight } from './hindsight/hindsight.ts'
export { Spared } from './hindsight/learn.ts'
export { type HindsightDeps, lookBack } from './hindsight/look-back.ts'
export { type ImportDeps, type Imported, type ImportRequest, importMessage } from './import-message.ts'
export { createIntake, type Intake, type IntakeDeps } from './intake.ts'
export { judgeLate, type LateDeps } from './late.ts'
export { actOnLateVerdicts } from './late-action.ts'
export { createDirectory, createSplit, createView } from './organisation.ts'
export { INTAKE_POINTS } from './points.ts'
export * from './pure.ts'
export { register } from './routes.ts'
export {
  type ImportOptions,
  type ImportProblem,
  type ImportProgress,
  type ImportResult,
  importPath,
} from './sources/import-path.ts'
export { readMailSources } from './sources/read.ts'
export type * from './types.ts'
export type * from './watch/events.ts'
export { createRemedy } from './watch/remedy.ts'
export type * from './watch/tables.ts'
export {
  createWatcher,
  DEFAULT_WATCH,
  type Watcher,
  type WatcherDeps,
  type WatchHealth,
  type WatchTuning,
} from './watch/watcher.ts'

export const migrations: RoomMigrations = { room: 'intake', dir: new URL('./migrations/', import.meta.url) }
