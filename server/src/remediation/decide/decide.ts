import { type RawBuilder, sql } from 'kysely'
import { type ActionId, AppError } from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import { emit, jsonText, type Tx } from '../../storage/index.ts'
import { count, HALF_RELEASED, type LedgerContext, transitionAll } from '../ledger/ledger.ts'
import type { ActionState } from '../ledger/states.ts'
import type { ActionParams, Approval, Person } from '../ledger/tables.ts'
import { proposedBy } from '../rules/approval.ts'
import { checkActive } from '../rules/limits.ts'
import { need, purges } from '../rules/rights.ts'
import { overdue } from '../submit/overdue.ts'
import { guardReleased, type SubmitOptions, submitAction } from '../submit/submit.ts'
import type { ActionKind, Except, MailKind, MoveTarget, Requester } from '../types.ts'
import { bindCauses } from '../undo/bind.ts'

export type Verb = 'approve' | 'reject' | 'cancel'

/** An approval of part of an action: what is left out, and what is done with the rest instead. */
export interface Part {
  readonly except?: Except & { readonly itemIds?: readonly string[] }
  readonly instead?: { readonly kind: MailKind; readonly target?: MoveTarget }
}

export interface Decided {
  readonly id: ActionId
  readonly state: ActionState
  /** How many different people have approved it, and how many have to. */
  readonly approvals: number
  readonly needed: number
  /** The action that is done instead. */
  readonly derived: ActionId | null
}

const DECISION = { approve: 'approved', reject: 'rejected', cancel: 'cancelled' } as const

interface Row {
  state: ActionState
  kind: ActionKind
  name: string
  cause: Cause | null
  requested_by: Person
  params: ActionParams
  approvals: readonly Approval[]
  approvals_needed: number
  decided_by: string | null
  decided_at: Date | null
  expires_at: Date | null
  plan_id: string | null
  approval_id: string
}

/**
 * Approves or rejects what waits for approval, or stops what runs; what was done stays done and can be undone. Those who decide on one
 * action wait for each other, so the second is told who was first. Throws AppError `no-action`, `already-decided`, `action-ended`,
 * `own-proposal`, `second-person`, `no-items`, `nothing-left`.
 */
