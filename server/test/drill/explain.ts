import type { Found } from './company.ts'
import type { Deed } from './users.ts'

/** A time in which we were moving a copy: from the intent that was written down to what was read back. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What is said of a copy by the product itself. */
export interface Told {
  readonly state: string
  readonly reason: string | null
  readonly lost: readonly string[]
}

/** What is known of a copy, each from its own record: the mail server's files, the users' log, our timeline, the product. */
export interface Case {
  readonly was: Found
  readonly deeds: readonly Deed[]
  readonly is: readonly Found[]
  readonly spans: readonly Span[]
  /** Of the last action that was about it. */
  readonly told: Told | null
}

type Lies = Pick<Found, 'folder' | 'flags'>

const withFlag = (flags: string, flag: string): string =>
  [...new Set([...flags.split(' '), flag])]
    .filter((f) => f !== '')
    .sort()
    .join(' ')

/** Null: it is no more. */
function after(lies: Lies | null, did: Deed['did']): Lies | null {
  if (lies === null) return null
  if (did === 'flag') return { ...lies, flags: withFlag(lies.flags, 'F') }
  if (did === 'mark') return { ...lies, flags: withFlag(lies.flags, 'T') }
  if (did === 'move') return { ...lies, folder: 'Filed' }
  return lies.flags.split(' ').includes('T') ? null : lies
}

/** It is one copy with the bytes and date of before, and lies as these deeds have left it. */
function isAs({ was, is }: Case, deeds: readonly Deed[]): boolean {
  const lies = deeds.reduce<Lies | null>((now, d) => after(now, d.did), was)
  const [one] = is
  if (lies === null) return is.length === 0
  if (!one || is.length > 1 || one.sha256 !== was.sha256 || one.date !== was.date) return false
  return one.flags === lies.flags && one.folder === lies.folder
}

/** As before, with all that its user did and the server confirmed. */
export const isExact = (c: Case): boolean =>
  isAs(
    c,
    c.deeds.filter((d) => d.confirmed),
  )

const crosses = (d: Deed, spans: readonly Span[]): boolean => spans.some((s) => d.from <= s.to && s.from <= d.to)

/** Every choice of them. */
const choices = <T>(all: readonly T[]): T[][] =>
  all.reduce<T[][]>((sets, one) => sets.concat(sets.map((s) => [...s, one])), [[]])

const WORD: Record<Deed['did'], string> = {
  flag: 'flag',
  move: 'move',
  mark: 'mark as deleted',
  expunge: 'expunge',
}
const words = (deeds: readonly Deed[]): string => deeds.map((d) => WORD[d.did]).join(' and ')

/**
 * Two sessions that move the same message may both be told that they did, and then there are two (mailbox-semantics A18): one where the user put it,
 * one that we took. Nobody can tell that from a user who copied it in that moment, so both are taken and both come back: two takes and two undos
 * must be on record.
 */
function doubled({ was, is, deeds, spans }: Case): boolean {
  if (is.length === 0 || is.length > 2 || spans.length < 4) return false
  if (is.some((one) => one.sha256 !== was.sha256 || one.date !== was.date)) return false
  const confirmed = deeds.filter((d) => d.confirmed)
  const found = is.map(shown).sort().join('\n')
  return confirmed.some((move, n) => {
    if (move.did !== 'move' || !crosses(move, spans)) return false
    const before = confirmed.slice(0, n).reduce<Lies | null>((now, d) => after(now, d.did), was)
    // What its user did since was done to one of the two, or to both.
    const ends = confirmed
      .slice(n + 1)
      .reduce<Pair[]>((pairs, d) => pairs.flatMap((pair) => done(pair, d.did)), [[before, after(before, 'move')]])
    return ends.some(
      (pair) =>
        pair
          .flatMap((lies) => (lies === null ? [] : [shown(lies)]))
          .sort()
          .join('\n') === found,
    )
  })
}

type Pair = readonly [Lies | null, Lies | null]

const shown = ({ folder, flags }: Lies): string => `${folder} ${flags}`

const done = ([a, b]: Pair, did: Deed['did']): Pair[] => [
  [after(a, did), b],
  [a, after(b, did)],
  [after(a, did), after(b, did)],
]

/**
 * Why a copy is not exactly as before, as far as the records show it; null: nothing shows it.
 *
 * A deed that the server confirmed while we were moving the same message may be lost (the mail server's doing); one that it did not confirm
 * may have happened or not. With some of those undone, the copy must lie exactly as it is found. A copy that is gone, or there twice, is never explained by
 * what the product says of it, unless it says that it is in doubt and still has it; two are explained by a move of the user's in that moment, too.
 */
export function explain(c: Case): string | null {
  const inDoubt = c.deeds.filter((d) => !d.confirmed || crosses(d, c.spans))
  for (const not of choices(inDoubt)) {
    const gone = new Set(not)
    if (
      !isAs(
        c,
        c.deeds.filter((d) => !gone.has(d)),
      )
    )
      continue
    const lost = not.filter((d) => d.confirmed)
    const came = inDoubt.filter((d) => !d.confirmed && !gone.has(d))
    if (lost.length > 0) return `its user's ${words(lost)} was confirmed while we moved it, and is lost`
    if (came.length > 0) return `its user's ${words(came)} was not confirmed, and has happened`
  }
  if (doubled(c)) return 'its user moved it while we did: the mail server made two of it, and both were given back'
  const [one] = c.is
  if (!one || !c.told) return null
  const { state, reason, lost } = c.told
  if (c.is.some((f) => f.sha256 === c.was.sha256) && (state === 'ambiguous' || state === 'failed') && reason !== null)
    return `${state}: ${reason}`
  if (c.is.length === 1 && state === 'done' && lost.length > 0) return lost.join('; ')
  return null
}
