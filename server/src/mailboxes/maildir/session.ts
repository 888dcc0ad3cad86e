import { crashPoint } from '../../base/index.ts'
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
  type Position,
  ProviderError,
  type Restorable,
  type Settled,
  type SpecialUse,
  type StateOptions,
  type UidRanges,
  type Watched,
} from '../provider.ts'
import { UnreadableCopies } from '../unreadable.ts'
import type { Account } from './account.ts'
import { append } from './append.ts'
import { bytesOf, statesOf } from './copies.ts'
import { fileError } from './files.ts'
import { find } from './find.ts'
import { setFlags } from './flags.ts'
import { makeFolder } from './folder.ts'
import { createFolder, listFolders, positionOf, specialFolder } from './folders.ts'
import { move, remove } from './move.ts'
import { folderDir } from './names.ts'
import { settle } from './settle.ts'
import { between, flagged, present, survey } from './watch.ts'

/** What can be done in one mailbox; operations of all its sessions come one after another. */
export class MaildirSession implements MailboxSession {
  readonly #account: Account
  #open = true

  constructor(account: Account) {
    this.#account = account
  }

  #do<T>(doing: string, operation: (account: Account) => Promise<T>): Promise<T> {
    return this.#account.exclusive(async () => {
      if (!this.#open) throw new ProviderError('unavailable', `the session of ${this.#account.login} was closed`)
      try {
        return await operation(this.#account)
      } catch (error) {
        throw fileError(error, `${doing} in ${this.#account.login}`)
      }
    })
  }

  folders(): Promise<readonly Folder[]> {
    return this.#do('listing the folders', listFolders)
  }

  special(use: SpecialUse): Promise<string> {
    return this.#do(`looking for the folder ${use}`, (account) => specialFolder(account, use))
  }

  async userFolder(name: string): Promise<string> {
    folderParts(name)
    folderDir(name)
    return name
  }

  createFolder(path: string, options: { subscribe: boolean }): Promise<void> {
    return this.#do(`making the folder ${path}`, (account) => createFolder(account, path, options))
  }

  survey(): Promise<readonly FolderMark[]> {
    return this.#do('looking for changes', async (account) => survey(account, await listFolders(account)))
  }

  between(watched: Watched, from: number, to: number): Promise<readonly CopyState[]> {
    return this.#do(`reading ${watched.folder}`, (account) => between(account, watched, from, to))
  }

  flagged(watched: Watched): Promise<readonly FlagsNow[]> {
    return this.#do(`reading flags of ${watched.folder}`, (account) => flagged(account, watched))
  }

  present(watched: Watched): Promise<UidRanges> {
    return this.#do(`listing ${watched.folder}`, (account) => present(account, watched))
  }

  hold(hold: Hold, _keywords: readonly string[]): Promise<string> {
    const path = this.#account.holdPath(hold)
    return this.#do(`preparing ${path}`, async (account) => {
      if (!(await account.folder(path))) await makeFolder(account.dirOf(path))
      return path
    })
  }

  async holdHidden(): Promise<boolean> {
    return true
  }

  position(path: string, options: { writable?: boolean } = {}): Promise<Position | null> {
    return this.#do(`looking at ${path}`, (account) => positionOf(account, path, options))
  }

  state(path: string, uids: readonly number[], options: StateOptions = {}): Promise<readonly CopyState[]> {
    return this.#do(`reading ${path}`, async (account) => {
      const states = await statesOf(account, await account.mustFolder(path), new Set(uids))
      if (options.ids ?? true) return states
      return states.map((state) => ({ ...state, networkMessageId: null, internetMessageId: null }))
    })
  }

  find(query: FindQuery): Promise<readonly CopyState[]> {
    return this.#do('searching', (account) => find(account, query))
  }

  async *read(path: string, uids: readonly number[]): AsyncIterable<CopyWithBytes> {
    const wanted = new Set(uids)
    const { folder, entries } = await this.#do(`reading ${path}`, async (account) => {
      const folder = await account.mustFolder(path)
      return { folder, entries: [...(await folder.list()).values()].filter((entry) => wanted.has(entry.uid)) }
    })
    // Each message is an operation of its own, so that the consumer may use the session between two.
    const unreadable: UnreadableCopies[] = []
    for (const entry of entries) {
      try {
        const copy = await this.#do(`reading ${path}`, (account) => bytesOf(account, folder, entry))
        if (copy) yield copy
      } catch (error) {
        if (!(error instanceof UnreadableCopies)) throw error
        unreadable.push(error)
      }
    }
    const [first] = unreadable
    if (first)
      throw new UnreadableCopies(
        unreadable.flatMap((one) => one.copies),
        first.message,
        { cause: first },
      )
  }

  move(path: string, uids: readonly number[], target: string): Promise<MoveResult> {
    return this.#do(`moving from ${path} to ${target}`, (account) => move(account, path, uids, target))
  }

  settle(doubt: Doubt): Promise<ReadonlyMap<number, Settled>> {
    return this.#do('settling', (account) => settle(account, doubt))
  }

  append(path: string, copy: Restorable): Promise<AppendResult> {
    return this.#do(`putting a message back into ${path}`, (account) => append(account, path, copy))
  }

  setFlags(ref: CopyRef, wanted: Flags, seen?: Flags): Promise<{ readonly lost: readonly string[] }> {
    return this.#do(`setting flags in ${ref.folder}`, (account) => setFlags(account, ref, wanted, seen))
  }

  destroy(path: string, uids: readonly number[]): Promise<void> {
    return this.#do(`removing messages from ${path}`, async (account) => {
      const folder = await account.mustFolder(path)
      crashPoint('mailboxes.before-destroy')
      await remove(folder, uids)
    })
  }

  async close(): Promise<void> {
    this.#open = false
  }
}
