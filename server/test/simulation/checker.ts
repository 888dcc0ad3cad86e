import type { Deed, Recorded } from './history.ts'

/**
 * Reads a history and says what cannot be. For each message in each mailbox all states are kept in which the copies may be after what
 * happened so far, as Jepsen's checkers do: a deed of which nobody knows whether it happened may have happened at any time since, or never, or
 * in half. What is known for certain leaves only the states that agree with it; none left, or none that the end agrees with, is a violation.
 */
export interface Violation {
  readonly kind:
    | 'lost'
    | 'duplicated'
    | 'resurrected'
    | 'wrong-place'
    | 'impossible'
    | 'missing-effect'
    | 'unverified'
    | 'unresolved'
  readonly mailbox: string
  readonly id: string
  readonly why: string
}

type Stage = 0 | 1 | 2

interface State {
  readonly places: ReadonlyMap<string, number>
  /** How far each open deed has come: 0 not at all, 1 copied, 2 done. */
  readonly open: ReadonlyMap<string, Stage>
  /** Copies that there must be: only a delivery and the user add and remove. */
  readonly owed: number
  /** Of those, how many may be only in the vault: a user has emptied a hold that he could see. */
  readonly vault: number
}

type Told = Deed & { readonly process: string; readonly n: number }

const keyOf = (s: State): string =>
  JSON.stringify([[...s.places].filter(([, n]) => n > 0).sort(), [...s.open].sort(), s.owed, s.vault])

function shifted(places: ReadonlyMap<string, number>, folder: string | null, by: number): Map<string, number> {
  const next = new Map(places)
  if (folder !== null) next.set(folder, (next.get(folder) ?? 0) + by)
  return next
}

/** One message in one mailbox. */
class Key {
  readonly mailbox: string
  readonly id: string
  readonly violations: Violation[] = []
  readonly #deeds = new Map<string, Told>()
  readonly #isHold: (folder: string) => boolean
  #states: readonly State[] = [{ places: new Map(), open: new Map(), owed: 0, vault: 0 }]
  #doubt = false
  /** How many copies more than there should be have been told. */
  #beside = 0
  /** When something has changed last, and until when a copy may have been in a folder. */
  #changed = -1
  readonly #possible = new Map<string, number>()
  readonly #arrived = new Map<string, number>()
  readonly #seen = new Map<string, number>()
  /** Copies by their names. */
  readonly #read = new Set<string>()
  /** What another process has found out about a deed whose own answer is still to come. */
  readonly #settledAs = new Map<string, 2>()

  constructor(mailbox: string, id: string, isHold: (folder: string) => boolean) {
    this.mailbox = mailbox
    this.id = id
    this.#isHold = isHold
  }

