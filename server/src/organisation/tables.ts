import type { ColumnType, Generated } from 'kysely'
import type { MailboxId, TenantId } from '../base/index.ts'
import type { MailboxKind } from './document.ts'
import type { MailPolicy } from './policies.ts'
import type { PolicySettings } from './policy.ts'
import type { RetentionSettings } from './retention.ts'

export interface OrgDomainTable {
  tenant_id: TenantId
  domain: string
}

export interface MailboxTable {
  tenant_id: TenantId
  id: MailboxId
  address: string
  login: string
  display_name: string
  kind: MailboxKind
  protected: boolean
  created_at: Generated<Date>
  removed_at: Date | null
}

export interface MailAliasTable {
  tenant_id: TenantId
  address: string
  target: string
}

export interface MailGroupTable {
  tenant_id: TenantId
  address: string
  display_name: string
  members: string[]
}

export interface OrganisationStateTable {
  tenant_id: TenantId
  version: number
  revision: string
  changed_at: Generated<Date>
  changed_by: string
}

export interface PolicyVersionTable {
  tenant_id: TenantId
  version: number
  policy: ColumnType<PolicySettings, string, never>
  at: Generated<Date>
  by: string
}

export interface UserSenderTable {
  tenant_id: TenantId
  mailbox_id: MailboxId
  list: 'safe' | 'blocked'
  value: string
  at: Generated<Date>
}

export interface MailPoliciesVersionTable {
  tenant_id: TenantId
  version: number
  policies: ColumnType<MailPolicy[], string, never>
  at: Generated<Date>
  by: string
}

export interface RetentionVersionTable {
  tenant_id: TenantId
  version: number
  retention: ColumnType<RetentionSettings, string, never>
  at: Generated<Date>
  by: string
}

export interface RetentionClockTable {
  tenant_id: TenantId
  seen_at: Date
  trusted_at: Date
  doubt_since: Date | null
  grace_seconds: number
  jumped_from: Date | null
  jumped_to: Date | null
}

declare module '../storage/schema.ts' {
  interface Database {
    org_domain: OrgDomainTable
    mailbox: MailboxTable
    mail_alias: MailAliasTable
    mail_group: MailGroupTable
    organisation_state: OrganisationStateTable
    policy_version: PolicyVersionTable
    user_sender: UserSenderTable
    mail_policies_version: MailPoliciesVersionTable
    retention_version: RetentionVersionTable
    retention_clock: RetentionClockTable
  }
}
