import { crashPoint } from '../../base/index.ts'
import { isWanted } from '../criteria.ts'
import {
  type AppendResult,
  type CopyRef,
  type CopyState,
  type CopyWithBytes,
  type Doubt,
  type FindQuery,
  type Flags,
  type FlagsNow,
  type Folder,
  type FolderMark,
  folderParts,
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
  type UidRanges,
  type Watched,
} from '../provider.ts'
import { markOf, rangesOf } from '../ranges.ts'
import { SPECIAL_NAMES } from '../special-use.ts'
import { sameFlags, storableDate, storableFlags } from '../state.ts'
import type { Fault, Faults, MemoryCallName } from './faults.ts'
import {
  type MemoryFolder,
  type MemoryMailbox,
  type MemoryMessage,
  type MemoryTraits,
  refOf,
  stateOf,
} from './model.ts'
import { settle, takeOriginal } from './settle.ts'

export class MemorySession implements MailboxSession {
  readonly #box: MemoryMailbox
  readonly #faults: Faults
  readonly #traits: MemoryTraits
  #open = true

  constructor(box: MemoryMailbox, faults: Faults, traits: MemoryTraits) {
    this.#box = box
    this.#faults = faults
    this.#traits = traits
  }

  async #enter(name: MemoryCallName, more?: { folder?: string; target?: string; uids?: readonly number[] }) {
    if (!this.#open) throw new ProviderError('unavailable', 'the session was closed')
    const entered = await this.#faults.enter(name, this.#box.login, more)
    if (this.#box.gone) throw new ProviderError('gone', `there is no mailbox ${this.#box.login}`)
    this.#box.look()
    return entered
  }

  #state(folder: MemoryFolder, message: MemoryMessage): CopyState {
    return stateOf(folder, message, this.#traits.serverIds)
  }

  #writable(path: string): MemoryFolder {
    const folder = this.#box.folder(path)
    if (folder.readOnly) throw new ProviderError('read-only', `${path} of ${this.#box.login} is read-only`)
    return folder
  }

