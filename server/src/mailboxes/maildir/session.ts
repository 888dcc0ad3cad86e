import { createHash } from 'node:crypto'
import { open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { crashPoint } from '../../base/index.ts'
import {
  type AppendResult,
  type CopyRef,
  type CopyState,
  type CopyWithBytes,
  type Doubt,
  type FindQuery,
  type Folder,
  type Hold,
  type MailboxSession,
  type MoveResult,
  type Position,
  ProviderError,
  type Restorable,
  type Settled,
  type SpecialUse,
  type StateOptions,
  type SystemFlag,
} from '../provider.ts'
import { settleDoubt } from '../settle.ts'
import { SPECIAL_NAMES, specialUses } from '../special-use.ts'
import { idsOf, sameFlags, storableFlags } from '../state.ts'
import type { Account, FileFacts } from './account.ts'
import { codeOfError, fileError, syncDir, writeNew } from './files.ts'
import { type Entry, type FolderStore, makeFolder } from './folder.ts'

/** Directories are made durable once per so many renames (C14). */
const BATCH = 500
/** A user's program may rename a file under us; that often we look again for it (C6). */
const LOOKS = 5

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
      try {
        return await operation()
      } catch (error) {
        throw fileError(error, `${doing} in ${this.#account.login}`)
      }
    })
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
    return this.#do(`looking for the folder ${use}`, async () => {
      const found = (await this.#folders()).find((folder) => folder.use === use)
      if (found) return found.path
      if (use === 'inbox') return 'INBOX'
      await this.#create(SPECIAL_NAMES[use], true)
      return SPECIAL_NAMES[use]
    })
  }

  async #create(path: string, subscribe: boolean): Promise<void> {
    if (await this.#account.folder(path)) throw new ProviderError('refused', `there is a folder ${path} already`)
    await makeFolder(this.#account.dirOf(path))
    await this.#account.mustFolder(path)
    if (subscribe) await this.#account.subscribe(path)
  }

  createFolder(path: string, options: { subscribe: boolean }): Promise<void> {
    return this.#do(`making the folder ${path}`, () => this.#create(path, options.subscribe))
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
      // Allotting nothing still proves that the folder can be written.
      if (options.writable) await syncDir(join(folder.dir, 'cur'))
      return { folder: path, folderId: folder.id, uidValidity: folder.uidValidity, uidNext: folder.uidNext }
    })
  }

  state(path: string, uids: readonly number[], options: StateOptions = {}): Promise<readonly CopyState[]> {
    return this.#do(`reading ${path}`, async () => {
      const folder = await this.#account.mustFolder(path)
      const states = await this.#states(folder, new Set(uids))
      if (options.ids ?? true) return states
      return states.map((state) => ({ ...state, networkMessageId: null, internetMessageId: null }))
    })
  }

  async #states(folder: FolderStore, wanted: ReadonlySet<number> | null, since = 1): Promise<CopyState[]> {
    const states: CopyState[] = []
    for (const entry of (await folder.list()).values()) {
      if (entry.uid < since || (wanted && !wanted.has(entry.uid))) continue
      const state = await this.#state(folder, entry)
      if (state) states.push(state)
    }
    return states
  }

  /** Null: the file went away while we looked. */
  async #state(folder: FolderStore, entry: Entry): Promise<CopyState | null> {
    const facts = await this.#facts(folder, entry)
    if (!facts) return null
    return { ref: this.#ref(folder, entry), flags: entry.flags, keywords: folder.keywordsOf(entry), ...facts }
  }

  #ref(folder: FolderStore, entry: { uid: number; unique: string }): CopyRef {
    const { path, id, uidValidity } = folder
    return { folder: path, folderId: id, uidValidity, uid: entry.uid, serverId: entry.unique }
  }

  async #facts(folder: FolderStore, entry: Entry): Promise<FileFacts | null> {
    const place = { uidValidity: folder.uidValidity, uid: entry.uid }
    const known = this.#account.factsOf(place)
    if (known) return known
    const path = folder.file(entry)
    try {
      const { size, mtimeMs } = await stat(path)
      const facts = { size, internalDate: toSecond(mtimeMs), ...idsOf(await readHeader(path)) }
      this.#account.remember(place, facts)
      return facts
    } catch (error) {
      if (codeOfError(error) === 'ENOENT') return null
      throw error
    }
  }

  find(query: FindQuery): Promise<readonly CopyState[]> {
    return this.#do('searching', async () => {
      const network = new Set(query.networkMessageIds)
      const internet = new Set(query.internetMessageIds)
      const server = new Set(query.serverIds)
      const refs = new Set((query.refs ?? []).map((ref) => `${ref.uidValidity} ${ref.uid}`))
      const ids = new Map((query.refs ?? []).map((ref) => [`${ref.uidValidity} ${ref.uid}`, ref.folderId]))
      const found: CopyState[] = []
      for (const path of query.folders ?? (await this.#account.paths())) {
        const folder = await this.#account.folder(path)
        for (const copy of folder ? await this.#states(folder, null) : []) {
          const key = `${copy.ref.uidValidity} ${copy.ref.uid}`
          const byRef = refs.has(key) && (ids.get(key) ?? copy.ref.folderId) === copy.ref.folderId
          const byId =
            (copy.networkMessageId !== null && network.has(copy.networkMessageId)) ||
            (copy.internetMessageId !== null && internet.has(copy.internetMessageId)) ||
            (copy.ref.serverId !== null && server.has(copy.ref.serverId))
          if (byRef || byId) found.push(copy)
        }
      }
      return found
    })
  }

  async *read(path: string, uids: readonly number[]): AsyncIterable<CopyWithBytes> {
    const wanted = [...new Set(uids)].sort((a, b) => a - b)
    for (let i = 0; i < wanted.length; i += BATCH) {
      const part = new Set(wanted.slice(i, i + BATCH))
      const states = await this.state(path, [...part])
      for (const { ref } of states) {
        const copy = await this.#do(`reading ${path}`, () => this.#bytes(path, ref.uid))
        if (copy) yield copy
      }
    }
  }

  /** One message by one open file, so that state and bytes are of the same moment. */
  async #bytes(path: string, uid: number): Promise<CopyWithBytes | null> {
    const folder = await this.#account.mustFolder(path)
    const entry = (await folder.list()).get(uid)
    const state = entry ? await this.#state(folder, entry) : null
    if (!entry || !state) return null
    return { ...state, bytes: await readFile(folder.file(entry)) }
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
          moved.set(entry.uid, this.#ref(to, { uid, unique: entry.unique }))
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
    await syncDir(join(to.dir, 'cur'))
    crashPoint('mailboxes.maildir.between-syncs')
    for (const dir of new Set(present.map((entry) => entry.dir))) await syncDir(join(from.dir, dir))
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
        // A rename is over or did not happen, and nobody else works in our name.
        stable: async () => {},
        source: async () => (source ? this.#states(source, null) : []),
        target: async () => {
          if (!target) return []
          const since = target.uidValidity === doubt.target.uidValidity ? doubt.target.uidNext : 1
          return this.#states(target, null, since)
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
          return (await this.#states(folder, new Set([copy.ref.uid])))[0] ?? copy
        },
        sameBytes: async (a, b) => (await this.#hash(a)) === (await this.#hash(b)),
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

  async #hash(copy: CopyState): Promise<string> {
    const found = await this.#bytes(copy.ref.folder, copy.ref.uid)
    return found ? createHash('sha256').update(found.bytes).digest('hex') : `gone ${copy.ref.folder} ${copy.ref.uid}`
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
      await rename(temporary, join(folder.dir, 'cur', folder.name(unique, uid, flags, indexes)))
      await syncDir(join(folder.dir, 'cur'))
      crashPoint('mailboxes.after-append')
      const [state] = await this.#states(folder, new Set([uid]))
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

  /** A new message: durable when this returns. */
  deliver(use: 'inbox' | 'junk', bytes: Buffer, junk: string): Promise<CopyRef> {
    return this.#do('delivering', async () => {
      const path = use === 'junk' ? junk : 'INBOX'
      const folder = await this.#account.mustFolder(path)
      const { unique, path: temporary } = folder.temporary()
      const uid = await folder.allot(1)
      await writeNew(temporary, bytes)
      crashPoint('mailboxes.maildir.after-write')
      const name = folder.name(unique, uid, [], [])
      await rename(temporary, join(folder.dir, 'new', name.slice(0, name.indexOf(':2,'))))
      crashPoint('mailboxes.maildir.after-deliver')
      await syncDir(join(folder.dir, 'new'))
      return this.#ref(folder, { uid, unique })
    })
  }

  async close(): Promise<void> {
    this.#open = false
  }
}

/** INTERNALDATE has no parts of a second. */
const toSecond = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)

const HEADER_STEP = 16 * 1024
const HEADER_MAX = 1024 * 1024

/** Bytes up to the end of the header. */
async function readHeader(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    let bytes = Buffer.alloc(0)
    for (let size = HEADER_STEP; size <= HEADER_MAX; size *= 4) {
      const buffer = Buffer.alloc(size)
      const { bytesRead } = await file.read(buffer, 0, size, 0)
      bytes = buffer.subarray(0, bytesRead)
      if (bytesRead < size || bytes.includes('\r\n\r\n') || bytes.includes('\n\n')) break
    }
    return bytes
  } finally {
    await file.close()
  }
}
