import { sql } from 'kysely'
import type { ActionId, BlobKey, DeliveryId, ItemId, MailboxId, MessageId, TenantId } from '../../base/index.ts'
import type { CopyRef } from '../../mailboxes/index.ts'
import type { Location } from '../../records/index.ts'
import { PREPARED, type Tx, uuids } from '../../storage/index.ts'
import { reached } from '../desk/due.ts'
import { keptCopies } from '../ledger/both.ts'
import type { Batch } from '../ledger/ledger.ts'
import type { ActionParams } from '../ledger/tables.ts'
import type {
  ActionKind,
  DeliveryFacts,
  HoldPosition,
  PlaceKind,
  SeenRef,
  StoredState,
  Via,
  WorkItem,
} from '../types.ts'

interface ItemRow {
  id: ItemId
  action_id: ActionId
  delivery_id: DeliveryId
  message_id: MessageId
  mailbox_id: MailboxId
  recipient: string
  state: 'approved' | 'executing'
  attempts: number
  via: Via | null
  undoes: ItemId | null
  same_as: ItemId | null
  sender_copy: boolean
  back_of: ItemId | null
  target_kind: PlaceKind
  target_location: Location
  target_folder: string | null
  target_folder_id: string | null
  before_kind: PlaceKind | null
  before_location: Location | null
  after_folder: string | null
  vault_id: string | null
  batch_id: string | null
}

interface ActionFacts {
  id: ActionId
  kind: ActionKind
  name: string
  params: ActionParams
  requested_by: { name: string }
  /** An undo of undos, perhaps beside others. */
  redoes: boolean
  free: boolean
}

interface CopyRow {
  item_id: ItemId
  source_ref: CopyRef | null
  source_state: StoredState | null
  before_ref: CopyRef | null
  before_state: StoredState | null
  after_ref: CopyRef | null
  after_state: StoredState | null
}

interface BatchRow {
  id: string
  items: readonly ItemId[]
  position: HoldPosition | null
  before: string
}

/** How the copy of an item looked when it was begun. */
interface Begun {
  readonly batch: Batch
  readonly ref: CopyRef
  readonly state: StoredState
  readonly position: HoldPosition | null
}

interface DeliveryRow {
  id: DeliveryId
  ref: SeenRef | null
  latest_location: Location
  latest_folder: string | null
  sent_sha256: string | null
  sent_size: string | number | null
  sent_prefix: string | null
  copy_hash: string | null
  handover: string
}

interface MessageRow {
  id: MessageId
  sha256: string
  size: string | number
  blob_key: BlobKey
  internet_message_id: string | null
  mail_from: string | null
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
  const actions = await actionsOf(tx, tenant, distinct(waiting.map((r) => r.action_id)), now)
  const ids = waiting.filter((r) => actions.get(r.action_id)?.free).map((r) => r.item_id)
  const rows = await itemsOf(tx, tenant, ids.length > limit ? await next(tx, ids, limit) : ids)
  const begun = rows.filter((r) => r.state === 'executing')
  const items = begun.length > 0 ? begun : rows
  if (items.length === 0) return []
  const facts = await factsOf(tx, tenant, items, actions)
  return items.flatMap((r) => workItem(r, facts) ?? [])
}

