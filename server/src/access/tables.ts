import type { Generated } from 'kysely'
import type { TenantId, UserId } from '../base/index.ts'
import type { Permission, Role } from './permissions.ts'

export interface MembershipTable {
  tenant_id: TenantId
  user_id: UserId
  role: Role
  name: string
  email: string
  created_at: Generated<Date>
  created_by: string
}

export interface ApiTokenTable {
  tenant_id: TenantId
  id: string
  name: string
  hash: string
  permissions: Permission[]
  created_at: Generated<Date>
  created_by: string
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}

export interface SetupCodeTable {
  tenant_id: TenantId
  hash: string
  made_at: Generated<Date>
  used_at: Date | null
}

declare module '../storage/schema.ts' {
  interface Database {
    membership: MembershipTable
    api_token: ApiTokenTable
    setup_code: SetupCodeTable
  }
}
