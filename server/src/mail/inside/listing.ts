// Archives whose contents are listed but not unpacked: names and locks are in their headers.
import type { Budget } from './budget.ts'

export interface Listed {
  readonly name: string
  readonly size: number
  readonly encrypted: boolean
  /** The bytes, where they stand in the archive as they are. */
  readonly bytes: Buffer | null
}

export interface Listing {
  readonly entries: readonly Listed[]
  /** Also when not even the names can be read. */
  readonly encrypted: boolean
}

const text = (bytes: Buffer, from: number, to: number): string => {
  const part = bytes.subarray(from, to)
  const end = part.indexOf(0)
  return part.toString('utf8', 0, end === -1 ? part.length : end)
}

export function readTar(bytes: Buffer, budget: Budget): Listing {
  const entries: Listed[] = []
  let long: string | null = null
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    budget.entry()
    const size = Number.parseInt(text(bytes, at + 124, at + 136).trim(), 8) || 0
    const type = String.fromCharCode(bytes[at + 156] ?? 0)
    const content = bytes.subarray(at + 512, Math.min(bytes.length, at + 512 + size))
    const prefix = text(bytes, at + 345, at + 500)
    const name = long ?? `${prefix === '' ? '' : `${prefix}/`}${text(bytes, at, at + 100)}`
    long = type === 'L' ? text(content, 0, 1_000) : null
    if (type === '0' || type === '\0') entries.push({ name, size, encrypted: false, bytes: content })
    at += 512 + Math.ceil(Math.max(0, size) / 512) * 512
  }
  return { entries, encrypted: false }
}

/** RAR 1.5 to 4 and 5. */
export function readRar(bytes: Buffer, budget: Budget): Listing {
  return bytes[6] === 1 ? readRar5(bytes, budget) : readRar4(bytes, budget)
}

function readRar4(bytes: Buffer, budget: Budget): Listing {
  const entries: Listed[] = []
  for (let at = 7; at + 7 <= bytes.length; ) {
    const type = bytes[at + 2] ?? 0
    const flags = bytes.readUInt16LE(at + 3)
    const head = bytes.readUInt16LE(at + 5)
    if (head < 7) break
    if (type === 0x73 && (flags & 0x80) !== 0) return { entries, encrypted: true }
    const added = (flags & 0x8000) !== 0 && at + 11 <= bytes.length ? bytes.readUInt32LE(at + 7) : 0
    if (type === 0x74 && at + 32 <= bytes.length) {
      budget.entry()
      const from = at + ((flags & 0x100) === 0 ? 32 : 40)
      const name = text(bytes, from, Math.min(bytes.length, from + bytes.readUInt16LE(at + 26)))
      entries.push({ name, size: bytes.readUInt32LE(at + 11), encrypted: (flags & 4) !== 0, bytes: null })
    }
    at += head + added
  }
  return { entries, encrypted: entries.some((e) => e.encrypted) }
}

function readRar5(bytes: Buffer, budget: Budget): Listing {
  const entries: Listed[] = []
  const cursor = new Cursor(bytes, 8)
  while (cursor.at + 7 <= bytes.length) {
    cursor.at += 4
    const size = cursor.vint()
    const end = cursor.at + size
    const type = cursor.vint()
    if (type === 4) return { entries, encrypted: true }
    if (type === 5 || size === 0) break
    const flags = cursor.vint()
    const extra = (flags & 1) === 0 ? 0 : cursor.vint()
    const data = (flags & 2) === 0 ? 0 : cursor.vint()
    if (type === 2) {
      budget.entry()
      entries.push(rar5File(cursor, end, extra))
    }
    cursor.at = Math.max(end + data, end)
  }
  return { entries, encrypted: entries.some((e) => e.encrypted) }
}

