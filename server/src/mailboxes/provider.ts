/**
 * Where mail lives. One provider per kind of server; the conformance suite (`conformance.ts`) is the contract.
 * The steps are small on purpose: remediation commits its intent between them (mailbox-semantics, P1 and P2).
 */

export type SystemFlag = '\\Seen' | '\\Answered' | '\\Flagged' | '\\Deleted' | '\\Draft'
export type SpecialUse = 'inbox' | 'junk' | 'trash' | 'sent' | 'drafts' | 'archive'

/** The mailbox as its provider addresses it: the login name on IMAP, the directory's name on Maildir. */
export interface MailboxAccount {
  readonly login: string
}

export interface Folder {
  readonly path: string
  /** Survives a rename where the server has such a thing (X-GUID of the folder, MAILBOXID); else null. */
  readonly id: string | null
  readonly use: SpecialUse | null
  readonly subscribed: boolean
}

/** Where the next message of a folder will be put. Written down before a MOVE so that a doubt can be settled after. */
export interface Position {
  readonly folder: string
  readonly folderId: string | null
  readonly uidValidity: string
  readonly uidNext: number
}

/** The provider's identity of one copy. Opaque to everybody else; stored as JSON in `delivery.ref` and the items. */
export interface CopyRef {
  readonly folder: string
  readonly folderId: string | null
  readonly uidValidity: string
  readonly uid: number
  /** X-GUID, EMAILID or file base name: shared by copies that the user makes, so a candidate, never a proof. */
  readonly serverId: string | null
}

/** The flags of a copy: the five of the system, and keywords (the user's or a program's own words). `\Recent` is never among them. */
export interface Flags {
  readonly flags: readonly SystemFlag[]
  readonly keywords: readonly string[]
}

/** What a copy looks like now. Dates are instants. */
export interface CopyState extends Flags {
  readonly ref: CopyRef
  readonly internalDate: Date
  /** Bytes as the server counts them (RFC822.SIZE). */
  readonly size: number
  /** Value of our `X-Recourse-Message-Id` header; written at delivery, so a candidate, never a proof. */
  readonly networkMessageId: string | null
  readonly internetMessageId: string | null
}

export interface CopyWithBytes extends CopyState {
  readonly bytes: Buffer
}

/** How to look for copies: any criterion may match; the caller proves identity by bytes. */
export interface FindQuery {
  readonly refs?: readonly CopyRef[]
  readonly networkMessageIds?: readonly string[]
  readonly serverIds?: readonly string[]
  readonly internetMessageIds?: readonly string[]
  /** Only these folders; default all that the user sees, Inbox first. The hold is searched only when named. */
  readonly folders?: readonly string[]
}

export interface MoveResult {
  /** old UID → where it is now, from COPYUID or its equivalent. */
  readonly moved: ReadonlyMap<number, CopyRef>
  /** UIDs that the server did not know (already expunged or moved by somebody): silent on the wire (A13). */
  readonly missing: readonly number[]
  /**
   * Only on servers without UIDPLUS (P2): copied, and the original marked `\\Deleted` but still in the folder until the
   * user's own program expunges it. Such an item is *partly done*, never remediated.
   */
  readonly marked?: readonly number[]
}

export interface Doubt {
  readonly source: string
  /** State of the items before the command, as written down. */
  readonly items: readonly CopyState[]
  /** Target's position as written down before the command. */
  readonly target: Position
  /**
   * The user reaches both folders: a copy in each may be our command, half done, or the user's own. Nobody can tell, so none of them is removed.
   * False: one of them is a hold of ours, and only we bring mail there or take it out.
   */
  readonly shared: boolean
}

export type Settled =
  | { readonly at: 'source'; readonly state: CopyState }
  /** Only of `shared` doubts: the message is where it was, and one of its kind has come to the target since. Both are left. */
  | { readonly at: 'both'; readonly state: CopyState; readonly target: CopyState }
  | {
      readonly at: 'target'
      readonly state: CopyState
      /** As in `MoveResult.marked`: the original is still in its folder, marked `\\Deleted`. */
      readonly marked?: boolean
    }
  | { readonly at: 'neither' }

/** A copy as the vault keeps it: what `append` puts back. */
export interface Restorable extends Flags {
  readonly bytes: Buffer
  readonly internalDate: Date
}

