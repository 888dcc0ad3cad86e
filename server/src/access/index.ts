import type { RoomMigrations } from '../storage/index.ts'

export { type Actor, requireAllow, requirePermission } from './actor.ts'
export { type Api, ErrorBody, InstantText, PageOf } from './api.ts'
export { type Auth, type AuthOptions, makeAuth } from './auth.ts'
export { type GateDeps, guard } from './gate.ts'
export { addPerson, emailOf, type NewPerson, type Person, setRole } from './people.ts'
export {
  ALL_PERMISSIONS,
  forbidden,
  PERMISSIONS,
  type Permission,
  ROLE_NAMES,
  ROLES,
  type Role,
} from './permissions.ts'
export { type AccessDeps, NewToken, NewUser, register, SessionInfo, TokenMade, TokenRow, UserRow } from './routes.ts'
export { newSetupCode, setUp } from './setup.ts'
export { registerSignIn } from './sign-in.ts'
export type * from './tables.ts'
export { actorOfToken, createToken, revokeToken, type TokenInfo } from './tokens.ts'

export const migrations: RoomMigrations = { room: 'access', dir: new URL('./migrations/', import.meta.url) }