function rar5File(cursor: Cursor, end: number, extra: number): Listed {
  const flags = cursor.vint()
  const size = cursor.vint()
  cursor.vint()
  if ((flags & 2) !== 0) cursor.at += 4
  if ((flags & 4) !== 0) cursor.at += 4
  cursor.vint()
  cursor.vint()
  const length = cursor.vint()
  const name = text(cursor.bytes, cursor.at, Math.min(end, cursor.at + length))
  // Extra records at the header's end; number 1 is the encryption of the file.
  const records = new Cursor(cursor.bytes, end - extra)
  let encrypted = false
  for (let i = 0; i < 20 && records.at < end; i++) {
    const recordSize = records.vint()
    const next = records.at + recordSize
    if (records.vint() === 1) encrypted = true
    records.at = Math.max(next, records.at)
  }
  return { name, size, encrypted, bytes: null }
}

class Cursor {
  readonly bytes: Buffer
  at: number
  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }
  /** Seven bits a byte, lowest first; at most 2^48. */
  vint(): number {
    let value = 0
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.bytes[this.at++] ?? 0
      value += (byte & 127) * 2 ** shift
      if (byte < 128) break
    }
    return value
  }
}

export function readCab(bytes: Buffer, budget: Budget): Listing {
  const entries: Listed[] = []
  if (bytes.length < 36) return { entries, encrypted: false }
  const files = bytes.readUInt16LE(28)
  let at = bytes.readUInt32LE(16)
  for (let i = 0; i < files && at + 16 < bytes.length; i++) {
    budget.entry()
    const end = bytes.indexOf(0, at + 16)
    if (end === -1) break
    entries.push({
      name: bytes.toString('latin1', at + 16, Math.min(end, at + 272)),
      size: bytes.readUInt32LE(at),
      encrypted: false,
      bytes: null,
    })
    at = end + 1
  }
  return { entries, encrypted: false }
}

const SECTOR = 2_048

export const isIso = (bytes: Buffer): boolean =>
  bytes.length > 17 * SECTOR && bytes.toString('latin1', 16 * SECTOR + 1, 16 * SECTOR + 6) === 'CD001'

/** ISO 9660, with the long names of Joliet where they are. */
export function readIso(bytes: Buffer, budget: Budget): Listing {
  let root = 16 * SECTOR
  let wide = false
  for (let at = 16 * SECTOR; at + SECTOR <= bytes.length && bytes[at] !== 255; at += SECTOR)
    if (bytes[at] === 2 && bytes[at + 88] === 0x25) [root, wide] = [at, true]
  const entries: Listed[] = []
  const seen = new Set<number>()
  const todo = [
    { at: bytes.readUInt32LE(root + 156 + 2) * SECTOR, length: bytes.readUInt32LE(root + 156 + 10), path: '' },
  ]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (seen.has(next.at)) continue
    seen.add(next.at)
    const end = Math.min(bytes.length, next.at + next.length)
    for (let at = next.at; at + 34 < end; ) {
      const length = bytes[at] ?? 0
      if (length < 34) {
        // Records do not cross sectors; the rest of one is filled with zeros.
        at = (Math.floor(at / SECTOR) + 1) * SECTOR
        continue
      }
      const record = bytes.subarray(at, at + length)
      at += length
      const raw = record.subarray(33, 33 + (record[32] ?? 0))
      if (raw.length === 1 && (raw[0] ?? 0) < 2) continue
      budget.entry()
      const name = (
        wide
          ? Buffer.from(raw)
              .subarray(0, raw.length & ~1)
              .swap16()
              .toString('utf16le')
          : raw.toString('latin1')
      ).replace(/;\d+$/, '')
      const [start, size] = [record.readUInt32LE(2) * SECTOR, record.readUInt32LE(10)]
      if (((record[25] ?? 0) & 2) !== 0)
        todo.push({ at: start, length: size, path: `${next.path}${name}/`.slice(0, 500) })
      else
        entries.push({
          name: `${next.path}${name}`,
          size,
          encrypted: false,
          bytes: bytes.subarray(start, start + size),
        })
    }
  }
  return { entries, encrypted: false }
}
