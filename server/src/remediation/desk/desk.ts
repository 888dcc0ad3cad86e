import type { MailboxId, TenantId } from '../../base/index.ts'
import {
  type CopyState,
  type Folder,
  type Hold,
  type MailboxSession,
  ProviderError,
  type SpecialUse,
} from '../../mailboxes/index.ts'
import type { Location } from '../../records/index.ts'
import type { Lease, Storage, TransactionOptions, Tx } from '../../storage/index.ts'
import type { NextHop } from '../../transport/index.ts'
import { type Change, type LedgerContext, transition } from '../ledger/ledger.ts'
import { holdOf, type Place, type StoredState } from '../types.ts'
import type { BlobsThere } from './blobs-there.ts'
import type { MailboxHome } from './outside.ts'
import type { Pace, Rates } from './pace.ts'

export interface RemediationLog {
  info(about: object, message: string): void
  warn(about: object, message: string): void
  error(about: object, message: string): void
}

export interface Tuning {
  /** Mailboxes worked on at the same time, per server: some more than connections, as the database works on each for a part of the time. */
  readonly perServer: number
  /** Messages that this process moves in a minute on one server, and in one mailbox; null = no limit. */
  readonly rates: Rates
  /** Messages in one MOVE. */
  readonly batch: number
  readonly leaseMs: number
  /** Longest that one command at a mailbox server may take; shorter than the lease. */
  readonly deadlineMs: number
  /** A failed item is tried again after this long, then twice that, … up to an hour. */
  readonly backoffMs: number
  readonly maxAttempts: number
  /** An action over more copies than this proves the way back first. */
  readonly proveAbove: number
  /** How long a proof holds for other actions on the same server. */
  readonly proofMs: number
  /** How often a worker looks for what nobody woke it for: interrupted items, retries. */
  readonly lookEveryMs: number
}

export interface WorkDeps {
  readonly storage: Storage
  readonly nextHop: NextHop | null
  readonly clock: () => Date
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number
  readonly log: RemediationLog
  readonly tuning: Tuning
  readonly pace: Pace
}

const LOCATION: Record<SpecialUse, Location> = {
  inbox: 'inbox',
  junk: 'junk',
  trash: 'deleted-items',
  sent: 'folder',
  drafts: 'folder',
  archive: 'folder',
}
const HOLDS: readonly Hold[] = ['quarantine', 'soft-deleted', 'hard-deleted']
const USE: ReadonlyMap<Location, SpecialUse> = new Map([
  ['inbox', 'inbox'],
  ['junk', 'junk'],
  ['deleted-items', 'trash'],
])

/** One worker's time in one mailbox under its lease: the session, and what was learnt about the folders in it. */
export class Desk {
  readonly deps: WorkDeps
  readonly tenant: TenantId
  readonly mailbox: MailboxId
  readonly home: MailboxHome
  readonly lease: Lease
  readonly blobs: BlobsThere
  #session: MailboxSession | null = null
  #folders: Promise<readonly Folder[]> | null = null
  readonly #special = new Map<SpecialUse, string>()
  readonly #holds = new Map<Hold, string>()

  constructor(
    deps: WorkDeps,
    place: { tenant: TenantId; mailbox: MailboxId; home: MailboxHome; lease: Lease; blobs: BlobsThere },
  ) {
    this.deps = deps
    this.tenant = place.tenant
    this.mailbox = place.mailbox
    this.home = place.home
    this.lease = place.lease
    this.blobs = place.blobs
  }

  async session(): Promise<MailboxSession> {
    this.lease.lost.throwIfAborted()
    this.#session ??= await this.home.provider.open(this.home.account, { signal: this.lease.lost })
    return this.#session
  }

  /** Gives the session back; the next call opens another. Whatever was learnt may have changed. */
  async leave(): Promise<void> {
    this.#folders = null
    this.#special.clear()
    this.#holds.clear()
    await this.rest()
  }

