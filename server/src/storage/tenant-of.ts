import type { TenantId } from '../base/index.ts'
import type { Tx } from './schema.ts'

const tenants = new WeakMap<Tx, TenantId>()

export const rememberTenant = (tx: Tx, tenant: TenantId): void => void tenants.set(tx, tenant)

/** The tenant that a transaction was opened for by `storage.tenant`; undefined for a nested or foreign one. */
export const tenantOf = (tx: Tx): TenantId | undefined => tenants.get(tx)
