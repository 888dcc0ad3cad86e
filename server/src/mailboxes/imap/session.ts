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
  type Hold,
  type MailboxSession,
  type MoveOptions,
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
import { append } from './append.ts'
import type { Connection } from './connection.ts'
import { Context, SeenIds } from './context.ts'
import { chunksBySize, fetchBytes, fetchStatesOf } from './fetch.ts'
import { find, isOurs } from './find.ts'
import { setFlags } from './flags.ts'
import { createFolder, listFolders, specialFolder, userFolder } from './folders.ts'
import { holdIsHidden, readyHold } from './hold.ts'
import { move, removeSelected } from './move.ts'
import type { Pool } from './pool.ts'
import { type Server, statusOf } from './server.ts'
import { ascending } from './sets.ts'
import { settle } from './settle.ts'
import { between, flagged, present, survey } from './watch.ts'

/** One user of one pooled connection at a time; a connection that died is replaced before the next operation. */
export class ImapSession implements MailboxSession {
  readonly #pool: Pool
  readonly #server: Server
  readonly #login: string
  readonly #signal: AbortSignal | undefined
  readonly #seen = new SeenIds()
  #connection: Connection | null
  #closed = false
  /** Operations that run or wait. */
  #pending = 0
  #queue: Promise<unknown> = Promise.resolve()
  /** Place of a hold that was asked for in the operation just before: not asked for twice. */
  #justSeen: Position | null = null

  constructor(pool: Pool, server: Server, connection: Connection, signal: AbortSignal | undefined) {
    this.#pool = pool
    this.#server = server
    this.#connection = connection
    this.#login = connection.login
    this.#signal = signal
  }

