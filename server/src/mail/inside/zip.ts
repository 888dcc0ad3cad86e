import { type Budget, TooMuch } from './budget.ts'

export interface ZipEntry {
  readonly name: string
  readonly method: number
  readonly encrypted: boolean
  /** As the directory says. */
  readonly size: number
  readonly packed: number
  readonly offset: number
}

const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const MAX_COMMENT = 65_557
/** Beyond it numbers are lies; every file fits. */
const HUGE = 2 ** 48

/**
 * Entries by the central directory; by the local headers where it is missing, as forgiving programs do. Throws TooMuch for what a
 * bomb does: too many, too large, too dense, or entries that share their bytes.
 */
export function readZip(bytes: Buffer, budget: Budget): ZipEntry[] {
  const directory = findDirectory(bytes)
  const entries = directory === null ? byLocalHeaders(bytes, budget) : byDirectory(bytes, directory, budget)
  budget.declared(
    entries.reduce((sum, e) => sum + e.size, 0),
    bytes.length,
  )
  refuseOverlaps(entries)
  return entries
}

interface Directory {
  readonly at: number
  /** Bytes before the archive (a program that unpacks itself). */
  readonly shift: number
}

function findDirectory(bytes: Buffer): Directory | null {
  const from = Math.max(0, bytes.length - MAX_COMMENT)
  for (let at = bytes.length - 22; at >= from; at--) {
    if (bytes[at] !== 0x50 || bytes.readUInt32LE(at) !== END) continue
    const size = bytes.readUInt32LE(at + 12)
    const offset = bytes.readUInt32LE(at + 16)
    if (offset === 0xffffffff || size === 0xffffffff || bytes.readUInt16LE(at + 10) === 0xffff) {
      const wide = directory64(bytes, at)
      if (wide !== null) return wide
    }
    const real = at - size
    if (real >= 0 && signature(bytes, real) === CENTRAL) return { at: real, shift: real - offset }
    if (signature(bytes, offset) === CENTRAL) return { at: offset, shift: 0 }
  }
  return null
}

function directory64(bytes: Buffer, end: number): Directory | null {
  const locator = end - 20
  if (locator < 0 || signature(bytes, locator) !== LOCATOR_64) return null
  const at = Number(bytes.readBigUInt64LE(locator + 8))
  if (signature(bytes, at) !== END_64 || at + 56 > bytes.length) return null
  const offset = Number(bytes.readBigUInt64LE(at + 48))
  return signature(bytes, offset) === CENTRAL ? { at: offset, shift: 0 } : null
}

const signature = (bytes: Buffer, at: number): number =>
  Number.isSafeInteger(at) && at >= 0 && at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0

function byDirectory(bytes: Buffer, { at: start, shift }: Directory, budget: Budget): ZipEntry[] {
  const entries: ZipEntry[] = []
  let at = start
  while (at + 46 <= bytes.length && bytes.readUInt32LE(at) === CENTRAL) {
    budget.entry()
    const flags = bytes.readUInt16LE(at + 8)
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => bytes.readUInt16LE(at + o))
    const name = nameOf(bytes.subarray(at + 46, at + 46 + (nameLength ?? 0)), flags)
    const extra = bytes.subarray(at + 46 + (nameLength ?? 0), at + 46 + (nameLength ?? 0) + (extraLength ?? 0))
    const wide = wider(extra, bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42))
    entries.push({
      name,
      method: bytes.readUInt16LE(at + 10),
      encrypted: (flags & 1) !== 0 || (flags & 0x2000) !== 0,
      ...wide,
      offset: wide.offset + shift,
    })
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0)
  }
  return entries
}

/** Sizes of ZIP64 where the short ones say that they are elsewhere. */
function wider(extra: Buffer, size: number, packed: number, offset: number) {
  const values = [size, packed, offset]
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === 1) {
      let from = at + 4
      const end = Math.min(extra.length, from + length)
      for (const [i, value] of values.entries()) {
        if (value !== 0xffffffff || from + 8 > end) continue
        values[i] = Math.min(HUGE, Number(extra.readBigUInt64LE(from)))
        from += 8
      }
    }
    at += 4 + length
  }
  return { size: values[0] ?? 0, packed: values[1] ?? 0, offset: values[2] ?? 0 }
}

function byLocalHeaders(bytes: Buffer, budget: Budget): ZipEntry[] {
  const entries: ZipEntry[] = []
  let at = bytes.indexOf('PK\u0003\u0004', 0, 'latin1')
  while (at !== -1 && at + 30 <= bytes.length) {
    budget.entry()
    const flags = bytes.readUInt16LE(at + 6)
    const packed = bytes.readUInt32LE(at + 18)
    const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28)
    const name = nameOf(bytes.subarray(at + 30, at + 30 + bytes.readUInt16LE(at + 26)), flags)
    const next = bytes.indexOf('PK\u0003\u0004', Math.max(start, at + 30), 'latin1')
    const length = packed > 0 && start + packed <= bytes.length ? packed : (next === -1 ? bytes.length : next) - start
    entries.push({
      name,
      method: bytes.readUInt16LE(at + 8),
      encrypted: (flags & 1) !== 0,
      size: bytes.readUInt32LE(at + 22),
      packed: Math.max(0, length),
      offset: at,
    })
    at = next
  }
  return entries
}

const nameOf = (bytes: Buffer, flags: number): string => {
  const utf8 = bytes.toString('utf8')
  return (flags & 0x800) !== 0 || !utf8.includes('\uFFFD') ? utf8 : bytes.toString('latin1')
}

function refuseOverlaps(entries: readonly ZipEntry[]): void {
  const sorted = entries.filter((e) => e.packed > 0).sort((a, b) => a.offset - b.offset)
  for (const [i, entry] of sorted.entries()) {
    const next = sorted[i + 1]
    if (next !== undefined && entry.offset + 30 + entry.packed > next.offset) throw new TooMuch('entries overlap')
  }
}

/** The packed bytes of an entry; null when its local header is not there. */
export function packedBytes(bytes: Buffer, entry: ZipEntry): Buffer | null {
  const { offset } = entry
  if (signature(bytes, offset) !== LOCAL || offset + 30 > bytes.length) return null
  const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28)
  return bytes.subarray(start, Math.min(bytes.length, start + entry.packed))
}

/**
 * What an entry holds; null when it is encrypted or packed by a method that is not read. Throws TooMuch when it inflates to more
 * than the directory says.
 */
export function entryBytes(bytes: Buffer, entry: ZipEntry, budget: Budget): Buffer | null {
  if (entry.encrypted) return null
  const packed = packedBytes(bytes, entry)
  if (packed === null) return null
  if (entry.method === 0) return packed
  if (entry.method !== 8) return null
  try {
    return budget.inflate(packed, entry.size + 1, true).subarray(0, entry.size)
  } catch (error) {
    if (error instanceof TooMuch) throw error
    return null
  }
}

/** The first bytes of an entry, for its type; null where they cannot be read. */
export function entryHead(bytes: Buffer, entry: ZipEntry, budget: Budget): Buffer | null {
  if (entry.encrypted) return null
  const packed = packedBytes(bytes, entry)
  if (packed === null) return null
  if (entry.method === 0) return packed.subarray(0, 4_096)
  if (entry.method !== 8) return null
  try {
    return budget.head(packed)
  } catch (error) {
    if (error instanceof TooMuch) throw error
    return null
  }
}
