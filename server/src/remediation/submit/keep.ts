import { sql } from 'kysely'
import { type ActionId, AppError, type ItemId, madeAt, uuidv7 } from '../../base/index.ts'
import { emit, jsonText, type Tx } from '../../storage/index.ts'
import { type KeptBy, keptBy, type OneOfTwo, type Side } from '../ledger/both.ts'
import type { LedgerContext } from '../ledger/ledger.ts'
import type { ItemState } from '../ledger/states.ts'
import { approvalFor } from '../rules/approval.ts'
import { checkActive } from '../rules/limits.ts'
import { mayRun } from '../rules/rights.ts'
import type { Requester, Source } from '../types.ts'
import { insertAction, openAction } from './new-action.ts'
import type { SubmitOptions, SubmittedAction } from './submit.ts'

// Of two copies of one message, between which nobody could decide (`settle.ts`), an analyst says which one stays. The other one is
// taken as by a soft delete: an action of its own, with one item, that can be undone.

export interface KeepRequest {
  /** The item in doubt, and its action. */
  readonly action: ActionId
  readonly item: ItemId
  /** Path of the folder whose copy stays. */
  readonly folder: string
  readonly description?: string
  readonly source?: Source
  readonly propose?: boolean
}

/** From recorded state; the copies are read and compared when it is done. */
export interface KeepPreview {
  readonly keeps: OneOfTwo
  readonly removes: OneOfTwo
  /** How many people have to approve it, and why. */
  readonly approval: { readonly needed: 0 | 1 | 2; readonly why: string | null }
  readonly decided: KeptBy | null
}

type KeepOptions = Pick<SubmitOptions, 'rules' | 'limits' | 'proveAbove'>

/** Throws AppError `no-item`, `not-two-copies`, `no-copy`, `evidence`, `mailbox-gone`. */
export async function previewKeep(
  tx: Tx,
  { tenant }: LedgerContext,
  requester: Requester,
  request: KeepRequest,
  { rules }: Pick<KeepOptions, 'rules'>,
): Promise<KeepPreview> {
  const { two, decided } = await doubtOf(tx, tenant, request, false)
  const { keeps, removes } = sidesOf(two, request.folder)
  const { needed, why } = approval(requester, request, rules)
  return { keeps, removes, approval: { needed, why }, decided }
}

/** Throws as `previewKeep` does, and `kept-already` (says who was first), `too-many-active`, `large-action-running`. */
export async function submitKeep(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  request: KeepRequest,
  { rules, limits, proveAbove }: KeepOptions,
): Promise<SubmittedAction> {
  const { two, decided } = await doubtOf(tx, context.tenant, request, true)
  const { keeps, removes, kept } = sidesOf(two, request.folder)
  if (decided) throw decidedAlready(decided)
  const { needed, own } = approval(requester, request, rules)
  const pending = needed > 0
  if (!pending) await checkActive(tx, context, limits, requester)
  const id = uuidv7<ActionId>()
  const name = `Keep the copy in ${keeps.ref.folder}, remove the one in ${removes.ref.folder}`.slice(0, 200)
  await insertAction(tx, context, {
    id,
    kind: 'soft-delete',
    target: null,
    params: {
      select: { actionId: request.action, itemIds: [request.item] },
      keep: { item: request.item, folder: request.folder },
    },
    name,
    description: request.description ?? '',
    cause: { kind: 'action', id: request.action, version: 1 },
    by: { id: requester.user, name: requester.name },
    undoOf: null,
    pending,
    needed,
    own,
    ...(request.source ? { source: request.source } : {}),
  })
  const state = pending ? 'planned' : 'approved'
  await insertItem(tx, context, id, { of: request.item, state, kept, removes })
  const opened = await openAction(tx, context, id, { total: 1, [state]: 1 }, proveAbove)
  await emit(tx, { kind: 'action.touched', data: { actionId: request.action } })
  const found = await sql<{ approval_id: string }>`
    select approval_id from action where tenant_id = ${context.tenant} and id = ${id}`.execute(tx)
  return { id, name, state: opened, approvalId: found.rows[0]?.approval_id ?? '', copies: 1 }
}

const approval = (requester: Requester, { propose }: KeepRequest, rules: KeepOptions['rules']) =>
  approvalFor({ kind: 'soft-delete', copies: 1, propose: propose ?? false }, mayRun(requester, 'soft-delete'), rules)

