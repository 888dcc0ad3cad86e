import { sql } from 'kysely'
import { type ActionId, AppError, type ItemId, uuidv7 } from '../base/index.ts'
import type { Cause } from '../judgement/index.ts'
import { emit, jsonText, type Tx } from '../storage/index.ts'
import type { LedgerContext } from './ledger.ts'
import type { ActionState } from './states.ts'
import { insertAction, openAction } from './submit.ts'
import type { ActionTable } from './tables.ts'
import type { Requester, UndoOptions } from './types.ts'

export interface UndoPreview {
  readonly copies: number
  readonly mailboxes: number
  readonly exact: number
  readonly notExact: readonly { readonly reason: string; readonly count: number }[]
  readonly impossible: readonly { readonly reason: string; readonly count: number }[]
  /** The recorded state is of this instant; execution decides. */
  readonly at: string
}

interface Done {
  readonly id: ItemId
  readonly mailbox_id: string | null
  readonly via: string | null
  readonly lost: readonly string[] | null
  readonly restorable: boolean
  readonly removed: boolean
  readonly under_way: boolean
  readonly taken_by: string | null
}

/** What an action did and nobody has taken back, with what stands in the way of taking it back. */
async function doneItems(
  tx: Tx,
  context: LedgerContext,
  action: ActionId,
  items?: readonly ItemId[],
): Promise<readonly Done[]> {
  const only = items ? [...items] : null
  const rows = await sql<Done>`
    select i.id, i.mailbox_id, i.via, i.lost, i.restorable, (b.id is null or b.removed_at is not null) as removed,
      exists (select 1 from action_item u where u.tenant_id = i.tenant_id and u.undoes = i.id
        and (u.state in ('planned', 'approved', 'executing') or (u.state = 'failed' and u.next_attempt_at is not null))) as under_way,
      (select a.name from action_item l join action a on a.tenant_id = l.tenant_id and a.id = l.action_id
        where l.tenant_id = i.tenant_id and l.delivery_id = i.delivery_id and l.id <> i.id and l.state = 'done'
          and l.reverted_by is null and exists (select 1 from item_copy lb join item_copy ia on ia.tenant_id = lb.tenant_id
            and ia.item_id = i.id and ia.side = 'after' and ia.ref = lb.ref
            where lb.tenant_id = l.tenant_id and lb.item_id = l.id and lb.side = 'before') limit 1) as taken_by
    from action_item i left join mailbox b on b.tenant_id = i.tenant_id and b.id = i.mailbox_id
    where i.tenant_id = ${context.tenant} and i.action_id = ${action} and i.state = 'done' and i.reverted_by is null
      and (${only}::uuid[] is null or i.id = any(${only}::uuid[]))
    order by i.id`.execute(tx)
  return rows.rows
}

function obstacle(i: Done): string | null {
  if (i.under_way) return 'An undo of it is under way.'
  if (i.taken_by !== null) return `It was taken on since by “${i.taken_by}”: undo that first.`
  if (i.removed) return 'The mailbox does not exist any more; the bytes stay in the vault until their retention ends.'
  return null
}

function inexact(i: Done): string | null {
  if (i.lost && i.lost.length > 0) return i.lost[0] ?? null
  if (!i.restorable) return 'Parts of its state were not kept.'
  if (i.via === 'deliver')
    return 'It was delivered by this action: it goes back to quarantine in the mailbox, not to the gate.'
  return null
}

export async function previewUndo(
  tx: Tx,
  context: LedgerContext,
  action: ActionId,
  items?: readonly ItemId[],
): Promise<UndoPreview> {
  await undoable(tx, context, action)
  const done = await doneItems(tx, context, action, items)
  const impossible = tally(done.map(obstacle))
  const free = done.filter((i) => obstacle(i) === null)
  const notExact = tally(free.map(inexact))
  return {
    copies: free.length,
    mailboxes: new Set(free.map((i) => i.mailbox_id)).size,
    exact: free.filter((i) => inexact(i) === null).length,
    notExact,
    impossible,
    at: context.now.toISOString(),
  }
}

function tally(reasons: readonly (string | null)[]): { reason: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const r of reasons) if (r !== null) counts.set(r, (counts.get(r) ?? 0) + 1)
  return [...counts].map(([reason, n]) => ({ reason, count: n })).sort((a, b) => b.count - a.count)
}

type ActionRow = Pick<ActionTable, 'name' | 'state' | 'undo_of'> & { cause: Cause | null }

async function undoable(tx: Tx, context: LedgerContext, id: ActionId): Promise<ActionRow> {
  const row = await tx
    .selectFrom('action')
    .select(['name', 'state', 'undo_of', 'cause'])
    .where('tenant_id', '=', context.tenant)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw new AppError('no-action', 'There is no such action.', 'Look at the list of actions.', { status: 404 })
  if (['pending-approval', 'queued', 'running'].includes(row.state)) {
    throw new AppError(
      'still-running',
      `“${row.name}” has not ended: its state is ${row.state}.`,
      'Cancel it, or wait until it has ended.',
      {
        status: 409,
      },
    )
  }
  return row
}

