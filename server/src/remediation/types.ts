import type { ActionId, BlobKey, DeliveryId, ItemId, MailboxId, MessageId, TenantId } from '../base/index.ts'
import type { Cause } from '../judgement/index.ts'
import type { CopyRef, Hold, SystemFlag } from '../mailboxes/index.ts'
import type { Location, MessageFilter } from '../records/index.ts'

/** What is done with copies. */
export type MailKind = 'move' | 'soft-delete' | 'hard-delete' | 'quarantine' | 'release'
/** `submit`, `list-entry`: steps of a plan that have no copies. */
export type ActionKind = MailKind | 'undo' | 'submit' | 'list-entry'
export type MoveTarget = 'inbox' | 'junk' | 'deleted-items'

/** Who asks: a person, an API token, or `automation` (no user), which guards keep away from what was undone. */
export interface Requester {
  readonly tenant: TenantId
  readonly user: string | null
  readonly name: string
  readonly permissions: ReadonlySet<string>
}

export type Selection =
  | { readonly deliveryIds: readonly DeliveryId[] }
  | { readonly messageIds: readonly MessageId[]; readonly recipients?: readonly string[] }
  | { readonly filter: MessageFilter; readonly except?: Except }
  /** What an earlier action touched, at its latest location; `waiting`: only what waits there for approval. */
  | { readonly actionId: ActionId; readonly itemIds?: readonly ItemId[]; readonly waiting?: true }

/** What a query selection leaves out. */
export interface Except {
  readonly deliveryIds?: readonly DeliveryId[]
  readonly messageIds?: readonly MessageId[]
}

export type Severity = 'low' | 'medium' | 'high'
/** The door through which somebody asked. */
export const SOURCES = [
  'explorer',
  'message',
  'action-center',
  'quarantine',
  'submissions',
  'lists',
  'api',
  'cli',
  'automation',
] as const
export type Source = (typeof SOURCES)[number]
/** Doors that people and their programs use. */
export const TAKE_SOURCES = SOURCES.filter((s) => s !== 'automation')

export interface ActionRequest {
  readonly kind: MailKind
  readonly target?: MoveTarget
  readonly select: Selection
  /** For release: some of the original recipients; absent = all. */
  readonly recipients?: readonly string[]
  readonly name?: string
  readonly description?: string
  readonly cause?: Cause
  readonly severity?: Severity
  readonly source?: Source
  /** Wait for somebody's approval although the asker could run it. */
  readonly propose?: boolean
  /** With a deletion: the sender's own copy in Sent too, where the sender is one of ours. */
  readonly senderCopy?: boolean
  /** A verdict that became worse after delivery asks for it (zero-hour auto purge). */
  readonly zap?: boolean
  /** Copies that their users have read stay where they are (air #134). */
  readonly onlyUnread?: boolean
}

export interface UndoOptions {
  /** Only these items of the action; absent = all that it did. */
  readonly items?: readonly ItemId[]
  readonly folderGone?: 'recreate' | 'inbox'
  readonly suspendCause?: boolean
  readonly description?: string
  readonly source?: Source
}

/** State of a copy as the items store it: what exact means. Dates are instants in ISO form. */
export interface StoredState {
  readonly flags: readonly SystemFlag[]
  readonly keywords: readonly string[]
  readonly internalDate: string
  readonly size: number
  /** SHA-256 hex of the copy's bytes as its provider reads them; null before they were read. */
  readonly sha256: string | null
  readonly networkMessageId: string | null
  readonly internetMessageId: string | null
  /** Whether the folder was subscribed when the copy was taken out of it. */
  readonly subscribed: boolean | null
}

/** What happened or is to happen to an item. `record`: never was in a mailbox, only our record of it changes. */
export type Via = 'move' | 'append' | 'deliver' | 'record'

/** Where something is: `folder` the user's, `hold` ours on the same server, `store` only our blob (never delivered). */
export type PlaceKind = 'folder' | 'hold' | 'store'

export interface Place {
  readonly kind: PlaceKind
  readonly location: Location
  /** Path; null = the special-use folder or hold that `location` names, looked up when it is needed. */
  readonly folder: string | null
  readonly folderId: string | null
}

const HOLDS: ReadonlyMap<Location, Hold> = new Map([
  ['soft-deleted', 'soft-deleted'],
  ['hard-deleted', 'hard-deleted'],
  ['quarantine', 'quarantine'],
])
export const holdOf = (location: Location): Hold | null => HOLDS.get(location) ?? null

