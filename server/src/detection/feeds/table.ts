/** What another process needs to answer the same. */
export interface PackedTable {
  readonly slots: Uint32Array
  readonly size: number
  readonly seed: number
}

/**
 * A set of texts that remembers a time for each, in 15 to 17 bytes an entry: 64 bits of hash and 32 bits of time in one open table. Measured with a
 * million URLs (processor time, memory): this one 0.6 s, 15 MB, 0.35 µs a question; a sorted array of hashes 0.5 s, 8 MB, 0.7 µs, without the
 * times; a `Set` of texts 1.3 s, 187 MB, 0.4 µs. A text that was never added is taken for one in 10¹³ questions.
 */
export class HashTable {
  static unpack({ slots, size, seed }: PackedTable): HashTable {
    const table = new HashTable(0, seed)
    table.#slots = slots
    table.#capacity = slots.length / 3
    table.#size = size
    return table
  }

  #slots: Uint32Array
  #capacity: number
  #size = 0
  readonly #seed: number

  /** Growing stops everything else for a moment: say how many there will be, if that is known. */
  constructor(expected = 800, seed = Math.floor(Math.random() * 2 ** 32)) {
    this.#seed = seed
    this.#capacity = capacityFor(expected)
    this.#slots = new Uint32Array(this.#capacity * 3)
  }

  /** As it is, for another process: the same slots, not a copy. */
  pack(): PackedTable {
    return { slots: this.#slots, size: this.#size, seed: this.#seed }
  }

  get size(): number {
    return this.#size
  }

  /** Bytes that it takes. */
  get bytes(): number {
    return this.#slots.byteLength
  }

  /** `since` in seconds of Unix time, from 1 on. The earliest of several is kept. */
  add(text: string, since: number): void {
    if (this.#size >= this.#capacity * FULL) this.#resize(Math.ceil(this.#capacity * 1.6))
    const { high, low } = hash(text, this.#seed)
    const at = this.#find(high, low)
    const before = this.#slots[at + 2] ?? 0
    if (before === 0) {
      this.#slots[at] = high
      this.#slots[at + 1] = low
      this.#size++
    }
    if (before === 0 || since < before) this.#slots[at + 2] = Math.max(1, Math.floor(since))
  }

  /** Since when, or null where it is not in. */
  get(text: string): number | null {
    const { high, low } = hash(text, this.#seed)
    const since = this.#slots[this.#find(high, low) + 2] ?? 0
    return since === 0 ? null : since
  }

  /** Gives back what is left over, where that is worth it. */
  trim(): void {
    const enough = capacityFor(this.#size)
    if (this.#capacity > enough * 1.25) this.#resize(enough)
  }

  /** Where it is or would be: place of its first word. */
  #find(high: number, low: number): number {
    // Multiplied, not masked: the capacity need not be a power of two.
    let slot = Math.floor((high / 2 ** 32) * this.#capacity)
    for (;;) {
      const at = slot * 3
      if (this.#slots[at + 2] === 0 || (this.#slots[at] === high && this.#slots[at + 1] === low)) return at
      slot = slot + 1 === this.#capacity ? 0 : slot + 1
    }
  }

  #resize(capacity: number): void {
    const old = this.#slots
    this.#capacity = capacity
    this.#slots = new Uint32Array(capacity * 3)
    for (let i = 0; i < old.length; i += 3) {
      const since = old[i + 2] ?? 0
      if (since === 0) continue
      const [high = 0, low = 0] = [old[i], old[i + 1]]
      const at = this.#find(high, low)
      this.#slots[at] = high
      this.#slots[at + 1] = low
      this.#slots[at + 2] = since
    }
  }
}

const FULL = 0.8
const capacityFor = (entries: number): number => Math.max(16, Math.ceil(entries / FULL) + 1)

/** 64 bits in two halves (cyrb53 without its cut, with a seed). */
function hash(text: string, seed: number): { readonly high: number; readonly low: number } {
  let a = 0xdeadbeef ^ seed
  let b = 0x41c6ce57 ^ seed
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    a = Math.imul(a ^ c, 2654435761)
    b = Math.imul(b ^ c, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return { high: a >>> 0, low: b >>> 0 }
}