  /** Gives the session back for a while in which only the database works: a mailbox that waits for a connection goes on. */
  async rest(): Promise<void> {
    const session = this.#session
    this.#session = null
    try {
      await session?.close()
    } catch (error) {
      this.deps.log.warn({ err: error, mailbox: this.mailbox }, 'a mailbox session did not close cleanly')
    }
  }

  /**
   * Writes down what was done (or is about to be) in this mailbox; refused when the lease is no longer ours. That is asked together with the
   * first statements of the work, and before them.
   */
  commit<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T> {
    const held = async (tx: Tx) => {
      const [, done] = await Promise.all([this.lease.assertHeld(tx), work(tx)])
      return done
    }
    return this.deps.storage.tenant(this.tenant, held, options)
  }

  context(): LedgerContext {
    return {
      tenant: this.tenant,
      now: this.deps.clock(),
      who: 'worker',
      epoch: this.lease.epoch,
    }
  }

  async record(changes: readonly Change[]): Promise<void> {
    if (changes.length > 0) await this.commit((tx) => transition(tx, this.context(), changes))
  }

  folders(): Promise<readonly Folder[]> {
    this.#folders ??= this.session().then((session) => session.folders())
    return this.#folders
  }

  forgetFolders(): void {
    this.#folders = null
  }

  async special(use: SpecialUse): Promise<string> {
    const known = this.#special.get(use)
    if (known !== undefined) return known
    const path = await (await this.session()).special(use)
    this.#special.set(use, path)
    return path
  }

  /** Keywords must be named before a batch is moved there: the hold is primed with them (A31). */
  async hold(hold: Hold, keywords: readonly string[]): Promise<string> {
    const known = this.#holds.get(hold)
    if (known !== undefined && keywords.length === 0) return known
    const path = await (await this.session()).hold(hold, keywords)
    this.#holds.set(hold, path)
    return path
  }

  /** Path of a place that names no folder of its own. */
  async pathOf(location: Location, keywords: readonly string[] = []): Promise<string> {
    const hold = holdOf(location)
    return hold ? this.hold(hold, keywords) : this.special(USE.get(location) ?? 'inbox')
  }

  /** The hold that a path is; null: a folder of the user's. */
  async holdAt(path: string): Promise<Hold | null> {
    const { kind, location } = await this.placeOf(path)
    return kind === 'hold' ? holdOf(location) : null
  }

  /** What of the field's locations a folder of this mailbox is. */
  async placeOf(path: string): Promise<Place> {
    const folder = (await this.folders()).find((f) => f.path === path)
    if (!folder) {
      // Those that were in use first: one that nobody needs is not made only to be compared.
      const others = HOLDS.filter((hold) => !this.#holds.has(hold))
      for (const hold of [...this.#holds.keys(), ...others]) {
        if ((await this.hold(hold, [])) === path) return { kind: 'hold', location: hold, folder: null, folderId: null }
      }
    }
    const use = folder?.use ?? (path.toUpperCase() === 'INBOX' ? 'inbox' : null)
    return { kind: 'folder', location: use ? LOCATION[use] : 'folder', folder: path, folderId: folder?.id ?? null }
  }

  /** What is stored of a copy, with the subscription of the folder it lies in. */
  async stored(copy: CopyState, sha256: string | null): Promise<StoredState> {
    const folder = (await this.folders()).find((f) => f.path === copy.ref.folder)
    return storedState(copy, sha256, folder?.subscribed ?? null)
  }
}

export const storedState = (copy: CopyState, sha256: string | null, subscribed: boolean | null): StoredState => ({
  flags: copy.flags,
  keywords: copy.keywords,
  internalDate: copy.internalDate.toISOString(),
  size: copy.size,
  sha256,
  networkMessageId: copy.networkMessageId,
  internetMessageId: copy.internetMessageId,
  subscribed,
})

/** Nothing happened and the next command may fare better: the item is tried again later. */
export const isRefusal = (error: unknown): error is ProviderError =>
  error instanceof ProviderError && error.code !== 'unknown'
