import { createHash } from 'node:crypto'
import { type CopyRef, type CopyState, ProviderError, type SpecialUse, type SystemFlag } from '../provider.ts'
import { idsOf, splitFlags } from '../state.ts'

export interface MemoryMessage {
  uid: number
  /** Shared by copies, new for every append (as X-GUID of Dovecot). */
  readonly serverId: string
  flags: SystemFlag[]
  keywords: string[]
  readonly internalDate: Date
  readonly bytes: Buffer
}

export interface MemoryFolder {
  readonly id: string
  path: string
  uidValidity: number
  uidNext: number
  readonly use: SpecialUse | null
  subscribed: boolean
  readOnly: boolean
  /** Listed, and opened for nobody. */
  closed: boolean
  /** Ours, and not the user's to see. */
  readonly hold: boolean
  readonly messages: MemoryMessage[]
}

/** How the simulated server differs from the best there is. */
export interface MemoryTraits {
  /** Copies have a server id that survives moves. Default true. */
  readonly serverIds: boolean
  /** False: originals are only marked `\Deleted` (P2 without UIDPLUS). Default true. */
  readonly uidPlus: boolean
  /** The user cannot see the holds. Default true. */
  readonly holdHidden: boolean
}

/** A command whose client has gone; the server carries it out after it has been looked at `looks` times (A19). */
interface Pending {
  looks: number
  /** Nobody sees that it is still to come. */
  readonly stuck: boolean
  readonly run: () => void
}

const STANDARD: readonly (readonly [string, SpecialUse])[] = [
  ['INBOX', 'inbox'],
  ['Junk', 'junk'],
  ['Trash', 'trash'],
  ['Sent', 'sent'],
]

/** One mailbox of the simulated server: the smallest thing that behaves as mailbox-semantics says servers behave. */
export class MemoryMailbox {
  readonly login: string
  readonly folders = new Map<string, MemoryFolder>()
  quota: number | null = null
  gone = false
  pending: Pending | null = null
  #ids = 0
  #validity = 1_000_000

  constructor(login: string) {
    this.login = login
    for (const [path, use] of STANDARD) this.create(path, { use, subscribed: true, hold: false })
  }

  create(path: string, options: { use: SpecialUse | null; subscribed: boolean; hold: boolean }): MemoryFolder {
    if (this.folders.has(path)) throw new ProviderError('refused', `folder ${path} exists already`)
    const folder: MemoryFolder = {
      ...options,
      path,
      id: `folder-${++this.#ids}`,
      uidValidity: ++this.#validity,
      uidNext: 1,
      readOnly: false,
      closed: false,
      messages: [],
    }
    this.folders.set(path, folder)
    return folder
  }

  folder(path: string): MemoryFolder {
    const folder = this.folders.get(path)
    if (!folder) throw new ProviderError('no-folder', `${this.login} has no folder ${path}`)
    return folder
  }

  count(): number {
    let count = 0
    for (const folder of this.folders.values()) count += folder.messages.length
    return count
  }

  append(folder: MemoryFolder, message: Omit<MemoryMessage, 'uid' | 'serverId'>): MemoryMessage {
    if (this.quota !== null && this.count() >= this.quota) {
      throw new ProviderError('quota', `the mailbox ${this.login} is full (${this.quota} messages)`)
    }
    const added = { ...message, uid: folder.uidNext++, serverId: `guid-${this.login}-${++this.#ids}` }
    folder.messages.push(added)
    return added
  }

  /** A copy keeps everything but the UID, the server's id too (A1, A26). */
  copy(message: MemoryMessage, target: MemoryFolder, newId = false): MemoryMessage {
    const serverId = newId ? `guid-${this.login}-${++this.#ids}` : message.serverId
    const { flags, keywords } = message
    const copy = { ...message, serverId, flags: [...flags], keywords: [...keywords], uid: target.uidNext++ }
    target.messages.push(copy)
    return copy
  }

  remove(folder: MemoryFolder, uid: number): boolean {
    const at = folder.messages.findIndex((message) => message.uid === uid)
    if (at >= 0) folder.messages.splice(at, 1)
    return at >= 0
  }

  renumber(folder: MemoryFolder): void {
    folder.uidValidity = ++this.#validity
    folder.uidNext = 1
    for (const message of folder.messages) message.uid = folder.uidNext++
  }

  setFlags(message: MemoryMessage, all: readonly string[]): void {
    const { flags, keywords } = splitFlags(all)
    message.flags = flags
    message.keywords = keywords
  }

  /** Every look lets an abandoned command come closer to its end. */
  look(): void {
    if (this.pending && --this.pending.looks < 0) this.finishPending()
  }

  /** Nothing of it is to be seen any more: all that shows has come to its end. */
  rest(): void {
    if (!this.pending?.stuck) this.finishPending()
  }

  finishPending(): void {
    const pending = this.pending
    this.pending = null
    pending?.run()
  }
}

export const refOf = (folder: MemoryFolder, message: MemoryMessage, serverIds: boolean): CopyRef => ({
  folder: folder.path,
  folderId: folder.id,
  uidValidity: String(folder.uidValidity),
  uid: message.uid,
  serverId: serverIds ? message.serverId : null,
})

export const stateOf = (folder: MemoryFolder, message: MemoryMessage, serverIds: boolean): CopyState => ({
  ref: refOf(folder, message, serverIds),
  flags: [...message.flags],
  keywords: [...message.keywords],
  internalDate: message.internalDate,
  size: message.bytes.length,
  ...idsOf(message.bytes),
})

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
