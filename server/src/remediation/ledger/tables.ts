import type { ColumnType, Generated } from 'kysely'
import type { ActionId, BlobKey, DeliveryId, ItemId, MailboxId, MessageId, TenantId } from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import type { CopyRef } from '../../mailboxes/index.ts'
import type { Location } from '../../records/index.ts'
import type { ActionKind, HoldPosition, MoveTarget, PlaceKind, Severity, Source, StoredState, Via } from '../types.ts'
import type { OneOfTwo, Side } from './both.ts'
import type { About, ActionParams, Approval, Classification, Frozen, Person } from './recorded.ts'
import type { ActionState, Decision, ItemState } from './states.ts'

export type * from './recorded.ts'

type Json<T> = ColumnType<T, string, string>
type JsonOrNull<T> = ColumnType<T | null, string | null, string | null>
type Instant = ColumnType<Date, Date | string, Date | string>

export interface PlanTable {
  tenant_id: TenantId
  id: string
  approval_id: string
  name: string
  description: string
  severity: Severity
  source: Source
  requested_by: Json<Person>
  created_at: Instant
  selection: Json<Frozen>
  asked_by: string
  idempotency_key: string | null
  request_hash: string
  answer: JsonOrNull<Record<string, unknown>>
}

export interface ActionTable {
  tenant_id: TenantId
  id: ActionId
  kind: ActionKind
  target: MoveTarget | null
  params: Json<ActionParams>
  name: string
  description: string
  cause: JsonOrNull<Cause>
  requested_by: Json<Person>
  plan_id: string | null
  /** Short and readable; the steps of one plan share it. */
  approval_id: string
  severity: Severity | null
  source: Source
  about: JsonOrNull<About>
  /** How many different people have to approve before it runs. */
  approvals_needed: number
  decided_by: string | null
  decided_at: Instant | null
  /** Waits for approval until then. */
  expires_at: Instant | null
  warned_at: Instant | null
  derived_from: ActionId | null
  classification: JsonOrNull<Classification>
  approvals: Json<readonly Approval[]>
  decision: Decision
  undo_of: ActionId | null
  /** Kept equal to `actionState(counts, decision)` in the transaction that changes an item. */
  state: ActionState
  created_at: Instant
  started_at: Instant | null
  ended_at: Instant | null
  proof: JsonOrNull<readonly string[]>
  proven: boolean
  blocked_until: Instant | null
  /** Why it does not go on, for people. */
  problem: string | null
  n_total: number
  n_planned: number
  n_approved: number
  n_executing: number
  n_done: number
  n_already_there: number
  n_not_found: number
  n_skipped: number
  n_ambiguous: number
  n_failed: number
  n_verified: number
  n_retrying: number
  n_reverted: number
  n_doubtful: Generated<number>
}

/** The actions that an undo takes back, one row each. */
export interface ActionUndoesTable {
  tenant_id: TenantId
  undo_id: ActionId
  action_id: ActionId
}

/** Lower layers that an undo's item takes back together with the one that it names in `undoes`. */
export interface ItemTogetherTable {
  tenant_id: TenantId
  item_id: ItemId
  of_id: ItemId
}

/** A member of a set of causes; sets are named by the hash of what is in them. */
export interface CauseSetTable {
  tenant_id: TenantId
  id: string
  kind: Cause['kind']
  cause_id: string
  version: number
}

export interface ActionCauseSetTable {
  tenant_id: TenantId
  action_id: ActionId
  cause_set: string
}

export interface ActionItemTable {
  tenant_id: TenantId
  id: ItemId
  action_id: ActionId
  delivery_id: DeliveryId
  message_id: MessageId
  mailbox_id: MailboxId | null
  recipient: string
  state: ItemState
  reason: string | null
  undoes: ItemId | null
  same_as: ItemId | null
  /** The item whose copy this one gives back, where it is not an undo of it (a release). */
  back_of: ItemId | null
  reverted_by: ItemId | null
  /** The sender's own copy in Sent, of the message of item `same_as`. */
  sender_copy: Generated<boolean>
  via: Via | null
  target_kind: PlaceKind
  target_location: Location
  target_folder: string | null
  target_folder_id: string | null
  before_kind: PlaceKind | null
  before_location: Location | null
  before_folder: string | null
  after_location: Location | null
  after_folder: string | null
  restorable: boolean
  lost: JsonOrNull<readonly string[]>
  vault_id: string | null
  /** The batch in which it was begun last. */
  batch_id: string | null
  /** Causes of the message's verdict, where the verdict started the action. */
  cause_set: string | null
  /** There was an item of the same delivery already: only such ones can lie on another. */
  layered: Generated<boolean>
  /** When retention ended for what it took: nothing of it can be given back any more. */
  expired_at: Instant | null
  epoch: ColumnType<string, number, number> | null
  attempts: number
  next_attempt_at: Instant | null
  verified_at: Instant | null
  updated_at: Instant
}

