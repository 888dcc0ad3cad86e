import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { ProviderError, type SystemFlag } from '../provider.ts'
import {
  codeOfError,
  fileError,
  isShut,
  makeMaildir,
  makeSubs,
  messageFiles,
  type NamedFile,
  replaceFile,
  syncDir,
} from './files.ts'
import { adoptedName, formatName, newUnique, type ParsedName, parseName } from './names.ts'

const Meta = Type.Object({
  id: Type.String(),
  uidValidity: Type.String({ pattern: '^\\d+$' }),
  /** Every UID below was, or may have been, given away. */
  reserved: Type.Integer({ minimum: 1 }),
})
type Meta = ReturnType<typeof Value.Parse<typeof Meta>>

const META = 'recourse-folder'
const KEYWORDS = 'recourse-keywords'
/** UIDs are reserved on disk in blocks, so that a delivery costs no write for its UID; a crash skips the rest. */
const BLOCK = 1000
/** A file in `tmp` that is older was given up by its writer (Maildir's own rule: 36 hours). */
const TMP_MS = 36 * 3600 * 1000

export interface Entry extends ParsedName {
  readonly uid: number
  readonly dir: 'cur' | 'new'
  readonly name: string
}

interface Stranger extends NamedFile {
  readonly dir: 'cur' | 'new'
  readonly parsed: ParsedName
}

let lastValidity = 0

/** One Maildir directory with UIDs of ours. All calls for one mailbox come one after another. */
export class FolderStore {
  readonly path: string
  readonly dir: string
  #meta: { id: string; uidValidity: string; reserved: number } = { id: '', uidValidity: '', reserved: 1 }
  #metaStamp = ''
  #next = 1
  #keywords: string[] = []
  #keywordsStamp = ''

  constructor(path: string, dir: string) {
    this.path = path
    this.dir = dir
  }

  get id(): string {
    return this.#meta.id
  }

  get uidValidity(): string {
    return this.#meta.uidValidity
  }

  get uidNext(): number {
    return this.#next
  }

  /** One that cannot be looked into is there: what lies in it is not gone. */
  static async exists(dir: string): Promise<boolean> {
    try {
      return (await stat(join(dir, 'cur'))).isDirectory()
    } catch (error) {
      return isShut(error)
    }
  }

  /** Reads what belongs to the folder where that changed on disk (it may have been removed and made again). */
  async refresh(): Promise<void> {
    const [stamp, words] = await Promise.all([stampOf(join(this.dir, META)), stampOf(join(this.dir, KEYWORDS))])
    if (stamp === '') {
      // Renamed or removed by somebody while we are at it: made anew it would be one folder more.
      if (this.#metaStamp !== '' && this.path !== 'INBOX' && !(await FolderStore.exists(this.dir)))
        throw new ProviderError('no-folder', `the folder ${this.path} is no longer there`)
      await this.#adopt()
    } else if (stamp !== this.#metaStamp) {
      await makeSubs(this.dir)
      const meta = await readMeta(join(this.dir, META))
      if (meta === null) {
        await this.#setAside(stamp)
        await this.#adopt()
      } else {
        this.#meta = meta
        this.#next = meta.reserved
        this.#metaStamp = stamp
      }
    }
    if (words !== this.#keywordsStamp) {
      this.#keywords = words === '' ? [] : await readKeywords(join(this.dir, KEYWORDS))
      this.#keywordsStamp = words
    }
  }

  /** A folder that was made by hand, or whose marks were removed, becomes a new one: old UIDs mean nothing in it. */
  async #adopt(): Promise<void> {
    await makeMaildir(this.dir)
    lastValidity = Math.max(Date.now(), lastValidity + 1)
    this.#meta = { id: randomUUID(), uidValidity: String(lastValidity), reserved: 1 }
    this.#next = 1
    await this.#writeMeta()
  }

