import type { CopyState, Doubt, Settled } from './provider.ts'
import { sameInstant, sameState } from './state.ts'

/** What a provider must be able to do so that a doubtful move can be settled (mailbox-semantics P1 ✂3/✂6, P2). */
export interface SettleSteps {
  /** Returns when the command of the old session is over: nothing changes any more. */
  stable(doubt: Doubt): Promise<void>
  /** All that may be one of the items in the source now; after a change of UIDVALIDITY, by id. */
  source(doubt: Doubt): Promise<readonly CopyState[]>
  /** Everything in the target since the position that was written down. */
  target(doubt: Doubt): Promise<readonly CopyState[]>
  /** On this server we move by copying and marking the original (P2): such a mark beside a copy is ours. */
  readonly marks: boolean
  /** Removes exactly these copies of one folder. False: the server can only mark them (no UIDPLUS). */
  remove(copies: readonly CopyState[]): Promise<boolean>
  /** Sets the copy's flags and keywords to those of `like`; gives back what is there then. */
  setFlags(copy: CopyState, like: CopyState): Promise<CopyState>
  /** sha256 of each, where no server id proves two copies to be the same message. What went away is left out. */
  hashes(copies: readonly CopyState[]): Promise<ReadonlyMap<CopyState, string>>
}

export type Decision =
  | { readonly item: CopyState; readonly do: 'source'; readonly source: CopyState }
  | { readonly item: CopyState; readonly do: 'target'; readonly target: CopyState }
  | {
      readonly item: CopyState
      readonly do: 'finish'
      readonly source: CopyState
      readonly target: CopyState
      /** Flags that the copy must get first, as the source has them but for our own mark; null = it has them. */
      readonly plain: CopyState | null
    }
  | { readonly item: CopyState; readonly do: 'drop'; readonly source: CopyState; readonly target: CopyState }
  /** Whose the copy in the target is nobody can tell. */
  | { readonly item: CopyState; readonly do: 'leave'; readonly source: CopyState; readonly target: CopyState }
  | { readonly item: CopyState; readonly do: 'neither' }

/** Copies with one key are candidates for each other: the server's id, else what the message says of itself. */
const keyOf = (copy: CopyState): string =>
  copy.ref.serverId !== null ? `id ${copy.ref.serverId} ${copy.size}` : `msg ${copy.internetMessageId} ${copy.size}`

/**
 * Dovecot, killed in a step of a MOVE on Maildir, leaves files whose id was never written down: they show up as new
 * messages with ids of their own, but with the bytes and the date of the original. Candidates only.
 */
const contentKeyOf = (copy: CopyState): string =>
  `msg ${copy.internetMessageId} ${copy.size} ${Math.floor(copy.internalDate.getTime() / 1000)}`

function groupBy(copies: readonly CopyState[], keyFor: (copy: CopyState) => string = keyOf): Map<string, CopyState[]> {
  const groups = new Map<string, CopyState[]>()
  for (const copy of copies) {
    const key = keyFor(copy)
    const group = groups.get(key)
    if (group) group.push(copy)
    else groups.set(key, [copy])
  }
  return groups
}

/** Takes out of `from` the copy that looks like `wanted`, else the first. */
function take(from: CopyState[] | undefined, wanted: CopyState, only: 'equal' | 'any'): CopyState | undefined {
  if (!from) return undefined
  const at = from.findIndex((copy) => sameState(copy, wanted))
  if (at < 0 && only === 'equal') return undefined
  return from.splice(Math.max(at, 0), 1)[0]
}

/** A `\Deleted` that the item did not have, beside a copy in the target, is our own unfinished step (P2 ✂). */
const hasOurMark = (source: CopyState, before: CopyState): boolean =>
  source.flags.includes('\\Deleted') && !before.flags.includes('\\Deleted')

const withoutOurMark = (source: CopyState, before: CopyState): CopyState =>
  hasOurMark(source, before) ? { ...source, flags: source.flags.filter((flag) => flag !== '\\Deleted') } : source

/**
 * Decides every item of an interrupted move, alone. Pure. Copies that share an id (the user's copies; equal mails on
 * Cyrus) are paired one to one, by count. What has left the source is given its copy first, whatever that looks like:
 * the other order could take an item in the source for finished by the copy of another one, and lose one.
 */
