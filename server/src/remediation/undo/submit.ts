import { type RawBuilder, sql } from 'kysely'
import { type ActionId, AppError, madeAt, uuidv7 } from '../../base/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger/ledger.ts'
import type { ActionState } from '../ledger/states.ts'
import type { ActionParams } from '../ledger/tables.ts'
import { letWait } from '../ledger/waiting.ts'
import { mayRun, need } from '../rules/rights.ts'
import { insertAction, openAction } from '../submit/submit.ts'
import type { Requester, Source } from '../types.ts'
import type { ActionFacts } from './actions.ts'
import { bindCauses } from './bind.ts'
import { type Circumstances, circumstances, countedTwice, judging, UNDER_WAY } from './facts.ts'
import { countAtGate, insertFromGate, leavingGate, lockAtGate } from './gate.ts'
import { type LayeredItem, layered, type Resolved } from './layered.ts'
import { type Chosen, causesOf, choose, refuseUnended, type UndoSelection } from './selection.ts'

export interface UndoRequest {
  readonly select: UndoSelection
  readonly folderGone?: 'recreate' | 'inbox'
  readonly suspendCause?: boolean
  /** Also into their recipients' inboxes what the gate has kept or put into Junk because of the named causes, which no action has taken. */
  readonly releaseHeld?: boolean
  readonly name?: string
  readonly description?: string
  /** The door that it came through; absent: the API. */
  readonly source?: Source
}

/**
 * An action of its own, with an item for every copy that goes back; *before* and *after* change places. Throws AppErrors `forbidden`, `still-running`,
 * `undo-under-way` (says who was first) and `nothing-to-undo`; whoever asks twice for the same gets the action that he has.
 */
export async function submitUndo(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  request: UndoRequest,
  proveAbove: number,
): Promise<{ id: ActionId; name: string; state: ActionState }> {
  const { tenant } = context
  if (request.suspendCause) need(requester, 'lists.write')
  const first = await choose(tx, tenant, request.select)
  if (request.select.actions) await refuseUnended(tx, tenant, first, request.select.actions)
  refuseRunning(first)
  // One undo at a time: two people who press the button together must not make two items for one message,
  // one from the action and one from its redo. A worker that counts an undo looks, by its foreign key, at what that undoes: this lock lets it.
  const ids = first.actions.map((a) => a.id)
  await sql`with recursive over (id) as (
      select unnest(${ids}::uuid[]) union select x.undo_id from over o join action_undoes x on x.tenant_id = ${tenant} and x.action_id = o.id
    ) select id from action where tenant_id = ${tenant} and id in (select id from over) order by id for no key update`.execute(
    tx,
  )
  if (request.releaseHeld) await lockAtGate(tx, tenant, request.select)
  const chosen = await choose(tx, tenant, request.select)
  refuseRunning(chosen)
  const around = await circumstances(
    tx,
    tenant,
    chosen.actions.map((a) => a.id),
  )
  const id = uuidv7<ActionId>()
  const { total, obstacle } = await planned(tx, context, id, chosen, around)
  const params = paramsOf(request)
  const fromGate = request.releaseHeld ? await countAtGate(tx, tenant, request.select) : { held: 0, junked: 0 }
  if (total + fromGate.held + fromGate.junked === 0) {
    const again = await sameAgain(tx, context, requester, around.undos, params)
    if (again) return again
    throw await nothing(tx, context, chosen, request, obstacle)
  }
  const pending = !mayRun(requester, 'undo') || (!mayRun(requester, 'hard-delete') && (await purges(tx)))
  const name = request.name ?? nameOf(chosen, request.select)
  const touched = await touchedActions(tx)
  const named = chosen.actions.filter((a) => touched.includes(a.id))
  const of = named.length === 1 ? named[0] : undefined
  await insertAction(tx, context, {
    id,
    kind: 'undo',
    target: null,
    params,
    name,
    description: request.description ?? '',
    cause: of?.cause ?? null,
    by: { id: requester.user, name: requester.name },
    undoOf: of?.id ?? null,
    pending,
    ...(request.source ? { source: request.source } : {}),
  })
  await insertItems(tx, context, id, pending)
  await sql`insert into action_undoes (tenant_id, undo_id, action_id)
    select ${tenant}, ${id}, x from unnest(${[...touched]}::uuid[]) x`.execute(tx)
  const given = request.releaseHeld ? await insertFromGate(tx, context, id, request.select, pending) : 0
  await sql`drop table undo_plan`.execute(tx)
  if (!pending) await bindCauses(tx, context, id)
  const all = total + given
  const open = pending ? { planned: all } : { approved: all }
  return { id, name, state: await openAction(tx, context, id, { total: all, ...open }, proveAbove) }
}

