import { sql } from 'kysely'
import { type ActionId, AppError, type ItemId, uuidv7 } from '../base/index.ts'
import { jsonText, type Tx } from '../storage/index.ts'
import { count, type Delta, type LedgerContext } from './ledger.ts'
import { type Copy, type Planned, plan, selectCopies } from './select.ts'
import { type ActionState, COUNTER, type ItemState } from './states.ts'
import type { ActionParams, Person } from './tables.ts'
import type { ActionKind, ActionRequest, MoveTarget, Requester } from './types.ts'

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
}

export async function insertAction(tx: Tx, context: LedgerContext, action: NewAction): Promise<void> {
  const approved = { ...action.by, at: context.now.toISOString(), decision: 'approved', why: null }
  await tx
    .insertInto('action')
    .values({
      tenant_id: context.tenant,
      id: action.id,
      kind: action.kind,
      target: action.target,
      params: jsonText(action.params),
      name: action.name,
      description: action.description,
      cause: action.cause ? jsonText(action.cause) : null,
      requested_by: jsonText(action.by),
      approvals: jsonText(action.pending ? [] : [approved]),
      undo_of: action.undoOf,
      state: action.pending ? 'pending-approval' : 'queued',
      created_at: context.now,
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

const CHUNK = 2000

const VERB: Record<ActionRequest['kind'], string> = {
  move: 'Move',
  'soft-delete': 'Soft delete',
  'hard-delete': 'Hard delete',
  quarantine: 'Quarantine',
  release: 'Release',
}
const TO: Record<MoveTarget, string> = { inbox: ' to Inbox', junk: ' to Junk', 'deleted-items': ' to Deleted items' }

function nameOf(request: ActionRequest, copies: number): string {
  if (request.name) return request.name
  const to = request.kind === 'move' ? TO[request.target ?? 'inbox'] : ''
  return `${VERB[request.kind]}${to}: ${copies} ${copies === 1 ? 'message' : 'messages'}`
}

/** Writes an action down, item by item, before any mailbox is touched. */
export async function submitAction(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  asked: ActionRequest,
  proveAbove: number,
): Promise<{ id: ActionId; name: string; state: ActionState }> {
  const request = normal(asked)
  const copies = await selectCopies(tx, context.tenant, request)
  if (copies.length === 0) {
    throw new AppError(
      'nothing-selected',
      'No message matches the selection.',
      'Select messages that exist, with their recipients.',
    )
  }
  if (request.kind === 'release') await oneReleaseAtATime(tx, context, copies)
  const planned = await plan(tx, context.tenant, request, copies, { automation: requester.user === null })
  if (request.kind === 'release') refuseSecondRelease(planned)
  const pending = !requester.permissions.has('remediation.approve')
  const id = uuidv7<ActionId>()
  const name = nameOf(request, planned.length)
  await insertAction(tx, context, {
    id,
    kind: request.kind,
    target: request.target ?? null,
    params: { select: { ...request.select }, ...(request.recipients ? { recipients: request.recipients } : {}) },
    name,
    description: request.description ?? '',
    cause: request.cause ?? null,
    by: { id: requester.user, name: requester.name },
    undoOf: null,
    pending,
  })
  const delta: { [key: string]: number } = { total: planned.length }
  for (let at = 0; at < planned.length; at += CHUNK) {
    const rows = planned.slice(at, at + CHUNK).map((p) => rowOf(p, pending))
    for (const r of rows) delta[COUNTER[r.state]] = (delta[COUNTER[r.state]] ?? 0) + 1
    await insertItems(tx, context, id, rows)
  }
  if (request.kind === 'release') await guardReleased(tx, context, id)
  return { id, name, state: await openAction(tx, context, id, delta, proveAbove) }
}

/** `recipients` belongs to a release; a move names its target. */
function normal(request: ActionRequest): ActionRequest {
  if (request.kind === 'move' && !request.target) {
    throw new AppError('no-target', 'A move needs a target.', 'Name inbox, junk or deleted-items.')
  }
  return request
}

/** Two people who release together must not make two items for one copy: the second sees what the first has submitted. */
async function oneReleaseAtATime(tx: Tx, context: LedgerContext, copies: readonly Copy[]): Promise<void> {
  const ids = [...new Set(copies.map((c) => c.messageId))]
  await sql`select 1 from message where tenant_id = ${context.tenant} and id = any(${sql.val(ids)}::uuid[])
    order by id for no key update`.execute(tx)
}

function refuseSecondRelease(planned: readonly Planned[]): void {
  if (planned.some((p) => p.is.is === 'actionable')) return
  const [first] = planned
  const reason = first && first.is.is !== 'actionable' ? first.is.reason : ''
  const code = first?.is.is === 'already-there' ? 'already-released' : 'not-releasable'
  throw new AppError(
    code,
    `There is nothing to release: ${reason}`,
    'Choose recipients to whom it was not released yet.',
    { status: 409 },
  )
}

interface ItemRow {
  readonly id: ItemId
  readonly state: ItemState
  readonly [column: string]: unknown
}

function rowOf({ copy, is, target, back }: Planned, pending: boolean): ItemRow {
  const open = pending ? 'planned' : 'approved'
  const state: ItemState = is.is === 'actionable' ? open : is.is === 'already-there' ? 'already-there' : 'skipped'
  return {
    id: uuidv7<ItemId>(),
    delivery_id: copy.deliveryId,
    message_id: copy.messageId,
    mailbox_id: copy.mailboxId,
    recipient: copy.recipient,
    state,
    reason: is.is === 'actionable' ? null : is.reason,
    target_kind: target.kind,
    target_location: target.location,
    target_folder: target.folder,
    target_folder_id: target.folderId,
    back_of: back?.itemId ?? null,
    vault_id: back?.vaultId ?? null,
    before_location: copy.location,
    before_folder: copy.folder,
  }
}

async function insertItems(tx: Tx, context: LedgerContext, action: ActionId, rows: readonly ItemRow[]): Promise<void> {
  await sql`
    with x as (
      select * from json_to_recordset(${jsonText(rows)}::json) as x(id uuid, delivery_id uuid, message_id uuid, mailbox_id uuid,
        recipient text, state text, reason text, target_kind text, target_location text, target_folder text, target_folder_id text,
        back_of uuid, vault_id uuid, before_location text, before_folder text)
    ), i as (
      insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, reason, target_kind,
        target_location, target_folder, target_folder_id, back_of, vault_id, before_location,
        before_folder, updated_at)
      select ${context.tenant}, x.id, ${action}, x.delivery_id, x.message_id, x.mailbox_id, x.recipient, x.state, x.reason,
        x.target_kind, x.target_location, x.target_folder, x.target_folder_id, x.back_of, x.vault_id,
        x.before_location, x.before_folder, ${context.now}::timestamptz from x
      returning id
    ), q as (
      insert into item_due (tenant_id, item_id, action_id, mailbox_id)
      select ${context.tenant}, x.id, ${action}, x.mailbox_id from x where x.state = 'approved' and x.mailbox_id is not null
    )
    select count(*) from i`.execute(tx)
}

/** Who releases takes back what the verdict's causes did: automation does not take it again for the same. */
async function guardReleased(tx: Tx, context: LedgerContext, action: ActionId): Promise<void> {
  await sql`
    insert into guard (tenant_id, delivery_id, cause_kind, cause_id, cause_version, set_by, at)
    select distinct i.tenant_id, i.delivery_id, c->>'kind', c->>'id', (c->>'version')::int, ${action}::uuid, ${context.now}::timestamptz
    from action_item i
    join message m on m.tenant_id = i.tenant_id and m.id = i.message_id
    join verdict v on v.tenant_id = m.tenant_id and v.id = m.verdict_id
    cross join jsonb_array_elements(v.verdict->'causes') c
    where i.tenant_id = ${context.tenant} and i.action_id = ${action} and i.state in ('planned', 'approved')
    on conflict do nothing`.execute(tx)
}
