import { inflateRawSync, inflateSync } from 'node:zlib'
import type { UrlFound } from '../types.ts'

/** Limits over everything inside one message together, as the design sets them for archives. */
const MAX_INFLATED = 100 * 1024 * 1024
const MAX_ENTRIES = 10_000
export const MAX_LEVELS = 3
export const MAX_RATIO = 100
/** A ratio says nothing about small things: a page of blanks is no bomb. */
const RATIO_FROM = 4 * 1024 * 1024

/** A limit of the budget was met; `message` says which, for a person. */
export class TooMuch extends Error {}

/** What looking into the files of one message may still cost, and what it has found. */
export class Budget {
  private inflated = MAX_INFLATED
  private entries = MAX_ENTRIES
  /** Pictures that may still be decoded, and their pixels together. */
  pictures = 8
  pixels = 16_000_000
  /** Files of archives that may still be looked into. */
  files = 100
  /** Files of archives whose contents may still be named by their hash: each is an entity that is stored. */
  hashes = 200
  readonly urls: UrlFound[] = []
  readonly defects: string[]

  constructor(defects: string[]) {
    this.defects = defects
  }

  /** Counts one entry of an archive; throws TooMuch after 10,000. */
  entry(): void {
    if (--this.entries < 0) throw new TooMuch(`more than ${MAX_ENTRIES} entries`)
  }

  /** Refuses what declares that it would be too large, before anything is inflated. */
  declared(inflated: number, packed: number): void {
    if (inflated > MAX_INFLATED) throw new TooMuch(`would inflate to more than ${MAX_INFLATED / 1024 / 1024} MB`)
    if (inflated > RATIO_FROM && inflated > packed * MAX_RATIO)
      throw new TooMuch(`would inflate more than ${MAX_RATIO} times`)
  }

  /** Raw deflate or zlib data, at most `most` bytes of output; throws TooMuch beyond it or beyond the budget. */
  inflate(packed: Buffer, most: number, raw: boolean): Buffer {
    const limit = Math.min(most, this.inflated, Math.max(RATIO_FROM, packed.length * MAX_RATIO))
    if (limit <= 0) throw new TooMuch('more than may be inflated')
    const options = { maxOutputLength: limit, finishFlush: 2 }
    try {
      const out = raw ? inflateRawSync(packed, options) : inflateSync(packed, options)
      this.spend(out.length)
      return out
    } catch (error) {
      if (error instanceof RangeError) {
        this.spend(limit)
        throw new TooMuch('inflates to more than it says or may')
      }
      throw error
    }
  }

  /** First bytes of deflated data: some 1 KB of input, so that nothing is inflated for the sake of a magic number. */
  head(packed: Buffer): Buffer {
    const out = inflateRawSync(packed.subarray(0, 1_024), { maxOutputLength: 2 * 1024 * 1024, finishFlush: 2 })
    this.spend(out.length)
    return out
  }

  spend(bytes: number): void {
    this.inflated -= bytes
    if (this.inflated < 0) throw new TooMuch(`more than ${MAX_INFLATED / 1024 / 1024} MB inflated`)
  }
}
