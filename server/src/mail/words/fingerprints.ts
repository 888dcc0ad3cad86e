import { hash } from 'node:crypto'
import type { UrlFound } from '../types.ts'
import { HIGH, hash32, LOW, MIN_WORDS, mix, TemplateWords } from './template-words.ts'

const PREFIX = /^\s*(?:(?:re|fw|fwd|aw|wg|sv|vs|antw|tr|enc|res|rv|rif|odp|ynt)(?:\[\d{1,3}\])?\s*[:：]\s*)+/i

/** Of the subject without digits, reply prefixes, case and punctuation; null when nothing is left. */
export function subjectFingerprint(subject: string): string | null {
  const words = subject
    .slice(0, 1_000)
    .replace(PREFIX, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}]+/gu, ' ')
    .trim()
  return words === '' ? null : hash('sha256', words).slice(0, 16)
}

/** One for all messages: a text is read in one go. */
const template = new TemplateWords()

/**
 * Simhash (64 bits) over pairs of neighbouring template words: equal for the same template with other names and numbers,
 * few bits apart for a slightly edited one. Null when there are too few words to mean anything.
 */
export function bodyFingerprint(text: string, names: ReadonlySet<string> = new Set()): string | null {
  template.read(text, names)
  const { lows, highs, count } = template
  if (count < MIN_WORDS && template.length < 40) return null
  const bits = new BitCounts()
  const seen = new Pairs(count)
  for (let i = 0; i < count; i++) {
    const next = i + 1 < count
    const low = mix(Math.imul(lows[i] ?? 0, 0x9e3779b1) + (next ? (lows[i + 1] ?? 0) : 0))
    const high = mix(Math.imul(highs[i] ?? 0, 0x9e3779b1) + (next ? (highs[i + 1] ?? 0) : 0))
    // Each pair counts once.
    if (seen.add(low, high)) bits.add(low, high)
  }
  return bits.majority(seen.size)
}

/** A set of pairs of 32-bit numbers, of which 53 bits tell them apart. */
class Pairs {
  size = 0
  private readonly lows: Int32Array
  private readonly highs: Int32Array
  private readonly taken: Uint8Array

  constructor(most: number) {
    const places = 2 ** Math.ceil(Math.log2(2 * most + 2))
    this.lows = new Int32Array(places)
    this.highs = new Int32Array(places)
    this.taken = new Uint8Array(places)
  }

  /** False when it was there. */
  add(low: number, high: number): boolean {
    const kept = high >>> 11
    const mask = this.taken.length - 1
    let at = low & mask
    while (this.taken[at] === 1) {
      if (this.lows[at] === low && this.highs[at] === kept) return false
      at = (at + 1) & mask
    }
    this.taken[at] = 1
    this.lows[at] = low
    this.highs[at] = kept
    this.size++
    return true
  }
}

/**
 * How often each of 64 bits was set. The counts lie across: plane n holds binary digit n of 32 counts, so one addition with carry counts
 * 32 bits at a time.
 */
class BitCounts {
  private readonly low = new Int32Array(20)
  private readonly high = new Int32Array(20)

  /** At most a million times. */
  add(low: number, high: number): void {
    count(this.low, low)
    count(this.high, high)
  }

  /** The bits that more than half of so many had; 16 hex digits. */
  majority(of: number): string {
    const [low, high] = [this.low, this.high].map((planes) => {
      let value = 0
      for (let bit = 0; bit < 32; bit++) {
        let ones = 0
        for (const [digit, plane] of planes.entries()) ones += ((plane >>> bit) & 1) << digit
        if (2 * ones > of) value |= 1 << bit
      }
      return (value >>> 0).toString(16).padStart(8, '0')
    })
    return `${high}${low}`
  }
}

function count(planes: Int32Array, bits: number): void {
  let carry = bits
  for (let digit = 0; carry !== 0 && digit < planes.length; digit++) {
    const before = planes[digit] ?? 0
    planes[digit] = before ^ carry
    carry &= before
  }
}

/** Bits in which two body fingerprints differ, 0 to 64; 6 or fewer are the same template in practice. */
export function fingerprintDistance(a: string, b: string): number {
  let bits = BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
  let count = 0
  for (; bits > 0n; bits &= bits - 1n) count++
  return count
}

/** Simhash (64 bits) over a set of tokens; null when there are fewer than `fewest`, which say too little. */
function simhash(tokens: ReadonlySet<string>, fewest: number): string | null {
  if (tokens.size < fewest) return null
  const bits = new BitCounts()
  for (const token of tokens) bits.add(hash32(token, LOW), hash32(token, HIGH))
  return bits.majority(tokens.size)
}

/** Fewer shapes than these are the letter of any mail program. */
const MIN_SHAPES = 30

/**
 * Of the skeleton: which elements follow which in the HTML, and the kinds of parts; no words, so it survives a translation. Rows
 * that repeat count once. Null for plain text and for HTML as every mail program writes it.
 */
export const structureFingerprint = (shapes: ReadonlySet<string>): string | null => simhash(shapes, MIN_SHAPES)

/** A message leads to one or two pages like many others; from three on the set is its own. */
const MIN_ADDRESSES = 3

/**
 * Of the addresses: sites of links and pictures with the shape of their paths, in any order; numbers, tokens and file ids do not count.
 * Null when there are fewer than three.
 */
export function urlsFingerprint(urls: readonly UrlFound[]): string | null {
  const shapes = new Set<string>()
  for (const { url, host, domain, place } of urls)
    if (place !== 'header' && host !== '') shapes.add(`${domain ?? host}${pathShape(url)}`)
  if (shapes.size < MIN_ADDRESSES) return null
  return hash('sha256', [...shapes].sort().join('\n')).slice(0, 16)
}

function pathShape(url: string): string {
  const path = /^(?:[a-z]+:)?(?:\/\/)?[^/?#]*(\/[^?#]*)/i.exec(url.slice(0, 1_024))?.[1] ?? '/'
  return path
    .split('/')
    .slice(0, 8)
    .map((part) => (/\d|%|=|@|[A-Z].*[a-z].*[A-Z]/.test(part) || part.length > 24 ? '#' : part.toLowerCase()))
    .join('/')
}
