import { type CopyRef, type CopyState, ProviderError } from '../provider.ts'
import type { Connection } from './connection.ts'
import type { Selected } from './select.ts'
import type { Server } from './server.ts'

/** What one operation works with: a live connection, and what the session remembers. */
export class Context {
  readonly connection: Connection
  readonly server: Server
  readonly #seen: SeenIds
  /** An effect happened in this operation: if the connection is lost from here on, the outcome is unknown. */
  touched = false

  constructor(connection: Connection, server: Server, seen: SeenIds) {
    this.connection = connection
    this.server = server
    this.#seen = seen
  }

  get login(): string {
    return this.connection.login
  }

  /**
   * Makes the folder the selected one. `news`: a view that is older than this operation is opened anew, because a folder
   * may have been deleted or renamed under it without a word (NOOP does not tell). `write`: refuses a read-only one, because Dovecot changes it nevertheless (A23).
   */
  async open(path: string, options: { write?: boolean; news?: boolean } = {}): Promise<Selected> {
    const { connection } = this
    const current = connection.selected?.path === path ? connection.selected : null
    const stale = options.news === true && connection.sinceSelect > 0
    const selected = current && !stale ? current : await connection.select(path)
    if (options.write && selected.readOnly) {
      throw new ProviderError('read-only', `${path} in ${this.login} is read-only for us: nothing is changed there`)
    }
    return selected
  }

  remember(copies: readonly CopyState[]): void {
    this.#seen.add(copies)
  }

  /** Server ids of copies that this session has looked at. */
  serverId(folder: string, uidValidity: string, uid: number): string | null {
    return this.#seen.get(folder, uidValidity, uid)
  }

  async folderId(path: string, uidValidity: string): Promise<string | null> {
    return this.server.folderId(this.connection, path, uidValidity)
  }

  async ref(path: string, uidValidity: string, uid: number, serverId: string | null): Promise<CopyRef> {
    return { folder: path, folderId: await this.folderId(path, uidValidity), uidValidity, uid, serverId }
  }
}

const MAX_SEEN = 20_000

/** A MOVE keeps the server's id but its answer does not name it: what was seen before is remembered for a while. */
export class SeenIds {
  readonly #ids = new Map<string, string>()

  add(copies: readonly CopyState[]): void {
    if (this.#ids.size + copies.length > MAX_SEEN) this.#ids.clear()
    for (const { ref } of copies) {
      if (ref.serverId !== null) this.#ids.set(`${ref.uidValidity} ${ref.uid} ${ref.folder}`, ref.serverId)
    }
  }

  get(folder: string, uidValidity: string, uid: number): string | null {
    return this.#ids.get(`${uidValidity} ${uid} ${folder}`) ?? null
  }
}
