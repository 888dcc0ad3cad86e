// LZMA as 7-Zip packs its lists of names. After the public domain specification by Igor Pavlov; only decoding, only in memory.

const STATES = 12
const HALF = 1_024
const MATCH_MIN = 2

const half = (size: number): Uint16Array => new Uint16Array(size).fill(HALF)

class Range {
  private readonly bytes: Buffer
  private at = 5
  private range = 0xffffffff
  private code: number

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.code = bytes.length >= 5 ? bytes.readUInt32BE(1) : 0
  }

  /** More was read than there is: the rest is noise. */
  get over(): boolean {
    return this.at > this.bytes.length + 5
  }

  private normalise(): void {
    if (this.range >= 0x1000000) return
    this.range = (this.range << 8) >>> 0
    this.code = ((this.code << 8) | (this.bytes[this.at++] ?? 0)) >>> 0
  }

  bit(probs: Uint16Array, i: number): 0 | 1 {
    const prob = probs[i] ?? HALF
    const bound = (this.range >>> 11) * prob
    if (this.code < bound) {
      this.range = bound
      probs[i] = prob + ((2_048 - prob) >>> 5)
      this.normalise()
      return 0
    }
    this.range -= bound
    this.code -= bound
    probs[i] = prob - (prob >>> 5)
    this.normalise()
    return 1
  }

  direct(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) {
      this.range >>>= 1
      const one = this.code >= this.range
      if (one) this.code -= this.range
      this.normalise()
      value = value * 2 + (one ? 1 : 0)
    }
    return value
  }

  tree(probs: Uint16Array, from: number, bits: number): number {
    let m = 1
    for (let i = 0; i < bits; i++) m = m * 2 + this.bit(probs, from + m)
    return m - 2 ** bits
  }

  reverse(probs: Uint16Array, from: number, bits: number): number {
    let m = 1
    let value = 0
    for (let i = 0; i < bits; i++) {
      const one = this.bit(probs, from + m)
      m = m * 2 + one
      value += one * 2 ** i
    }
    return value
  }
}

class Lengths {
  private readonly choice = half(2)
  private readonly low = half(16 * 8)
  private readonly mid = half(16 * 8)
  private readonly high = half(256)

  read(range: Range, pos: number): number {
    if (range.bit(this.choice, 0) === 0) return range.tree(this.low, pos * 8, 3)
    if (range.bit(this.choice, 1) === 0) return 8 + range.tree(this.mid, pos * 8, 3)
    return 16 + range.tree(this.high, 0, 8)
  }
}

/** `size` bytes of a stream with the five bytes of its properties; null when it is broken. The caller bounds `size`. */
export function decodeLzma(properties: Buffer, packed: Buffer, size: number): Buffer | null {
  const first = properties[0] ?? 255
  if (properties.length < 5 || first >= 225 || packed.length < 5) return null
  const [lc, rest] = [first % 9, Math.floor(first / 9)]
  const [lp, pb] = [rest % 5, Math.floor(rest / 5)]
  return new Decoder(new Range(packed), lc, lp, pb, size).run()
}

class Decoder {
  private readonly range: Range
  private readonly lc: number
  private readonly lpMask: number
  private readonly pbMask: number
  private readonly out: Buffer
  private readonly literal: Uint16Array
  private readonly isMatch = half(STATES * 16)
  private readonly isRep = half(STATES)
  private readonly isRepG0 = half(STATES)
  private readonly isRepG1 = half(STATES)
  private readonly isRepG2 = half(STATES)
  private readonly isRep0Long = half(STATES * 16)
  private readonly slots = half(4 * 64)
  private readonly special = half(1 + 128)
  private readonly align = half(16)
  private readonly lengths = new Lengths()
  private readonly repLengths = new Lengths()
  private readonly reps: [number, number, number, number] = [0, 0, 0, 0]
  private state = 0
  private at = 0

  constructor(range: Range, lc: number, lp: number, pb: number, size: number) {
    this.range = range
    this.lc = lc
    this.lpMask = 2 ** lp - 1
    this.pbMask = 2 ** pb - 1
    this.out = Buffer.alloc(size)
    this.literal = half(0x300 * 2 ** (lc + lp))
  }

  run(): Buffer | null {
    while (this.at < this.out.length) {
      if (this.range.over) return null
      const pos = this.at & this.pbMask
      if (this.range.bit(this.isMatch, this.state * 16 + pos) === 0) this.oneByte()
      else {
        const length = this.range.bit(this.isRep, this.state) === 0 ? this.match(pos) : this.repeated(pos)
        if (length === null || this.reps[0] >= this.at) return null
        this.copy(length)
      }
    }
    return this.out
  }

  private oneByte(): void {
    const before = this.at === 0 ? 0 : (this.out[this.at - 1] ?? 0)
    const base = 0x300 * (((this.at & this.lpMask) << this.lc) + (before >> (8 - this.lc)))
    let symbol = 1
    if (this.state >= 7) {
      let match = this.out[this.at - this.reps[0] - 1] ?? 0
      do {
        const matchBit = (match >> 7) & 1
        match = (match << 1) & 255
        const bit = this.range.bit(this.literal, base + ((1 + matchBit) << 8) + symbol)
        symbol = symbol * 2 + bit
        if (matchBit !== bit) break
      } while (symbol < 0x100)
    }
    while (symbol < 0x100) symbol = symbol * 2 + this.range.bit(this.literal, base + symbol)
    this.out[this.at++] = symbol & 255
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6
  }

  private match(pos: number): number | null {
    this.reps[3] = this.reps[2]
    this.reps[2] = this.reps[1]
    this.reps[1] = this.reps[0]
    const length = this.lengths.read(this.range, pos)
    this.state = this.state < 7 ? 7 : 10
    this.reps[0] = this.distance(length)
    return this.reps[0] === 0xffffffff ? null : length + MATCH_MIN
  }

  private distance(length: number): number {
    const slot = this.range.tree(this.slots, Math.min(length, 3) * 64, 6)
    if (slot < 4) return slot
    const bits = (slot >> 1) - 1
    const base = (2 | (slot & 1)) * 2 ** bits
    if (slot < 14) return base + this.range.reverse(this.special, base - slot, bits)
    return base + this.range.direct(bits - 4) * 16 + this.range.reverse(this.align, 0, 4)
  }

  /** One of the last four distances again; a length of 1 is a single byte. */
  private repeated(pos: number): number | null {
    if (this.at === 0) return null
    if (this.range.bit(this.isRepG0, this.state) === 0) {
      if (this.range.bit(this.isRep0Long, this.state * 16 + pos) === 0) {
        this.state = this.state < 7 ? 9 : 11
        return 1
      }
    } else this.rotate()
    const length = this.repLengths.read(this.range, pos)
    this.state = this.state < 7 ? 8 : 11
    return length + MATCH_MIN
  }

  private rotate(): void {
    const [r0, r1, r2, r3] = this.reps
    const which =
      this.range.bit(this.isRepG1, this.state) === 0 ? 1 : this.range.bit(this.isRepG2, this.state) === 0 ? 2 : 3
    this.reps[0] = which === 1 ? r1 : which === 2 ? r2 : r3
    if (which === 3) this.reps[3] = r2
    if (which >= 2) this.reps[2] = r1
    this.reps[1] = r0
  }

  private copy(length: number): void {
    const back = this.reps[0] + 1
    for (let i = 0; i < length && this.at < this.out.length; i++, this.at++)
      this.out[this.at] = this.out[this.at - back] ?? 0
  }
}
