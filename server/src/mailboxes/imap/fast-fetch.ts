import { splitFlags } from '../state.ts'
import { type Fetched, parseDate } from './wire.ts'

// The answers to FETCH are the bulk of what a mail server says: one per message and look. This reads the shapes that we ask for, in one
// pass over the line; whatever it does not know it leaves to the general parser, so it may be strict.

/** One `* 3 FETCH (…)`, literals taken out (`{n}` and a line end stand where they were). Null: not of a shape that is read here. */
export function readFetch(payload: Buffer, literals: readonly Buffer[]): Fetched | null {
  const line = payload.toString('latin1')
  const start = /^\* \d+ FETCH \(/i.exec(line)
  if (!start) return null
  const reader = new Reader(line, start[0].length, literals)
  try {
    return reader.row()
  } catch (error) {
    if (error === unknown) return null
    throw error
  }
}

const unknown = new Error('another shape')
const refuse = (): never => {
  throw unknown
}

class Reader {
  readonly #line: string
  readonly #literals: readonly Buffer[]
  #at: number
  #literal = 0

  constructor(line: string, at: number, literals: readonly Buffer[]) {
    this.#line = line
    this.#at = at
    this.#literals = literals
  }

  row(): Fetched | null {
    let uid = Number.NaN
    let flags: Fetched['flags'] = null
    let internalDate: Date | null = null
    let size: number | null = null
    let serverId: string | null = null
    let emailId: string | null = null
    let modseq: bigint | null = null
    let header: Buffer | null = null
    let body: Buffer | null = null
    let binary: Buffer | null = null
    for (;;) {
      const name = this.#name()
      this.#expect(' ')
      if (name === 'UID') uid = this.#number()
      else if (name === 'FLAGS') flags = splitFlags(this.#words())
      else if (name === 'INTERNALDATE') internalDate = parseDate(this.#quoted())
      else if (name === 'RFC822.SIZE') size = this.#number()
      else if (name === 'X-GUID') serverId = this.#word()
      else if (name === 'EMAILID') emailId = this.#words()[0] ?? null
      else if (name === 'MODSEQ') modseq = BigInt(this.#words()[0] ?? refuse())
      else if (name.startsWith('BODY[HEADER.FIELDS')) header = this.#bytes()
      else if (name === 'BODY[]') body = this.#bytes()
      else if (name === 'BINARY[]') binary = this.#bytes()
      else refuse()
      if (this.#line[this.#at] === ')') break
      this.#expect(' ')
    }
    if (this.#at !== this.#line.length - 1 || this.#literal !== this.#literals.length) refuse()
    if (!Number.isSafeInteger(uid)) return refuse()
    return { uid, flags, internalDate, size, serverId: serverId ?? emailId, modseq, header, body, binary }
  }

  #expect(character: string): void {
    if (this.#line[this.#at] !== character) refuse()
    this.#at++
  }

  #match(shape: RegExp): string {
    shape.lastIndex = this.#at
    const found = shape.exec(this.#line)?.[0] ?? refuse()
    this.#at += found.length
    return found
  }

  /** Of an item, with its section: `BODY[HEADER.FIELDS (MESSAGE-ID)]`. */
  #name = (): string => this.#match(/[A-Za-z0-9.-]+(?:\[[^\]"]*\])?/y).toUpperCase()
  #number = (): number => Number(this.#match(/\d{1,15}(?=[ )])/y))
  /** An atom; what is quoted or NIL is left to the general parser. */
  #word = (): string => {
    const word = this.#match(/[^\s(){}"\\[\]%*]+(?=[ )])/y)
    return word.toUpperCase() === 'NIL' ? refuse() : word
  }
  /** Without escapes. */
  #quoted = (): string => this.#match(/"[^"\\]*"/y).slice(1, -1)
  #words(): string[] {
    const list = this.#match(/\([^()"{}]*\)/y).slice(1, -1)
    return list === '' ? [] : list.split(' ')
  }

  #bytes(): Buffer {
    if (this.#line[this.#at] === '"') return Buffer.from(this.#quoted(), 'latin1')
    const length = Number(this.#match(/~?\{\d{1,12}\}\r?\n/y).replace(/\D/g, ''))
    const literal = this.#literals[this.#literal++]
    return literal && literal.length === length ? literal : refuse()
  }
}