/** A place in a mailbox to which `location` leads, without saying which folder. */
export const placeAt = (location: Location): Place => ({
  kind: holdOf(location) ? 'hold' : 'folder',
  location,
  folder: null,
  folderId: null,
})

/** One item as the workers see it, with what they need of its delivery. */
export interface WorkItem {
  readonly id: ItemId
  readonly actionId: ActionId
  readonly actionKind: ActionKind
  readonly actionName: string
  readonly actor: string
  readonly deliveryId: DeliveryId
  readonly messageId: MessageId
  readonly mailboxId: MailboxId
  readonly recipient: string
  readonly state: 'approved' | 'executing'
  readonly attempts: number
  readonly via: Via | null
  readonly undoes: ItemId | null
  /** Undoes an undo of a take (or that of a redo of it): takes away again what had been given back. */
  readonly redoes: boolean
  readonly sameAs: ItemId | null
  /** The sender's own copy in Sent: found by what it says of itself and its bytes, no delivery of its own. */
  readonly senderCopy: boolean
  /** Takes one of two copies away, or gives it back: the one that stays. */
  readonly keeps: CopyRef | null
  /** The action that was decided later and has brought the copy to its place already. */
  readonly passedBy: string | null
  /** Where its user has read it, it stays. */
  readonly onlyUnread: boolean
  readonly target: Place
  readonly folderGone: 'recreate' | 'inbox'
  /** The copy this item is about where it is known beforehand: an undo's, a second copy's. */
  readonly sourceRef: CopyRef | null
  readonly sourceState: StoredState | null
  /** How the copy looked before the item that is undone: flags and date to come back to. */
  readonly wanted: StoredState | null
  /** …and where it was. */
  readonly wantedRef: CopyRef | null
  /** Where the copy was when this item began; `store` stays when it delivered the message itself. */
  readonly beforeKind: PlaceKind | null
  readonly beforeLocation: Location | null
  readonly beforeRef: CopyRef | null
  readonly beforeState: StoredState | null
  readonly afterFolder: string | null
  readonly holdPosition: HoldPosition | null
  /** The batch in which it was begun. */
  readonly batch: { readonly id: string; readonly size: number } | null
  readonly vaultId: string | null
  readonly delivery: DeliveryFacts
}

export interface HoldPosition {
  readonly folder: string
  readonly folderId: string | null
  readonly uidValidity: string
  readonly uidNext: number
}

/** By what a copy is known, byte for byte. */
export type CopyFacts = Pick<DeliveryFacts, 'sentSha256' | 'sentSize' | 'copyHash' | 'messageSha256' | 'messageSize'>

/** Where a copy was seen; `sha256`: of its bytes, where they were read at just this place. */
export type SeenRef = CopyRef & { readonly sha256?: string }

export interface DeliveryFacts {
  readonly ref: SeenRef | null
  readonly location: Location
  readonly folder: string | null
  readonly sentSha256: string | null
  readonly sentSize: number | null
  readonly sentPrefix: string | null
  readonly copyHash: string | null
  readonly handover: string
  readonly messageSha256: string
  readonly messageSize: number
  readonly blobKey: BlobKey
  readonly internetMessageId: string | null
  readonly mailFrom: string | null
}

/** Prefix of the crash points that an item passes: giving back has points of its own. */
export const pointsOf = (item: Pick<WorkItem, 'actionKind'>): 'remediation' | 'undo' =>
  item.actionKind === 'undo' || item.actionKind === 'release' ? 'undo' : 'remediation'

/**
 * Takes a message away: wherever its user has it, further copies too (P1 step 7). A redo takes anew what an undo had given back, and its user
 * may have moved or copied it since.
 */
export const takes = (item: Pick<WorkItem, 'actionKind' | 'redoes' | 'undoes' | 'sameAs'>): boolean => {
  if (item.actionKind !== 'undo') return item.actionKind !== 'release'
  // Further copies are items of those who take.
  return item.redoes || (item.undoes === null && item.sameAs !== null)
}

/**
 * Nothing of the message may be in its user's reach afterwards: so it is too where the undo of a release takes it out of a folder. Not where
 * somebody has said which of two copies stays.
 */
export const looksFurther = (item: WorkItem): boolean =>
  item.keeps === null &&
  (takes(item) ||
    (item.target.kind !== 'folder' && (item.beforeLocation === null || holdOf(item.beforeLocation) === null)))
