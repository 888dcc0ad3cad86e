import { sql } from 'kysely'
import { type ActionId, AppError, madeAt, uuidv7 } from '../../base/index.ts'
import { emit, type Tx } from '../../storage/index.ts'
import type { Delta, LedgerContext } from '../ledger/ledger.ts'
import { type ActionState, COUNTER, type ItemState } from '../ledger/states.ts'
import { letWait } from '../ledger/waiting.ts'
import { type ApprovalRules, approvalFor, noteJoined } from '../rules/approval.ts'
import { checkActive, checkSize, type Limits } from '../rules/limits.ts'
import { mayRun } from '../rules/rights.ts'
import type { ActionRequest, MailKind, MoveTarget, Requester } from '../types.ts'
import { IN_ORDER } from '../undo/bind.ts'
import { inheritVerdictCauses, noteVerdictCauses } from '../undo/verdicts.ts'
import { insertAction, openAction, type PlanRef } from './new-action.ts'
import { overdue } from './overdue.ts'
import { chosen, classified, type Scope } from './select.ts'
import { insertSenderCopies } from './sender-copy.ts'

export { insertAction, type NewAction, openAction, type PlanRef } from './new-action.ts'

const VERB: Record<MailKind, string> = {
  move: 'Move',
  'soft-delete': 'Soft delete',
  'hard-delete': 'Hard delete',
  quarantine: 'Quarantine',
  release: 'Release',
}
const TO: Record<MoveTarget, string> = { inbox: ' to Inbox', junk: ' to Junk', 'deleted-items': ' to Deleted items' }

export function nameOf(request: Pick<ActionRequest, 'kind' | 'target' | 'name'>, copies: number): string {
  if (request.name) return request.name
  const to = request.kind === 'move' ? TO[request.target ?? 'inbox'] : ''
  return `${VERB[request.kind]}${to}: ${copies} ${copies === 1 ? 'message' : 'messages'}`
}

export interface SubmitOptions {
  readonly proveAbove: number
  readonly rules: ApprovalRules
  readonly limits: Limits
  readonly scope?: Scope
  readonly plan?: PlanRef
  readonly derivedFrom?: ActionId
}

export interface SubmittedAction {
  readonly id: ActionId
  readonly name: string
  readonly state: ActionState
  readonly approvalId: string
  /** Copies that it will touch, as recorded. */
  readonly copies: number
}

/** Writes an action down, item by item, before any mailbox is touched. */
export async function submitAction(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  request: ActionRequest,
  options: SubmitOptions,
): Promise<SubmittedAction> {
  checkRequest(request)
  const size = await sizeOf(tx, context, requester, request, options)
  const mayApprove = mayRun(requester, request.kind)
  const wish = { kind: request.kind, copies: size.actionable, propose: request.propose ?? false }
  const { needed, own } = approvalFor(wish, mayApprove, options.rules)
  const pending = needed > 0
  if (!pending) await checkActive(tx, context, options.limits, requester)
  const id = uuidv7<ActionId>()
  const name = nameOf(request, size.total)
  await insertAction(tx, context, {
    id,
    kind: request.kind,
    target: request.target ?? null,
    params: {
      select: { ...request.select },
      ...(request.recipients ? { recipients: request.recipients } : {}),
      ...(request.senderCopy ? { senderCopy: true } : {}),
      ...(request.zap ? { zap: true } : {}),
      ...(request.onlyUnread ? { onlyUnread: true } : {}),
    },
    name,
    description: request.description ?? '',
    cause: request.cause ?? null,
    by: { id: requester.user, name: requester.name },
    undoOf: null,
    pending,
    needed,
    own,
    ...(options.plan ? { plan: options.plan } : {}),
    ...(request.severity ? { severity: request.severity } : {}),
    ...(request.source ? { source: request.source } : {}),
    ...(options.derivedFrom ? { derivedFrom: options.derivedFrom } : {}),
  })
  const delta = await insertItems(tx, context, requester, request, { id, pending, ...options })
  const open = pending ? (delta.planned ?? 0) : (delta.approved ?? 0)
  if (request.kind === 'release') {
    if (open === 0) await refuseSecondRelease(tx, context, id)
    if (!pending) await guardReleased(tx, context, id)
  }
  if (request.senderCopy) {
    const more = await insertSenderCopies(tx, context, id, pending ? 'planned' : 'approved')
    delta.total = (delta.total ?? 0) + more
    delta[pending ? 'planned' : 'approved'] = open + more
  }
  if (requester.user === null) await noteVerdictCauses(tx, context.tenant, id)
  if (options.derivedFrom) await inheritVerdictCauses(tx, context.tenant, id, options.derivedFrom)
  const state = await openAction(tx, context, id, delta, options.proveAbove)
  return { id, name, state, approvalId: await approvalIdOf(tx, context, id), copies: open }
}