/** What copies looked like, by side: a view of `item_seen`. */
export interface ItemCopyTable {
  tenant_id: TenantId
  item_id: ItemId
  side: 'source' | 'before' | 'after'
  ref: JsonOrNull<CopyRef>
  state: JsonOrNull<StoredState>
}

/** The intent of items that were begun together, until they have ended. */
export interface ItemBatchTable {
  tenant_id: TenantId
  id: string
  mailbox_id: MailboxId
  at: Instant
  items: ItemId[]
  position: JsonOrNull<HoldPosition>
  /** JSON: `[ref, state]` for each item, in their order. */
  before: string
}

/** What copies looked like, a row for each item; `item_copy` shows it by side. */
export interface ItemSeenTable {
  tenant_id: TenantId
  item_id: ItemId
  source_ref: JsonOrNull<CopyRef>
  source_state: JsonOrNull<StoredState>
  before_ref: JsonOrNull<CopyRef>
  before_state: JsonOrNull<StoredState>
  after_ref: JsonOrNull<CopyRef>
  /** Null: as before, but for `subscribed`, which is always null of this side. */
  after_state: JsonOrNull<StoredState>
}

/** Who moved which items from state to state; `item_transition` shows it by item. Append-only. */
export interface ItemHistoryTable {
  tenant_id: TenantId
  seq: Generated<string>
  action_id: ActionId
  mailbox_id: MailboxId | null
  at: Instant
  who: string
  from_state: ItemState
  to_state: ItemState
  why: string | null
  items: ItemId[]
}

/** Items of one action and mailbox that somebody has to work on, and of which at least one waits or is under way. */
export interface ActionDueTable {
  tenant_id: TenantId
  seq: Generated<number>
  action_id: ActionId
  mailbox_id: MailboxId
  first: ItemId
  items: ItemId[]
}

/** Items that somebody has to work on, apart from the others of their action. */
export interface ItemDueTable {
  tenant_id: TenantId
  item_id: ItemId
  action_id: ActionId
  mailbox_id: MailboxId
  retry_at: Instant | null
}

/** Moves that were given up, to be looked for again. */
export interface ItemLateTable {
  tenant_id: TenantId
  item_id: ItemId
  mailbox_id: MailboxId
  delivery_id: DeliveryId
  ref: CopyRef
  state: StoredState
  position: HoldPosition
  shared: boolean
  looks: number
  look_at: Instant
}

/** Where the two copies of an item in doubt are. */
export interface ItemBothTable {
  tenant_id: TenantId
  item_id: ItemId
  source: Json<OneOfTwo>
  target: Json<OneOfTwo>
}

/** Items about one of two copies: which one stays. */
export interface ItemKeepTable {
  tenant_id: TenantId
  item_id: ItemId
  of_id: ItemId
  kept: Side
}

/** A view of `item_history`, by item. */
export interface ItemTransitionTable {
  tenant_id: TenantId
  seq: Generated<string>
  item_id: ItemId
  action_id: ActionId
  at: Instant
  who: string
  from_state: ItemState
  to_state: ItemState
  why: string | null
}

export interface VaultTable {
  tenant_id: TenantId
  id: string
  delivery_id: DeliveryId
  /** Bytes in front of the blob's: what the mail store added at delivery. */
  prefix: Buffer
  blob_key: BlobKey
  /** SHA-256 hex of prefix and blob together. */
  sha256: string
  size: ColumnType<string, number, number>
  created_at: Instant
  retention_until: Instant
}

export interface GuardTable {
  tenant_id: TenantId
  delivery_id: DeliveryId
  cause_kind: Cause['kind']
  cause_id: string
  cause_version: number
  set_by: ActionId
  at: Instant
}

declare module '../../storage/schema.ts' {
  interface Database {
    action: ActionTable
    plan: PlanTable
    action_item: ActionItemTable
    item_batch: ItemBatchTable
    item_copy: ItemCopyTable
    item_seen: ItemSeenTable
    item_history: ItemHistoryTable
    item_due: ItemDueTable
    action_due: ActionDueTable
    item_late: ItemLateTable
    item_both: ItemBothTable
    item_keep: ItemKeepTable
    item_transition: ItemTransitionTable
    vault: VaultTable
    guard: GuardTable
    action_undoes: ActionUndoesTable
    item_together: ItemTogetherTable
    cause_set: CauseSetTable
    action_cause_set: ActionCauseSetTable
  }
}
