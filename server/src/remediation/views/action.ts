import { sql } from 'kysely'
import type { ActionId, TenantId } from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import type { Tx } from '../../storage/index.ts'
import { countsOf } from '../ledger/ledger.ts'
import type { ActionState, Counts } from '../ledger/states.ts'
import type { About, ActionParams, Approval, Classification, Person } from '../ledger/tables.ts'
import type { ActionKind, MoveTarget, Severity, Source } from '../types.ts'

export interface ActionView {
  readonly id: ActionId
  readonly kind: ActionKind
  readonly target: MoveTarget | null
  readonly name: string
  readonly description: string
  readonly state: ActionState
  readonly requestedBy: Person
  /** Who has added copies to it while it waited. */
  readonly joined: readonly Person[]
  readonly approvals: readonly Approval[]
  readonly cause: Cause | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  /** The action that it takes back, where it is one… */
  readonly undoOf: ActionId | null
  /** …and all of them. */
  readonly undoes: readonly ActionId[]
  /** The newest undo of it that was not rejected. */
  readonly undoneBy: ActionId | null
  readonly counts: Counts
  /** Short; the steps of one plan share it. */
  readonly approvalId: string
  readonly severity: Severity | null
  readonly source: Source
  /** Of a step without copies: what it did. */
  readonly about: About | null
  readonly approvalsNeeded: number
  readonly decidedBy: string | null
  readonly decidedAt: string | null
  /** Waits for approval until then. */
  readonly expiresAt: string | null
  /** It waits, and expires within a day. */
  readonly expiring: boolean
  /** The action that was proposed before somebody chose this one for it. */
  readonly derivedFrom: ActionId | null
  readonly classification: Classification | null
  /** When its status last changed, as far as people notice. */
  readonly updatedAt: string
  /** Why it does not go on. */
  readonly problem: string | null
  /** What was tried to prove the way back. */
  readonly proof: readonly string[] | null
}

export type ActionRow = Parameters<typeof countsOf>[0] & {
  id: ActionId
  kind: ActionKind
  target: MoveTarget | null
  name: string
  description: string
  state: ActionState
  requested_by: Person
  params?: ActionParams
  approvals: readonly Approval[]
  cause: Cause | null
  created_at: Date
  started_at: Date | null
  ended_at: Date | null
  undo_of: ActionId | null
  undone_by: ActionId | null
  undoes: readonly ActionId[]
  approval_id: string
  severity: Severity | null
  source: Source
  about: About | null
  approvals_needed: number
  decided_by: string | null
  decided_at: Date | null
  expires_at: Date | null
  warned_at: Date | null
  derived_from: ActionId | null
  classification: Classification | null
  problem: string | null
  proof: readonly string[] | null
}

export const viewOf = (r: ActionRow): ActionView => ({
  id: r.id,
  kind: r.kind,
  target: r.target,
  name: r.name,
  description: r.description,
  state: r.state,
  requestedBy: r.requested_by,
  joined: r.params?.joined ?? [],
  approvals: r.approvals,
  cause: r.cause,
  createdAt: r.created_at.toISOString(),
  startedAt: r.started_at?.toISOString() ?? null,
  endedAt: r.ended_at?.toISOString() ?? null,
  undoOf: r.undo_of,
  undoneBy: r.undone_by,
  undoes: r.undoes,
  counts: countsOf(r),
  approvalId: r.approval_id,
  severity: r.severity,
  source: r.source,
  about: r.about,
  approvalsNeeded: r.approvals_needed,
  decidedBy: r.decided_by,
  decidedAt: r.decided_at?.toISOString() ?? null,
  expiresAt: r.state === 'pending-approval' ? (r.expires_at?.toISOString() ?? null) : null,
  expiring: r.state === 'pending-approval' && r.warned_at !== null,
  derivedFrom: r.derived_from,
  classification: r.classification,
  updatedAt: new Date(
    Math.max(...[r.created_at, r.started_at, r.decided_at, r.ended_at].map((at) => at?.getTime() ?? 0)),
  ).toISOString(),
  problem: r.problem,
  proof: r.proof,
})

export const undoneBy = sql`(select u.id from action u where u.tenant_id = a.tenant_id and u.state not in ('rejected', 'expired')
  and u.id in (select id from action where tenant_id = a.tenant_id and undo_of = a.id
    union all select undo_id from action_undoes where tenant_id = a.tenant_id and action_id = a.id)
  order by u.id desc limit 1) as undone_by,
  array(select action_id from action_undoes where tenant_id = a.tenant_id and undo_id = a.id order by action_id) as undoes`

export async function getAction(tx: Tx, tenant: TenantId, id: ActionId): Promise<ActionView | null> {
  const rows =
    await sql<ActionRow>`select a.*, ${undoneBy} from action a where a.tenant_id = ${tenant} and a.id = ${id}`.execute(
      tx,
    )
  const [row] = rows.rows
  return row ? viewOf(row) : null
}