  /** Operations of one session wait for each other. */
  #do<T>(operation: (context: Context) => Promise<T>): Promise<T> {
    this.#justSeen = null
    this.#pending++
    const run = this.#queue.then(() => this.#attempt(operation)).finally(() => this.#pending--)
    this.#queue = run.catch(() => {})
    return run
  }

  async #attempt<T>(operation: (context: Context) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const context = new Context(await this.#live(), this.#server, this.#seen)
      try {
        return await operation(context)
      } catch (error) {
        const verdict = afterLoss(error, context)
        // The server restarted or closed an idle connection: nothing was done yet, so once more on a new one.
        if (verdict !== 'again' || attempt > 1 || this.#closed) throw verdict === 'again' ? error : verdict
      }
    }
  }

  async #live(): Promise<Connection> {
    if (this.#closed) throw new ProviderError('unavailable', `the session of ${this.#login} was closed`)
    if (this.#connection?.alive) return this.#connection
    if (this.#connection) this.#pool.release(this.#connection)
    this.#connection = null
    const connection = await this.#pool.acquire(this.#login, this.#signal)
    if (this.#closed) {
      this.#pool.release(connection)
      throw new ProviderError('unavailable', `the session of ${this.#login} was closed`)
    }
    this.#connection = connection
    return connection
  }

  folders(): Promise<readonly Folder[]> {
    return this.#do(async (context) => {
      const listed = (await listFolders(context)).filter((folder) => !isOurs(context, folder))
      return listed.map(({ path, id, use, subscribed }) => ({ path, id, use, subscribed }))
    })
  }

  survey(): Promise<readonly FolderMark[]> {
    return this.#do(survey)
  }

  between(watched: Watched, from: number, to: number): Promise<readonly CopyState[]> {
    return this.#do((context) => between(context, watched, from, to))
  }

  flagged(watched: Watched, modseq: string | null): Promise<readonly FlagsNow[]> {
    return this.#do((context) => flagged(context, watched, modseq))
  }

  present(watched: Watched): Promise<UidRanges> {
    return this.#do((context) => present(context, watched))
  }

  special(use: SpecialUse): Promise<string> {
    return this.#do((context) => specialFolder(context, use))
  }

  hold(hold: Hold, keywords: readonly string[]): Promise<string> {
    return this.#do(async (context) => {
      const { path, position } = await readyHold(context, hold, keywords)
      // Only the very next operation may use it, and only if nothing was queued meanwhile.
      if (this.#pending === 1) this.#justSeen = position
      return path
    })
  }

  holdHidden(): Promise<boolean> {
    return this.#do(holdIsHidden)
  }

  position(folder: string, options: { writable?: boolean } = {}): Promise<Position | null> {
    const seen = this.#justSeen
    return this.#do(async (context) => {
      if (options.writable) await context.open(folder, { write: true, news: true })
      if (seen?.folder === folder) return seen
      const guid = (await this.#server.idItem(context.connection)) === 'X-GUID'
      const status = await statusOf(context.connection, folder, guid)
      if (!status) return null
      const { uidValidity, uidNext } = status
      if (guid) this.#server.rememberFolder(this.#login, folder, uidValidity, status.folderId)
      const folderId = guid ? status.folderId : await context.folderId(folder, uidValidity)
      return { folder, folderId, uidValidity, uidNext }
    })
  }

  userFolder(name: string): Promise<string> {
    return this.#do(async (context) => userFolder(context, name))
  }

  createFolder(path: string, options: { subscribe: boolean }): Promise<void> {
    return this.#do((context) => createFolder(context, path, options))
  }

  find(query: FindQuery): Promise<readonly CopyState[]> {
    return this.#do((context) => find(context, query))
  }

  state(folder: string, uids: readonly number[], options: StateOptions = {}): Promise<readonly CopyState[]> {
    return this.#do(async (context) => {
      const selected = await context.open(folder, { news: true })
      return fetchStatesOf(context, selected, uids, { ids: options.ids ?? true })
    })
  }

  async *read(
    folder: string,
    uids: readonly number[],
    sizes?: ReadonlyMap<number, number>,
  ): AsyncIterable<CopyWithBytes> {
    // Each step is an operation of its own, so that the consumer may use the session between two messages.
    const { chunks, uidValidity } = await this.#do(async (context) => {
      const selected = await context.open(folder, { news: true })
      return { chunks: await chunksBySize(context, uids, sizes), uidValidity: selected.uidValidity }
    })
    for (const chunk of chunks) {
      yield* await this.#do(async (context) => {
        const selected = await context.open(folder)
        if (selected.uidValidity === uidValidity) return fetchBytes(context, selected, chunk)
        throw new ProviderError('changed', `${folder} of ${this.#login} got new UIDs while it was read`)
      })
    }
  }

  move(folder: string, uids: readonly number[], target: string, options: MoveOptions = {}): Promise<MoveResult> {
    return this.#do(async (context) => {
      try {
        return await move(context, folder, uids, target, options)
      } catch (error) {
        if (error instanceof ProviderError && error.code === 'no-folder') this.#server.forgetHold(this.#login, target)
        throw inPart(error, context)
      }
    })
  }

  settle(doubt: Doubt): Promise<ReadonlyMap<number, Settled>> {
    return this.#do((context) => settle(context, doubt))
  }

  append(folder: string, copy: Restorable): Promise<AppendResult> {
    return this.#do(async (context) => {
      try {
        return await append(context, folder, copy)
      } catch (error) {
        throw inPart(error, context)
      }
    })
  }

  setFlags(ref: CopyRef, wanted: Flags, seen?: Flags): Promise<{ readonly lost: readonly string[] }> {
    return this.#do((context) => setFlags(context, ref, wanted, seen))
  }

  destroy(folder: string, uids: readonly number[]): Promise<void> {
    return this.#do(async (context) => {
      if (!context.connection.has('UIDPLUS')) {
        const message = `${this.#server.settings.host} cannot remove single messages (no UIDPLUS): nothing was done`
        throw new ProviderError('refused', message)
      }
      await context.open(folder, { write: true })
      crashPoint('mailboxes.before-destroy')
      await removeSelected(context, ascending(uids))
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const connection = this.#connection
    this.#connection = null
    if (!connection) return
    if (this.#pending > 0) connection.close()
    this.#pool.release(connection)
  }
}

/**
 * A refusal in the middle of an operation: a later batch, or the look at what was put back. To the caller a refusal means that nothing
 * happened, and he would do it again; so this one is a doubt, to be settled.
 */
function inPart(error: unknown, context: Context): unknown {
  if (!context.touched || !(error instanceof ProviderError) || error.code === 'unknown') return error
  return new ProviderError('unknown', `${error.message}; a part of it has happened`, { cause: error })
}

/** What an error means for the operation it ended: `again` when nothing was done and the connection is what failed. */
function afterLoss(error: unknown, context: Context): unknown {
  if (!(error instanceof ProviderError) || context.connection.alive) return error
  if (error.code !== 'unavailable' && error.code !== 'timeout') return error
  if (context.touched) {
    return new ProviderError('unknown', `${error.message}; a part of it has happened`, { cause: error })
  }
  return error.code === 'unavailable' ? 'again' : error
}
