import { createHash } from 'node:crypto'
import type { Fingerprints, UrlFound } from './types.ts'

const PREFIX = /^\s*(?:(?:re|fw|fwd|aw|wg|sv|vs|antw|tr|enc|res|rv|rif|odp|ynt)(?:\[\d{1,3}\])?\s*[:：]\s*)+/i
const MAX_WORDS = 4_000
const MIN_WORDS = 8
const WORD = /[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu
/** Most words are this, and the long way round would find the same. */
const SIMPLE = /^[a-z]+$/

/** Of the subject without digits, reply prefixes, case and punctuation; null when nothing is left. */
export function subjectFingerprint(subject: string): string | null {
  const words = subject
    .slice(0, 1_000)
    .replace(PREFIX, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}]+/gu, ' ')
    .trim()
  return words === '' ? null : createHash('sha256').update(words).digest('hex').slice(0, 16)
}

/**
 * The words that a template keeps when it is sent to somebody else: no numbers, no addresses, no capitalised words (they
 * hold the names), none of the recipient's own names. Text in capitals throughout keeps all its words.
 */
function templateWords(text: string, names: ReadonlySet<string>): string[] {
  const kept: string[] = []
  const all: string[] = []
  for (const token of text.match(/\S+/g) ?? []) {
    if (all.length >= MAX_WORDS) break
    // Addresses and URLs differ in every copy. (One pattern for them would be quadratic on text without blanks.)
    if (token.includes('@') || token.includes('://') || token.startsWith('www.')) continue
    if (SIMPLE.test(token)) {
      if (names.has(token)) continue
      all.push(token)
      kept.push(token)
      continue
    }
    for (const word of token.match(WORD) ?? []) {
      const lower = word.toLowerCase()
      if (/\p{N}/u.test(word) || names.has(lower)) continue
      all.push(lower)
      if (word === lower) kept.push(lower)
    }
  }
  return kept.length >= MIN_WORDS ? kept : all
}

/** Low bits of plain FNV and of sums are weak; this spreads them. */
function mix(h: number): number {
  const once = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return once ^ (once >>> 13)
}

/** FNV-1a, 32 bits, from a seed. */
function hash32(text: string, seed: number): number {
  let h = seed | 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}

/**
 * Simhash (64 bits) over pairs of neighbouring template words: equal for the same template with other names and numbers,
 * few bits apart for a slightly edited one. Null when there are too few words to mean anything.
 */
export function bodyFingerprint(text: string, names: ReadonlySet<string> = new Set()): string | null {
  const words = templateWords(text.slice(0, 64 * 1024), names)
  if (words.length < MIN_WORDS && words.join('').length < 40) return null
  const lows = words.map((word) => hash32(word, 0x811c9dc5))
  const highs = words.map((word) => hash32(word, 0x3c6ef372))
  const bits = new BitCounts()
  const seen = new Set<number>()
  for (let i = 0; i < words.length; i++) {
    const low = mix(Math.imul(lows[i] ?? 0, 0x9e3779b1) + (lows[i + 1] ?? 0))
    const high = mix(Math.imul(highs[i] ?? 0, 0x9e3779b1) + (highs[i + 1] ?? 0))
    // 53 of the 64 bits tell pairs apart; each pair counts once.
    const key = (low >>> 0) * 0x200000 + (high >>> 11)
    if (seen.has(key)) continue
    seen.add(key)
    bits.add(low, high)
  }
  return bits.majority(seen.size)
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

export const fingerprintsOf = (subject: string, text: string, names: ReadonlySet<string>): Fingerprints => ({
  subject: subjectFingerprint(subject),
  body: bodyFingerprint(text, names),
})

/** Simhash (64 bits) over a set of tokens; null when there are fewer than `fewest`, which say too little. */
function simhash(tokens: ReadonlySet<string>, fewest: number): string | null {
  if (tokens.size < fewest) return null
  const bits = new BitCounts()
  for (const token of tokens) bits.add(hash32(token, 0x811c9dc5), hash32(token, 0x3c6ef372))
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
  return createHash('sha256')
    .update([...shapes].sort().join('\n'))
    .digest('hex')
    .slice(0, 16)
}

function pathShape(url: string): string {
  const path = /^(?:[a-z]+:)?(?:\/\/)?[^/?#]*(\/[^?#]*)/i.exec(url.slice(0, 1_024))?.[1] ?? '/'
  return path
    .split('/')
    .slice(0, 8)
    .map((part) => (/\d|%|=|@|[A-Z].*[a-z].*[A-Z]/.test(part) || part.length > 24 ? '#' : part.toLowerCase()))
    .join('/')
}