/** An action of its own, with an item for everything that the other did; *before* and *after* change places. */
export async function submitUndoOf(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  of: ActionId,
  options: UndoOptions,
  proveAbove: number,
): Promise<{ id: ActionId; name: string; state: ActionState }> {
  const original = await undoable(tx, context, of)
  // One undo at a time: two people who press the button together must not make two items for one message.
  await sql`select 1 from action where tenant_id = ${context.tenant} and id = ${of} for update`.execute(tx)
  const done = await doneItems(tx, context, of, options.items)
  const free = done.filter((i) => obstacle(i) === null)
  if (free.length === 0) {
    const [reason] = done.map(obstacle)
    throw new AppError(
      'nothing-to-undo',
      reason ?? `“${original.name}” has done nothing that is still to be taken back.`,
      'Look at its items.',
      {
        status: 409,
      },
    )
  }
  const pending = !requester.permissions.has('remediation.approve')
  const id = uuidv7<ActionId>()
  const name =
    original.undo_of === null ? `Undo: ${original.name}` : `Redo: ${original.name.replace(/^(Undo|Redo): /, '')}`
  await insertAction(tx, context, {
    id,
    kind: 'undo',
    target: null,
    params: {
      folderGone: options.folderGone ?? 'recreate',
      suspendCause: options.suspendCause ?? false,
      ...(options.items ? { items: options.items } : {}),
    },
    name,
    description: options.description ?? '',
    cause: original.cause,
    by: { id: requester.user, name: requester.name },
    undoOf: of,
    pending,
  })
  await insertUndoItems(tx, context, id, free, pending)
  await bindCause(tx, context, { id, of, original, options })
  const open = pending ? { planned: free.length } : { approved: free.length }
  return { id, name, state: await openAction(tx, context, id, { total: free.length, ...open }, proveAbove) }
}

const CHUNK = 5000

async function insertUndoItems(
  tx: Tx,
  context: LedgerContext,
  action: ActionId,
  items: readonly Done[],
  pending: boolean,
): Promise<void> {
  const state = pending ? 'planned' : 'approved'
  for (let at = 0; at < items.length; at += CHUNK) {
    const rows = items.slice(at, at + CHUNK).map((i) => ({ id: uuidv7<ItemId>(), of: i.id }))
    const ids = rows.map((r) => r.of)
    await sql`
      with x as (
        select * from json_to_recordset(${jsonText(rows)}::json) as x(id uuid, "of" uuid)
      ), i as (
        insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, undoes, same_as,
          target_kind, target_location, target_folder, target_folder_id, vault_id, before_location, before_folder, updated_at)
        select o.tenant_id, x.id, ${action}, o.delivery_id, o.message_id, o.mailbox_id, o.recipient, ${state}, o.id, o.same_as,
          case when o.before_kind = 'store' and o.via <> 'record' then 'hold' else o.before_kind end, o.before_location,
          case when o.before_kind = 'folder' then b.ref->>'folder' end, b.ref->>'folderId', o.vault_id,
          o.after_location, o.after_folder, ${context.now}::timestamptz
        from x join action_item o on o.tenant_id = ${context.tenant} and o.id = any(${ids}::uuid[]) and o.id = x."of"
        left join item_copy b on b.tenant_id = ${context.tenant} and b.item_id = any(${ids}::uuid[]) and b.item_id = o.id
          and b.side = 'before'
        returning id, mailbox_id
      ), q as (
        insert into item_due (tenant_id, item_id, action_id, mailbox_id)
        select ${context.tenant}, i.id, ${action}, i.mailbox_id from i where ${!pending} and i.mailbox_id is not null
      )
      select count(*) from i`.execute(tx)
  }
}

/**
 * An undo binds its cause: automation does not take these copies again for it, and new mail is judged without it if that was asked
 * for. A redo says that the original was right and lets go.
 */
async function bindCause(
  tx: Tx,
  context: LedgerContext,
  undo: { id: ActionId; of: ActionId; original: ActionRow; options: UndoOptions },
): Promise<void> {
  const { id, of, original, options } = undo
  if (original.undo_of !== null) {
    await sql`delete from guard where tenant_id = ${context.tenant} and set_by = ${of}
      and delivery_id in (select delivery_id from action_item where tenant_id = ${context.tenant} and action_id = ${id})`.execute(
      tx,
    )
    return
  }
  const cause: Cause = original.cause ?? { kind: 'action', id: of, version: 1 }
  await sql`
    insert into guard (tenant_id, delivery_id, cause_kind, cause_id, cause_version, set_by, at)
    select distinct tenant_id, delivery_id, ${cause.kind}, ${cause.id}, ${cause.version}::int, ${id}::uuid, ${context.now}::timestamptz
    from action_item where tenant_id = ${context.tenant} and action_id = ${id}
    on conflict do nothing`.execute(tx)
  if (options.suspendCause && original.cause) {
    await emit(tx, { kind: 'cause.suspend', data: { cause: original.cause, undoActionId: id } })
  }
}
