import type { ActionId, BlobKey, DeliveryId, ItemId, MailboxId, MessageId } from '../../base/index.ts'
import type { CopyRef } from '../../mailboxes/index.ts'
import type { Location } from '../../records/index.ts'
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

export interface ItemRow {
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

export interface ActionFacts {
  id: ActionId
  kind: ActionKind
  name: string
  params: ActionParams
  requested_by: { name: string }
  /** An undo of undos, perhaps beside others. */
  redoes: boolean
  free: boolean
  /** Something that was decided later has begun. */
  rivals: boolean
}

export interface CopyRow {
  item_id: ItemId
  source_ref: CopyRef | null
  source_state: StoredState | null
  before_ref: CopyRef | null
  before_state: StoredState | null
  after_ref: CopyRef | null
  after_state: StoredState | null
}

/** How the copy of an item looked when it was begun. */
export interface Begun {
  readonly batch: Batch
  readonly ref: CopyRef
  readonly state: StoredState
  readonly position: HoldPosition | null
}

export interface DeliveryRow {
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

export interface MessageRow {
  id: MessageId
  sha256: string
  size: string | number
  blob_key: BlobKey
  internet_message_id: string | null
  mail_from: string | null
}

/** What is known of items that are worked on, each by its key. */
export interface Facts {
  readonly actions: ReadonlyMap<ActionId, ActionFacts>
  readonly deliveries: ReadonlyMap<DeliveryId, DeliveryRow>
  readonly messages: ReadonlyMap<MessageId, MessageRow>
  readonly copies: ReadonlyMap<ItemId, CopyRow>
  readonly begun: ReadonlyMap<ItemId, Begun>
  /** Items that undo an undo of a take. */
  readonly redoing: ReadonlySet<ItemId>
  /** Of items that are about one of two copies, the other one. */
  readonly kept: ReadonlyMap<ItemId, CopyRef>
  /** Of items that something newer has passed by, its name. */
  readonly newer: ReadonlyMap<ItemId, string>
}

/** The item that this one gives back the copy of. */
export const origin = (r: ItemRow): ItemId | null => r.undoes ?? r.back_of

/** An item as the worker takes it; null where what it speaks of is not there. */
export function workItem(r: ItemRow, facts: Facts): WorkItem | null {
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
    passedBy: facts.newer.get(r.id) ?? null,
    onlyUnread: action.params.onlyUnread ?? false,
    target: { kind: r.target_kind, location: r.target_location, folder: r.target_folder, folderId: r.target_folder_id },
    folderGone: action.params.folderGone ?? 'recreate',
    sourceRef: given ? given.ref : newest(r, after?.ref ?? null, delivery),
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

/**
 * A copy may have a new UID in the same folder (taken on and brought back since), and what is released may have come to quarantine from
 * another hold than that to which it was taken first: the delivery knows the newest.
 */
function newest(r: ItemRow, after: CopyRef | null, { ref: now, latest_location: location }: DeliveryRow) {
  if (after === null || now === null || r.same_as !== null) return after
  const released = r.undoes === null && location === 'quarantine' && r.before_location === location
  return released || now.folder === after.folder ? now : after
}

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
