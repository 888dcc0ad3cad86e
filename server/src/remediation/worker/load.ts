import { sql } from 'kysely'
import type { ActionId, DeliveryId, ItemId, MailboxId, MessageId, TenantId } from '../../base/index.ts'
import type { CopyRef } from '../../mailboxes/index.ts'
import { PREPARED, type Tx, uuids } from '../../storage/index.ts'
import { reached } from '../desk/due.ts'
import { keptCopies } from '../ledger/both.ts'
import { type DueRow, dueIn, forgetEnded } from '../ledger/waiting.ts'
import type { HoldPosition, StoredState, WorkItem } from '../types.ts'
import { hasNewer, newerThan } from './newer.ts'
import {
  type ActionFacts,
  type Begun,
  type CopyRow,
  type DeliveryRow,
  type Facts,
  type ItemRow,
  type MessageRow,
  origin,
  workItem,
} from './work-item.ts'

interface BatchRow {
  id: string
  items: readonly ItemId[]
  position: HoldPosition | null
  before: string
}

const prepared = sql.raw(PREPARED)

/**
 * Items of one mailbox: everything that was interrupted (what shares a doubt is settled together), else the next that wait, in the
 * order of their actions. Each table is asked by keys, so that no plan depends on statistics.
 */
export async function loadWork(
  tx: Tx,
  tenant: TenantId,
  mailbox: MailboxId,
  now: Date,
  limit: number,
): Promise<readonly WorkItem[]> {
  const waiting = await due(tx, mailbox)
  const few = waiting.length <= limit
  const [actions, all] = await Promise.all([
    actionsOf(tx, tenant, distinct(waiting.map((r) => r.action_id)), now),
    few ? itemsOf(tx, tenant, idsOf(waiting)) : [],
  ])
  const free = waiting.filter((r) => actions.get(r.action_id)?.free)
  const rows = few
    ? all.filter((r) => actions.get(r.action_id)?.free)
    : await itemsOf(tx, tenant, free.length > limit ? await next(tx, idsOf(free), limit) : idsOf(free))
  const begun = rows.filter((r) => r.state === 'executing')
  const items = begun.length > 0 ? begun : rows
  if (items.length === 0) {
    if (waiting.length > 0) await forgetEnded(tx, { mailbox })
    return []
  }
  const facts = await factsOf(tx, tenant, items, actions)
  return items.flatMap((r) => workItem(r, facts) ?? [])
}

const idsOf = (due: readonly DueRow[]): ItemId[] => due.map((r) => r.item_id)

/** What is due in a mailbox. */
async function due(tx: Tx, mailbox: MailboxId) {
  const rows = await sql<DueRow>`${prepared} ${dueIn(mailbox)} order by item_id`.execute(tx)
  return rows.rows
}

/** Of more items than one batch takes: those that were begun, else the first that wait. */
async function next(tx: Tx, ids: readonly ItemId[], limit: number): Promise<readonly ItemId[]> {
  const states = await sql<{ id: ItemId; state: string }>`${prepared}
    select id, state from action_item where tenant_id = recourse_tenant() and id = any(${uuids(ids)})
      and state in ('approved', 'executing') order by id`.execute(tx)
  const begun = states.rows.filter((r) => r.state === 'executing')
  return (begun.length > 0 ? begun : states.rows.slice(0, limit)).map((r) => r.id)
}

async function itemsOf(tx: Tx, tenant: TenantId, ids: readonly ItemId[]): Promise<readonly ItemRow[]> {
  if (ids.length === 0) return []
  const items =
    await sql<ItemRow>`${prepared} select id, action_id, delivery_id, message_id, mailbox_id, recipient, state, attempts,
    via, undoes, same_as, sender_copy, back_of, target_kind, target_location, target_folder, target_folder_id, before_kind, before_location,
    after_folder, vault_id, batch_id from action_item
    where tenant_id = ${tenant} and id = any(${uuids(ids)}) and state in ('approved', 'executing') order by id`.execute(
      tx,
    )
  return items.rows
}

/** `free`: its items may go on now. */
async function actionsOf(
  tx: Tx,
  tenant: TenantId,
  ids: readonly ActionId[],
  now: Date,
): Promise<ReadonlyMap<ActionId, ActionFacts>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<ActionFacts>`${prepared} select id, kind, name, params, requested_by,
    proven and (blocked_until is null or ${reached(sql`blocked_until`, now)}) as free,
    ${hasNewer} as rivals,
    kind = 'undo' and exists (select from action_undoes x join action o on o.tenant_id = x.tenant_id and o.id = x.action_id
      where x.tenant_id = a.tenant_id and x.undo_id = a.id and o.kind = 'undo') as redoes from action a
    where tenant_id = ${tenant} and id = any(${uuids(ids)})`.execute(tx)
  return byId(rows.rows)
}

const byId = <R extends { id: string }>(rows: readonly R[]): ReadonlyMap<R['id'], R> =>
  new Map(rows.map((r) => [r.id, r]))
const distinct = <T>(all: readonly (T | null)[]): T[] => [...new Set(all)].filter((x) => x !== null)

