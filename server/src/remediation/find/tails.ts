/** Bytes that are kept in all; a larger message is not kept. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_MESSAGE = 1024 * 1024

export interface Tail {
  /** All line ends are CRLF. */
  readonly crlf: boolean
}

/**
 * Bytes whose hash was computed a moment ago. The copies of a campaign end with the same few messages: bytes that are equal, byte by
 * byte, to those that were hashed have their hash, and comparing is ten times as fast as hashing.
 */
export class Tails {
  readonly #known = new Map<string, Tail & { readonly bytes: Buffer }>()
  #bytes = 0

  /** What is known of these bytes, if they are those that were found to have this hash. */
  get(hash: string, bytes: Buffer): Tail | null {
    const known = this.#known.get(hash)
    return known?.bytes.equals(bytes) ? known : null
  }

  add(hash: string, bytes: Buffer, tail: Tail): void {
    if (bytes.length > MAX_MESSAGE || this.#known.has(hash)) return
    // A copy of its own: what it was cut out of must not stay in memory with it.
    this.#known.set(hash, { ...tail, bytes: Buffer.from(bytes) })
    this.#bytes += bytes.length
    for (const [oldest, { bytes: all }] of this.#known) {
      if (this.#bytes <= MAX_BYTES) break
      this.#known.delete(oldest)
      this.#bytes -= all.length
    }
  }
}
