import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { entryKey, sizeOf } from './keys.ts'
import { lineReader, MAX_LINE } from './lines.ts'
import type { FeedFile } from './options.ts'
import { HashTable } from './table.ts'

/** What identifies a file's content as far as that can be known without reading it. */
export interface Stamp {
  readonly inode: number
  readonly size: number
  readonly mtimeMs: number
  /** Of its rights too: one that could not be read may be readable now. */
  readonly ctimeMs: number
}

export const sameStamp = (a: Stamp, b: Stamp): boolean =>
  a.inode === b.inode && a.ctimeMs === b.ctimeMs && sameContent(a, b)

/** Replacing a file by renaming changes the ctime of the old one, and nothing in it. */
const sameContent = (a: Stamp, b: Stamp): boolean => a.size === b.size && a.mtimeMs === b.mtimeMs

export const stampFrom = (found: { ino: number; size: number; mtimeMs: number; ctimeMs: number }): Stamp => ({
  inode: found.ino,
  size: found.size,
  mtimeMs: found.mtimeMs,
  ctimeMs: found.ctimeMs,
})

export interface Loaded {
  readonly table: HashTable
  /** Sizes of networks that occur, `4/24`. */
  readonly sizes: ReadonlySet<string>
  readonly refused: number
  readonly stamp: Stamp
}

export interface Limits {
  readonly maxBytes: number
  readonly maxEntries: number
}

/** A reason for people why a file cannot be used. */
export class FeedError extends Error {}

/**
 * Reads a feed, a piece at a time; other work goes on between. Rejects with `FeedError` for everything that makes it unusable: missing, too
 * large, compressed, mostly something else than entries, changed while it was read. `before`: what was read last, for the times of its entries.
 */
export async function loadFeed(feed: FeedFile, before: HashTable | null, limits: Limits, now: Date): Promise<Loaded> {
  const file = await opened(feed.path)
  try {
    const stamp = await stampOf(file, limits)
    const expected = Math.min(limits.maxEntries, await guess(file, stamp.size))
    const taken = new Taking(feed, before, limits, now, expected)
    for await (const line of linesOf(file)) taken.line(line)
    const loaded = taken.done(stamp)
    // Replaced by rename, we still read the old one whole; written to in place, nobody knows what we have read.
    if (!sameContent(stamp, stampFrom(await file.stat())))
      throw new FeedError('it was changed while it was read: replace it by renaming a complete file')
    return loaded
  } finally {
    await file.close()
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    // A pipe without a writer would wait for ever.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new FeedError(
      code === 'ENOENT'
        ? 'it is not there'
        : code === 'EACCES'
          ? 'this account may not read it'
          : `it cannot be opened: ${code}`,
    )
  }
}

async function stampOf(file: Pick<FileHandle, 'stat'>, limits: Limits): Promise<Stamp> {
  const found = await file.stat()
  if (!found.isFile()) throw new FeedError('it is no file')
  if (found.size === 0) throw new FeedError('it is empty')
  if (found.size > limits.maxBytes)
    throw new FeedError(`it is larger than ${Math.floor(limits.maxBytes / 2 ** 20)} MB (feeds.maxMb)`)
  return stampFrom(found)
}

/** How many lines it has, by its first 64 KB. */
async function guess(file: FileHandle, size: number): Promise<number> {
  const start = Buffer.alloc(64 * 1024)
  const { bytesRead } = await file.read(start, 0, start.length, 0)
  const ends = start.subarray(0, bytesRead).reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0)
  return Math.ceil(((ends + 1) * size) / Math.max(1, bytesRead))
}

async function* linesOf(file: FileHandle): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const buffer = Buffer.alloc(64 * 1024)
  let rest = ''
  let first = true
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null)
    if (bytesRead === 0) break
    const piece = buffer.subarray(0, bytesRead)
    if (first && piece[0] === 0x1f && piece[1] === 0x8b) throw new FeedError('it is compressed: unpack it first')
    if (piece.includes(0)) throw new FeedError('it is no text')
    first = false
    const lines = (rest + decoder.decode(piece, { stream: true })).split(/\r?\n/)
    rest = lines.pop() ?? ''
    // A line without an end: what is kept of it makes it too long to be read.
    if (rest.length > MAX_LINE * 4) rest = rest.slice(0, MAX_LINE + 1)
    yield* lines
  }
  if (rest !== '') yield rest
}

class Taking {
  readonly #table: HashTable
  readonly #sizes = new Set<string>()
  readonly #read: ReturnType<typeof lineReader>
  readonly #seen: number
  #refused = 0
  #lines = 0
  #sample = ''
  readonly feed: FeedFile
  readonly before: HashTable | null
  readonly limits: Limits

  constructor(feed: FeedFile, before: HashTable | null, limits: Limits, now: Date, expected: number) {
    this.feed = feed
    this.before = before
    this.limits = limits
    this.#table = new HashTable(expected)
    this.#read = lineReader(feed)
    this.#seen = Math.floor(now.getTime() / 1000)
  }

  line(text: string): void {
    this.#lines++
    const found = text.length > MAX_LINE ? { values: [''], since: null } : this.#parsed(text)
    for (const value of found?.values ?? []) {
      const key = entryKey(this.feed.kind, value)
      if (key === null) this.#refuse(value)
      else this.#take(key, found?.since ?? null)
    }
  }

  #parsed(text: string): ReturnType<ReturnType<typeof lineReader>> {
    try {
      return this.#read(text)
    } catch (error) {
      throw new FeedError(error instanceof Error ? error.message : 'it cannot be read')
    }
  }

  #take(key: string, since: number | null): void {
    this.#table.add(key, since ?? this.before?.get(key) ?? this.#seen)
    if (this.feed.kind === 'ip') this.#sizes.add(sizeOf(key))
    if (this.#table.size > this.limits.maxEntries)
      throw new FeedError(`it has more than ${this.limits.maxEntries} entries (feeds.maxEntries)`)
  }

  #refuse(value: string): void {
    this.#refused++
    if (this.#sample === '') this.#sample = `line ${this.#lines}: ${value.replace(/\p{C}/gu, ' ').slice(0, 80)}`
  }

  done(stamp: Stamp): Loaded {
    const refused = this.#refused
    // An error page in place of a list, another list, another column.
    if (refused > this.#table.size)
      throw new FeedError(
        `most of it is no ${this.feed.kind} (${this.#table.size} are, ${refused} are not; ${this.#sample})`,
      )
    this.#table.trim()
    return { table: this.#table, sizes: this.#sizes, refused, stamp }
  }
}
