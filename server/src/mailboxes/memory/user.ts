import { type CopyState, type Flags, ProviderError } from '../provider.ts'
import { splitFlags } from '../state.ts'
import { type MemoryMailbox, type MemoryMessage, sha256, stateOf } from './model.ts'

export interface Snapshot extends Flags {
  readonly folder: string
  readonly sha256: string
  readonly internalDate: string
}

/** The owner of a simulated mailbox, acting while we do; and what only an administrator of the server can do. */
export class MemoryUser {
  readonly #box: MemoryMailbox
  readonly #seesHolds: boolean

  constructor(box: MemoryMailbox, seesHolds: boolean) {
    this.#box = box
    this.#seesHolds = seesHolds
  }

  append(folder: string, bytes: Buffer, state: { flags?: readonly string[]; date?: Date } = {}): number {
    const { flags, keywords } = splitFlags(state.flags ?? [])
    const message = { flags, keywords, internalDate: state.date ?? new Date(), bytes }
    return this.#box.append(this.#box.folder(folder), message).uid
  }

  list(folder: string): readonly CopyState[] {
    const found = this.#box.folders.get(folder)
    return found ? found.messages.map((message) => stateOf(found, message, true)) : []
  }

  bytes(folder: string, uid: number): Buffer {
    return this.#message(folder, uid).bytes
  }

  #message(folder: string, uid: number) {
    const message = this.#box.folder(folder).messages.find((m) => m.uid === uid)
    if (!message) throw new ProviderError('refused', `no message ${uid} in ${folder}`)
    return message
  }

  /** Gives back the new UID. */
  move(folder: string, uid: number, target: string): number {
    const copied = this.copy(folder, uid, target)
    this.expunge(folder, uid)
    return copied
  }

  copy(folder: string, uid: number, target: string): number {
    return this.#box.copy(this.#message(folder, uid), this.#box.folder(target)).uid
  }

  /** Replaces all flags and keywords. */
  flag(folder: string, uid: number, flags: readonly string[]): void {
    this.#box.setFlags(this.#message(folder, uid), flags)
  }

  expunge(folder: string, uid: number): void {
    this.#box.remove(this.#box.folder(folder), uid)
  }

  folders(): readonly string[] {
    return [...this.#box.folders.values()]
      .filter((folder) => this.#seesHolds || !folder.hold)
      .map((folder) => folder.path)
  }

  createFolder(path: string): void {
    this.#box.create(path, { use: null, subscribed: true, hold: false })
  }

  deleteFolder(path: string): void {
    this.#box.folder(path)
    this.#box.folders.delete(path)
  }

  renameFolder(path: string, to: string): void {
    const folder = this.#box.folder(path)
    this.#box.folders.delete(path)
    folder.path = to
    this.#box.folders.set(to, folder)
  }

  /** The server shows another date for this message than it did: what a read-back must notice. */
  redate(folder: string, uid: number, date: Date): void {
    const { messages } = this.#box.folder(folder)
    const at = messages.findIndex((m) => m.uid === uid)
    const message = messages[at]
    if (message) messages[at] = { ...message, internalDate: date }
  }

  /** The file behind a message was written anew, as only something beside the mail server can do. */
  rewrite(folder: string, uid: number, bytes: Buffer): void {
    const { messages } = this.#box.folder(folder)
    const at = messages.findIndex((m) => m.uid === uid)
    const message = messages[at]
    if (message) messages[at] = { ...message, bytes }
  }

  /** The server gives the folder a new UIDVALIDITY and all messages new UIDs. */
  renumber(path: string): void {
    this.#box.renumber(this.#box.folder(path))
  }

  setReadOnly(path: string, readOnly: boolean): void {
    this.#box.folder(path).readOnly = readOnly
  }

  /** The server lists the folder and opens it for nobody: rights that were taken away, damage on its disk. */
  setClosed(path: string, closed: boolean): void {
    this.#box.folder(path).closed = closed
  }

  /** Largest number of messages in the whole mailbox; null = no limit. */
  setQuota(messages: number | null): void {
    this.#box.quota = messages
  }

  /** The mailbox is gone (or back): every call says so. */
  setGone(gone: boolean): void {
    this.#box.gone = gone
  }

  /** An abandoned command (fault `late`) ends now. */
  finishPending(): void {
    this.#box.finishPending()
  }

  /** All that the user sees, in an order that depends on nothing but content: equal = exactly the same mailbox. */
  snapshot(): readonly Snapshot[] {
    return this.#snapshot(false)
  }

  /** One message, wherever it lies. */
  snapshotOf(folder: string, uid: number): Snapshot {
    return snapshot(folder, this.#message(folder, uid))
  }

  /** The same of our holds. */
  held(): readonly Snapshot[] {
    return this.#snapshot(true)
  }

  #snapshot(hold: boolean): readonly Snapshot[] {
    const all: Snapshot[] = []
    for (const folder of this.#box.folders.values()) {
      if (folder.hold !== hold) continue
      for (const message of folder.messages) {
        all.push(snapshot(folder.path, message))
      }
    }
    const key = (one: Snapshot) => JSON.stringify(one)
    return all.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
  }
}

const snapshot = (folder: string, message: MemoryMessage): Snapshot => ({
  folder,
  sha256: sha256(message.bytes),
  flags: [...message.flags].sort(),
  keywords: message.keywords.map((keyword) => keyword.toLowerCase()).sort(),
  internalDate: message.internalDate.toISOString(),
})
