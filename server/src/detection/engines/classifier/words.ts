const WORD = /[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’_-]*|[$€£¥!?]+/gu
const NO_SPACES =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}]/u

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
const ASCII = /^[\x00-\x7f]*$/
const ASCII_WORD = /[a-z0-9][a-z0-9'_-]*|[$!?]+/g

/** At most `most` of them: some characters stand for whole sentences. */
export function wordsOf(text: string, most = 500): string[] {
  return ASCII.test(text) ? asciiWords(text, most) : unicodeWords(text, most)
}

/** What `unicodeWords` finds, where there are no other letters: no forms to unify, no long way through Unicode's tables. */
function asciiWords(text: string, most: number): string[] {
  const out: string[] = []
  const lower = text.toLowerCase()
  ASCII_WORD.lastIndex = 0
  for (let found = ASCII_WORD.exec(lower); found !== null && out.length < most; found = ASCII_WORD.exec(lower))
    out.push(asKnown(found[0]))
  return out
}

function unicodeWords(text: string, most: number): string[] {
  const out: string[] = []
  for (const found of text.normalize('NFKC').toLowerCase().match(WORD) ?? []) {
    if (out.length >= most) break
    if (NO_SPACES.test(found)) out.push(...characterPairs(found))
    else out.push(/\p{N}/u.test(found) ? digits(found) : asKnown(found))
  }
  return out
}

/** A word without its numbers, or how long it is. */
const asKnown = (word: string): string =>
  /[0-9]/.test(word) ? digits(word) : word.length > 24 ? `long${Math.min(9, Math.floor(word.length / 12))}` : word

const characterPairs = (word: string): string[] => {
  const chars = [...word]
  return chars.length === 1 ? chars : chars.slice(1).map((c, i) => `${chars[i]}${c}`)
}

/** Numbers by their shape: prices, codes and dates change from copy to copy. */
const digits = (word: string): string =>
  word.length > 24 ? 'long0' : word.replace(/\p{N}/gu, '0').replace(/0{5,}/g, '00000')
