import type { Answer, Untagged } from './imapflow.ts'
import { attributesOf, codeOf, commandOf, isList, sectionOf, textOf } from './wire.ts'

/** The folder that a connection has open, as SELECT told of it. */
export interface Selected {
  readonly path: string
  readonly uidValidity: string
  readonly uidNext: number
  readonly exists: number
  readonly modseq: string
  readonly readOnly: boolean
  /** Lower case; null = the server did not say. */
  readonly permanentFlags: ReadonlySet<string> | null
  /** Keywords the folder knows, lower case (A31). */
  readonly known: ReadonlySet<string>
  /** MAILBOXID, where the server has it (never from STATUS: B4). */
  readonly mailboxId: string | null
}

/** Gathers what the server says between SELECT and its OK. */
export class SelectAnswers {
  #flags: readonly string[] = []
  #permanent: readonly string[] | null = null
  #exists = 0
  readonly #codes = new Map<string, string>()

  readonly untagged: Untagged = {
    FLAGS: (response) => {
      this.#flags = texts(attributesOf(response)[0])
    },
    EXISTS: (response) => {
      this.#exists = Number(commandOf(response))
    },
    OK: (response) => this.#code(response),
  }

  #code(response: unknown): void {
    const [first = '', value = ''] = codeOf(response)
    const name = first.toUpperCase()
    const list = () => texts((sectionOf(attributesOf(response)[0]) ?? [])[1])
    this.#codes.set(name, name === 'MAILBOXID' ? (list()[0] ?? '') : value)
    if (name === 'PERMANENTFLAGS') this.#permanent = list()
  }

  selected(path: string, answer: Answer): Selected {
    const lower = (flags: readonly string[]) => new Set(flags.map((flag) => flag.toLowerCase()))
    return {
      path,
      uidValidity: this.#codes.get('UIDVALIDITY') ?? '',
      uidNext: Number(this.#codes.get('UIDNEXT') ?? 0),
      exists: this.#exists,
      modseq: this.#codes.get('HIGHESTMODSEQ') ?? '',
      readOnly: answer.code[0]?.toUpperCase() === 'READ-ONLY',
      permanentFlags: this.#permanent ? lower(this.#permanent) : null,
      known: lower(this.#flags),
      mailboxId: this.#codes.get('MAILBOXID') || null,
    }
  }
}

const texts = (list: unknown): string[] => (isList(list) ? list.map(textOf).filter((text) => text !== null) : [])
