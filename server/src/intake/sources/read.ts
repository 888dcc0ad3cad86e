import type { Dirent } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { messageOf } from '../../base/index.ts'
import { decodeMailbox, type SystemFlag } from '../../mailboxes/index.ts'
import { receivedAtOf } from './dates.ts'
import { beginsLikeMbox, MBOX_START, readMbox } from './mbox.ts'
import { MAX_MESSAGE, type SourceItem } from './types.ts'

const problem = (id: string, error: unknown): SourceItem => ({ kind: 'problem', id, why: reason(error, id) })

/** What is wrong in words, and what to do. */
function reason(error: unknown, path: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOENT') return missing(path)
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this account: change its permissions'
  if (code === 'ELOOP') return 'is a link that leads back to itself'
  return messageOf(error)
}

/** A name of another encoding was read with marks in place of its bytes, and cannot be asked for again. */
const missing = (path: string): string =>
  path.includes('\ufffd') ? 'has a name that is not UTF-8, and was not read: rename it (convmv)' : 'does not exist'

/**
 * Every message below a path: an `.eml` file, an mbox file, a Maildir tree (with flags and folders), or a folder of
 * such. Reads one message at a time, in a fixed order. What cannot be read comes as a problem and the rest goes on.
 */
export async function* readMailSources(path: string): AsyncGenerator<SourceItem> {
  yield* readPath(resolve(path))
}

async function* readPath(path: string): AsyncGenerator<SourceItem> {
  try {
    const info = await stat(path)
    if (info.isDirectory()) yield* readDirectory(path)
    else if (info.isFile()) yield* readMailFile(path)
    else yield problem(path, 'is neither a file nor a folder')
  } catch (error) {
    yield problem(path, error)
  }
}

async function* readDirectory(path: string): AsyncGenerator<SourceItem> {
  const entries = await sorted(path)
  if (isMaildir(entries)) {
    yield* readMaildirTree(path, entries)
    return
  }
  for (const entry of entries) {
    const inner = join(path, entry.name)
    // A link to a folder could lead round in circles; a link to a file cannot.
    if (entry.isSymbolicLink() && (await isDirectory(inner))) yield linkToFolder(inner)
    else yield* readPath(inner)
  }
}

const linkToFolder = (path: string): SourceItem => problem(path, 'is a link to a folder: name the folder itself')

const sorted = async (path: string): Promise<Dirent[]> =>
  (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))

const isMaildir = (entries: readonly Dirent[]): boolean =>
  ['cur', 'new'].every((name) => entries.some((e) => e.name === name && e.isDirectory()))

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  )
}

async function* readMailFile(path: string): AsyncGenerator<SourceItem> {
  if (await looksLikeMbox(path)) {
    yield* readMbox(path)
    return
  }
  const raw = await readWhole(path)
  if (typeof raw === 'string') yield problem(path, raw)
  else
    yield {
      kind: 'mail',
      id: path,
      raw,
      flags: [],
      folder: null,
      receivedAt: receivedAtOf(raw) ?? (await stat(path)).mtime,
    }
}

async function looksLikeMbox(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(MBOX_START), 0, MBOX_START, 0)
    return beginsLikeMbox(buffer)
  } finally {
    await file.close()
  }
}

async function readWhole(path: string): Promise<Buffer | string> {
  const { size } = await stat(path)
  if (size > MAX_MESSAGE) return `larger than ${MAX_MESSAGE} bytes`
  if (size === 0) return 'is empty'
  return readFile(path)
}

/** Maildir++ (`.Sent.2024` beside cur and new) and folders within folders. */
async function* readMaildirTree(
  root: string,
  entries: readonly Dirent[],
  folder: string | null = null,
): AsyncGenerator<SourceItem> {
  // One that holds folders only has no mail of its own.
  if (isMaildir(entries)) for (const sub of ['cur', 'new']) yield* readMaildirFiles(join(root, sub), folder)
  for (const entry of entries) {
    if (['cur', 'new', 'tmp'].includes(entry.name)) continue
    const inner = join(root, entry.name)
    if (entry.isSymbolicLink() && (await isDirectory(inner))) yield linkToFolder(inner)
    if (!entry.isDirectory()) continue
    try {
      const within = await sorted(inner)
      const name = nameOf(entry.name)
      yield* readMaildirTree(inner, within, folder === null ? name : `${folder}/${name}`)
    } catch (error) {
      yield problem(inner, error)
    }
  }
}

/** As Dovecot writes them; names of other programs, in UTF-8, stay as they are. */
const nameOf = (dir: string): string =>
  (dir.startsWith('.') ? dir.slice(1).split('.') : [dir]).map(decodeMailbox).join('/')

async function* readMaildirFiles(dir: string, folder: string | null): AsyncGenerator<SourceItem> {
  let entries: Dirent[]
  try {
    entries = await sorted(dir)
  } catch (error) {
    yield problem(dir, error)
    return
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = join(dir, entry.name)
    const [base = entry.name] = entry.name.split(/[:;!]2,/)
    try {
      const info = await stat(path)
      if (!info.isFile()) {
        yield problem(path, info.isDirectory() ? 'is no message, but a folder' : 'is neither a file nor a folder')
        continue
      }
      const raw = await readWhole(path)
      if (typeof raw === 'string') yield problem(path, raw)
      else {
        // The name before the flags: an import that is resumed knows the message although its flags have changed.
        const id = join(dir, '..', base)
        yield { kind: 'mail', id, raw, flags: maildirFlags(entry.name), folder, receivedAt: info.mtime }
      }
    } catch (error) {
      yield problem(path, error)
    }
  }
}

const LETTERS: ReadonlyMap<string, SystemFlag> = new Map([
  ['S', '\\Seen'],
  ['R', '\\Answered'],
  ['F', '\\Flagged'],
  ['T', '\\Deleted'],
  ['D', '\\Draft'],
])

/** Flags of a Maildir file name: `…:2,FS`. */
export function maildirFlags(name: string): SystemFlag[] {
  const letters = /[:;!]2,([A-Za-z]*)$/.exec(name)?.[1] ?? ''
  return [...letters].flatMap((l) => LETTERS.get(l) ?? [])
}
