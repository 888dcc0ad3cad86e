import { closeSync, type Dirent, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, messageOf } from '../../base/pure.ts'

/** One message, or why there is none. */
export type Found =
  | { readonly kind: 'mail'; readonly file: string; readonly raw: Buffer }
  /** It was read, and is no message: it counts as judged. */
  | { readonly kind: 'unparsable'; readonly file: string; readonly why: string }
  | { readonly kind: 'unreadable'; readonly file: string; readonly why: string }

/**
 * Every message below the paths, in order: files as given, folders sorted by name with everything below them, `-` = standard
 * input. A file that begins with a From_ line is an mbox (`file#offset` names its messages); of a Maildir only `cur` and
 * `new` are read. Names that begin with a dot are left out, except when they were given, or are folders of a Maildir. One message is in memory
 * at a time.
 */
export async function* messagesIn(paths: readonly string[]): AsyncGenerator<Found> {
  for (const path of paths) yield* path === '-' ? standardInput() : visit(path, new Set())
}

/**
 * `above`: folders that lead here, by device and inode, so that links cannot lead round in circles. `maildirsOnly`: it lies in a Maildir, and
 * nothing in it is mail but what lies in Maildirs.
 */
async function* visit(path: string, above: ReadonlySet<string>, maildirsOnly = false): AsyncGenerator<Found> {
  try {
    // Synchronously: thousands of small files, and each way round through another thread costs more than the file.
    const info = statSync(path)
    if (info.isFile()) yield* readFile(path, info.size)
    else if (!info.isDirectory()) yield { kind: 'unreadable', file: path, why: 'is neither a file nor a folder' }
    else {
      const key = `${info.dev}:${info.ino}`
      if (above.has(key)) yield { kind: 'unreadable', file: path, why: 'is a link to a folder that it lies in' }
      else yield* readFolder(path, new Set([...above, key]), maildirsOnly)
    }
  } catch (error) {
    yield { kind: 'unreadable', file: path, why: reason(error, path) }
  }
}

async function* readFolder(path: string, above: ReadonlySet<string>, maildirsOnly = false): AsyncGenerator<Found> {
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  const maildir = ['cur', 'new'].every((name) => entries.some((e) => e.name === name && e.isDirectory()))
  for (const entry of entries) {
    const inner = join(path, entry.name)
    if (!maildir && !maildirsOnly) {
      if (!entry.name.startsWith('.')) yield* visit(inner, above)
    } else if (isFolder(entry, inner)) {
      if (maildir && /^(cur$|new$|\.[^.])/.test(entry.name)) yield* visit(inner, above)
      // A folder of Dovecot's fs layout, or one that holds such folders only; what else a mail server keeps there is no mail.
      else if (entry.name !== 'tmp' && !entry.name.startsWith('.')) yield* visit(inner, above, true)
    }
  }
}

function isFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Loaded for what needs it: an mbox, or something too large. Most messages are files of their own, and a start is felt. */
const intake = () => import('../../intake/pure.ts')
/** No message above it is read without asking intake. */
const SURELY_READ = 1024 * 1024

async function* readFile(path: string, size: number): AsyncGenerator<Found> {
  if (size === 0) yield { kind: 'unparsable', file: path, why: 'the file is empty' }
  else if (isMbox(path)) {
    for await (const item of (await intake()).readMbox(path))
      yield item.kind === 'mail' ? { kind: 'mail', file: item.id, raw: item.raw } : problem(item)
  } else {
    const most = size > SURELY_READ ? (await intake()).MAX_MESSAGE : SURELY_READ
    if (size > most) yield { kind: 'unparsable', file: path, why: `larger than ${most} bytes` }
    else yield { kind: 'mail', file: path, raw: readFileSync(path) }
  }
}

/** Told without asking intake, which most messages never need: `From `, also after the mark of UTF-8. */
const MBOX_START = 8
const isMboxStart = (start: Buffer): boolean => /^(\xef\xbb\xbf)?From /.test(start.toString('latin1', 0, MBOX_START))

function isMbox(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const start = Buffer.alloc(MBOX_START)
    readSync(file, start, 0, MBOX_START, 0)
    return isMboxStart(start)
  } finally {
    closeSync(file)
  }
}

const problem = ({ id, why }: { readonly id: string; readonly why: string }): Found => ({
  kind: why.startsWith('larger than') ? 'unparsable' : 'unreadable',
  file: id,
  why,
})

/** One message or an mbox from a stream. */
async function* standardInput(): AsyncGenerator<Found> {
  // Node gives no words of a folder, and no error either.
  if (fstatSync(0).isDirectory()) yield { kind: 'unreadable', file: '-', why: 'is a folder: name it instead of -' }
  else yield* readInput(process.stdin)
}

async function* readInput(input: AsyncIterable<Buffer>): AsyncGenerator<Found> {
  const { MAX_MESSAGE, readMbox } = await intake()
  const chunks = input[Symbol.asyncIterator]()
  const start: Buffer[] = []
  let length = 0
  let ended = false
  const more = async (): Promise<void> => {
    const next = await chunks.next()
    if (next.done) ended = true
    else {
      start.push(Buffer.from(next.value))
      length += next.value.length
    }
  }
  while (!ended && length < MBOX_START) await more()
  if (isMboxStart(Buffer.concat(start))) {
    for await (const item of readMbox('-', { source: rest(start, chunks) }))
      yield item.kind === 'mail' ? { kind: 'mail', file: item.id, raw: item.raw } : problem(item)
    return
  }
  while (!ended && length <= MAX_MESSAGE) await more()
  if (length > MAX_MESSAGE) yield { kind: 'unparsable', file: '-', why: `larger than ${MAX_MESSAGE} bytes` }
  else if (length === 0) yield { kind: 'unparsable', file: '-', why: 'there was no input' }
  else yield { kind: 'mail', file: '-', raw: Buffer.concat(start) }
}

async function* rest(start: readonly Buffer[], chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* start
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
}

/** Such a name is read with marks in place of its bytes, and cannot be asked for again. */
const NOT_UTF8 = 'has a name that is not UTF-8, and was not read: rename it (convmv)'

function reason(error: unknown, path: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOENT') return path.includes('\ufffd') ? NOT_UTF8 : 'does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this account'
  if (code === 'ELOOP') return 'is a link that leads back to itself'
  return error instanceof AppError ? error.message : messageOf(error)
}
