// biome-ignore-all lint/suspicious/noControlCharactersInRegex: magic numbers are made of control characters
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { oneLine } from '../text.ts'
import type { ArchiveEntry, ArchiveFacts } from '../types.ts'
import { type Budget, MAX_LEVELS, MAX_RATIO, TooMuch } from './budget.ts'
import { isIso, type Listing, readCab, readIso, readRar, readTar } from './listing.ts'
import { magicOf } from './magic.ts'
import { read7z } from './seven-zip.ts'
import { entryBytes, entryHead, readZip } from './zip.ts'

type Kind = ArchiveFacts['kind']

const MAX_LISTED = 100
/** Larger entries are typed by their first bytes only. */
const MAX_OPENED = 16 * 1024 * 1024

export function archiveKind(bytes: Buffer): Kind | null {
  const head = bytes.toString('latin1', 0, 16)
  if (/^PK(?:\x03\x04|\x05\x06|\x07\x08)/.test(head)) return 'zip'
  if (head.startsWith('Rar!\x1a\x07')) return 'rar'
  if (head.startsWith("7z\xbc\xaf'\x1c")) return '7z'
  if (head.startsWith('\x1f\x8b')) return 'gzip'
  if (/^BZh[1-9]1AY/.test(head)) return 'bzip2'
  if (head.startsWith('\xfd7zXZ')) return 'xz'
  if (head.startsWith('MSCF')) return 'cab'
  if (head.startsWith('\x60\xea')) return 'arj'
  if (head.slice(7, 14) === '**ACE**') return 'ace'
  if (/^..-lh[0-7d]-/s.test(head)) return 'lzh'
  if (bytes.toString('latin1', 257, 262) === 'ustar') return 'tar'
  return isIso(bytes) ? 'iso' : null
}

/** What is to be done with a file that was taken out of an archive. */
export type Opened = (name: string, bytes: Buffer, level: number) => void

interface Walk {
  readonly budget: Budget
  readonly opened: Opened
  readonly entries: ArchiveEntry[]
  count: number
  encrypted: boolean
  depth: number
  stopped: string | null
}

/**
 * Lists an archive and those inside it, three levels deep. Files worth a look are handed to `opened`. Never throws for what the
 * archive holds: `stopped` says why reading ended early.
 */
export function readArchive(kind: Kind, name: string, bytes: Buffer, budget: Budget, opened: Opened): ArchiveFacts {
  const walk: Walk = { budget, opened, entries: [], count: 0, encrypted: false, depth: 1, stopped: null }
  level(kind, name, bytes, '', 1, walk)
  return {
    kind,
    entries: listed(walk.entries),
    count: walk.count,
    encrypted: walk.encrypted,
    depth: walk.depth,
    stopped: walk.stopped,
  }
}

function level(kind: Kind, name: string, bytes: Buffer, prefix: string, depth: number, walk: Walk): void {
  walk.depth = Math.max(walk.depth, depth)
  if (depth > MAX_LEVELS) {
    walk.stopped ??= `archives more than ${MAX_LEVELS} deep`
    return
  }
  try {
    if (kind === 'zip') zip(bytes, prefix, depth, walk)
    else if (kind === 'gzip') gzip(name, bytes, prefix, depth, walk)
    else {
      const listing = list(kind, bytes, walk.budget)
      if (listing.encrypted) walk.encrypted = true
      for (const entry of listing.entries)
        take(prefix + entry.name, entry.size, entry.encrypted, entry.bytes, depth, walk)
    }
  } catch (error) {
    walk.stopped ??= error instanceof TooMuch ? error.message : 'broken'
  }
}

function list(kind: Kind, bytes: Buffer, budget: Budget): Listing {
  switch (kind) {
    case 'tar':
      return readTar(bytes, budget)
    case 'rar':
      return readRar(bytes, budget)
    case '7z':
      return read7z(bytes, budget)
    case 'cab':
      return readCab(bytes, budget)
    case 'iso':
      return readIso(bytes, budget)
    default:
      return { entries: [], encrypted: false }
  }
}