function refuseRunning({ running }: Chosen): void {
  const [first] = running
  if (!first) return
  const more = running.length > 1 ? ` (and ${running.length - 1} more)` : ''
  throw new AppError(
    'still-running',
    `“${first.name}” by ${first.requestedBy.name}${more} has not ended: its state is ${first.state}, ${first.left} items are left.`,
    'Cancel it, or wait until it has ended.',
    { status: 409 },
  )
}

const paramsOf = ({ select, folderGone, suspendCause, releaseHeld }: UndoRequest): ActionParams => ({
  select: { ...select },
  ...(select.items ? { items: select.items } : {}),
  folderGone: folderGone ?? 'recreate',
  suspendCause: suspendCause ?? false,
  ...(releaseHeld ? { releaseHeld } : {}),
})

/**
 * Writes what goes back into a table of this transaction (`undo_plan`: an id for each new item, the item that it takes back, the lowest layer
 * that goes with it, all that lie between, and what a redo among them stands for), so that no number of copies has to fit into memory.
 */
async function planned(
  tx: Tx,
  { tenant }: LedgerContext,
  id: ActionId,
  chosen: Chosen,
  around: Circumstances,
): Promise<{ total: number; obstacle: string | null }> {
  // The time of the action's own id: of several actions on one copy the oldest goes first, whatever the clock says.
  const at = new Date(madeAt(id))
  const { obstacle, free } = judging(tenant, around)
  await sql`drop table if exists undo_plan`.execute(tx)
  await sql`create temporary table undo_plan (id uuid not null, action_id uuid not null, top uuid not null, low uuid not null,
    below uuid[] not null, behind uuid[] not null)
    on commit drop`.execute(tx)
  const twice = sql`select delivery_id from undo_twice`
  // Asked for twice, looked up once.
  await sql`drop table if exists undo_twice`.execute(tx)
  await sql`create temporary table undo_twice (delivery_id uuid not null) on commit drop`.execute(tx)
  await sql`insert into undo_twice ${countedTwice(tenant, chosen.condition, around.redos)}`.execute(tx)
  const plain = sql`from action_item i where ${chosen.condition}
    and not exists (select from undo_twice t where t.delivery_id = i.delivery_id)`
  // Items of one mailbox are worked on together: their ids, and so their rows, lie together.
  await sql`insert into undo_plan
    select recourse_item_id(${madeAt(id)}, row_number() over (order by i.mailbox_id, i.id)), i.action_id, i.id, i.id, '{}', '{}' ${plain} and ${free}`.execute(
    tx,
  )
  let refused: string | null = null
  for await (const part of layered(tx, tenant, chosen, around, twice)) {
    await insertPiles(tx, at, part)
    refused ??= part.find((r) => r.obstacle !== null)?.obstacle ?? null
  }
  await sql`analyze undo_plan`.execute(tx)
  const rows = await sql<{ n: number }>`select count(*)::int as n from undo_plan`.execute(tx)
  const total = rows.rows[0]?.n ?? 0
  if (total > 0 || refused !== null) return { total, obstacle: refused }
  const why = await sql<{ obstacle: string | null }>`select ${obstacle} as obstacle ${plain} limit 1`.execute(tx)
  return { total, obstacle: why.rows[0]?.obstacle ?? null }
}