  #say(kind: Violation['kind'], why: string): void {
    this.violations.push({ kind, mailbox: this.mailbox, id: this.id, why })
  }

  /** Every state that the open deeds may have led to meanwhile. */
  #close(): readonly State[] {
    const seen = new Map(this.#states.map((s) => [keyOf(s), s]))
    const todo = [...seen.values()]
    for (let s = todo.pop(); s; s = todo.pop()) {
      for (const next of this.#steps(s)) {
        const key = keyOf(next)
        if (seen.has(key)) continue
        seen.set(key, next)
        todo.push(next)
      }
    }
    return [...seen.values()]
  }

  #steps(s: State): State[] {
    const out: State[] = []
    for (const [op, stage] of s.open) {
      const deed = this.#deeds.get(op)
      if (!deed) continue
      const to = (stage: Stage, places: ReadonlyMap<string, number>, more: Partial<State> = {}) =>
        out.push({ ...s, ...more, places, open: new Map(s.open).set(op, stage) })
      const there = deed.from === null || (s.places.get(deed.from) ?? 0) > 0
      const user = deed.process.startsWith('user')
      if (stage === 0) {
        if (deed.f === 'add' || deed.f === 'append')
          to(2, shifted(s.places, deed.to, 1), { owed: s.owed + (deed.f === 'add' ? 1 : 0) })
        else if (!there) continue
        else if (deed.f === 'remove') to(2, shifted(s.places, deed.from, -1), this.#removed(s, deed))
        else if (deed.f === 'copy') to(2, shifted(s.places, deed.to, 1), { owed: s.owed + (user ? 1 : 0) })
        else to(1, shifted(s.places, deed.to, 1))
      } else if (stage === 1) {
        if (there) to(2, shifted(s.places, deed.from, -1))
        // The user has taken the original meanwhile: the server has made two of one (MOVE is not exclusive).
        else if (this.#userTook(deed, deed.from)) to(2, s.places, { owed: s.owed + 1 })
        // An earlier command for the same copy has come, late: two of one, which has to be told where it is not put right.
        else if (this.#cameLate(deed)) to(2, s.places)
        if ((s.places.get(deed.to ?? '') ?? 0) > 0) to(0, shifted(s.places, deed.to, -1))
        // …or the copy that was made in the first half: it is his, and the original is where it was.
        else if (this.#userTook(deed, deed.to)) to(0, s.places, { owed: s.owed + 1 })
      }
    }
    return out
  }

  #cameLate(deed: Told): boolean {
    return [...this.#deeds.values()].some(
      (d) => d.f === 'move' && d.copy === deed.copy && d.from === deed.from && d.n < deed.n,
    )
  }

  /** From that folder, since. */
  #userTook(deed: Told, folder: string | null): boolean {
    const takes = ['move', 'remove']
    return [...this.#deeds.values()].some(
      (d) => d.process.startsWith('user') && takes.includes(d.f) && d.from === folder && d.n > deed.n,
    )
  }

  #removed(s: State, deed: Deed): Partial<State> {
    return deed.from !== null && this.#isHold(deed.from) ? { vault: s.vault + 1 } : { owed: s.owed - 1 }
  }

  #keep(wanted: (s: State) => boolean, kind: Violation['kind'], why: string): void {
    const left = this.#close().filter(wanted)
    if (left.length > 0) this.#states = left
    else this.#say(kind, why)
  }

  #end(op: string, stage: Stage, what: string): void {
    this.#keep((s) => s.open.get(op) === stage, 'impossible', what)
    this.#states = this.#states.map((s) => {
      const open = new Map(s.open)
      open.delete(op)
      return { ...s, open }
    })
  }

  read(e: Recorded): void {
    if (e.type !== 'ack' && e.type !== 'doubt') this.#note(e.n)
    switch (e.type) {
      case 'invoke': {
        this.#deeds.set(e.op, { ...e })
        this.#states = this.#close().map((s) => ({ ...s, open: new Map(s.open).set(e.op, 0) }))
        return
      }
      case 'ok':
      case 'fail': {
        const deed = this.#deeds.get(e.op)
        const stage = e.type === 'ok' ? 2 : 0
        const why = `${e.process} was told ${e.type} for ${text(deed)}: that cannot have been`
        // A process that stood still hears its answer after another has found out what became of the deed.
        const found = this.#settledAs.get(e.op)
        if (found === undefined) this.#end(e.op, stage, why)
        else if (found !== stage) this.#say('impossible', why)
        if (e.type === 'ok' && deed?.to) this.#arrived.set(deed.to, e.n)
        return
      }
      case 'settled':
        this.#settled(e)
        return
      case 'ack':
        this.#acknowledged(e)
        return
      case 'doubt':
        this.#doubt = true
        return
      case 'beside':
        this.#beside++
        return
      case 'asked':
        this.#states = this.#close().map((s) => ({ ...s, owed: s.owed + 1, vault: s.vault + 1 }))
        return
      case 'final':
        this.#final(e.places)
        return
      case 'info':
      case 'read':
      case 'folder':
        return
    }
  }

  #note(n: number): void {
    this.#changed = n
    for (const s of this.#close())
      for (const [folder, copies] of s.places) if (copies > 0) this.#possible.set(folder, n)
  }

  #settled(e: Recorded & { type: 'settled' }): void {
    const moves = [...this.#deeds].filter(([, d]) => d.f === 'move' && d.copy === e.copy && d.from === e.from)
    const thither = moves.filter(([, d]) => d.to === e.to)
    // Its user may have renamed the folder since.
    const tried = thither.length > 0 ? thither : moves
    const isOpen = (op: string) => this.#states.some((s) => s.open.has(op))
    // An earlier attempt may be open for ever; what the last one was told explains what is found.
    const last = tried.at(-1)
    if (e.at === 'target' && last && !isOpen(last[0])) return
    const [op, deed] = tried.filter(([o]) => isOpen(o)).at(-1) ?? []
    if (op === undefined || !deed || e.at === 'neither') return
    const why = `${text(deed)} was found at its ${e.at}: that cannot have been`
    // It had not happened then; the server may carry it out yet.
    if (e.at === 'source') {
      this.#keep((s) => s.open.get(op) === 0, 'impossible', why)
      return
    }
    this.#settledAs.set(op, 2)
    this.#end(op, 2, why)
    if (deed.to) this.#arrived.set(deed.to, e.n)
  }

  #acknowledged(e: Recorded & { type: 'ack' }): void {
    // A UID names one coming of one copy: read under it means read since. Without it the last coming of any copy counts.
    const read = e.copy
      ? this.#read.has(e.copy)
      : (this.#seen.get(e.folder) ?? -1) >= (this.#arrived.get(e.folder) ?? 0)
    if (e.verified && !read) {
      this.#say('unverified', `item ${e.item} is called verified, but nobody has read ${e.folder} since it came there`)
    }
    // It may have been moved on since.
    if ((this.#possible.get(e.folder) ?? -1) >= e.since && this.#changed >= e.since) return
    const why = `item ${e.item} is called done in ${e.folder}, where no copy can be`
    this.#keep((s) => (s.places.get(e.folder) ?? 0) > 0, 'missing-effect', why)
  }

  renamed(from: string, to: string | null, n: number): void {
    this.#note(n)
    this.#states = this.#close().map((s) => {
      const held = s.places.get(from) ?? 0
      const places = new Map(s.places)
      places.delete(from)
      if (to === null) return { ...s, places, owed: s.owed - held }
      return { ...s, places: shifted(places, to, held) }
    })
    for (const [op, deed] of this.#deeds) {
      if (to === null || (deed.from !== from && deed.to !== from)) continue
      this.#deeds.set(op, {
        ...deed,
        from: deed.from === from ? to : deed.from,
        to: deed.to === from ? to : deed.to,
      })
    }
  }

  saw(folder: string, copies: readonly string[], n: number): void {
    this.#seen.set(folder, n)
    for (const copy of copies) this.#read.add(copy)
  }

  #betweenHis(op: string): boolean {
    const deed = this.#deeds.get(op)
    return deed !== undefined && [deed.from, deed.to].every((f) => f !== null && !this.#isHold(f))
  }

  #final(found: Readonly<Record<string, number>>): void {
    const total = Object.values(found).reduce((a, b) => a + b, 0)
    const all = this.#close()
    const most = Math.max(...all.map((s) => s.owed))
    const least = Math.min(...all.map((s) => s.owed - s.vault))
    const places = JSON.stringify(found)
    // Cut off in half between the user's folders, and that is listed: for all anybody knows he made the second copy, so it was left.
    const inHalf = (s: State) => [...s.open].filter(([op, stage]) => stage === 1 && this.#betweenHis(op)).length
    const listed = (this.#doubt ? Math.max(0, ...all.map(inHalf)) : 0) + this.#beside
    if (total > most + listed) {
      this.#say(most <= 0 ? 'resurrected' : 'duplicated', `${places}, but there are ${most} of it`)
      return
    }
    if (total < least) {
      this.#say('lost', `${places}, but there are ${least} of it`)
      return
    }
    const agrees = (s: State) =>
      [...s.places].every(([folder, n]) => (found[folder] ?? 0) === n) &&
      Object.entries(found).every(([folder, n]) => (s.places.get(folder) ?? 0) === n)
    const like = all.filter(agrees)
    if (like.length === 0) {
      const can = all.slice(0, 4).map((s) => JSON.stringify(Object.fromEntries(s.places)))
      this.#say('wrong-place', `${places}, but it can only be ${can.join(' or ')}`)
      return
    }
    const half = like.every((s) => [...s.open.values()].includes(1))
    if (half && !this.#doubt) this.#say('unresolved', `${places}: begun and not finished, and no doubt is listed`)
    const sound = like.some(
      (s) => total <= s.owed + (this.#doubt ? inHalf(s) : 0) + this.#beside && total >= s.owed - s.vault,
    )
    if (!sound && !this.#doubt) this.#say(total > most ? 'duplicated' : 'lost', `${places} does not add up`)
  }
}

const text = (d: Deed | undefined): string => (d ? `${d.f} ${d.from ?? 'nowhere'} → ${d.to ?? 'nowhere'}` : 'something')

/** Every violation in a history; none = each copy is in one place, nothing is twice, no acknowledged effect is missing. */
export function check(
  history: readonly Recorded[],
  isHold: (folder: string) => boolean = (f) => f.startsWith('Recourse-Hold'),
): readonly Violation[] {
  const keys = new Map<string, Key>()
  const keyFor = (mailbox: string, id: string): Key => {
    const name = `${mailbox}\n${id}`
    const found = keys.get(name) ?? new Key(mailbox, id, isHold)
    keys.set(name, found)
    return found
  }
  const finals = new Set<string>()
  for (const e of history) {
    if (e.type === 'folder') {
      for (const key of keys.values()) if (key.mailbox === e.mailbox) key.renamed(e.from, e.to, e.n)
    } else if (e.type === 'read') {
      for (const id of e.ids) keyFor(e.mailbox, id).saw(e.folder, e.copies ?? [], e.n)
    } else {
      if (e.type === 'final') finals.add(`${e.mailbox}\n${e.id}`)
      keyFor(e.mailbox, e.id).read(e)
    }
  }
  // Nothing of it was there at the end: that is an answer too.
  const n = history.length
  for (const [name, key] of keys) {
    if (finals.has(name)) continue
    key.read({ type: 'final', mailbox: key.mailbox, id: key.id, places: {}, n, time: 0, process: 'end' })
  }
  return [...keys.values()].flatMap((k) => k.violations)
}
