import type { RoomMigrations } from '../storage/index.ts'

export { addDeliveries } from './add.ts'
export { additionalActions } from './additional.ts'
export { countCleanBytes, forgetBytes, forgetCleanBytes } from './bytes.ts'
export { addEvents, rejudge, setHandover } from './change.ts'
export type * from './door.ts'
export type * from './events.ts'
export * from './filter.ts'
export { type HistoryQuestion, type SenderHistory, senderHistories } from './history.ts'
export { locate } from './locate.ts'
export { copiesMatching, factsMatching, messagesMatching } from './matching.ts'
export * from './queries.ts'
export { receive, receiveAll } from './receive.ts'
export { entityHash } from './rows.ts'
export type * from './tables.ts'
export type * from './types.ts'

export const migrations: RoomMigrations = { room: 'records', dir: new URL('./migrations/', import.meta.url) }
