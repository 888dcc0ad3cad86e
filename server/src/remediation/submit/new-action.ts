import { sql } from 'kysely'
import type { ActionId } from '../../base/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import { count, type Delta, type LedgerContext } from '../ledger/ledger.ts'
import type { ActionState } from '../ledger/states.ts'
import type { About, ActionParams, Person } from '../ledger/tables.ts'
import { freeApprovalId } from '../rules/approval.ts'
import type { ActionKind, ActionRequest, MoveTarget, Severity, Source } from '../types.ts'

export interface NewAction {
  readonly id: ActionId
  readonly kind: ActionKind
  readonly target: MoveTarget | null
  readonly params: ActionParams
  readonly name: string
  readonly description: string
  readonly cause: ActionRequest['cause'] | null
  readonly by: Person
  readonly undoOf: ActionId | null
  /** Whether somebody still has to approve it. */
  readonly pending: boolean
  /** How many have to; default: one if it is pending. */
  readonly needed?: number
  /** Asking for it was an approval; default: unless it is pending. */
  readonly own?: boolean
  readonly plan?: PlanRef
  readonly severity?: Severity
  readonly source?: Source
  readonly about?: About
  readonly derivedFrom?: ActionId
}

/** The plan that an action is a step of. */
export interface PlanRef {
  readonly id: string
  readonly approvalId: string
}

const WEEK_MS = 7 * 86_400_000

export async function insertAction(tx: Tx, context: LedgerContext, action: NewAction): Promise<void> {
  const { now, tenant } = context
  const approved = { ...action.by, at: now.toISOString(), decision: 'approved', why: null }
  const expires = new Date(now.getTime() + (context.pendingMs ?? WEEK_MS))
  await tx
    .insertInto('action')
    .values({
      tenant_id: tenant,
      id: action.id,
      kind: action.kind,
      target: action.target,
      params: jsonText(action.params),
      name: action.name,
      description: action.description,
      cause: action.cause ? jsonText(action.cause) : null,
      requested_by: jsonText(action.by),
      approvals: jsonText((action.own ?? !action.pending) ? [approved] : []),
      approvals_needed: action.needed ?? (action.pending ? 1 : 0),
      decided_by: action.pending ? null : action.by.name,
      decided_at: action.pending ? null : now,
      expires_at: action.pending ? expires : null,
      plan_id: action.plan?.id ?? null,
      approval_id: action.plan?.approvalId ?? (await freeApprovalId(tx, tenant, action.id)),
      severity: action.severity ?? null,
      source: action.source ?? (action.by.id === null ? 'automation' : 'api'),
      about: action.about ? jsonText(action.about) : null,
      derived_from: action.derivedFrom ?? null,
      undo_of: action.undoOf,
      state: action.about ? 'completed' : action.pending ? 'pending-approval' : 'queued',
      created_at: now,
      ...(action.about ? { started_at: now, ended_at: now } : {}),
      proven: false,
      n_total: 0,
      n_planned: 0,
      n_approved: 0,
      n_executing: 0,
      n_done: 0,
      n_already_there: 0,
      n_not_found: 0,
      n_skipped: 0,
      n_ambiguous: 0,
      n_failed: 0,
      n_verified: 0,
      n_retrying: 0,
      n_reverted: 0,
    })
    .execute()
}

/** The way back is proven before an action over more than a few copies. */
export async function openAction(
  tx: Tx,
  context: LedgerContext,
  id: ActionId,
  delta: Delta,
  proveAbove: number,
): Promise<ActionState> {
  await count(tx, context, id, delta)
  const rows = await sql<{ state: ActionState }>`
    update action set proven = (n_planned + n_approved <= ${proveAbove})
    where tenant_id = ${context.tenant} and id = ${id} returning state`.execute(tx)
  const [row] = rows.rows
  if (!row) throw new Error(`no action ${id}`)
  return row.state
}
