import type { TenantId, UserId } from '../base/index.ts'
import { forbidden, type Permission } from './permissions.ts'

/** Who asks: a signed-in person or an API token, in one tenant. */
export interface Actor {
  readonly tenant: TenantId
  /** The person; for a token, the token's own id. */
  readonly user: UserId
  /** As the timeline and the audit log show it. */
  readonly name: string
  readonly permissions: ReadonlySet<Permission>
}

/** For rights that depend on the request's content; a route's fixed right is declared in its `config.permission`. */
/** Making an allow entry: the right to write entries, and the one to let mail through (permissions #80). */
export function requireAllow(actor: Pick<Actor, 'permissions'>): void {
  requirePermission(actor, 'lists.write')
  requirePermission(actor, 'lists.allow')
}

/** Throws AppError `forbidden` (403), which names the permission. */
export function requirePermission(actor: Pick<Actor, 'permissions'>, permission: Permission): void {
  if (!actor.permissions.has(permission)) throw forbidden(permission)
}
