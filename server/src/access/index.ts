import type { RoomMigrations } from '../storage/index.ts'

export { type Actor, requirePermission } from './actor.ts'
export { type Api, ErrorBody, InstantText, PageOf } from './api.ts'
export {
  ALL_PERMISSIONS,
  forbidden,
  isPermission,
  PERMISSIONS,
  type Permission,
  ROLE_NAMES,
  ROLES,
  type Role,
} from './permissions.ts'
export type * from './tables.ts'

export const migrations: RoomMigrations = { room: 'access', dir: new URL('./migrations/', import.meta.url) }