  /** Damaged marks tell of no UID what it was given to, so the folder becomes a new one; they are kept beside the new ones. */
  async #setAside(stamp: string): Promise<void> {
    const file = join(this.dir, META)
    if ((await stampOf(file)) === stamp) await rename(file, `${file}.damaged`)
  }

  async #writeMeta(): Promise<void> {
    await replaceFile(join(this.dir, META), `${JSON.stringify(this.#meta)}\n`)
    this.#metaStamp = await stampOf(join(this.dir, META))
  }

  /** The next `count` UIDs; durable before they are used. */
  async allot(count: number): Promise<number> {
    const first = this.#next
    if (first + count > this.#meta.reserved) {
      this.#meta = { ...this.#meta, reserved: first + count + BLOCK }
      await this.#writeMeta()
    }
    this.#next = first + count
    return first
  }

  /** Indexes of these keywords, new ones written down before any name uses them. Compared without case (A5). */
  async indexesOf(keywords: readonly string[]): Promise<number[]> {
    const lower = this.#keywords.map((keyword) => keyword.toLowerCase())
    const fresh = keywords.filter((keyword) => !lower.includes(keyword.toLowerCase()))
    if (fresh.length > 0) {
      const lines = [...this.#keywords, ...fresh].map((keyword, i) => `${i} ${keyword}\n`)
      await replaceFile(join(this.dir, KEYWORDS), lines.join(''))
      this.#keywords = [...this.#keywords, ...fresh]
      this.#keywordsStamp = await stampOf(join(this.dir, KEYWORDS))
    }
    const all = this.#keywords.map((keyword) => keyword.toLowerCase())
    return [...new Set(keywords.map((keyword) => all.indexOf(keyword.toLowerCase())))]
  }

  /** A letter that the table does not know is shown as Dovecot does. */
  keywordsOf(entry: ParsedName): string[] {
    return entry.keywords.map((at) => this.#keywords[at] ?? `unknown-${at}`).sort()
  }

  /** Everything in the folder by UID; what others put there gets a UID first, in the order of the names. */
  async list(): Promise<Map<number, Entry>> {
    await this.refresh()
    const entries = new Map<number, Entry>()
    const strangers: Stranger[] = []
    for (const dir of ['new', 'cur'] as const) {
      for (const { name, raw } of await messageFiles(join(this.dir, dir))) {
        const parsed = parseName(name)
        const { uid } = parsed
        if (uid === null || raw !== null || !this.#gave(parsed.uidValidity, uid) || entries.has(uid)) {
          strangers.push({ dir, name, raw, parsed })
        } else entries.set(uid, { ...parsed, uid, dir, name })
      }
    }
    if (strangers.length > 0) await this.#admit(strangers, entries)
    return new Map([...entries].sort(([a], [b]) => a - b))
  }

  /** A place that is still to be given away would one day be another message's, too. */
  #gave(uidValidity: string | null, uid: number): boolean {
    return uidValidity === this.uidValidity && uid > 0 && uid < this.#next
  }

  async #admit(strangers: Stranger[], entries: Map<number, Entry>): Promise<void> {
    strangers.sort((a, b) => (a.parsed.unique < b.parsed.unique ? -1 : 1))
    let uid = await this.allot(strangers.length)
    for (const { dir, name, raw, parsed } of strangers) {
      const named = adoptedName(parsed, raw === null, this.uidValidity, uid)
      // Only `cur` may carry flags; in `new` the name ends before them.
      const to = dir === 'new' ? named.slice(0, named.indexOf(':2,')) : named
      try {
        const from = join(this.dir, dir)
        const old = raw === null ? join(from, name) : Buffer.concat([Buffer.from(`${from}/`), raw])
        await rename(old, join(from, to))
        entries.set(uid, { ...parseName(named), uid, dir, name: to })
      } catch (error) {
        if (codeOfError(error) !== 'ENOENT') throw fileError(error, `naming a message in ${this.path}`)
      }
      uid++
    }
    for (const dir of ['new', 'cur']) await syncDir(join(this.dir, dir))
    await this.#clearTmp()
  }

  async #clearTmp(): Promise<void> {
    const tmp = join(this.dir, 'tmp')
    for (const name of await readdir(tmp).catch(() => [])) {
      const age = Date.now() - ((await stat(join(tmp, name)).catch(() => null))?.mtimeMs ?? Date.now())
      if (age > TMP_MS) await unlink(join(tmp, name)).catch(() => {})
    }
  }

  file(entry: { dir: string; name: string }): string {
    return join(this.dir, entry.dir, entry.name)
  }

  name(unique: string, uid: number, flags: readonly SystemFlag[], keywords: readonly number[]): string {
    return formatName(unique, this.uidValidity, uid, flags, keywords)
  }

  temporary(): { unique: string; path: string } {
    const unique = newUnique()
    return { unique, path: join(this.dir, 'tmp', unique) }
  }
}

async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch((error: unknown) => {
    if (codeOfError(error) === 'ENOENT') return null
    throw fileError(error, `looking at ${path}`)
  })
  return found ? `${found.ino} ${found.mtimeNs} ${found.size}` : ''
}

/** Null: it was read, and is damaged. */
async function readMeta(path: string): Promise<Meta | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, `reading ${path}`)
  })
  try {
    return Value.Parse(Meta, JSON.parse(text))
  } catch {
    return null
  }
}

async function readKeywords(path: string): Promise<string[]> {
  const table: string[] = []
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    const match = /^(\d+) (.+)$/.exec(line)
    if (match?.[2]) table[Number(match[1])] = match[2]
  }
  return Array.from(table, (keyword, at) => keyword ?? `unknown-${at}`)
}

export async function makeFolder(dir: string): Promise<void> {
  await mkdir(dirname(dir), { recursive: true, mode: 0o700 })
  await makeMaildir(dir)
  await replaceFile(join(dir, 'maildirfolder'), '')
}