async function insertPiles(tx: Tx, at: Date, part: readonly Resolved[]): Promise<void> {
  const ids = (layers: readonly LayeredItem[]) => layers.map((l) => l.id)
  const rows = part.flatMap(({ top, below, behind, obstacle }) =>
    obstacle === null
      ? [{ action: top.actionId, top: top.id, low: (below.at(-1) ?? top).id, below: ids(below), behind: ids(behind) }]
      : [],
  )
  if (rows.length === 0) return
  await sql`insert into undo_plan
    select recourse_uuidv7(${at}), x.action, x.top, x.low, array(select jsonb_array_elements_text(x.below)::uuid),
      array(select jsonb_array_elements_text(x.behind)::uuid)
    from json_to_recordset(${jsonText(rows)}::json) as x(action uuid, top uuid, low uuid, below jsonb, behind jsonb)`.execute(
    tx,
  )
}

/** A redo of a hard delete is one. */
async function purges(tx: Tx): Promise<boolean> {
  const rows =
    await sql`select 1 from undo_plan p join action_item l on l.tenant_id = recourse_tenant() and l.id = p.low
    where l.before_location = 'hard-deleted' limit 1`.execute(tx)
  return rows.rows.length > 0
}

async function touchedActions(tx: Tx): Promise<readonly ActionId[]> {
  const rows = await sql<{ action_id: ActionId }>`
    select action_id from undo_plan
    union select o.action_id from undo_plan p, unnest(p.below || p.behind) l join action_item o on o.tenant_id = recourse_tenant() and o.id = l
    order by 1`.execute(tx)
  return rows.rows.map((r) => r.action_id)
}

async function insertItems(tx: Tx, context: LedgerContext, action: ActionId, pending: boolean): Promise<void> {
  const { tenant } = context
  // Nearly all lie alone: their item is looked up once, not as the uppermost and as the lowest layer.
  await insertPart(tx, context, action, pending, sql`p.low = p.top`, { join: sql``, low: 'o' })
  const lowest = sql`join action_item l on l.tenant_id = ${tenant} and l.id = p.low`
  const piled = await sql`select from undo_plan where low <> top limit 1`.execute(tx)
  if (piled.rows.length > 0)
    await insertPart(tx, context, action, pending, sql`p.low <> p.top`, { join: lowest, low: 'l' })
  await sql`insert into item_together (tenant_id, item_id, of_id)
    select ${tenant}, p.id, l from undo_plan p, unnest(p.below) l`.execute(tx)
  // Of two copies the one that stays is not what is given back, nor taken again.
  await sql`insert into item_keep (tenant_id, item_id, of_id, kept)
    select distinct on (p.id) ${tenant}::uuid, p.id, k.of_id, k.kept from undo_plan p
    join item_keep k on k.tenant_id = ${tenant} and k.item_id in (p.top, p.low)`.execute(tx)
}

/** Where the lowest layer (alias `low`) found the copy; from where the uppermost (`o`) has put it. */
async function insertPart(
  tx: Tx,
  { tenant, now }: LedgerContext,
  action: ActionId,
  pending: boolean,
  which: RawBuilder<unknown>,
  { join, low }: { join: RawBuilder<unknown>; low: 'o' | 'l' },
): Promise<void> {
  const state = pending ? 'planned' : 'approved'
  const l = (column: string) => sql.ref(`${low}.${column}`)
  await sql`
    with i as (
      insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, undoes, back_of, same_as,
        sender_copy, target_kind, target_location, target_folder, target_folder_id, vault_id, before_location, before_folder, updated_at)
      select o.tenant_id, p.id, ${action}, o.delivery_id, o.message_id, o.mailbox_id, o.recipient, ${state}, o.id,
        case when p.low <> p.top then p.low end, o.same_as, o.sender_copy,
        case when ${l('before_kind')} = 'store' and o.via <> 'record' then 'hold' else ${l('before_kind')} end, ${l('before_location')},
        case when ${l('before_kind')} = 'folder' then b.before_ref->>'folder' end, b.before_ref->>'folderId',
        coalesce(o.vault_id, ${l('vault_id')}), coalesce(o.after_location, o.target_location), o.after_folder, ${now}::timestamptz
      from undo_plan p
      join action_item o on o.tenant_id = ${tenant} and o.id = p.top
      ${join}
      left join item_seen b on b.tenant_id = ${tenant} and b.item_id = p.low
      where ${which}
      returning id, mailbox_id
    )
    ${letWait(tenant, action, sql`select id, mailbox_id from i where ${!pending}`)}`.execute(tx)
}