/**
 * Copies that join an action of the same kind which waits for approval and which nobody has approved yet (explorer #91). Throws AppError
 * `no-action`, `not-open`, `nothing-selected`, `too-many`.
 */
export async function joinAction(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  to: ActionId,
  request: ActionRequest,
  options: SubmitOptions,
): Promise<SubmittedAction> {
  checkRequest(request)
  const { tenant } = context
  await sql`select pg_advisory_xact_lock(hashtextextended(${`recourse decision ${tenant} ${to}`}, 0))`.execute(tx)
  const found = await sql<{
    name: string
    state: string
    kind: string
    target: string | null
    asked: number
    n_total: number
  }>`
    select name, case when ${overdue(context.now)} then 'expired' else state end as state, kind, target,
      jsonb_array_length(approvals) as asked, n_total from action
    where tenant_id = ${tenant} and id = ${to}`.execute(tx)
  const [row] = found.rows
  if (!row) throw new AppError('no-action', 'There is no such action.', 'Look at the list of actions.', { status: 404 })
  const same = row.kind === request.kind && row.target === (request.target ?? null)
  if (row.state !== 'pending-approval' || row.asked > 0 || !same) {
    const why = same
      ? row.asked > 0
        ? 'somebody has approved it as it is'
        : `its state is ${row.state}`
      : 'it does something else with its messages'
    throw new AppError('not-open', `Nothing can be added to “${row.name}”: ${why}.`, 'Ask for a new one.', {
      status: 409,
    })
  }
  const size = await sizeOf(tx, context, requester, request, options)
  checkSize(options.limits, request.select, size.total + row.n_total)
  const delta = await insertItems(tx, context, requester, request, { ...options, id: to, pending: true, joins: true })
  const state = await openAction(tx, context, to, delta, options.proveAbove)
  await noteJoined(tx, tenant, to, { id: requester.user, name: requester.name }, options.rules)
  await emit(tx, { kind: 'action.touched', data: { actionId: to } })
  return { id: to, name: row.name, state, approvalId: await approvalIdOf(tx, context, to), copies: delta.planned ?? 0 }
}

async function approvalIdOf(tx: Tx, context: LedgerContext, id: ActionId): Promise<string> {
  const found = await sql<{ approval_id: string }>`
    select approval_id from action where tenant_id = ${context.tenant} and id = ${id}`.execute(tx)
  return found.rows[0]?.approval_id ?? ''
}

/** `recipients` belongs to a release; a move names its target. */
export function checkRequest(request: ActionRequest): void {
  if (request.kind === 'move' && !request.target)
    throw new AppError('no-target', 'A move needs a target.', 'Name inbox, junk or deleted-items.')
  if (request.senderCopy && request.kind !== 'soft-delete' && request.kind !== 'hard-delete')
    throw new AppError(
      'sender-copy',
      'The sender’s copy can only be taken by a deletion.',
      'Choose soft delete or hard delete, or leave the sender’s copy out.',
    )
}

interface Size {
  readonly total: number
  readonly actionable: number
}

/** How many copies are meant; a release waits here for others of the same messages. Throws `nothing-selected`, `too-many`. */
async function sizeOf(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  request: ActionRequest,
  { limits, scope }: SubmitOptions,
): Promise<Size> {
  const { tenant } = context
  const ids = await chosen(tx, tenant, request.select)
  // Two people who release together must not make two items for one copy: the second sees what the first has submitted.
  if (request.kind === 'release')
    await sql`select count(*) from (select 1 from message where tenant_id = ${tenant} and id in (
      select message_id from delivery where tenant_id = ${tenant} and id in (${ids})) order by id for no key update) x`.execute(
      tx,
    )
  const k = classified(tenant, request, ids, { ...scope, automation: requester.user === null })
  const found = await sql<Size>`with ${k} select count(*)::int as total,
    count(*) filter (where "is" = 'actionable')::int as actionable from k`.execute(tx)
  const size = found.rows[0] ?? { total: 0, actionable: 0 }
  if (size.total === 0)
    throw new AppError(
      'nothing-selected',
      'No message matches the selection.',
      'Select messages that exist, with their recipients.',
    )
  // Automation is not held up: what it removes is dangerous meanwhile.
  if (requester.user !== null) checkSize(limits, request.select, size.total)
  return size
}

