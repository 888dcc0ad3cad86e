import { disguised, latin, plain } from '../names.ts'

/** Lures come to the point: what is far below is quoted, a signature or small print. Characters and words that are looked at. */
const MAX_TEXT = 8_000
const MAX_WORDS = 900

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII
const ASCII = /^[\u0000-\u007f]*$/

const ASCII_WORD = /[a-z0-9]+/g
const WORD = /[\p{L}\p{N}]+/gu

export interface Words {
  /** Lower case, without accents, look-alike letters read as what they look like. */
  readonly text: string
  readonly words: readonly string[]
}

/** Text as phrases are looked for in it; URLs and addresses are no words. */
export function wordsOf(text: string, maxWords = MAX_WORDS): Words {
  const start = text.slice(0, MAX_TEXT)
  const ascii = ASCII.test(start)
  const read = ascii ? start.toLowerCase() : disguised(start) ? latin(start) : plain(start)
  // By hand: an expression for "something with an @ in it" is quadratic in text without blanks.
  const bare = read
    .split(/\s+/)
    .filter((token) => !token.includes('@') && !token.includes('://') && !token.startsWith('www.'))
    .join(' ')
  return { text: bare, words: (bare.match(ascii ? ASCII_WORD : WORD) ?? []).slice(0, maxWords) }
}

/**
 * What the sender wrote themselves: lines that quote others, the words that introduce them and everything below the mark of a
 * signature left out.
 */
export function ownText(text: string): string {
  const out: string[] = []
  for (const line of text.slice(0, 4 * MAX_TEXT).split('\n')) {
    if (
      /^\s*(?:--\s*$|_{8,}|-{4,}\s*(?:original message|forwarded by|urspr|message d|mensaje orig|mensagem orig|messaggio orig))/i.test(
        line,
      )
    )
      break
    if (!/^\s*(?:>|\|)/.test(line)) out.push(line)
  }
  return out.join('\n')
}