async function factsOf(
  tx: Tx,
  tenant: TenantId,
  items: readonly ItemRow[],
  actions: ReadonlyMap<ActionId, ActionFacts>,
): Promise<Facts> {
  const [deliveries, messages, copies, begun, redone, kept, newer] = await Promise.all([
    deliveriesOf(tx, tenant, distinct(items.map((i) => i.delivery_id))),
    messagesOf(tx, tenant, distinct(items.map((i) => i.message_id))),
    copiesOf(tx, tenant, items),
    begunOf(tx, tenant, items),
    redoing(tx, tenant, items, actions),
    keptCopies(tx, tenant, further(items)),
    newerThan(tx, tenant, waitingAmongRivals(items, actions)),
  ])
  return { actions, deliveries, messages, copies, begun, redoing: redone, kept, newer }
}

async function deliveriesOf(tx: Tx, tenant: TenantId, ids: readonly DeliveryId[]) {
  const rows =
    await sql<DeliveryRow>`${prepared} select id, ref, latest_location, latest_folder, sent_sha256, sent_size,
    sent_prefix, copy_hash, handover from delivery where tenant_id = ${tenant} and id = any(${uuids(ids)})`.execute(tx)
  return byId(rows.rows)
}

async function messagesOf(tx: Tx, tenant: TenantId, ids: readonly MessageId[]) {
  const rows =
    await sql<MessageRow>`${prepared} select id, sha256, size, blob_key, internet_message_id, mail_from from message
    where tenant_id = ${tenant} and id = any(${uuids(ids)})`.execute(tx)
  return byId(rows.rows)
}

/** What was begun is settled first, whatever came after it. */
const waitingAmongRivals = (items: readonly ItemRow[], actions: ReadonlyMap<ActionId, ActionFacts>): ItemId[] =>
  items.filter((i) => i.state === 'approved' && actions.get(i.action_id)?.rivals).map((i) => i.id)

const further = (items: readonly ItemRow[]): ItemId[] => items.filter((i) => i.same_as !== null).map((i) => i.id)

/** Of further copies, what was found; of those that give back, what the other items have seen. */
async function copiesOf(tx: Tx, tenant: TenantId, items: readonly ItemRow[]): Promise<ReadonlyMap<ItemId, CopyRow>> {
  const ids = distinct([...further(items), ...items.map(origin), ...items.map((i) => i.back_of)])
  if (ids.length === 0) return new Map()
  const rows =
    await sql<CopyRow>`${prepared} select item_id, source_ref, source_state, before_ref, before_state, after_ref, after_state
    from item_seen
    where tenant_id = ${tenant} and item_id = any(${uuids(ids)})`.execute(tx)
  return new Map(rows.rows.map((r) => [r.item_id, { ...r, after_state: r.after_state ?? asBefore(r.before_state) }]))
}

/** Nearly all copies look as before: told once by the database. Of the folder they came to that says nothing. */
const asBefore = (state: StoredState | null): StoredState | null => state && { ...state, subscribed: null }

/** Of the items that were begun, their intent. */
async function begunOf(tx: Tx, tenant: TenantId, items: readonly ItemRow[]): Promise<ReadonlyMap<ItemId, Begun>> {
  const ids = distinct(items.filter((i) => i.state === 'executing').map((i) => i.batch_id))
  const found = new Map<ItemId, Begun>()
  if (ids.length === 0) return found
  const rows = await sql<BatchRow>`${prepared} select id, items, position, before from item_batch
    where tenant_id = ${tenant} and id = any(${uuids(ids)})`.execute(tx)
  for (const { id, items: all, position, before } of rows.rows) {
    const batch = { id, size: all.length }
    // Written by us, in the order of the items.
    const copies: readonly (readonly [CopyRef, StoredState])[] = JSON.parse(before)
    for (const [n, item] of all.entries()) {
      const [ref, state] = copies[n] ?? []
      if (ref && state) found.set(item, { batch, ref, state, position })
    }
  }
  return found
}

/** Undos of undos, counted down to what was done first: at every second step a take is in force again. */
async function redoing(
  tx: Tx,
  tenant: TenantId,
  items: readonly ItemRow[],
  actions: ReadonlyMap<ActionId, ActionFacts>,
): Promise<ReadonlySet<ItemId>> {
  const ids = items.filter((i) => i.undoes !== null && actions.get(i.action_id)?.redoes).map((i) => i.id)
  if (ids.length === 0) return new Set()
  const rows = await sql<{ item: ItemId }>`with recursive down (item, id, steps) as (
      select id, undoes, 1 from action_item where tenant_id = ${tenant} and id = any(${uuids(ids)})
      union all select d.item, o.undoes, d.steps + 1 from down d join action_item o on o.tenant_id = ${tenant} and o.id = d.id
        where o.undoes is not null
    )
    select d.item from down d join action_item first on first.tenant_id = ${tenant} and first.id = d.id and first.undoes is null
      join action a on a.tenant_id = ${tenant} and a.id = first.action_id
    where d.steps % 2 = 0 and a.kind <> 'release'`.execute(tx)
  return new Set(rows.rows.map((r) => r.item))
}
