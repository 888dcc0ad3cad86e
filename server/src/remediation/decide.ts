import { sql } from 'kysely'
import { type ActionId, AppError } from '../base/index.ts'
import { jsonText, type Tx } from '../storage/index.ts'
import { count, type LedgerContext, transitionAll } from './ledger.ts'
import type { ActionState } from './states.ts'
import type { Approval } from './tables.ts'
import type { Requester } from './types.ts'

export type Verb = 'approve' | 'reject' | 'cancel'

const DECISION = { approve: 'approved', reject: 'rejected', cancel: 'cancelled' } as const

/** Approves or rejects what waits for approval, or stops what runs; what was done stays done and can be undone. */
export async function decideAction(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  id: ActionId,
  verb: Verb,
  why: string | null,
): Promise<{ id: ActionId; state: ActionState }> {
  const found = await sql<{ state: ActionState; name: string }>`
    select state, name from action where tenant_id = ${context.tenant} and id = ${id}`.execute(tx)
  const [row] = found.rows
  if (!row) throw new AppError('no-action', 'There is no such action.', 'Look at the list of actions.', { status: 404 })
  const open = verb === 'cancel' ? ['pending-approval', 'queued', 'running'] : ['pending-approval']
  if (!open.includes(row.state)) {
    throw new AppError(
      'action-ended',
      `“${row.name}” cannot be ${DECISION[verb]}: its state is ${row.state}.`,
      cureOf(verb),
      { status: 409 },
    )
  }
  const entry: Approval = {
    id: requester.user,
    name: requester.name,
    at: context.now.toISOString(),
    decision: DECISION[verb],
    why,
  }
  const said =
    why === null ? `${DECISION[verb]} by ${requester.name}` : `${DECISION[verb]} by ${requester.name}: ${why}`
  // Items first, then the action: the order in which the workers lock them.
  if (verb === 'approve') await transitionAll(tx, context, id, ['planned'], 'approved', said)
  else
    await transitionAll(
      tx,
      context,
      id,
      verb === 'reject' ? ['planned'] : ['planned', 'approved', 'failed'],
      'skipped',
      said,
    )
  await sql`update action set approvals = approvals || ${jsonText([entry])}::jsonb,
    decision = ${verb === 'approve' ? null : DECISION[verb]} where tenant_id = ${context.tenant} and id = ${id}`.execute(
    tx,
  )
  return { id, state: await recount(tx, context, id) }
}

const cureOf = (verb: Verb): string =>
  verb === 'cancel' ? 'What it did can be undone.' : 'Only what waits for approval can be decided.'

async function recount(tx: Tx, context: LedgerContext, id: ActionId): Promise<ActionState> {
  await count(tx, context, id, {})
  const rows = await sql<{
    state: ActionState
  }>`select state from action where tenant_id = ${context.tenant} and id = ${id}`.execute(tx)
  return rows.rows[0]?.state ?? 'failed'
}