function zip(bytes: Buffer, prefix: string, depth: number, walk: Walk): void {
  for (const entry of readZip(bytes, walk.budget)) {
    if (entry.name.endsWith('/')) continue
    const wanted = walk.count < MAX_LISTED && entry.size <= MAX_OPENED && walk.budget.files > 0
    let content: Buffer | null = null
    try {
      const head = walk.count < MAX_LISTED ? entryHead(bytes, entry, walk.budget) : null
      const open = wanted && head !== null && worthOpening(entry.name, head)
      content = open ? entryBytes(bytes, entry, walk.budget) : head
    } catch (error) {
      walk.stopped ??= error instanceof TooMuch ? error.message : 'broken'
    }
    take(prefix + entry.name, entry.size, entry.encrypted, content, depth, walk)
  }
}

/** Pictures, sound and film are not looked into; everything else that is small enough is. */
const worthOpening = (name: string, head: Buffer): boolean =>
  archiveKind(head) !== null || !/^(image\/(?!svg)|audio\/|video\/|font\/)/.test(magicOf(name, head) ?? '')

function gzip(name: string, bytes: Buffer, prefix: string, depth: number, walk: Walk): void {
  const limit = Math.min(MAX_OPENED, Math.max(4 * 1024 * 1024, bytes.length * MAX_RATIO))
  walk.budget.entry()
  let content: Buffer
  try {
    content = gunzipSync(bytes, { maxOutputLength: limit, finishFlush: 2 })
    walk.budget.spend(content.length)
  } catch (error) {
    walk.stopped ??= error instanceof RangeError ? 'inflates to more than may be' : 'broken'
    return
  }
  take(
    prefix + (name.replace(/\.(t)?gz$/i, (_, t) => (t ? '.tar' : '')) || 'data'),
    content.length,
    false,
    content,
    depth,
    walk,
  )
}

function take(name: string, size: number, encrypted: boolean, bytes: Buffer | null, depth: number, walk: Walk): void {
  walk.count++
  if (encrypted) walk.encrypted = true
  const shown = oneLine(name, 255)
  const type = bytes === null || bytes.length === 0 ? null : magicOf(name, bytes)
  const hash = bytes === null || encrypted || bytes.length < size ? null : hashOf(bytes, walk)
  const known = hash === null ? {} : { sha256: hash }
  walk.entries.push({ name: shown, type, size: Math.max(0, Math.floor(size)), encrypted, ...known })
  if (bytes === null || encrypted) return
  const kind = archiveKind(bytes)
  const office = /openxmlformats|opendocument/.test(type ?? '')
  if (kind !== null && !office && bytes.length >= size)
    level(kind, baseName(name), bytes, `${name}/`.slice(0, 500), depth + 1, walk)
  else if (bytes.length >= size && size <= MAX_OPENED && --walk.budget.files >= 0)
    walk.opened(baseName(name), bytes, depth)
}

/** What files hold is known by its hash wherever it lies; nothing is said of empty ones, which are all alike. */
function hashOf(bytes: Buffer, walk: Walk): string | null {
  if (bytes.length === 0 || --walk.budget.hashes < 0) return null
  return createHash('sha256').update(bytes).digest('hex')
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** What runs comes first, so that a long list hides nothing. */
function listed(entries: readonly ArchiveEntry[]): ArchiveEntry[] {
  if (entries.length <= MAX_LISTED) return [...entries]
  const runs = entries.filter((e) => RUNS.test(e.name) || /x-msdownload|x-elf|executable/.test(e.type ?? ''))
  return [...new Set([...runs, ...entries])].slice(0, MAX_LISTED)
}

const RUNS =
  /\.(exe|scr|com|pif|bat|cmd|jse?|vb[se]|ws[fh]|hta|ps1|msi|jar|lnk|url|cpl|dll|chm|iso|img|vhdx?|one|xll|docm|xlsm|html?|svg)$/i
