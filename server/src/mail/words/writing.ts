import { cut, oneLine } from '../text.ts'
import type { WritingFacts } from '../types.ts'
import { languageOf } from './language.ts'

const INVISIBLE = /[\u034f\u00ad\u200b-\u200d\u2060-\u2064\ufeff]/
/**
 * Between letters of alphabets that never need them: Persian, Indic and Khmer text is full of joiners, and right to be.
 */
const SPLIT =
  /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]{1,60}(?:[\u034f\u00ad\u200b-\u200d\u2060-\u2064\ufeff]{1,20}[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]{1,60}){1,60}/gu
const INVISIBLES = /[\u034f\u00ad\u200b-\u200d\u2060-\u2064\ufeff]+/g
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g
const OTHER = /[\u0370-\u03ff\u0400-\u052f]/
const MIXED = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]{3,60}/gu
const MAX_WORDS = 20

/** What a part of the text adds to the facts; `text` before characters without width are removed. */
export class Writing {
  private readonly charsets = new Set<string>()
  private readonly words = new Set<string>()
  private readonly mixed = new Set<string>()
  private invisible = 0
  private turning = 0
  private afterGap = 0
  private plain = false
  private packed = false
  private agreed: number | null = null

  charset(label: string): void {
    const name = oneLine(label.toLowerCase(), 40)
    if (name !== '' && this.charsets.size < 10) this.charsets.add(name)
  }

  add(text: string, afterGap: number): void {
    this.afterGap += afterGap
    const bounded = cut(text, 128 * 1024)
    if (INVISIBLE.test(bounded)) this.split(bounded)
    this.turning += bounded.match(TURNING)?.length ?? 0
    if (OTHER.test(bounded)) this.mix(bounded)
  }

  /** Notes how a text part was written and sent. */
  sent(plain: boolean, encoding: string, bytes: Buffer): void {
    if (plain) this.plain = true
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
    if (encoding === 'base64' && bytes.length > 100 && /^[\x00-\x7f]*$/.test(bytes.toString('latin1', 0, 20_000)))
      this.packed = true
  }

  /** Compares the forms of one message; the lowest agreement counts. */
  compare(plain: string, html: string): void {
    const [a, b] = [wordsIn(plain), wordsIn(html)]
    if (a.size < MIN_COMPARED || b.size < MIN_COMPARED) return
    let both = 0
    for (const word of a) if (b.has(word)) both++
    const share = Math.round((100 * both) / Math.min(a.size, b.size))
    this.agreed = Math.min(this.agreed ?? 100, Math.min(100, share))
  }

  private split(text: string): void {
    for (const [found] of text.matchAll(SPLIT)) {
      this.invisible += found.match(INVISIBLES)?.length ?? 0
      if (this.words.size < MAX_WORDS) this.words.add(oneLine(found.replace(INVISIBLES, ''), 60))
    }
  }

  private mix(text: string): void {
    for (const [word] of text.matchAll(MIXED)) {
      if (this.mixed.size >= MAX_WORDS) return
      const latin = /\p{Script=Latin}/u.test(word)
      // A unit or a symbol (`kΩ`, `µm`, `Δt`) is one letter; names are longer.
      if (latin && /\p{Script=Cyrillic}|\p{Script=Greek}/u.test(word) && !/[µΩΔπσλ]/.test(word))
        this.mixed.add(oneLine(word, 60))
    }
  }

  facts(text: string): WritingFacts {
    return {
      language: languageOf(text),
      charsets: [...this.charsets],
      invisible: this.invisible,
      invisibleWords: [...this.words],
      turning: this.turning,
      mixed: [...this.mixed],
      afterGap: this.afterGap,
      plain: this.plain,
      agreement: this.agreed,
      packed: this.packed,
    }
  }
}

/** Characters after 20 or more empty lines of plain text. */
export function afterGapOf(text: string): number {
  const gap = /\n(?:[ \t\u00a0>]{0,20}\r?\n){20}/.exec(text)
  return gap === null ? 0 : text.slice(gap.index + gap[0].length).trim().length
}

const MIN_COMPARED = 15

/** Words of four letters and more, of the first few thousand characters, without addresses. */
function wordsIn(text: string): Set<string> {
  const bare = text
    .slice(0, 4_000)
    .toLowerCase()
    .replace(/\S*(?:@|:\/\/|www\.)\S*/g, ' ')
  return new Set(bare.match(/\p{L}{4,30}/gu)?.slice(0, 300))
}