interface Made {
  state: ItemState
  n: number
}

async function insertItems(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  request: ActionRequest,
  action: { readonly id: ActionId; readonly pending: boolean; readonly scope?: Scope; readonly joins?: boolean },
): Promise<Delta> {
  const { tenant, now } = context
  const ids = await chosen(tx, tenant, request.select)
  const k = classified(tenant, request, ids, { ...action.scope, automation: requester.user === null })
  const own = sql`(select count(*) from action_item where tenant_id = ${tenant} and action_id = ${action.id})`
  const fresh = sql`where not exists (select 1 from action_item e where e.tenant_id = ${tenant} and e.delivery_id = k.id
    and e.action_id = ${action.id})`
  const made = await sql<Made>`
    with ${k},
    i as (
      insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, reason, target_kind,
        target_location, target_folder, target_folder_id, back_of, vault_id, before_location, before_folder, layered, updated_at)
      select ${tenant}, recourse_item_id(${madeAt(action.id)}, ${action.joins ? own : sql`0`} + row_number() over (order by k.message_id, k.id)), ${action.id}, k.id,
        k.message_id, k.mailbox_id, k.recipient,
        case k."is" when 'actionable' then ${action.pending ? 'planned' : 'approved'} when 'already-there' then 'already-there' else 'skipped' end,
        k.reason, k.target_kind, k.target_location, k.target_folder, k.target_folder_id, k.back_of, k.vault_id, k.location, k.folder,
        exists (select 1 from action_item e where e.tenant_id = ${tenant} and e.delivery_id = k.id), ${now}::timestamptz
      from k ${action.joins ? fresh : sql``} order by k.message_id, k.id
      returning id, state, mailbox_id
    ), q as (${letWait(tenant, action.id, sql`select id, mailbox_id from i where state = 'approved'`)})
    select state, count(*)::int as n from i group by state`.execute(tx)
  const delta: Delta = { total: 0 }
  for (const { state, n } of made.rows) {
    delta[COUNTER[state]] = n
    delta.total = (delta.total ?? 0) + n
  }
  return delta
}

/** Nothing of it can be released: nothing is written down, and the first copy's reason is told. */
async function refuseSecondRelease(tx: Tx, context: LedgerContext, id: ActionId): Promise<never> {
  const found = await sql<{ state: ItemState; reason: string | null }>`
    select state, reason from action_item where tenant_id = ${context.tenant} and action_id = ${id} order by id limit 1`.execute(
    tx,
  )
  const [first] = found.rows
  throw new AppError(
    first?.state === 'already-there' ? 'already-released' : 'not-releasable',
    `There is nothing to release: ${first?.reason ?? ''}`,
    'Choose recipients to whom it was not released yet.',
    { status: 409 },
  )
}

/** Who releases takes back what the verdict's causes did: automation does not take it again for the same. */
export async function guardReleased(tx: Tx, context: LedgerContext, action: ActionId): Promise<void> {
  await sql`
    insert into guard (tenant_id, delivery_id, cause_kind, cause_id, cause_version, set_by, at)
    select distinct i.tenant_id, i.delivery_id, c->>'kind', c->>'id', (c->>'version')::int, ${action}::uuid, ${context.now}::timestamptz
    from action_item i
    join message m on m.tenant_id = i.tenant_id and m.id = i.message_id
    join verdict v on v.tenant_id = m.tenant_id and v.id = m.verdict_id
    cross join jsonb_array_elements(v.verdict->'causes') c
    where i.tenant_id = ${context.tenant} and i.action_id = ${action} and i.state in ('planned', 'approved')
    ${IN_ORDER} on conflict do nothing`.execute(tx)
}
