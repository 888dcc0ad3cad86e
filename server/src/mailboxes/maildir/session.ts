import { access, constants, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { crashPoint } from '../../base/index.ts'
import {
  type AppendResult,
  type CopyRef,
  type CopyState,
  type CopyWithBytes,
  type Doubt,
  type FindQuery,
  type FlagsNow,
  type Folder,
  type FolderMark,
  type Hold,
  type MailboxSession,
  type MoveResult,
  notAFolder,
  type Position,
  ProviderError,
  type Restorable,
  type Settled,
  type SpecialUse,
  type StateOptions,
  type SystemFlag,
  type UidRanges,
  type Watched,
} from '../provider.ts'
import { settleDoubt } from '../settle.ts'
import { SPECIAL_NAMES, specialUses } from '../special-use.ts'
import { sameFlags, storableFlags } from '../state.ts'
import type { Account } from './account.ts'
import { bytesOf, hashesOf, LOOKS, refOf, stateOf, statesOf } from './copies.ts'
import { afterEffect, codeOfError, deliverNew, fileError, syncDir, writeNew } from './files.ts'
import { find } from './find.ts'
import { type Entry, type FolderStore, makeFolder } from './folder.ts'
import { parseName } from './names.ts'
import { between, flagged, present, survey } from './watch.ts'

/** Directories are made durable once per so many renames (C14). */
const BATCH = 500
interface Flags {
  readonly flags: readonly SystemFlag[]
  readonly keywords: readonly string[]
}

export class MaildirSession implements MailboxSession {
  readonly #account: Account
  #open = true

  constructor(account: Account) {
    this.#account = account
  }

  #do<T>(doing: string, operation: () => Promise<T>): Promise<T> {
    return this.#account.exclusive(async () => {
      if (!this.#open) throw new ProviderError('unavailable', `the session of ${this.#account.login} was closed`)
      return await this.#told(doing, operation)
    })
  }

  async #told<T>(doing: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation()
    } catch (error) {
      throw fileError(error, `${doing} in ${this.#account.login}`)
    }
  }

  folders(): Promise<readonly Folder[]> {
    return this.#do('listing the folders', () => this.#folders())
  }

  async #folders(): Promise<Folder[]> {
    const paths = await this.#account.paths()
    const subscribed = await this.#account.subscriptions()
    const uses = specialUses(
      paths.map((path) => ({ path, separator: '/', attributes: [] })),
      false,
    )
    const folders: Folder[] = []
    for (const path of paths) {
      const folder = await this.#account.folder(path)
      const use = path === 'INBOX' ? 'inbox' : (uses.get(path) ?? null)
      if (folder) folders.push({ path, id: folder.id, use, subscribed: path === 'INBOX' || subscribed.has(path) })
    }
    return folders
  }

  special(use: SpecialUse): Promise<string> {
    return this.#do(`looking for the folder ${use}`, () => this.#special(use))
  }

  async #special(use: SpecialUse): Promise<string> {
    const found = (await this.#folders()).find((folder) => folder.use === use)
    if (found) return found.path
    if (use === 'inbox') return 'INBOX'
    await this.#create(SPECIAL_NAMES[use], true)
    return SPECIAL_NAMES[use]
  }

  async #create(path: string, subscribe: boolean): Promise<void> {
    if (await this.#account.folder(path)) throw new ProviderError('refused', `there is a folder ${path} already`)
    await makeFolder(this.#account.dirOf(path))
    await this.#account.mustFolder(path)
    if (subscribe) await this.#account.subscribe(path)
  }

  survey(): Promise<readonly FolderMark[]> {
    return this.#do('looking for changes', async () => survey(this.#account, await this.#folders()))
  }

  between(watched: Watched, from: number, to: number): Promise<readonly CopyState[]> {
    return this.#do(`reading ${watched.folder}`, () => between(this.#account, watched, from, to))
  }

  flagged(watched: Watched): Promise<readonly FlagsNow[]> {
    return this.#do(`reading flags of ${watched.folder}`, () => flagged(this.#account, watched))
  }

  present(watched: Watched): Promise<UidRanges> {
    return this.#do(`listing ${watched.folder}`, () => present(this.#account, watched))
  }

  createFolder(path: string, options: { subscribe: boolean }): Promise<void> {
    return this.#do(`making the folder ${path}`, async () => {
      if (this.#account.isHold(path)) throw notAFolder(path)
      await this.#create(path, options.subscribe)
    })
  }

  hold(hold: Hold, _keywords: readonly string[]): Promise<string> {
    const path = this.#account.holdPath(hold)
    return this.#do(`preparing ${path}`, async () => {
      if (!(await this.#account.folder(path))) await makeFolder(this.#account.dirOf(path))
      return path
    })
  }

  async holdHidden(): Promise<boolean> {
    return true
  }

  position(path: string, options: { writable?: boolean } = {}): Promise<Position | null> {
    return this.#do(`looking at ${path}`, async () => {
      const folder = await this.#account.folder(path)
      if (!folder) return null
      // What others have put there gets its UIDs first, so that UIDNEXT is above it.
      await folder.list()
      if (options.writable) await mustBeWritable(folder)
      return { folder: path, folderId: folder.id, uidValidity: folder.uidValidity, uidNext: folder.uidNext }
    })
  }

  state(path: string, uids: readonly number[], options: StateOptions = {}): Promise<readonly CopyState[]> {
    return this.#do(`reading ${path}`, async () => {
      const folder = await this.#account.mustFolder(path)
      const states = await statesOf(this.#account, folder, new Set(uids))
      if (options.ids ?? true) return states
      return states.map((state) => ({ ...state, networkMessageId: null, internetMessageId: null }))
    })
  }

  find(query: FindQuery): Promise<readonly CopyState[]> {
    return this.#do('searching', () => find(this.#account, query))
  }

  async *read(path: string, uids: readonly number[]): AsyncIterable<CopyWithBytes> {
    const wanted = new Set(uids)
    const { folder, entries } = await this.#do(`reading ${path}`, async () => {
      const folder = await this.#account.mustFolder(path)
      return { folder, entries: [...(await folder.list()).values()].filter((entry) => wanted.has(entry.uid)) }
    })
    // Each message is an operation of its own, so that the consumer may use the session between two.
    for (const entry of entries) {
      const copy = await this.#do(`reading ${path}`, () => bytesOf(this.#account, folder, entry))
      if (copy) yield copy
    }
  }

  move(path: string, uids: readonly number[], target: string): Promise<MoveResult> {
    return this.#do(`moving from ${path} to ${target}`, async () => {
      const from = await this.#account.mustFolder(path)
      const to = await this.#account.mustFolder(target)
      const wanted = [...new Set(uids)].sort((a, b) => a - b)
      const moved = new Map<number, CopyRef>()
      for (let i = 0; i < wanted.length; i += BATCH) {
        await this.#moveBatch(from, to, wanted.slice(i, i + BATCH), moved)
      }
      return { moved, missing: wanted.filter((uid) => !moved.has(uid)) }
    })
  }

  async #moveBatch(from: FolderStore, to: FolderStore, uids: readonly number[], moved: Map<number, CopyRef>) {
    const entries = await from.list()
    const present = uids.map((uid) => entries.get(uid)).filter((entry) => entry !== undefined)
    if (present.length === 0) return
    let next = await to.allot(present.length)
    crashPoint('mailboxes.before-move')
    try {
      for (const entry of present) {
        const uid = next++
        const last = await this.#rename(
          from,
          entry,
          async (now) => to.name(now.unique, uid, now.flags, await to.indexesOf(from.keywordsOf(now))),
          to,
        )
        if (last) {
          moved.set(entry.uid, refOf(to, { uid, unique: entry.unique }))
          const facts = this.#account.factsOf({ uidValidity: from.uidValidity, uid: entry.uid })
          if (facts) this.#account.remember({ uidValidity: to.uidValidity, uid }, facts)
        }
        crashPoint('mailboxes.maildir.after-rename')
      }
    } catch (error) {
      if (moved.size === 0) throw error
      const message = `only ${moved.size} of the messages were moved from ${from.path} to ${to.path}`
      throw new ProviderError('unknown', `${message}: ${fileError(error, 'moving').message}`, { cause: error })
    }
    // First where they are now: a power loss between the two may show them twice, never nowhere.
    await afterEffect(() => syncDir(join(to.dir, 'cur')))
    crashPoint('mailboxes.maildir.between-syncs')
    for (const dir of new Set(present.map((entry) => entry.dir))) await afterEffect(() => syncDir(join(from.dir, dir)))
    crashPoint('mailboxes.after-move')
  }

  /** Renames into `cur` of `to`; a file that was renamed meanwhile is found by its unique name. False: it is gone. */
  async #rename(
    from: FolderStore,
    entry: Entry,
    nameOf: (entry: Entry) => Promise<string>,
    to: FolderStore = from,
  ): Promise<boolean> {
    let now: Entry | undefined = entry
    for (let look = 0; now && look < LOOKS; look++) {
      try {
        await rename(from.file(now), join(to.dir, 'cur', await nameOf(now)))
        return true
      } catch (error) {
        if (codeOfError(error) !== 'ENOENT') throw error
        now = (await from.list()).get(entry.uid)
      }
    }
    return false
  }

  settle(doubt: Doubt): Promise<ReadonlyMap<number, Settled>> {
    return this.#do('settling', async () => {
      const source = await this.#whereIs(doubt.source, doubt.items[0]?.ref.folderId ?? null)
      const target = await this.#whereIs(doubt.target.folder, doubt.target.folderId)
      return settleDoubt(doubt, {
        marks: false,
        // A rename is over or did not happen, and nobody else works in our name.
        stable: async () => {},
        source: async () => (source ? statesOf(this.#account, source, null) : []),
        target: async () => {
          if (!target) return []
          const since = target.uidValidity === doubt.target.uidValidity ? doubt.target.uidNext : 1
          return statesOf(this.#account, target, null, since)
        },
        remove: async (copies) => {
          const folder = await this.#account.mustFolder(copies[0]?.ref.folder ?? '')
          await this.#remove(
            folder,
            copies.map((copy) => copy.ref.uid),
          )
          return true
        },
        setFlags: async (copy, like) => {
          const folder = await this.#account.mustFolder(copy.ref.folder)
          const entry = (await folder.list()).get(copy.ref.uid)
          if (entry) await this.#setFlags(folder, entry, like)
          return (await statesOf(this.#account, folder, new Set([copy.ref.uid])))[0] ?? copy
        },
        hashes: (copies) => hashesOf(this.#account, copies),
      })
    })
  }

  /** A folder that was renamed meanwhile is followed by its id. */
  async #whereIs(path: string, id: string | null): Promise<FolderStore | null> {
    const folder = await this.#account.folder(path)
    if (id === null || folder?.id === id) return folder
    const other = (await this.#folders()).find((one) => one.id === id)
    return other ? this.#account.folder(other.path) : folder
  }

  append(path: string, copy: Restorable): Promise<AppendResult> {
    return this.#do(`putting a message back into ${path}`, async () => {
      if (copy.bytes.length === 0) throw new ProviderError('refused', 'an empty message cannot be stored')
      const time = copy.internalDate.getTime()
      if (Number.isNaN(time)) throw new RangeError('the date of a message to restore is not a date')
      const folder = await this.#account.mustFolder(path)
      const { flags, keywords, lost } = storableFlags(copy.flags, copy.keywords)
      const indexes = await folder.indexesOf(keywords)
      const { unique, path: temporary } = folder.temporary()
      const uid = await folder.allot(1)
      crashPoint('mailboxes.before-append')
      await writeNew(temporary, copy.bytes, (file) => file.utimes(copy.internalDate, copy.internalDate))
      crashPoint('mailboxes.maildir.after-write')
      const name = folder.name(unique, uid, flags, indexes)
      await rename(temporary, join(folder.dir, 'cur', name))
      await afterEffect(() => syncDir(join(folder.dir, 'cur')))
      crashPoint('mailboxes.after-append')
      const entry: Entry = { ...parseName(name), uid, dir: 'cur', name }
      const state = await afterEffect(() => stateOf(this.#account, folder, entry))
      if (!state) throw new ProviderError('unknown', `the message put back into ${path} is not to be found there`)
      const dateLost = Math.abs(state.internalDate.getTime() - time) >= 1000
      const date = `date ${copy.internalDate.toISOString()}: the file system made it ${state.internalDate.toISOString()}`
      return { state, lost: dateLost ? [...lost, date] : lost }
    })
  }

  setFlags(ref: CopyRef, wanted: Flags, seen?: Flags): Promise<{ readonly lost: readonly string[] }> {
    return this.#do(`setting flags in ${ref.folder}`, async () => {
      const folder = await this.#account.folder(ref.folder)
      const entry = folder?.uidValidity === ref.uidValidity ? (await folder.list()).get(ref.uid) : undefined
      const changed = (what: string) => new ProviderError('changed', `${ref.folder} ${ref.uid}: ${what}`)
      if (!folder || !entry) throw changed('the message is no longer there')
      if (seen && !sameFlags(seen, { flags: entry.flags, keywords: folder.keywordsOf(entry) })) {
        throw changed('its flags were changed meanwhile')
      }
      if (!(await this.#setFlags(folder, entry, wanted))) throw changed('the message was changed while we looked')
      return { lost: storableFlags(wanted.flags, wanted.keywords).lost }
    })
  }

  async #setFlags(folder: FolderStore, entry: Entry, wanted: Flags): Promise<boolean> {
    const { flags, keywords } = storableFlags(wanted.flags, wanted.keywords)
    const name = folder.name(entry.unique, entry.uid, flags, await folder.indexesOf(keywords))
    try {
      await rename(folder.file(entry), join(folder.dir, 'cur', name))
    } catch (error) {
      if (codeOfError(error) === 'ENOENT') return false
      throw error
    }
    await syncDir(join(folder.dir, 'cur'))
    return true
  }

  destroy(path: string, uids: readonly number[]): Promise<void> {
    return this.#do(`removing messages from ${path}`, async () => {
      const folder = await this.#account.mustFolder(path)
      crashPoint('mailboxes.before-destroy')
      await this.#remove(folder, uids)
    })
  }

  async #remove(folder: FolderStore, uids: readonly number[]): Promise<void> {
    const entries = await folder.list()
    for (const uid of uids) {
      const entry = entries.get(uid)
      if (!entry) continue
      await unlink(folder.file(entry)).catch((error: unknown) => {
        if (codeOfError(error) !== 'ENOENT') throw error
      })
    }
    for (const dir of ['cur', 'new']) await syncDir(join(folder.dir, dir))
  }

  /** A new message, in a mailbox that is made if missing: durable when this returns. */
  deliver(use: 'inbox' | 'junk', bytes: Buffer): Promise<CopyRef> {
    return this.#account.exclusive(async () => {
      const inbox = await this.#account.prepare()
      return await this.#told('delivering', async () => {
        const folder = use === 'inbox' ? inbox : await this.#junk()
        const { unique, path: temporary } = folder.temporary()
        const uid = await folder.allot(1)
        const name = folder.name(unique, uid, [], [])
        const target = join(folder.dir, 'new', name.slice(0, name.indexOf(':2,')))
        await deliverNew(temporary, target, bytes)
        return refOf(folder, { uid, unique })
      })
    })
  }

  /** Looked for among all folders only when they have changed. */
  async #junk(): Promise<FolderStore> {
    const known = this.#account.knownJunk()
    const folder = known === null ? null : await this.#account.folder(known)
    if (folder) return folder
    const path = await this.#special('junk')
    this.#account.rememberJunk(path)
    return await this.#account.mustFolder(path)
  }

  async close(): Promise<void> {
    this.#open = false
  }
}

async function mustBeWritable(folder: FolderStore): Promise<void> {
  try {
    for (const sub of ['tmp', 'cur']) await access(join(folder.dir, sub), constants.W_OK)
  } catch (error) {
    throw new ProviderError('read-only', `${folder.dir} cannot be written`, { cause: error })
  }
}
