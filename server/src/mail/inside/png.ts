import { inflateSync } from 'node:zlib'
import type { Size } from './picture.ts'

// Small PNG reader: zlib with a limit that follows from the header, so that no stream can inflate to more than its picture.

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
/** Adam7: first column, first row, steps. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

interface Header extends Size {
  readonly depth: number
  readonly colour: number
  readonly interlaced: boolean
}

/** Brightness, a byte per pixel, transparent parts as white; null for what is no valid PNG. */
export function decodePng(bytes: Buffer): Uint8Array | null {
  const header = headerOf(bytes)
  if (header === null) return null
  const { data, palette, alpha } = chunks(bytes)
  const channels = CHANNELS[header.colour] ?? 0
  const passes = header.interlaced ? PASSES : ([[0, 0, 1, 1]] as const)
  const line = (width: number) => Math.ceil((width * channels * header.depth) / 8)
  const sizes = passes.map(([x, y, dx, dy]) => ({
    width: Math.ceil((header.width - x) / dx),
    height: Math.ceil((header.height - y) / dy),
  }))
  const expected = sizes.reduce((sum, s) => sum + (s.width > 0 && s.height > 0 ? s.height * (1 + line(s.width)) : 0), 0)
  let raw: Buffer
  try {
    raw = inflateSync(data, { maxOutputLength: expected + 1, finishFlush: 2 })
  } catch {
    return null
  }
  const out = new Uint8Array(header.width * header.height).fill(255)
  const shade = shader(header, palette, alpha)
  let at = 0
  for (const [i, [x, y, dx, dy]] of passes.entries()) {
    const { width = 0, height = 0 } = sizes[i] ?? {}
    if (width <= 0 || height <= 0) continue
    at = onePass(raw, at, { ...header, width, height }, channels, (px, py, row) => {
      out[(y + py * dy) * header.width + x + px * dx] = shade(row, px)
    })
  }
  return out
}

function headerOf(bytes: Buffer): Header | null {
  if (bytes.length < 33 || bytes.readUInt32BE(0) !== 0x89504e47 || bytes.toString('latin1', 12, 16) !== 'IHDR')
    return null
  const header = {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    depth: bytes[24] ?? 0,
    colour: bytes[25] ?? 0,
    interlaced: bytes[28] === 1,
  }
  const valid =
    CHANNELS[header.colour] !== undefined &&
    [1, 2, 4, 8, 16].includes(header.depth) &&
    header.width > 0 &&
    header.height > 0
  return valid ? header : null
}

function chunks(bytes: Buffer) {
  const data: Buffer[] = []
  let palette = Buffer.alloc(0)
  let alpha = Buffer.alloc(0)
  for (let at = 8; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    const content = bytes.subarray(at + 8, Math.min(bytes.length, at + 8 + length))
    if (type === 'IDAT') data.push(content)
    else if (type === 'PLTE') palette = Buffer.from(content)
    else if (type === 'tRNS') alpha = Buffer.from(content)
    else if (type === 'IEND') break
    at += 12 + length
  }
  return { data: Buffer.concat(data), palette, alpha }
}

/** Undoes the filters of one pass; lines that are missing stay white. Returns where the next pass begins. */
function onePass(
  raw: Buffer,
  from: number,
  header: Header,
  channels: number,
  put: (x: number, y: number, row: Uint8Array) => void,
): number {
  const length = Math.ceil((header.width * channels * header.depth) / 8)
  const step = Math.max(1, (channels * header.depth) >> 3)
  let before = new Uint8Array(length)
  let at = from
  for (let y = 0; y < header.height && at < raw.length; y++, at += length + 1) {
    const row = new Uint8Array(length)
    row.set(raw.subarray(at + 1, at + 1 + length))
    unfilter(raw[at] ?? 0, row, before, step)
    for (let x = 0; x < header.width; x++) put(x, y, row)
    before = row
  }
  return at
}

/** One loop for each filter: they run over every byte of every picture. */
function unfilter(filter: number, row: Uint8Array, up: Uint8Array, step: number): void {
  const { length } = row
  if (filter === 1) for (let i = step; i < length; i++) row[i] = (row[i] ?? 0) + (row[i - step] ?? 0)
  else if (filter === 2) for (let i = 0; i < length; i++) row[i] = (row[i] ?? 0) + (up[i] ?? 0)
  else if (filter === 3)
    for (let i = 0; i < length; i++)
      row[i] = (row[i] ?? 0) + (((i >= step ? (row[i - step] ?? 0) : 0) + (up[i] ?? 0)) >> 1)
  else if (filter === 4) {
    // Without a left neighbour the predictor is what stands above.
    for (let i = 0; i < step && i < length; i++) row[i] = (row[i] ?? 0) + (up[i] ?? 0)
    for (let i = step; i < length; i++)
      row[i] = (row[i] ?? 0) + paeth(row[i - step] ?? 0, up[i] ?? 0, up[i - step] ?? 0)
  }
}

function paeth(a: number, b: number, c: number): number {
  const pa = Math.abs(b - c)
  const pb = Math.abs(a - c)
  const pc = Math.abs(a + b - 2 * c)
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

export const brightness = (r: number, g: number, b: number): number => (r * 77 + g * 150 + b * 29) >> 8
export const onWhite = (value: number, alpha: number): number => (255 - ((255 - value) * alpha) / 255) | 0

function shader(header: Header, palette: Buffer, alpha: Buffer): (row: Uint8Array, x: number) => number {
  const { depth, colour } = header
  const bytes = depth === 16 ? 2 : 1
  if (colour === 2)
    return (row, x) => brightness(row[x * 3 * bytes] ?? 0, row[(x * 3 + 1) * bytes] ?? 0, row[(x * 3 + 2) * bytes] ?? 0)
  if (colour === 4) return (row, x) => onWhite(row[x * 2 * bytes] ?? 0, row[(x * 2 + 1) * bytes] ?? 0)
  if (colour === 6)
    return (row, x) => {
      const at = x * 4 * bytes
      return onWhite(brightness(row[at] ?? 0, row[at + bytes] ?? 0, row[at + 2 * bytes] ?? 0), row[at + 3 * bytes] ?? 0)
    }
  const value = (row: Uint8Array, x: number): number => {
    if (depth === 16) return row[x * 2] ?? 0
    if (depth === 8) return row[x] ?? 0
    const bit = x * depth
    return ((row[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1)
  }
  if (colour === 0)
    return (row, x) => (depth < 8 ? Math.round((value(row, x) * 255) / ((1 << depth) - 1)) : value(row, x))
  const shades = Array.from({ length: 256 }, (_, i) =>
    onWhite(brightness(palette[i * 3] ?? 0, palette[i * 3 + 1] ?? 0, palette[i * 3 + 2] ?? 0), alpha[i] ?? 255),
  )
  return (row, x) => shades[value(row, x)] ?? 0
}