export interface AppendResult {
  readonly state: CopyState
  /** What the server could not take, in words: a keyword, a date, normalised bytes. Empty = exact. */
  readonly lost: readonly string[]
}

/** Places of ours on the same server, out of the user's reach where the server can do that. */
export type Hold = 'soft-deleted' | 'hard-deleted' | 'quarantine'

export interface StateOptions {
  /** False: both message ids are left null, and the server need not open any message. Default true. */
  readonly ids?: boolean
}

export interface MoveOptions {
  /**
   * For mailboxes that are being used (flags changed within the last minutes): small steps that only take what has not
   * changed while we look (the conditional take, A30). Slower. Default false.
   */
  readonly careful?: boolean
}

/** A folder with the counters that tell a watcher whether anything happened there. */
export interface FolderMark extends Folder {
  readonly uidValidity: string
  readonly uidNext: number
  readonly messages: number
  /** Differs after every change, flags included; null where the server keeps no such counter. Opaque. */
  readonly modseq: string | null
}

/** A folder as it was when a watcher looked: what is asked of another incarnation is a ProviderError `changed`. */
export interface Watched {
  readonly folder: string
  readonly uidValidity: string
}

export interface FlagsNow extends Flags {
  readonly uid: number
}

/** UIDs as closed ranges, ascending. */
export type UidRanges = readonly (readonly [from: number, to: number])[]

export interface MailboxSession {
  /** All folders that the user sees, with their counters, in as few questions as the server allows. */
  survey(): Promise<readonly FolderMark[]>
  /** Copies with `from` ≤ UID ≤ `to`, in UID order. */
  between(watched: Watched, from: number, to: number): Promise<readonly CopyState[]>
  /** Flags that changed since `modseq` (CONDSTORE); all of them where the server cannot say. */
  flagged(watched: Watched, modseq: string | null): Promise<readonly FlagsNow[]>
  /** Which UIDs are there. */
  present(watched: Watched): Promise<UidRanges>
  folders(): Promise<readonly Folder[]>
  /** Path of a special-use folder, made (and subscribed) if it is missing. Any language: by attribute, then by name. */
  special(use: SpecialUse): Promise<string>
  /** Path of one of our holds, made and primed if missing. `keywords` are what the batch carries (A31: the anchor). */
  hold(hold: Hold, keywords: readonly string[]): Promise<string>
  /** Whether the holds are out of the user's reach on this server; false = a visible folder, and the operator is told. */
  holdHidden(): Promise<boolean>
  /**
   * `null` when there is no such folder. With `writable` the folder is opened for it: read-only is a ProviderError
   * `read-only`. (`move`, `append`, `setFlags` and `destroy` always look.)
   */
  position(folder: string, options?: { readonly writable?: boolean }): Promise<Position | null>
  /**
   * The path here of the user's folder that other programs call `a/b`. Throws `BadFolderName` where it is known without asking that there
   * can be none.
   */
  userFolder(name: string): Promise<string>
  /** `refused` where the name is one of our holds', `BadFolderName` where no folder can be called so. */
  createFolder(path: string, options: { subscribe: boolean }): Promise<void>
  find(query: FindQuery): Promise<readonly CopyState[]>
  /** Copies of one folder by UID, in UID order; unknown UIDs are left out. */
  state(folder: string, uids: readonly number[], options?: StateOptions): Promise<readonly CopyState[]>
  /**
   * `sizes`: of these copies as they were told a moment ago, so that the server need not be asked for them once more. Copies that are there
   * and cannot be read are named by an `UnreadableCopies` after all others.
   */
  read(folder: string, uids: readonly number[], sizes?: ReadonlyMap<number, number>): AsyncIterable<CopyWithBytes>
  /**
   * One batched move. A lost reply or connection is a ProviderError `unknown`: call `settle` (on this session or a new
   * one), never repeat.
   */
  move(folder: string, uids: readonly number[], target: string, options?: MoveOptions): Promise<MoveResult>
  /** ✂3/✂6: wait until the old command is over, then decide each item, finishing half-done ones. By item's old UID. */
  settle(doubt: Doubt): Promise<ReadonlyMap<number, Settled>>
  /** From the vault (P1b). A lost reply is `unknown`: look with `find` since the written-down position. */
  append(folder: string, copy: Restorable): Promise<AppendResult>
  /** Makes flags and keywords exactly these; where `seen` is given and differs from what is there: `changed`. */
  setFlags(ref: CopyRef, wanted: Flags, seen?: Flags): Promise<{ readonly lost: readonly string[] }>
  /** Destroys exactly these copies (UID EXPUNGE, never a bare EXPUNGE). For expiry and our own probe messages. */
  destroy(folder: string, uids: readonly number[]): Promise<void>
  /** Gives the session back; what still runs on it is aborted. It cannot be used any more. */
  close(): Promise<void>
}