export function decide(
  items: readonly CopyState[],
  source: readonly CopyState[],
  target: readonly CopyState[],
  { shared, marks }: Pick<Doubt, 'shared'> & Pick<SettleSteps, 'marks'>,
): Decision[] {
  const keys = new Set(items.map(keyOf))
  const inTarget = groupBy(target.filter((copy) => keys.has(keyOf(copy))))
  const strangers = groupBy(
    target.filter((copy) => !keys.has(keyOf(copy))),
    contentKeyOf,
  )
  const present = locate(items, groupBy(source))
  const decisions = new Map<CopyState, Decision>()
  for (const only of ['equal', 'any'] as const) {
    for (const item of items) {
      if (present.has(item) || decisions.has(item)) continue
      const copy = take(inTarget.get(keyOf(item)), item, only)
      if (copy) decisions.set(item, { item, do: 'target', target: copy })
    }
  }
  for (const item of items) {
    if (present.has(item) || decisions.has(item)) continue
    const copy = take(strangers.get(contentKeyOf(item)), item, 'any')
    if (copy) decisions.set(item, { item, do: 'target', target: copy })
  }
  for (const only of ['equal', 'any'] as const) {
    for (const [item, copy] of present) {
      if (decisions.has(item)) continue
      const plain = withoutOurMark(copy, item)
      const twin = take(inTarget.get(keyOf(item)), plain, only)
      if (!twin) continue
      const known = !shared || (marks && hasOurMark(copy, item))
      const both = { item, source: copy, target: twin }
      decisions.set(item, known ? bothPlaces(item, copy, twin, plain) : { ...both, do: 'leave' })
    }
  }
  for (const [item, copy] of present) {
    if (decisions.has(item)) continue
    // Taken for good it would come back under another id: it is dropped, and the item moved again.
    const stranger = take(strangers.get(contentKeyOf(item)), item, 'any')
    if (stranger) decisions.set(item, { item, do: shared ? 'leave' : 'drop', source: copy, target: stranger })
    else decisions.set(item, { item, do: 'source', source: copy })
  }
  return items.map((item) => decisions.get(item) ?? { item, do: 'neither' })
}

/** Which copy in the source is the item: by UID; where the folder got a new UIDVALIDITY, by id. */
function locate(items: readonly CopyState[], source: Map<string, CopyState[]>): Map<CopyState, CopyState> {
  const present = new Map<CopyState, CopyState>()
  for (const item of items) {
    const candidates = source.get(keyOf(item)) ?? []
    const at = candidates.findIndex(
      (copy) => copy.ref.uidValidity !== item.ref.uidValidity || copy.ref.uid === item.ref.uid,
    )
    const found = at >= 0 ? candidates.splice(at, 1)[0] : undefined
    if (found) present.set(item, found)
  }
  return present
}

function bothPlaces(item: CopyState, source: CopyState, target: CopyState, plain: CopyState): Decision {
  if (sameState(target, plain)) return { item, do: 'finish', source, target, plain: null }
  const onlyFlags = target.size === plain.size && sameInstant(target.internalDate, plain.internalDate)
  // Our STORE \Deleted happened, so the copy had been verified: what differs is a flag that the user set after it.
  if (onlyFlags && hasOurMark(source, item)) return { item, do: 'finish', source, target, plain }
  return { item, do: 'drop', source, target }
}

/** Keywords that a killed Dovecot shows because their names were never written (A31). */
const spoilt = (copy: CopyState) => copy.keywords.some((keyword) => /^unknown-\d+$/.test(keyword))

/** Carries out `decide`; may itself be interrupted anywhere and run again. By the item's old UID. */
export async function settleDoubt(doubt: Doubt, steps: SettleSteps): Promise<ReadonlyMap<number, Settled>> {
  await steps.stable(doubt)
  const source = await steps.source(doubt)
  const target = await steps.target(doubt)
  const settled = new Map<number, Settled>()
  const finished: Finished[] = []
  const dropped: CopyState[] = []
  const decisions = decide(doubt.items, source, target, { shared: doubt.shared, marks: steps.marks })
  const isTwin = await twins(decisions, steps)
  for (const decision of decisions) {
    const { uid } = decision.item.ref
    if (decision.do === 'neither') settled.set(uid, { at: 'neither' })
    else if (decision.do === 'source') settled.set(uid, { at: 'source', state: decision.source })
    else if (decision.do === 'target') {
      const { target: copy, item } = decision
      settled.set(uid, { at: 'target', state: spoilt(copy) ? await steps.setFlags(copy, item) : copy })
    } else if (!isTwin(decision)) {
      settled.set(uid, { at: 'source', state: decision.source })
    } else if (decision.do === 'leave') {
      settled.set(uid, { at: 'both', state: decision.source, target: decision.target })
    } else if (decision.do === 'drop') {
      dropped.push(decision.target)
      settled.set(uid, { at: 'source', state: decision.source })
    } else {
      const { source: from, target: copy, plain } = decision
      finished.push({ uid, source: from, state: plain ? await steps.setFlags(copy, plain) : copy })
    }
  }
  if (dropped.length > 0) await steps.remove(dropped)
  const removed = finished.length === 0 || (await steps.remove(finished.map((one) => one.source)))
  for (const { uid, state } of finished) {
    settled.set(uid, removed ? { at: 'target', state } : { at: 'target', state, marked: true })
  }
  return settled
}

interface Finished {
  readonly uid: number
  readonly source: CopyState
  readonly state: CopyState
}

type Both = Extract<Decision, { readonly do: 'finish' | 'drop' | 'leave' }>

/** Before anything is removed: the server's id proves a copy; where there is none, or another, the bytes must. */
async function twins(decisions: readonly Decision[], steps: SettleSteps): Promise<(decision: Both) => boolean> {
  const byId = ({ source, target }: Both) => source.ref.serverId !== null && source.ref.serverId === target.ref.serverId
  const doubtful = decisions
    .filter((one) => one.do === 'finish' || one.do === 'drop' || one.do === 'leave')
    .filter((one) => !byId(one))
  const copies = doubtful.flatMap(({ source, target }) => [source, target])
  const hashes = copies.length > 0 ? await steps.hashes(copies) : new Map<CopyState, string>()
  return (decision) => {
    const hash = hashes.get(decision.source)
    return byId(decision) || (hash !== undefined && hash === hashes.get(decision.target))
  }
}