  async folders(): Promise<readonly Folder[]> {
    await this.#enter('folders')
    const seen = [...this.#box.folders.values()].filter((folder) => !folder.hold)
    return seen.map(({ path, id, use, subscribed }) => ({ path, id, use, subscribed }))
  }

  async survey(): Promise<readonly FolderMark[]> {
    await this.#enter('folders')
    const seen = [...this.#box.folders.values()].filter((folder) => !folder.hold && !folder.closed)
    return seen.map((folder) => ({
      ...{ path: folder.path, id: folder.id, use: folder.use, subscribed: folder.subscribed },
      uidValidity: String(folder.uidValidity),
      uidNext: folder.uidNext,
      messages: folder.messages.length,
      modseq: markOf(folder.messages.map(({ uid, flags, keywords }) => [uid, flags, keywords])),
    }))
  }

  async between(watched: Watched, from: number, to: number): Promise<readonly CopyState[]> {
    const folder = await this.#watched('state', watched)
    return folder.messages.filter((m) => m.uid >= from && m.uid <= to).map((m) => this.#state(folder, m))
  }

  async flagged(watched: Watched, _modseq: string | null): Promise<readonly FlagsNow[]> {
    const { messages } = await this.#watched('state', watched)
    return messages.map(({ uid, flags, keywords }) => ({ uid, flags: [...flags], keywords: [...keywords] }))
  }

  async present(watched: Watched): Promise<UidRanges> {
    return rangesOf((await this.#watched('state', watched)).messages.map((m) => m.uid))
  }

  async #watched(name: MemoryCallName, { folder: path, uidValidity }: Watched): Promise<MemoryFolder> {
    await this.#enter(name, { folder: path })
    const folder = this.#box.folder(path)
    if (String(folder.uidValidity) === uidValidity) return folder
    throw new ProviderError('changed', `${path} of ${this.#box.login} has new UIDs`)
  }

  async special(use: SpecialUse): Promise<string> {
    await this.#enter('special')
    const found = [...this.#box.folders.values()].find((folder) => folder.use === use)
    const folder =
      found ?? this.#box.create(use === 'inbox' ? 'INBOX' : SPECIAL_NAMES[use], { use, subscribed: true, hold: false })
    return folder.path
  }

  async hold(hold: Hold, _keywords: readonly string[]): Promise<string> {
    await this.#enter('hold')
    const path = `Recourse-Hold/${hold}`
    if (!this.#box.folders.has(path)) this.#box.create(path, { use: null, subscribed: false, hold: true })
    return path
  }

  async holdHidden(): Promise<boolean> {
    return this.#traits.holdHidden
  }

  async position(path: string, options: { writable?: boolean } = {}): Promise<Position | null> {
    await this.#enter('position', { folder: path })
    if (!this.#box.folders.has(path)) return null
    const folder = options.writable ? this.#writable(path) : this.#box.folder(path)
    return {
      folder: path,
      folderId: folder.id,
      uidValidity: String(folder.uidValidity),
      uidNext: folder.uidNext,
    }
  }

  async userFolder(name: string): Promise<string> {
    return folderParts(name).join('/')
  }

  async createFolder(path: string, options: { subscribe: boolean }): Promise<void> {
    await this.#enter('createFolder', { folder: path })
    if (path.startsWith('Recourse-Hold/')) throw notAFolder(path)
    folderParts(path)
    this.#box.create(path, { use: null, subscribed: options.subscribe, hold: false })
  }

  async find(query: FindQuery): Promise<readonly CopyState[]> {
    await this.#enter('find')
    const all = [...this.#box.folders.values()]
    const searched = query.folders
      ? all.filter((folder) => query.folders?.includes(folder.path))
      : all.filter((folder) => !folder.hold).sort((a, b) => Number(b.use === 'inbox') - Number(a.use === 'inbox'))
    const wanted = isWanted(query)
    return searched.flatMap((folder) => folder.messages.map((message) => this.#state(folder, message)).filter(wanted))
  }

  async state(path: string, uids: readonly number[], options: StateOptions = {}): Promise<readonly CopyState[]> {
    await this.#enter('state', { folder: path, uids })
    const folder = this.#box.folder(path)
    const wanted = new Set(uids)
    const states = folder.messages.filter((m) => wanted.has(m.uid)).map((m) => this.#state(folder, m))
    if (options.ids ?? true) return states
    return states.map((state) => ({ ...state, networkMessageId: null, internetMessageId: null }))
  }

  async *read(path: string, uids: readonly number[]): AsyncIterable<CopyWithBytes> {
    await this.#enter('read', { folder: path, uids })
    const folder = this.#box.folder(path)
    const wanted = new Set(uids)
    for (const message of folder.messages.filter((m) => wanted.has(m.uid))) {
      if (!this.#open) throw new ProviderError('unavailable', 'the session was closed')
      yield { ...this.#state(folder, message), bytes: Buffer.from(message.bytes) }
    }
  }

  async move(path: string, uids: readonly number[], target: string): Promise<MoveResult> {
    const entered = await this.#enter('move', { folder: path, target, uids })
    const source = this.#writable(path)
    const to = this.#writable(target)
    const wanted = [...new Set(uids)].sort((a, b) => a - b)
    const present = wanted.filter((uid) => source.messages.some((message) => message.uid === uid))
    crashPoint('mailboxes.before-move')
    const moved = new Map<number, CopyRef>()
    const { uidValidity } = source
    const all = () => {
      // Carried out late: what lay in a folder that was deleted meanwhile has gone with it, and where the UIDs are others the session has
      // ended: UIDVALIDITY never changes within one (RFC 3501, 2.3.1.1).
      const folders = [...this.#box.folders.values()]
      if (!folders.includes(source) || !folders.includes(to) || source.uidValidity !== uidValidity) return
      for (const [old, ref] of this.#moveSome(source, present, to, entered.fault)) moved.set(old, ref)
    }
    if (entered.fault.late === undefined) all()
    else this.#box.pending = { looks: entered.fault.late, stuck: entered.fault.stuck ?? false, run: all }
    crashPoint('mailboxes.after-move')
    this.#faults.leave(entered)
    const missing = wanted.filter((uid) => !moved.has(uid))
    return this.#traits.uidPlus ? { moved, missing } : { moved, missing, marked: [...moved.keys()] }
  }

  #moveSome(source: MemoryFolder, uids: readonly number[], to: MemoryFolder, fault: Fault): [number, CopyRef][] {
    const { done, both, spoilt, strangers } = fault.partial ?? { done: uids.length, both: 0 }
    const pairs: [number, CopyRef][] = []
    for (const [i, uid] of uids.slice(0, done + both).entries()) {
      const message = source.messages.find((m) => m.uid === uid)
      if (!message) continue
      const copy = this.#box.copy(message, to, i >= done && strangers)
      pairs.push([uid, refOf(to, copy, this.#traits.serverIds)])
      if (i < done) takeOriginal(this.#box, this.#traits, source, message)
      else if (spoilt) copy.keywords = copy.keywords.map((_, n) => `unknown-${n}`)
    }
    return pairs
  }

  async settle(doubt: Doubt): Promise<ReadonlyMap<number, Settled>> {
    await this.#enter('settle', { folder: doubt.source, target: doubt.target.folder })
    return settle(this.#box, this.#traits, doubt)
  }

  async append(path: string, copy: Restorable): Promise<AppendResult> {
    const entered = await this.#enter('append', { folder: path })
    if (copy.bytes.length === 0) throw new ProviderError('refused', 'an empty message cannot be stored')
    const folder = this.#writable(path)
    const { flags, keywords, lost } = storableFlags(copy.flags, copy.keywords)
    const date = storableDate(copy.internalDate)
    crashPoint('mailboxes.before-append')
    const message = this.#box.append(folder, {
      flags: [...flags],
      keywords: [...keywords],
      internalDate: date.date,
      bytes: Buffer.from(copy.bytes),
    })
    crashPoint('mailboxes.after-append')
    this.#faults.leave(entered)
    return { state: this.#state(folder, message), lost: [...lost, ...date.lost] }
  }

  async setFlags(ref: CopyRef, wanted: Flags, seen?: Flags): Promise<{ readonly lost: readonly string[] }> {
    const entered = await this.#enter('setFlags', { folder: ref.folder, uids: [ref.uid] })
    const folder = this.#writable(ref.folder)
    const message = folder.messages.find((m) => m.uid === ref.uid)
    if (!message || String(folder.uidValidity) !== ref.uidValidity) {
      throw new ProviderError('changed', `the message is no longer at ${ref.folder} ${ref.uid}`)
    }
    if (seen && !sameFlags(seen, message)) {
      throw new ProviderError('changed', `the flags of ${ref.folder} ${ref.uid} were changed meanwhile`)
    }
    const { flags, keywords, lost } = storableFlags(wanted.flags, wanted.keywords)
    this.#box.setFlags(message, [...flags, ...keywords])
    this.#faults.leave(entered)
    return { lost }
  }

  async destroy(path: string, uids: readonly number[]): Promise<void> {
    const entered = await this.#enter('destroy', { folder: path, uids })
    if (!this.#traits.uidPlus)
      throw new ProviderError('refused', 'this server cannot remove single messages (no UIDPLUS)')
    const folder = this.#writable(path)
    for (const uid of uids) this.#box.remove(folder, uid)
    this.#faults.leave(entered)
  }

  async close(): Promise<void> {
    this.#open = false
  }
}