export async function decideAction(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  id: ActionId,
  verb: Verb,
  why: string | null,
  options: SubmitOptions & { readonly part?: Part },
): Promise<Decided> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`recourse decision ${context.tenant} ${id}`}, 0))`.execute(
    tx,
  )
  const row = await openFor(tx, context, id, verb)
  const entry: Approval = {
    id: requester.user,
    name: requester.name,
    at: context.now.toISOString(),
    decision: DECISION[verb],
    why,
  }
  if (verb === 'approve') await needPurge(tx, context, requester, id, options.part?.instead?.kind ?? row.kind)
  if (verb === 'approve') return await approve(tx, context, requester, id, row, entry, options)
  await stop(tx, context, id, row.state, verb, entry)
  return { id, state: await stateOf(tx, context, id), approvals: 0, needed: row.approvals_needed, derived: null }
}

async function openFor(tx: Tx, context: LedgerContext, id: ActionId, verb: Verb): Promise<Row> {
  const found = await sql<Row>`
    select case when ${overdue(context.now)} then 'expired' else state end as state, kind, name, cause, requested_by, params, approvals,
      approvals_needed, decided_by, decided_at, expires_at, plan_id, approval_id from action
    where tenant_id = ${context.tenant} and id = ${id}`.execute(tx)
  const [row] = found.rows
  if (!row) throw new AppError('no-action', 'There is no such action.', 'Look at the list of actions.', { status: 404 })
  const open = verb === 'cancel' ? ['pending-approval', 'queued', 'running'] : ['pending-approval']
  if (open.includes(row.state)) return row
  const last = row.approvals.at(-1)
  const expiredAt = row.decided_at ?? row.expires_at
  if (verb !== 'cancel' && (last || row.state === 'expired'))
    throw new AppError(
      'already-decided',
      last && row.state !== 'expired'
        ? `“${row.name}” was ${last.decision} by ${last.name} at ${last.at}; its state is ${row.state}.`
        : `“${row.name}” has expired without a decision${expiredAt ? ` at ${expiredAt.toISOString()}` : ''}.`,
      row.state === 'expired' ? 'Ask for it again.' : 'Look at it: what it did can be undone.',
      { status: 409 },
    )
  throw new AppError(
    'action-ended',
    `“${row.name}” cannot be ${DECISION[verb]}: its state is ${row.state}.`,
    verb === 'cancel' ? 'What it did can be undone.' : 'Only what waits for approval can be decided.',
    { status: 409 },
  )
}

/** Whoever approves a hard delete, or its redo, needs the right to it (permissions #79). */
async function needPurge(
  tx: Tx,
  { tenant }: LedgerContext,
  requester: Requester,
  id: ActionId,
  kind: ActionKind,
): Promise<void> {
  if (requester.permissions.has('remediation.purge')) return
  if (await purges(tx, tenant, { id, kind })) need(requester, 'remediation.purge')
}

const said = ({ decision, name, why }: Approval): string =>
  why === null ? `${decision} by ${name}` : `${decision} by ${name}: ${why}`

async function approve(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  id: ActionId,
  row: Row,
  entry: Approval,
  options: SubmitOptions & { readonly part?: Part },
): Promise<Decided> {
  const mine = row.approvals.some((a) => a.decision === 'approved' && a.id === entry.id)
  if (mine)
    throw new AppError(
      'second-person',
      `“${row.name}” has your approval; it needs another person’s too.`,
      'Ask a colleague who may approve actions.',
      { status: 403 },
    )
  if (!options.rules.ownProposals && proposedBy(entry.id, row.requested_by, row.params.joined))
    throw new AppError(
      'own-proposal',
      `You have proposed “${row.name}”; the policy wants somebody else to approve it.`,
      'Ask a colleague who may approve actions.',
      { status: 403 },
    )
  const { part } = options
  if (part?.except) await leaveOut(tx, context, id, part.except, entry)
  if (part?.instead) return await instead(tx, context, requester, id, row, entry, { ...options, instead: part.instead })
  const approvals = row.approvals.filter((a) => a.decision === 'approved').length + 1
  const needed = Math.max(row.approvals_needed, 1)
  if (approvals >= needed) {
    await checkActive(tx, context, options.limits, requester)
    // Items first, then the action: the order in which the workers lock them.
    await transitionAll(tx, context, id, ['planned'], 'approved', said(entry))
    if (row.kind === 'release') await guardReleased(tx, context, id)
    if (row.kind === 'undo') await bindCauses(tx, context, id)
  }
  await note(tx, context, id, entry, approvals >= needed)
  return { id, state: await stateOf(tx, context, id), approvals, needed, derived: null }
}

/** Rejected or cancelled: what has not begun is not begun. What the mail store has already, on its way to another folder than the Inbox, goes on. */
async function stop(
  tx: Tx,
  context: LedgerContext,
  id: ActionId,
  state: ActionState,
  verb: 'reject' | 'cancel',
  entry: Approval,
): Promise<void> {
  const from = verb === 'reject' ? (['planned'] as const) : (['planned', 'approved', 'failed'] as const)
  const decision = sql`update action set decision = ${entry.decision} where tenant_id = ${context.tenant} and id = ${id}`
  // Of what runs, items first and then the action: the order in which the workers lock them. What waits no worker knows.
  if (state === 'pending-approval') await decision.execute(tx)
  await transitionAll(tx, context, id, from, 'skipped', said(entry), sql`not ${HALF_RELEASED}`)
  if (state !== 'pending-approval') await decision.execute(tx)
  await note(tx, context, id, entry, true)
  await count(tx, context, id, {})
}

async function note(tx: Tx, context: LedgerContext, id: ActionId, entry: Approval, decided: boolean): Promise<void> {
  await sql`update action set approvals = approvals || ${jsonText([entry])}::jsonb,
    decided_by = case when ${decided} then ${entry.name} else decided_by end,
    decided_at = case when ${decided} then ${context.now}::timestamptz else decided_at end
    where tenant_id = ${context.tenant} and id = ${id}`.execute(tx)
  if (!decided) await emit(tx, { kind: 'action.touched', data: { actionId: id } })
}

async function stateOf(tx: Tx, context: LedgerContext, id: ActionId): Promise<ActionState> {
  const rows = await sql<{ state: ActionState }>`
    select state from action where tenant_id = ${context.tenant} and id = ${id}`.execute(tx)
  return rows.rows[0]?.state ?? 'failed'
}

const oneOf = (column: RawBuilder<unknown>, ids: readonly string[] | undefined): RawBuilder<unknown>[] =>
  ids && ids.length > 0 ? [sql`${column} = any(${[...ids]}::uuid[])`] : []

/** Items that the approver leaves out, with who and why. */
async function leaveOut(
  tx: Tx,
  context: LedgerContext,
  id: ActionId,
  except: NonNullable<Part['except']>,
  entry: Approval,
): Promise<void> {
  const named = [
    ...oneOf(sql`id`, except.itemIds),
    ...oneOf(sql`delivery_id`, except.deliveryIds),
    ...oneOf(sql`message_id`, except.messageIds),
  ]
  const why = `left out by ${entry.name}${entry.why === null ? '' : `: ${entry.why}`}`
  const left =
    named.length === 0
      ? 0
      : await transitionAll(tx, context, id, ['planned'], 'skipped', why, sql`(${sql.join(named, sql` or `)})`)
  if (left === 0)
    throw new AppError(
      'no-items',
      'None of what is to be left out waits in this action.',
      'Choose items of this action that are still planned.',
      { status: 404 },
    )
  const open = await sql`select 1 from action_item where tenant_id = ${context.tenant} and action_id = ${id}
    and state = 'planned' limit 1`.execute(tx)
  if (open.rows.length === 0)
    throw new AppError('nothing-left', 'Nothing is left of the action.', 'Reject it instead.', { status: 409 })
}

/** Another action on what waits, of the approver; this one is rejected and says which one it was. */
async function instead(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  id: ActionId,
  row: Row,
  entry: Approval,
  options: SubmitOptions & { readonly instead: NonNullable<Part['instead']> },
): Promise<Decided> {
  const derived = await submitAction(
    tx,
    context,
    requester,
    {
      ...options.instead,
      select: { actionId: id, waiting: true },
      description: `Instead of “${row.name}” (${row.approval_id})${entry.why === null ? '' : `: ${entry.why}`}`,
      source: 'action-center',
      ...(row.cause ? { cause: row.cause } : {}),
    },
    { ...options, derivedFrom: id },
  )
  await stop(tx, context, id, row.state, 'reject', {
    ...entry,
    decision: 'rejected',
    why: `“${derived.name}” (${derived.approvalId}) is done instead${entry.why === null ? '' : `: ${entry.why}`}`,
  })
  return { id, state: await stateOf(tx, context, id), approvals: 0, needed: row.approvals_needed, derived: derived.id }
}
