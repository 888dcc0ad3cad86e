import { type RawBuilder, sql } from 'kysely'
import type { ActionId, TenantId } from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { ActionState } from '../ledger/states.ts'
import type { Person } from '../ledger/tables.ts'
import type { ActionKind } from '../types.ts'

export interface ActionFacts {
  readonly id: ActionId
  readonly kind: ActionKind
  readonly name: string
  readonly state: ActionState
  readonly cause: Cause | null
  readonly requestedBy: Person
  readonly createdAt: Date
  /** Items that have not come to their end. */
  readonly left: number
}

interface ActionRow {
  id: ActionId
  kind: ActionKind
  name: string
  state: ActionState
  cause: Cause | null
  requested_by: Person
  created_at: Date
  left_over: number
}

/** The actions `a` that fulfil all of these, oldest first. */
export async function actionsWhere(
  tx: Tx,
  tenant: TenantId,
  conditions: readonly RawBuilder<unknown>[],
): Promise<readonly ActionFacts[]> {
  const rows = await sql<ActionRow>`
    select a.id, a.kind, a.name, a.state, a.cause, a.requested_by, a.created_at,
      a.n_planned + a.n_approved + a.n_executing + a.n_retrying as left_over
    from action a where a.tenant_id = ${tenant} and ${sql.join(conditions, sql` and `)} order by a.id`.execute(tx)
  return rows.rows.map((r) => ({
    id: r.id,
    kind: r.kind,
    name: r.name,
    state: r.state,
    cause: r.cause,
    requestedBy: r.requested_by,
    createdAt: r.created_at,
    left: r.left_over,
  }))
}

export const actionsById = (
  tx: Tx,
  tenant: TenantId,
  ids: readonly ActionId[],
): Promise<readonly ActionFacts[]> | readonly ActionFacts[] =>
  ids.length === 0 ? [] : actionsWhere(tx, tenant, [sql`a.id = any(${[...ids]}::uuid[])`])
