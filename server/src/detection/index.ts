import type { RoomMigrations } from '../storage/index.ts'

export { type Brake, createBrake, watchBrake } from './brake/brake.ts'
export { letGo, listNotices, type Notice } from './brake/notices.ts'
export { BrakeOptions } from './brake/options.ts'
export * from './engines/index.ts'
export type * from './events.ts'
export { factsOf, policyOfMessage, type TenantView, tenantView } from './facts.ts'
export * from './feeds/index.ts'
export * from './pure.ts'
export { type DetectionRoutesDeps, EnginesView, LessonRow, register } from './routes.ts'
export { feed as feedSignals } from './signals/feed.ts'
export type * from './tables.ts'
export { convicting, countMatches, type Explanation, explain, notFound } from './today.ts'

export const migrations: RoomMigrations = { room: 'detection', dir: new URL('./migrations/', import.meta.url) }
