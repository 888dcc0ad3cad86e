import { decode as decodeJpeg } from 'jpeg-js'
import { GifReader } from 'omggif'
import { brightness, decodePng, onWhite } from './png.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

/** Brightness, a byte per pixel. */
export interface Picture extends Size {
  readonly grey: Uint8Array
}

/** Pictures with more pixels are not decoded: they are photographs or bombs. */
export const MAX_PIXELS = 4_000_000
const MAX_BYTES = 4 * 1024 * 1024
/** A progressive picture may bring any number of passes over all its pixels. */
const MAX_SCANS = 40

/** Width and height by the header alone; null for what is no picture of a known kind. */
export function sizeOf(bytes: Buffer): Size | null {
  if (bytes.length < 26) return null
  if (bytes.readUInt32BE(0) === 0x89504e47) return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
  if (bytes.toString('latin1', 0, 4) === 'GIF8') return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
  if (bytes.toString('latin1', 0, 2) === 'BM')
    return { width: Math.abs(bytes.readInt32LE(18)), height: Math.abs(bytes.readInt32LE(22)) }
  return bytes.readUInt16BE(0) === 0xffd8 ? jpegSize(bytes) : null
}

function jpegSize(bytes: Buffer): Size | null {
  let size: Size | null = null
  let scans = 0
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) {
      at = bytes.indexOf(0xff, at)
      if (at === -1) break
      continue
    }
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at++
      continue
    }
    // Stuffed bytes, restarts and the like have no length.
    if (marker === 0 || (marker >= 0xd0 && marker <= 0xd9)) {
      at += 2
      continue
    }
    if (marker === 0xda && ++scans > MAX_SCANS) return { width: Number.MAX_SAFE_INTEGER, height: 1 }
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      size ??= { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
    at += 2 + bytes.readUInt16BE(at + 2)
  }
  return size
}

/** Decoded within the limits; null when it is too large, broken, or of a kind that is not decoded (BMP, WebP). */
export function decodePicture(bytes: Buffer, { width, height }: Size): Picture | null {
  if (width * height > MAX_PIXELS || width < 1 || height < 1 || bytes.length > MAX_BYTES) return null
  try {
    const first = bytes[0]
    if (first === 0x89) {
      const grey = decodePng(bytes)
      return grey === null ? null : { width, height, grey }
    }
    if (first === 0x47) return gif(bytes, { width, height })
    return first === 0xff ? jpeg(bytes, { width, height }) : null
  } catch {
    return null
  }
}

function jpeg(bytes: Buffer, size: Size): Picture | null {
  const decoded = decodeJpeg(bytes, { useTArray: true, maxResolutionInMP: 5, maxMemoryUsageInMB: 128 })
  return decoded.width === size.width && decoded.height === size.height
    ? { ...size, grey: fromRgba(decoded.data, size) }
    : null
}

/** The first frame, on white. */
function gif(bytes: Buffer, size: Size): Picture | null {
  const reader = new GifReader(bytes)
  if (reader.numFrames() < 1) return null
  const rgba = new Uint8Array(size.width * size.height * 4)
  reader.decodeAndBlitFrameRGBA(0, rgba)
  return { ...size, grey: fromRgba(rgba, size) }
}

function fromRgba(rgba: Uint8Array, { width, height }: Size): Uint8Array {
  const grey = new Uint8Array(width * height)
  for (let i = 0; i < grey.length; i++) {
    const at = i * 4
    grey[i] = onWhite(brightness(rgba[at] ?? 0, rgba[at + 1] ?? 0, rgba[at + 2] ?? 0), rgba[at + 3] ?? 0)
  }
  return grey
}

const [WIDE, HIGH] = [9, 8]

/**
 * Difference hash: the picture in 9 × 8 fields, one bit for each whether it is brighter than its right neighbour. Survives scaling,
 * recompression and small edits. Null for pictures with nothing in them.
 */
export function pictureHash({ width, height, grey }: Picture): string | null {
  if (width < 24 || height < 16) return null
  const sums = new Float64Array(WIDE * HIGH)
  const counts = new Uint32Array(WIDE * HIGH)
  // Some 40,000 samples say as much as all pixels.
  const step = Math.max(1, Math.floor(Math.sqrt((width * height) / 40_000)))
  for (let y = 0; y < height; y += step) {
    const row = Math.floor((y * HIGH) / height) * WIDE
    for (let x = 0; x < width; x += step) {
      const field = row + Math.floor((x * WIDE) / width)
      sums[field] = (sums[field] ?? 0) + (grey[y * width + x] ?? 0)
      counts[field] = (counts[field] ?? 0) + 1
    }
  }
  const mean = sums.map((sum, i) => sum / Math.max(1, counts[i] ?? 1))
  let bits = 0n
  let edges = 0
  for (let row = 0; row < HIGH; row++)
    for (let column = 0; column < WIDE - 1; column++) {
      const difference = (mean[row * WIDE + column] ?? 0) - (mean[row * WIDE + column + 1] ?? 0)
      if (Math.abs(difference) > 4) edges++
      bits = (bits << 1n) | (difference > 4 ? 1n : 0n)
    }
  return edges < 8 ? null : bits.toString(16).padStart(16, '0')
}