/** What is due in a mailbox. */
async function due(tx: Tx, mailbox: MailboxId) {
  const rows = await sql<{ item_id: ItemId; action_id: ActionId }>`${prepared}
    select item_id, action_id from item_due where tenant_id = recourse_tenant() and mailbox_id = ${mailbox} and retry_at is null
    order by item_id`.execute(tx)
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
    kind = 'undo' and exists (select from action_undoes x join action o on o.tenant_id = x.tenant_id and o.id = x.action_id
      where x.tenant_id = action.tenant_id and x.undo_id = action.id and o.kind = 'undo') as redoes from action
    where tenant_id = ${tenant} and id = any(${uuids(ids)})`.execute(tx)
  return byId(rows.rows)
}

interface Facts {
  readonly actions: ReadonlyMap<ActionId, ActionFacts>
  readonly deliveries: ReadonlyMap<DeliveryId, DeliveryRow>
  readonly messages: ReadonlyMap<MessageId, MessageRow>
  readonly copies: ReadonlyMap<ItemId, CopyRow>
  readonly begun: ReadonlyMap<ItemId, Begun>
  /** Items that undo an undo of a take. */
  readonly redoing: ReadonlySet<ItemId>
  /** Of items that are about one of two copies, the other one. */
  readonly kept: ReadonlyMap<ItemId, CopyRef>
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
  const deliveryIds = distinct(items.map((i) => i.delivery_id))
  const deliveries =
    await sql<DeliveryRow>`${prepared} select id, ref, latest_location, latest_folder, sent_sha256, sent_size,
    sent_prefix, copy_hash, handover from delivery where tenant_id = ${tenant} and id = any(${uuids(deliveryIds)})`.execute(
      tx,
    )
  const messageIds = distinct(items.map((i) => i.message_id))
  const messages =
    await sql<MessageRow>`${prepared} select id, sha256, size, blob_key, internet_message_id, mail_from from message
    where tenant_id = ${tenant} and id = any(${uuids(messageIds)})`.execute(tx)
  return {
    actions,
    deliveries: byId(deliveries.rows),
    messages: byId(messages.rows),
    copies: await copiesOf(tx, tenant, items),
    begun: await begunOf(tx, tenant, items),
    redoing: await redoing(tx, tenant, items, actions),
    kept: await keptCopies(tx, tenant, further(items)),
  }
}

const further = (items: readonly ItemRow[]): ItemId[] => items.filter((i) => i.same_as !== null).map((i) => i.id)

/** Of further copies, what was found; of those that give back, what the other items have seen. */
async function copiesOf(tx: Tx, tenant: TenantId, items: readonly ItemRow[]): Promise<ReadonlyMap<ItemId, CopyRow>> {
  const ids = distinct([...further(items), ...items.map(origin), ...items.map((i) => i.back_of)])
  if (ids.length === 0) return new Map()
  const rows =
    await sql<CopyRow>`${prepared} select item_id, source_ref, source_state, before_ref, before_state, after_ref,
    coalesce(after_state, before_state) as after_state from item_seen
    where tenant_id = ${tenant} and item_id = any(${uuids(ids)})`.execute(tx)
  return new Map(rows.rows.map((r) => [r.item_id, r]))
}

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

const origin = (r: ItemRow): ItemId | null => r.undoes ?? r.back_of

function workItem(r: ItemRow, facts: Facts): WorkItem | null {
  const action = facts.actions.get(r.action_id)
  const delivery = facts.deliveries.get(r.delivery_id)
  const message = facts.messages.get(r.message_id)
  if (!action || !delivery || !message) return null
  const other = origin(r)
  const own = facts.copies.get(r.id)
  const given = own?.source_ref ? { ref: own.source_ref, state: own.source_state } : undefined
  const seen = other === null ? undefined : facts.copies.get(other)
  const after = seen?.after_ref ? { ref: seen.after_ref, state: seen.after_state } : undefined
  // Of layers that go back together, the lowest knows where the copy came from.
  const lowest = r.back_of ?? other
  const wanted = lowest === null ? undefined : facts.copies.get(lowest)
  const begun = r.state === 'executing' && r.batch_id ? facts.begun.get(r.id) : undefined
  const before = begun?.batch.id === r.batch_id ? begun : undefined
  return {
    id: r.id,
    actionId: r.action_id,
    actionKind: action.kind,
    actionName: action.name,
    actor: action.requested_by.name,
    deliveryId: r.delivery_id,
    messageId: r.message_id,
    mailboxId: r.mailbox_id,
    recipient: r.recipient,
    state: r.state,
    attempts: r.attempts,
    via: r.via,
    undoes: r.undoes,
    redoes: facts.redoing.has(r.id),
    sameAs: r.same_as,
    senderCopy: r.sender_copy,
    keeps: facts.kept.get(r.id) ?? null,
    target: { kind: r.target_kind, location: r.target_location, folder: r.target_folder, folderId: r.target_folder_id },
    folderGone: action.params.folderGone ?? 'recreate',
    sourceRef: given ? given.ref : newest(r, after?.ref ?? null, delivery.ref),
    sourceState: (given ?? after)?.state ?? null,
    wanted: wanted?.before_state ?? null,
    wantedRef: wanted?.before_ref ?? null,
    beforeKind: r.before_kind,
    beforeLocation: r.before_location,
    beforeRef: before?.ref ?? null,
    beforeState: before?.state ?? null,
    afterFolder: r.after_folder,
    holdPosition: before?.position ?? null,
    batch: before?.batch ?? null,
    vaultId: r.vault_id,
    delivery: deliveryFacts(delivery, message),
  }
}

/** A copy may have a new UID in the same folder (taken on and brought back since): the delivery knows the newest. */
const newest = (r: ItemRow, after: CopyRef | null, now: CopyRef | null): CopyRef | null =>
  after !== null && now !== null && r.same_as === null && now.folder === after.folder ? now : after

const deliveryFacts = (d: DeliveryRow, m: MessageRow): DeliveryFacts => ({
  ref: d.ref,
  location: d.latest_location,
  folder: d.latest_folder,
  sentSha256: d.sent_sha256,
  sentSize: d.sent_size === null ? null : Number(d.sent_size),
  sentPrefix: d.sent_prefix,
  copyHash: d.copy_hash,
  handover: d.handover,
  messageSha256: m.sha256,
  messageSize: Number(m.size),
  blobKey: m.blob_key,
  internetMessageId: m.internet_message_id,
  mailFrom: m.mail_from,
})