interface Two {
  readonly source: OneOfTwo
  readonly target: OneOfTwo
}

/** `lock`: two people who decide at once come here one after the other. */
async function doubtOf(
  tx: Tx,
  tenant: LedgerContext['tenant'],
  { action, item }: KeepRequest,
  lock: boolean,
): Promise<{ two: Two; decided: KeptBy | null }> {
  const mine = sql`i.tenant_id = ${tenant} and i.action_id = ${action} and i.id = ${item}`
  if (lock) await sql`select 1 from action_item i where ${mine} for update`.execute(tx)
  const found = await sql<
    Partial<Two> & { state: ItemState; evidence: boolean; gone: boolean; decided: KeptBy | null }
  >`
    select i.state, w.source, w.target, b.id is null or b.removed_at is not null as gone,
      coalesce(b.kind = 'secops', false) as evidence, ${keptBy} as decided
    from action_item i left join item_both w on w.tenant_id = i.tenant_id and w.item_id = i.id
    left join mailbox b on b.tenant_id = i.tenant_id and b.id = i.mailbox_id where ${mine}`.execute(tx)
  const [row] = found.rows
  if (!row) throw refused('no-item', 'There is no such item in this action.', 'Look at the items of the action.', 404)
  const { source, target } = row
  if (row.state !== 'ambiguous' || !source || !target)
    throw refused(
      'not-two-copies',
      `There is nothing to choose: the item is ${row.state}, and no two copies of it are recorded.`,
      'Act on the message anew: that finds every copy of it.',
    )
  if (row.evidence)
    throw refused(
      'evidence',
      'It lies in a mailbox of the security team: evidence is not touched.',
      'Leave both copies.',
    )
  if (row.gone) throw refused('mailbox-gone', 'The mailbox does not exist any more.', 'There is nothing to be done.')
  return { two: { source, target }, decided: row.decided }
}

function sidesOf({ source, target }: Two, folder: string): { keeps: OneOfTwo; removes: OneOfTwo; kept: Side } {
  if (folder === source.ref.folder) return { keeps: source, removes: target, kept: 'source' }
  if (folder === target.ref.folder) return { keeps: target, removes: source, kept: 'target' }
  throw refused(
    'no-copy',
    `None of the two copies is in ${folder}.`,
    `Choose ${source.ref.folder} or ${target.ref.folder}.`,
    422,
  )
}

function decidedAlready({ by, at, keeps, state }: KeptBy): AppError {
  const when = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  const how =
    state === 'planned'
      ? 'it waits for approval'
      : state === 'done' || state === 'already-there'
        ? 'it is done'
        : 'it is under way'
  return refused(
    'kept-already',
    `${by} was first: the copy in ${keeps} stays, decided ${when} UTC; ${how}.`,
    'Look at that action; reject or undo it to decide otherwise.',
  )
}

const refused = (code: string, message: string, cure: string, status = 409): AppError =>
  new AppError(code, message, cure, { status })

async function insertItem(
  tx: Tx,
  { tenant, now }: LedgerContext,
  action: ActionId,
  { of, state, kept, removes }: { of: ItemId; state: 'planned' | 'approved'; kept: Side; removes: OneOfTwo },
): Promise<void> {
  const { ref, location } = removes
  await sql`
    with i as (
      insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, same_as,
        target_kind, target_location, before_location, before_folder, layered, updated_at)
      select o.tenant_id, recourse_item_id(${madeAt(action)}, 1), ${action}, o.delivery_id, o.message_id, o.mailbox_id, o.recipient,
        ${state}, o.id, 'hold', 'soft-deleted', ${location}, ${ref.folder}, true, ${now}::timestamptz
      from action_item o where o.tenant_id = ${tenant} and o.id = ${of}
      returning id, action_id, mailbox_id
    ), c as (
      insert into item_seen (tenant_id, item_id, source_ref, source_state)
      select ${tenant}, i.id, ${jsonText(ref)}::json, ${jsonText(removes.state)}::json from i
    ), k as (
      insert into item_keep (tenant_id, item_id, of_id, kept) select ${tenant}, i.id, ${of}, ${kept} from i
    )
    insert into item_due (tenant_id, item_id, action_id, mailbox_id)
    select ${tenant}, i.id, i.action_id, i.mailbox_id from i where ${state === 'approved'}`.execute(tx)
}
