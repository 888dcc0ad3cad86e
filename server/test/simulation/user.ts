import type { CopyState, MemoryCall, MemoryUser } from '../../src/mailboxes/index.ts'
import type { History } from './history.ts'
import type { UserAct } from './steps.ts'
import { copyName } from './watched.ts'

export const FLAGS = [
  [],
  ['\\Seen'],
  ['\\Answered', '\\Seen', '$Forwarded'],
  ['\\Flagged', 'KeyA', 'KeyB'],
  ['\\Deleted'],
  ['NonJunk'],
]
/** Names of all kinds, nested too; users make, rename and delete them. */
export const NAMES = ['Mine', 'Work/2026', 'Ärger & Ähnliches', 'a.b "c"']
const FIXED = ['INBOX', 'Junk', 'Trash', 'Sent', 'Drafts', 'Archive']

/** What the model knows of a copy: only its user changes it, and nothing else makes or removes one. */
export interface Known {
  readonly id: string
  readonly sha256: string
  readonly date: string
  flags: string
  /** Where the user last had it. */
  home: string
  /** Its copy in the hold was lost: it may be only in the vault, until an undo puts it back. */
  lost: boolean
}

/** What the model looks at. */
export interface Sight {
  user(): MemoryUser
  /** Messages that the model is about. */
  knows(id: string): boolean
  /** All copies in the mailbox, the holds too. */
  all(): readonly { readonly id: string }[]
}

export const flagsOf = (c: { flags: readonly string[]; keywords: readonly string[] }): string =>
  [...c.flags, ...c.keywords.map((k) => k.toLowerCase())].sort().join(' ')

/** The owner of a mailbox, and beside him the model that knows what he has done. */
export class SimUser {
  readonly login: string
  readonly known: Known[] = []
  /** Messages that he touched while they were in doubt: their flags and number are nobody's promise. */
  readonly blurred = new Set<string>()
  readonly #sight: Sight
  readonly #history: History

  constructor(login: string, sight: Sight, history: History) {
    this.login = login
    this.#sight = sight
    this.#history = history
  }

