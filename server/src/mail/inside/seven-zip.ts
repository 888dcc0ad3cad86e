import { type Budget, TooMuch } from './budget.ts'
import type { Listed, Listing } from './listing.ts'
import { decodeLzma } from './lzma.ts'

const AES = Buffer.from([0x06, 0xf1, 0x07, 0x01])
const LZMA = '030101'
const MAX_HEADER = 4 * 1024 * 1024

/**
 * Names in a 7-Zip archive and whether it is locked. The list of names is itself packed with LZMA in nearly every archive, and locked together with the
 * contents where the sender wanted even the names hidden. Contents are not unpacked.
 */
export function read7z(bytes: Buffer, budget: Budget): Listing {
  const header = bytes.length < 32 ? null : headerOf(bytes)
  if (header === null) return { entries: [], encrypted: false }
  if (header[0] !== 0x17) return { entries: names(header, budget), encrypted: header.includes(AES) }
  if (header.includes(AES)) return { entries: [], encrypted: true }
  const plain = unpacked(bytes, header, budget)
  return plain === null
    ? { entries: [], encrypted: false }
    : { entries: names(plain, budget), encrypted: plain.includes(AES) }
}

function headerOf(bytes: Buffer): Buffer | null {
  const start = 32 + Number(bytes.readBigUInt64LE(12))
  const size = Number(bytes.readBigUInt64LE(20))
  return start < bytes.length && size > 0 && size <= MAX_HEADER
    ? bytes.subarray(start, Math.min(bytes.length, start + size))
    : null
}

/** 7-Zip's numbers: as many leading ones in the first byte as bytes follow. */
function number(bytes: Buffer, at: number): { value: number; next: number } {
  const first = bytes[at] ?? 0
  let value = 0
  let mask = 0x80
  for (let i = 0; i < 8; i++, mask >>= 1) {
    if ((first & mask) === 0) return { value: value + (first & (mask - 1)) * 2 ** (8 * i), next: at + 1 + i }
    value += (bytes[at + 1 + i] ?? 0) * 2 ** (8 * i)
  }
  return { value, next: at + 9 }
}

/** The packed header: one stream, one coder, as 7-Zip writes it. Null for anything else. */
function unpacked(bytes: Buffer, header: Buffer, budget: Budget): Buffer | null {
  if (header[1] !== 0x06) return null
  const position = number(header, 2)
  const streams = number(header, position.next)
  if (streams.value !== 1 || header[streams.next] !== 0x09) return null
  const packed = number(header, streams.next + 1)
  const folder = header.indexOf(Buffer.from([0x07, 0x0b, 0x01, 0x00, 0x01]), packed.next)
  if (folder === -1) return null
  const flags = header[folder + 5] ?? 0
  const id = header.toString('hex', folder + 6, folder + 6 + (flags & 15))
  if (id !== LZMA || (flags & 0x20) === 0) return null
  const properties = number(header, folder + 9)
  const end = properties.next + properties.value
  if (header[end] !== 0x0c) return null
  const size = number(header, end + 1).value
  if (size > MAX_HEADER) throw new TooMuch('a list of names of more than 4 MB')
  budget.spend(size)
  const start = 32 + position.value
  return decodeLzma(header.subarray(properties.next, end), bytes.subarray(start, start + packed.value), size)
}

/** Names are UTF-16, each with a zero at its end; they fill their property exactly. */
function names(header: Buffer, budget: Budget): Listed[] {
  for (let at = header.indexOf(0x11); at !== -1; at = header.indexOf(0x11, at + 1)) {
    const { value, next } = number(header, at + 1)
    const text = header.subarray(next + 1, next + value)
    if (
      header[next] !== 0 ||
      value < 5 ||
      text.length !== value - 1 ||
      value % 2 !== 1 ||
      text.readUInt16LE(text.length - 2) !== 0
    )
      continue
    const found = text.toString('utf16le').split('\0').slice(0, -1)
    if (found.length === 0 || found.some((n) => n === '')) continue
    return found.map((name): Listed => {
      budget.entry()
      return { name, size: 0, encrypted: false, bytes: null }
    })
  }
  return []
}