/** The button pressed twice: the same person, the same selection, and it is still under way. */
async function sameAgain(
  tx: Tx,
  { tenant }: LedgerContext,
  requester: Requester,
  undos: readonly ActionId[],
  params: ActionParams,
): Promise<{ id: ActionId; name: string; state: ActionState } | null> {
  const rows = await sql<{ id: ActionId; name: string; state: ActionState }>`
    select id, name, state from action where tenant_id = ${tenant} and id = any(${[...undos]}::uuid[])
      and requested_by->>'id' = ${requester.user} and params = ${jsonText(params)}::jsonb order by id limit 1`.execute(
    tx,
  )
  return rows.rows[0] ?? null
}

async function nothing(
  tx: Tx,
  { tenant }: LedgerContext,
  chosen: Chosen,
  { select, releaseHeld }: UndoRequest,
  obstacle: string | null,
): Promise<AppError> {
  const ids = chosen.actions.map((a) => a.id)
  const leaving = releaseHeld ? await leavingGate(tx, tenant, select) : null
  const rows = await sql<{ name: string; by: string; at: Date; state: ActionState }>`
    select u.name, u.requested_by->>'name' as by, u.created_at as at, u.state from action u
    where u.tenant_id = ${tenant} and (u.id = ${leaving}::uuid or u.id in (select x.undo_id from action_undoes x
      where x.tenant_id = ${tenant} and x.action_id = any(${ids}::uuid[])))
      and u.n_planned + u.n_approved + u.n_executing + u.n_retrying > 0 order by u.id limit 1`.execute(tx)
  const [first] = rows.rows
  if (first && (leaving !== null || obstacle === UNDER_WAY)) {
    const when = first.at.toISOString().slice(0, 19).replace('T', ' ')
    return new AppError(
      'undo-under-way',
      `It is being undone already: “${first.name}” by ${first.by}, since ${when} UTC, ${first.state}.`,
      'Wait until that has ended.',
      { status: 409 },
    )
  }
  const [only] = chosen.actions
  const what =
    chosen.actions.length === 1 && only
      ? `“${only.name}” has done nothing that is still to be taken back.`
      : 'Nothing that matches is still to be taken back.'
  return new AppError('nothing-to-undo', obstacle ?? what, 'Look at its items.', { status: 409 })
}

function nameOf(chosen: Chosen, select: UndoSelection): string {
  const [only] = chosen.actions
  if (select.actions && chosen.actions.length === 1 && only) {
    const plain = only.name.replace(/^(Undo|Redo): /, '')
    return only.kind === 'undo' ? `Redo: ${plain}` : `Undo: ${plain}`
  }
  return `Undo: ${described(chosen.actions, select)}`
}

function described(actions: readonly ActionFacts[], select: UndoSelection): string {
  const parts = causesOf(select).map((c) => `${c.kind} ${c.id}${c.version === null ? '' : ` version ${c.version}`}`)
  if (select.person !== undefined) parts.push(`what ${select.person} did`)
  if (select.from !== undefined || select.to !== undefined) parts.push(`${select.from ?? '…'} to ${select.to ?? 'now'}`)
  if (select.messageIds)
    parts.push(`${select.messageIds.length} ${select.messageIds.length === 1 ? 'message' : 'messages'}`)
  if (select.deliveryIds)
    parts.push(`${select.deliveryIds.length} ${select.deliveryIds.length === 1 ? 'copy' : 'copies'}`)
  if (select.filter) parts.push('what a query finds')
  if (parts.length === 0) parts.push(`${actions.length} actions`)
  return parts.join(', ').slice(0, 180)
}
