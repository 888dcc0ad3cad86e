import { appendFileSync } from 'node:fs'

/** One copy that somebody moves, adds or removes: `from` and `to` are folders, `copy` names it where it is taken from. */
export interface Deed {
  readonly f: 'add' | 'move' | 'copy' | 'append' | 'remove'
  readonly mailbox: string
  /** What the copies of one message share, whatever happens to them: our header. */
  readonly id: string
  readonly from: string | null
  readonly to: string | null
  /** UIDVALIDITY and UID at the source, so that another process can say what became of it. */
  readonly copy: string | null
}

/**
 * `invoke` before the server is asked; then `ok` (it happened), `fail` (it did not) or `info` (nobody knows: it may have happened, may
 * still happen, or may have happened in half).
 */
export type HistoryEvent =
  | ({ readonly type: 'invoke'; readonly op: string } & Deed)
  | { readonly type: 'ok' | 'fail' | 'info'; readonly op: string; readonly mailbox: string; readonly id: string }
  /** Looked at again (perhaps by another process): what became of the open deed on this copy. */
  | {
      readonly type: 'settled'
      readonly mailbox: string
      readonly id: string
      readonly from: string
      readonly to: string
      readonly copy: string
      readonly at: 'source' | 'target' | 'neither'
    }
  /** An item says that there may be one copy more than the user had, and that both were left, or taken. */
  | { readonly type: 'beside'; readonly mailbox: string; readonly id: string }
  /** A folder changes its name, or goes with all that is in it. */
  | { readonly type: 'folder'; readonly mailbox: string; readonly from: string; readonly to: string | null }
  /** Copies were seen there; `copies` are their names, by which one is told from another of the same message. */
  | {
      readonly type: 'read'
      readonly mailbox: string
      readonly folder: string
      readonly ids: readonly string[]
      readonly copies?: readonly string[]
    }
  /** The ledger says that an item has come to its place; it was true at some time after event `since`. */
  | {
      readonly type: 'ack'
      readonly mailbox: string
      readonly id: string
      readonly item: string
      readonly folder: string
      readonly verified: boolean
      /** Which copy that is, where it is known. */
      readonly copy?: string | null
      readonly since: number
    }
  /** The ledger lists a doubt about this message. */
  | { readonly type: 'doubt'; readonly mailbox: string; readonly id: string; readonly why: string }
  /** A person asks for it from the vault although its user may have deleted it: there may be one more than that user has left. */
  | { readonly type: 'asked'; readonly mailbox: string; readonly id: string }
  /** What lies in the mailbox at the end: folders with the number of copies. */
  | {
      readonly type: 'final'
      readonly mailbox: string
      readonly id: string
      readonly places: Readonly<Record<string, number>>
    }

export type Recorded = HistoryEvent & { readonly n: number; readonly time: number; readonly process: string }

/** Everything that was asked of a mail server and what came of it, in order. Several processes may write to one file. */
export class History {
  readonly events: Recorded[] = []
  readonly #file: string | null
  #ops = 0

  constructor(file: string | null = null) {
    this.#file = file
  }

  get length(): number {
    return this.events.length
  }

  add(process: string, event: HistoryEvent): void {
    const recorded = { ...event, n: this.events.length, time: Date.now(), process }
    this.events.push(recorded)
    if (this.#file !== null) appendFileSync(this.#file, `${JSON.stringify(recorded)}\n`)
  }

  /** Gives back the name under which the deed's end is told. */
  invoke(process: string, deed: Deed): (type: 'ok' | 'fail' | 'info') => void {
    const op = `${process}-${++this.#ops}`
    this.add(process, { type: 'invoke', op, ...deed })
    return (type) => this.add(process, { type, op, mailbox: deed.mailbox, id: deed.id })
  }

  /** A deed that is over at once: a user's, in a simulation. */
  at(process: string, deed: Deed): void {
    this.invoke(process, deed)('ok')
  }

  lines(): string {
    return this.events.map((e) => `${JSON.stringify(e)}\n`).join('')
  }
}

/** Reads what several processes have written: by time, each file in its own order. */
export function readHistory(files: readonly string[]): Recorded[] {
  const all = files.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Recorded => JSON.parse(line)),
  )
  return all.sort((a, b) => a.time - b.time || a.n - b.n).map((e, n) => ({ ...e, n }))
}
