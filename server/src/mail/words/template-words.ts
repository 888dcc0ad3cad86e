const MAX_WORDS = 4_000
/** Fewer in lower case are not enough. */
export const MIN_WORDS = 8
const WORD = /[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu
const MAX_CHARACTERS = 64 * 1024
/** Words are counted between blanks, and what stands between two blanks may be many: every second character begins one at most. */
const MOST_KEPT = MAX_WORDS + MAX_CHARACTERS / 2 + 1
const FNV = 0x01000193
/** Seeds of the lower and the upper half. */
export const LOW = 0x811c9dc5 | 0
export const HIGH = 0x3c6ef372

/** Low bits of plain FNV and of sums are weak; this spreads them. */
export function mix(h: number): number {
  const once = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return once ^ (once >>> 13)
}

/** FNV-1a, 32 bits, from a seed. */
export function hash32(text: string, seed: number): number {
  let h = seed | 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), FNV)
  return mix(h)
}

/**
 * Hashes of the words that a template keeps when it is sent to somebody else: no numbers, no addresses, no capitalised words (they
 * hold the names), none of the recipient's own names. Text in capitals throughout keeps all its words. The words themselves are not
 * made: of ASCII, which most text is, nothing is cut out and nothing put into lower case.
 */
export class TemplateWords {
  /** By two seeds; of the words that count, `count` of them. */
  readonly lows = new Int32Array(MOST_KEPT)
  readonly highs = new Int32Array(MOST_KEPT)
  count = 0
  /** Characters of these words. */
  length = 0
  private readonly lower = new Uint8Array(MOST_KEPT)
  private readonly lengths = new Int32Array(MOST_KEPT)
  private kept = 0
  private names: ReadonlySet<string> = new Set()
  /** Bit n: there is a name of n characters (31: or more). */
  private nameLengths = 0

  /** Reads at most 64 Ki characters. */
  read(text: string, names: ReadonlySet<string>): void {
    this.count = 0
    this.kept = 0
    this.names = names
    this.nameLengths = 0
    for (const name of names) this.nameLengths |= lengthBit(name.length)
    const end = Math.min(text.length, MAX_CHARACTERS)
    let at = 0
    while (at < end && this.count < MAX_WORDS) {
      const start = at
      let ascii = true
      let address = false
      for (; at < end; at++) {
        const c = text.charCodeAt(at)
        if (c <= 32 ? c === 32 || (c >= 9 && c <= 13) : c > 127 && isBlank(c)) break
        if (c > 127) ascii = false
        else if (c === AT || (c === COLON && text.startsWith('://', at) && at + 3 <= end)) address = true
      }
      // Addresses and URLs differ in every copy. (One pattern for them would be quadratic on text without blanks.)
      if (at > start && !address && !text.startsWith('www.', start)) {
        if (ascii) this.asciiWords(text, start, at)
        else this.words(text.slice(start, at))
      }
      at++
    }
    this.choose()
  }

  private asciiWords(text: string, start: number, end: number): void {
    let at = start
    while (at < end) {
      const begin = at
      let low = LOW
      let high = HIGH
      let digit = false
      let upper = false
      for (; at < end; at++) {
        let c = text.charCodeAt(at)
        if (c >= 65 && c <= 90) {
          upper = true
          c += 32
        } else if (c >= 48 && c <= 57) digit = true
        else if ((c < 97 || c > 122) && (at === begin || (c !== APOSTROPHE && c !== HYPHEN))) break
        low = Math.imul(low ^ c, FNV)
        high = Math.imul(high ^ c, FNV)
      }
      if (at === begin) at++
      else if (!digit && !this.isName(text, begin, at)) this.add(mix(low), mix(high), at - begin, !upper)
    }
  }

  private words(token: string): void {
    for (const word of token.match(WORD) ?? []) {
      const lower = word.toLowerCase()
      if (/\p{N}/u.test(word) || this.names.has(lower)) continue
      this.add(hash32(lower, LOW), hash32(lower, HIGH), lower.length, word === lower)
    }
  }

  private isName(text: string, start: number, end: number): boolean {
    return (this.nameLengths & lengthBit(end - start)) !== 0 && this.names.has(text.slice(start, end).toLowerCase())
  }

  private add(low: number, high: number, length: number, lower: boolean): void {
    const at = this.count++
    this.lows[at] = low
    this.highs[at] = high
    this.lengths[at] = length
    this.lower[at] = lower ? 1 : 0
    if (lower) this.kept++
  }

  /** Those in lower case, where they are enough. */
  private choose(): void {
    const chosen = this.kept >= MIN_WORDS
    let to = 0
    this.length = 0
    for (let at = 0; at < this.count; at++) {
      if (chosen && this.lower[at] === 0) continue
      this.length += this.lengths[at] ?? 0
      this.lows[to] = this.lows[at] ?? 0
      this.highs[to++] = this.highs[at] ?? 0
    }
    this.count = to
  }
}

const AT = 0x40
const COLON = 0x3a
const APOSTROPHE = 0x27
const HYPHEN = 0x2d
const lengthBit = (length: number): number => 1 << Math.min(31, length)

/** What `\s` matches beyond ASCII. */
const isBlank = (c: number): boolean =>
  c === 0xa0 ||
  c === 0x1680 ||
  (c >= 0x2000 && c <= 0x200a) ||
  c === 0x2028 ||
  c === 0x2029 ||
  c === 0x202f ||
  c === 0x205f ||
  c === 0x3000 ||
  c === 0xfeff
