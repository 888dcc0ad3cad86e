export { type ClamavOptions, clamav } from './clamav.ts'
export * from './classifier/index.ts'
export { ABSENT, createEngines, type Engines, type EnginesDeps } from './engines.ts'
export { forget, type LessonCause, type TaughtLesson, taughtLessons, teach } from './lessons.ts'
export { createModels, type Models } from './models.ts'
export { classifyBy } from './offline.ts'
export { EngineOptions } from './options.ts'
export {
  claimPending,
  countPending,
  duePending,
  GIVE_UP_AFTER,
  heardPending,
  judgeLater,
  type Pending,
  postponePending,
  settlePending,
} from './pending.ts'
export { type RspamdOptions, rspamd } from './rspamd.ts'
export { type EngineStatus, supervise } from './supervise.ts'
export type * from './types.ts'