export interface WayBackProof {
  readonly ok: boolean
  readonly at: Date
  /** What was tried and seen, in words; the first failure is last. */
  readonly steps: readonly string[]
  /** Why it failed, where the server said so. `quota`: moving still works on such a mailbox, putting back bytes does not. */
  readonly failure?: ProviderErrorCode
  /** Whether the holds are out of the user's reach. */
  readonly holdHidden?: boolean
}

/** A connection over which the server tells of news by itself. */
export interface Listening {
  /** `all`: news of every folder (NOTIFY, RFC 5465); `inbox`: of the Inbox only (IDLE, RFC 2177). */
  readonly scope: 'all' | 'inbox'
  close(): Promise<void>
}

export interface MailboxProvider {
  readonly kind: 'imap' | 'maildir' | 'memory'
  /** Sessions are pooled; `signal` aborts waiting. The socket deadline is shorter than the lease's. */
  open(account: MailboxAccount, options?: { signal?: AbortSignal }): Promise<MailboxSession>
  /** Proves on this account that what is taken can be put back: append, flags, date, move, read back, remove. */
  proveWayBack(account: MailboxAccount): Promise<WayBackProof>
  /** Puts a new message in the Inbox or Junk folder as a delivery. Only where we are the store (Maildir, memory). */
  deliver?(account: MailboxAccount, use: 'inbox' | 'junk', bytes: Buffer): Promise<CopyRef>
  /** Null: this server tells nothing by itself. `ended`: it does not any more; listen anew. */
  listen?(account: MailboxAccount, on: { news(): void; ended(): void }): Promise<Listening | null>
  close(): Promise<void>
}

export type ProviderErrorCode =
  | 'unknown' // the command may or may not have happened: settle
  | 'unavailable' // server down, connection refused or lost before the command: retry
  | 'denied' // login or right refused
  | 'gone' // mailbox does not exist
  | 'no-folder'
  | 'read-only'
  | 'quota'
  | 'refused' // the server said NO, nothing happened
  | 'changed' // flags changed since they were read
  | 'timeout'

export class ProviderError extends Error {
  readonly code: ProviderErrorCode
  constructor(code: ProviderErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProviderError'
    this.code = code
  }
}

/** No folder can be called so there, now or later: nothing happened. */
export class BadFolderName extends ProviderError {
  constructor(name: string, why: string, options?: ErrorOptions) {
    super('refused', `no folder can be called ${shownName(name)}: ${why}`, options)
    this.name = 'BadFolderName'
  }
}

const SHOWN = 60

function shownName(name: string): string {
  const letters = [...name]
  const shown = JSON.stringify(letters.slice(0, SHOWN).join(''))
  return letters.length > SHOWN ? `${shown.slice(0, -1)}…" (${letters.length} characters)` : shown
}

/** The parts of a folder's name as a path. Throws `BadFolderName` for what no provider takes: empty parts, and control characters (RFC 9051, 5.1). */
export function folderParts(name: string): string[] {
  const parts = name.split('/')
  if (parts.some((part) => part === '')) throw new BadFolderName(name, 'a part of its path is empty')
  if (/\p{Cc}/u.test(name)) throw new BadFolderName(name, 'it holds a control character')
  return parts
}

/** A user's folder cannot have the name of one of our holds: what lies there would be out of the user's reach. */
export const notAFolder = (path: string): ProviderError =>
  new ProviderError(
    'refused',
    `“${path}” is where Recourse holds mail, it cannot be a user’s folder: choose another name`,
  )
