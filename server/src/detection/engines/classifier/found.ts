import { hashOn, placeAt, START_OF_TEXT } from './places.ts'

/** Features of one message: a lesson is never larger than this. */
const MAX_FEATURES = 1500

/** What the classifier looks at in a message, each once, in order. Only those that are shown to somebody are put into words. */
export class Features {
  count = 0
  private readonly at = new Uint32Array(MAX_FEATURES)
  private readonly marks = new Set<string>()
  private readonly marked: string[] = []
  /** Of the text: different words, and for each feature beyond the marked ones its word and the next one (-1: the word alone). */
  private readonly words: string[] = []
  private readonly first = new Int32Array(MAX_FEATURES)
  private readonly second = new Int32Array(MAX_FEATURES)

  /** One with a mark before it (`subject:`); the words of the text have none. */
  add(feature: string): void {
    if (this.count >= MAX_FEATURES || this.marks.has(feature)) return
    this.marks.add(feature)
    this.marked.push(feature)
    this.at[this.count++] = placeAt(hashOn(START_OF_TEXT, feature))
  }

  /** Each word, and each with the next one. Last: nothing can be added with a mark any more. */
  addText(words: readonly string[]): void {
    const numbers = new Map<string, number>()
    const states = new Int32Array(MAX_FEATURES)
    const pairs = new Pairs()
    let before = -1
    for (const word of words) {
      if (this.count >= MAX_FEATURES) return
      let number = numbers.get(word)
      const isNew = number === undefined
      if (number === undefined) {
        number = this.words.length
        numbers.set(word, number)
        this.words.push(word)
        states[number] = hashOn(START_OF_TEXT, word)
      }
      if (before !== -1 && pairs.add(before, number))
        this.addState(before, number, hashOn(hashOn(states[before] ?? 0, ' '), word))
      if (isNew) this.addState(number, -1, states[number] ?? 0)
      before = number
    }
  }

  private addState(first: number, second: number, state: number): void {
    if (this.count >= MAX_FEATURES) return
    this.first[this.count] = first
    this.second[this.count] = second
    this.at[this.count++] = placeAt(state)
  }

  /** In which place of the weights each is looked up. */
  places(): Uint32Array {
    return this.at.subarray(0, this.count)
  }

  /** All in words. */
  tokens(): string[] {
    return Array.from({ length: this.count }, (_, i) => this.token(i))
  }

  /** One in words: `invoice`, `your account`, `subject:urgent`. */
  token(index: number): string {
    const marked = this.marked[index]
    if (marked !== undefined) return marked
    const next = this.second[index] ?? -1
    const word = this.words[this.first[index] ?? -1] ?? ''
    return next === -1 ? word : `${word} ${this.words[next]}`
  }
}

/** Pairs of numbers, at most `MAX_FEATURES` and below it. */
class Pairs {
  private readonly taken = new Int32Array(4_096)

  /** False when it was there. */
  add(first: number, second: number): boolean {
    const pair = first * 2_048 + second + 1
    let at = (Math.imul(pair, 0x9e3779b1) >>> 20) & 4_095
    while (this.taken[at] !== 0) {
      if (this.taken[at] === pair) return false
      at = (at + 1) & 4_095
    }
    this.taken[at] = pair
    return true
  }
}
