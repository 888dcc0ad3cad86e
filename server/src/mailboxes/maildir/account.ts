import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hold, ProviderError } from '../provider.ts'
import { fileError, replaceFile } from './files.ts'
import { FolderStore } from './folder.ts'
import { refuseForeign } from './lock.ts'
import { accountDir, folderDir, folderPath, isFolderDir } from './names.ts'

const HOLD_PREFIX = 'Recourse-Hold/'

/** Facts of a file that never change: Maildir files are written once, and their date is set before they appear. */
export interface FileFacts {
  readonly size: number
  readonly internalDate: Date
  readonly networkMessageId: string | null
  readonly internetMessageId: string | null
}

const MAX_FACTS = 20_000

/** One mailbox on disk, shared by all sessions of this process; operations come one after another. */
export class Account {
  readonly login: string
  readonly #facts = new Map<string, FileFacts>()
  readonly #dir: string
  readonly #holds: string
  readonly #folders = new Map<string, FolderStore>()
  /** Names in the mailbox's own directory when it was last prepared. */
  #listed = ''
  /** The folder for junk, as long as the same folders are there. */
  #junk: { readonly listed: string; readonly path: string } | null = null
  #queue: Promise<unknown> = Promise.resolve()

  constructor(root: string, login: string) {
    this.login = login
    this.#dir = join(root, accountDir(login))
    this.#holds = join(root, '.recourse', 'holds', accountDir(login))
  }

  /** Runs when everything asked for before is done. */
  exclusive<T>(operation: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(operation)
    this.#queue = run.catch(() => {})
    return run
  }

  /** INBOX, made if missing. */
  async prepare(): Promise<FolderStore> {
    const names = await refuseForeign(this.#dir)
    try {
      const inbox = this.#store('INBOX', this.#dir)
      await inbox.refresh()
      this.#listed = names.join('/')
      return inbox
    } catch (error) {
      throw fileError(error, `opening the mailbox ${this.login}`)
    }
  }

  holdPath(hold: Hold): string {
    return HOLD_PREFIX + hold
  }

  dirOf(path: string): string {
    if (path.startsWith(HOLD_PREFIX)) return join(this.#holds, folderDir(path.slice(HOLD_PREFIX.length)))
    return join(this.#dir, folderDir(path))
  }

  isHold(path: string): boolean {
    return path.startsWith(HOLD_PREFIX)
  }

  #store(path: string, dir: string): FolderStore {
    const store = this.#folders.get(path) ?? new FolderStore(path, dir)
    this.#folders.set(path, store)
    return store
  }

  /** The folder, up to date; null when there is none. */
  async folder(path: string): Promise<FolderStore | null> {
    const dir = this.dirOf(path)
    if (!(await FolderStore.exists(dir))) return null
    const store = this.#store(path, dir)
    await store.refresh()
    return store
  }

  async mustFolder(path: string): Promise<FolderStore> {
    const folder = await this.folder(path)
    if (!folder) throw new ProviderError('no-folder', `${this.login} has no folder ${path}`)
    return folder
  }

  /** The user's folders, INBOX first. */
  async paths(): Promise<string[]> {
    const names = (await readdir(this.#dir, { withFileTypes: true })).filter((entry) => entry.isDirectory())
    const dirs = names.map((entry) => entry.name).filter((name) => name.startsWith('.') && isFolderDir(name))
    const paths: string[] = []
    for (const dir of dirs.sort()) {
      const path = folderPath(dir)
      if (!this.isHold(path) && (await FolderStore.exists(join(this.#dir, dir)))) paths.push(path)
    }
    return ['INBOX', ...paths]
  }

  async subscriptions(): Promise<Set<string>> {
    const text = await readFile(join(this.#dir, 'subscriptions'), 'utf8').catch(() => '')
    return new Set(text.split('\n').filter((line) => line !== ''))
  }

  async subscribe(path: string): Promise<void> {
    const all = await this.subscriptions()
    if (all.has(path)) return
    await replaceFile(join(this.#dir, 'subscriptions'), [...all, path].map((line) => `${line}\n`).join(''))
  }

  /** The path of the Junk folder that was found among the folders of the last `prepare`. */
  knownJunk(): string | null {
    return this.#junk?.listed === this.#listed ? this.#junk.path : null
  }

  rememberJunk(path: string): void {
    this.#junk = { listed: this.#listed, path }
  }

  factsOf(place: Place): FileFacts | undefined {
    return this.#facts.get(`${place.uidValidity}.${place.uid}`)
  }

  remember(place: Place, facts: FileFacts): void {
    if (this.#facts.size >= MAX_FACTS) this.#facts.clear()
    this.#facts.set(`${place.uidValidity}.${place.uid}`, facts)
  }
}

/** No two files of one mailbox have ever had the same place. */
interface Place {
  readonly uidValidity: string
  readonly uid: number
}