  #user(): MemoryUser {
    return this.#sight.user()
  }

  received(copy: Omit<Known, 'home' | 'lost'> & { readonly folder: string }): void {
    const { id, sha256, date, flags, folder } = copy
    this.known.push({ id, sha256, date, flags, home: folder, lost: false })
  }

  /** A copy of this message in a hold is lost. False: there is one too many, and which of them counts is in doubt. */
  lose(id: string, flags: string): boolean {
    const here = this.#here(id)
    if (this.#sight.all().filter((c) => c.id === id).length > here.length) return false
    const one = here.find((k) => k.flags === flags) ?? here[0]
    if (one) one.lost = true
    return one !== undefined
  }

  /** What the model has of a message, without what is lost still; what has been put back from the vault meanwhile is not. */
  #here(id: string): readonly Known[] {
    const same = this.known.filter((k) => k.id === id)
    const lost = same.filter((k) => k.lost)
    const back = this.#sight.all().filter((c) => c.id === id).length - (same.length - lost.length)
    // Which of several has come back cannot be told here: all the model says then is that none is missing or twice.
    if (back > 0 && back < lost.length) this.blurred.add(id)
    for (const k of lost.slice(0, Math.max(back, 0))) k.lost = false
    return same.filter((k) => !k.lost)
  }

  get #who(): string {
    return `user ${this.login}`
  }

  /** All copies that he sees, in a fixed order. */
  copies(): readonly CopyState[] {
    const user = this.#user()
    return user
      .folders()
      .toSorted()
      .flatMap((f) => user.list(f).filter((c) => this.#sight.knows(c.networkMessageId ?? '')))
  }

  #model(copy: CopyState): Known | undefined {
    const id = copy.networkMessageId ?? ''
    const same = this.#here(id)
    // Seen where it was while it is somewhere else too, half moved: what is changed now may be lost, as on any server.
    if (this.#sight.all().filter((c) => c.id === id).length > same.length) this.blurred.add(id)
    return (
      same.find((k) => k.flags === flagsOf(copy) && k.home === copy.ref.folder) ??
      same.find((k) => k.flags === flagsOf(copy)) ??
      same[0]
    )
  }

  /** `during` a call on his mailbox, or by himself. */
  act(a: UserAct, during?: MemoryCall): void {
    const user = this.#user()
    if (a.how === 'copy-along') {
      if (during) this.#along(a, during)
      return
    }
    const own = user.folders().filter((f) => !FIXED.includes(f) && !f.startsWith('Recourse'))
    const name = NAMES[a.folder % NAMES.length] ?? 'Mine'
    if (a.how === 'create-folder') {
      if (!user.folders().includes(name)) user.createFolder(name)
      return
    }
    const folder = own[a.folder % Math.max(own.length, 1)]
    if (a.how === 'rename-folder' || a.how === 'delete-folder') {
      if (folder === undefined) return
      if (a.how === 'delete-folder') this.#delete(folder)
      else this.#rename(folder, `${name} ${a.pick % 9}`)
      return
    }
    const copies = this.copies()
    const copy = copies[a.pick % Math.max(copies.length, 1)]
    if (copy) this.#onCopy(a, copy)
  }

  #onCopy(a: UserAct, copy: CopyState): void {
    const user = this.#user()
    const id = copy.networkMessageId ?? ''
    const { folder: from, uid } = copy.ref
    const model = this.#model(copy)
    const at = (f: 'move' | 'copy' | 'remove', to: string | null) =>
      this.#history.at(this.#who, { f, mailbox: this.login, id, from, to, copy: copyName(copy) })
    const all = user.folders().filter((f) => !f.startsWith('Recourse') && f !== from)
    const to = a.how === 'trash' ? 'Trash' : (all[a.folder % all.length] ?? 'INBOX')
    switch (a.how) {
      case 'move':
      case 'trash':
        if (to === from) return
        at('move', to)
        user.move(from, uid, to)
        if (model) model.home = to
        return
      case 'copy':
        this.#copy(copy, to)
        return
      case 'flag':
      case 'reply': {
        const flags =
          a.how === 'reply' ? [...copy.flags, ...copy.keywords, '\\Answered'] : (FLAGS[a.pick % FLAGS.length] ?? [])
        user.flag(from, uid, flags)
        const now = user.list(from).find((c) => c.ref.uid === uid)
        if (model && now) model.flags = flagsOf(now)
        return
      }
      default:
        at('remove', null)
        user.expunge(from, uid)
        if (model) this.known.splice(this.known.indexOf(model), 1)
    }
  }

  #along(a: UserAct, { folder: from, target: to, uids }: MemoryCall): void {
    if (from === undefined || to === undefined || from === to || to.startsWith('Recourse')) return
    const copies = this.copies().filter((c) => c.ref.folder === from && (uids?.includes(c.ref.uid) ?? true))
    const copy = copies[a.pick % Math.max(copies.length, 1)]
    if (copy) this.#copy(copy, to)
  }

  #copy(copy: CopyState, to: string): void {
    const { folder: from, uid } = copy.ref
    const model = this.#model(copy)
    const id = copy.networkMessageId ?? ''
    this.#history.at(this.#who, { f: 'copy', mailbox: this.login, id, from, to, copy: copyName(copy) })
    this.#user().copy(from, uid, to)
    if (model) this.known.push({ ...model, home: to })
  }

  #rename(from: string, to: string): void {
    if (this.#user().folders().includes(to)) return
    this.#user().renameFolder(from, to)
    this.#history.add(this.#who, { type: 'folder', mailbox: this.login, from, to })
    for (const k of this.known) if (k.home === from) k.home = to
  }

  #delete(folder: string): void {
    for (const copy of this.copies().filter((c) => c.ref.folder === folder)) {
      const model = this.#model(copy)
      if (model) this.known.splice(this.known.indexOf(model), 1)
    }
    this.#user().deleteFolder(folder)
    this.#history.add(this.#who, { type: 'folder', mailbox: this.login, from: folder, to: null })
  }
}
