import { plain } from '../names.ts'

/**
 * Finds phrases of several languages in a text by one walk over its words. A phrase is words in lower case without accents;
 * `word*` stands for every word that begins so, `~` for up to three words between. Scripts without blanks are searched as they are.
 */
export interface Phrases {
  /** What was found: concept → the different phrases, in order of the text. */
  readonly find: (words: readonly string[], text: string) => ReadonlyMap<string, readonly string[]>
}

interface Phrase {
  readonly concept: string
  readonly shown: string
  readonly parts: readonly string[]
  /** As the text is read: without accents, voicing marks of kana included. */
  readonly whole: string
}

const PREFIX = 3
const GAP = 3
const NONE: readonly Phrase[] = []
const UNSPACED = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/

/** `lexicon`: concept → its phrases, separated by `|` or line breaks. Throws for a phrase that could never be found. */
export function compilePhrases(lexicon: Readonly<Record<string, string>>): Phrases {
  const byStart = new Map<number, Phrase[]>()
  const unspaced: Phrase[] = []
  for (const [concept, list] of Object.entries(lexicon))
    for (const shown of list.split(/[|\n]/).map((p) => p.trim()))
      if (shown !== '') place({ concept, shown, parts: shown.split(/\s+/), whole: plain(shown) }, byStart, unspaced)
  // Where one word begins several phrases, those that say it whole come first.
  for (const list of byStart.values()) list.sort((a, b) => Number(beginsOpen(a)) - Number(beginsOpen(b)))
  return {
    find: (words, text) => {
      const found = new Map<string, string[]>()
      const note = ({ concept, shown }: Phrase) => {
        const list = found.get(concept)
        if (list === undefined) found.set(concept, [shown])
        else if (!list.includes(shown)) list.push(shown)
      }
      for (let i = 0; i < words.length; i++) {
        for (const phrase of byStart.get(startOf(words[i] ?? '')) ?? NONE)
          if (follows(phrase.parts, words, i)) note(phrase)
      }
      if (UNSPACED.test(text)) for (const phrase of unspaced) if (text.includes(phrase.whole)) note(phrase)
      return found
    },
  }
}

const beginsOpen = ({ parts }: Phrase): boolean => parts[0]?.endsWith('*') === true

/** The first letters of a word as one number: most words of a text begin no phrase, and a number is looked up without hashing a text. Some share it. */
const startOf = (word: string): number =>
  (word.charCodeAt(0) & 0x3ff) | ((word.charCodeAt(1) & 0x3ff) << 10) | ((word.charCodeAt(2) & 0x3ff) << 20)

function place(phrase: Phrase, byStart: Map<number, Phrase[]>, unspaced: Phrase[]): void {
  const [first = ''] = phrase.parts
  if (UNSPACED.test(phrase.shown)) {
    unspaced.push(phrase)
    return
  }
  if (first === '~' || (beginsOpen(phrase) && first.length <= PREFIX))
    throw new Error(`the phrase "${phrase.shown}" begins with nothing to look for`)
  const list = byStart.get(startOf(first))
  if (list === undefined) byStart.set(startOf(first), [phrase])
  else list.push(phrase)
}

function follows(parts: readonly string[], words: readonly string[], start: number, part = 0): boolean {
  let at = start
  for (let p = part; p < parts.length; p++) {
    const wanted = parts[p] ?? ''
    if (wanted === '~') {
      for (let skip = 0; skip <= GAP; skip++) if (follows(parts, words, at + skip, p + 1)) return true
      return false
    }
    const word = words[at++]
    if (word === undefined || !(wanted.endsWith('*') ? word.startsWith(wanted.slice(0, -1)) : word === wanted))
      return false
  }
  return true
}
