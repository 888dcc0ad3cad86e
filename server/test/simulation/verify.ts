import type { ActionView, ItemView } from '../../src/remediation/index.ts'
import { type Found, HOLDS } from './mail-server.ts'
import type { Known } from './user.ts'

/** Items that own up to a copy in a hold. */
const HELD_BY = new Set(['done', 'already-there', 'ambiguous', 'executing'])

/** Every item has an end or a reason, the counts are the items, and the status says what they say. */
export function statusProblems(view: ActionView, items: readonly ItemView[]): string[] {
  const problems: string[] = []
  const say = (what: string) => problems.push(`action ${view.name} (${view.state}): ${what}`)
  const n = (state: ItemView['state']) => items.filter((i) => i.state === state).length
  if (['queued', 'running'].includes(view.state))
    say(`does not end: ${items.map((i) => `${i.state} ${i.reason}`).join('; ')}`)
  const c = view.counts
  const sum = [c.planned, c.approved, c.executing, c.done, c.alreadyThere, c.notFound, c.skipped, c.ambiguous, c.failed]
  const is = [
    n('planned'),
    n('approved'),
    n('executing'),
    n('done'),
    n('already-there'),
    n('not-found'),
    n('skipped'),
    n('ambiguous'),
    n('failed'),
  ]
  if (sum.join() !== is.join() || c.total !== items.length) say(`counts ${sum.join()}, items ${is.join()}`)
  for (const i of items) {
    // Taken by the mail store and not seen since (a rule or its user was faster): that is said, and no place is claimed.
    const unseen = i.after?.location === 'unknown' && i.reason?.includes('not seen in the mailbox')
    if (i.state === 'done' && i.verifiedAt === null && !unseen) say(`item ${i.id} is done and not verified`)
    if (i.state !== 'done' && i.reason === null) say(`item ${i.id} is ${i.state} and does not say why`)
    if (i.verifiedAt !== null && i.state !== 'done' && i.state !== 'already-there')
      say(`item ${i.id}: ${i.state}, verified`)
  }
  const good = n('done') + n('already-there')
  if (view.state === 'completed' && good !== items.length) say(`completed with ${good} of ${items.length}`)
  if (view.state === 'failed' && good > 0) say(`failed with ${good} done`)
  return problems
}

/** When it was decided that this shall happen. */
const decided = (view: ActionView): string => view.decidedAt ?? view.createdAt

/**
 * What was decided later stands: once it was done with a copy, nothing older is done with that. An undo of what is the newest lets the
 * older go on; a command that was given up, or an attempt that was in doubt, may have been older than its end.
 */
export function orderProblems(
  all: readonly { readonly view: ActionView; readonly items: readonly ItemView[] }[],
): string[] {
  const placed = all.flatMap(({ view, items }) =>
    items.flatMap((item) =>
      item.state === 'done' && item.verifiedAt !== null ? [{ view, item, at: item.verifiedAt }] : [],
    ),
  )
  return placed.flatMap((older) =>
    placed
      .filter((newer) => newer.item.deliveryId === older.item.deliveryId && newer.item.revertedBy === null)
      .filter((newer) => decided(newer.view) > decided(older.view) && newer.at < older.at)
      .map(
        (newer) =>
          `“${older.view.name}” of ${decided(older.view)} was done at ${older.at} (${older.item.reason}), ` +
          `after “${newer.view.name}” of ${decided(newer.view)}, done at ${newer.at}`,
      ),
  )
}

/** It came to its place, and says that a late command may have left a second copy there, or brought the one that was taken. */
export const hasBeside = (i: ItemView): boolean => i.state === 'done' && /both were (left|taken)/.test(i.reason ?? '')

/** One message in one mailbox at the end. */
export interface Outcome {
  readonly login: string
  readonly id: string
  /** What the user left. */
  readonly should: readonly Known[]
  readonly is: readonly Found[]
  /** The items about it in this mailbox. */
  readonly own: readonly ItemView[]
  /** It lay in a mailbox before anything was done with it. */
  readonly delivered: boolean
}

const key = (c: { sha256: string; date: string; flags: string }) => `${c.sha256} ${c.date} ${c.flags}`

/** What is in `of` and not in `all`, each counted. */
function beyond<T extends Parameters<typeof key>[0]>(of: readonly T[], all: readonly Parameters<typeof key>[0][]): T[] {
  const left = all.map(key)
  return of.filter((one) => {
    const at = left.indexOf(key(one))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

const heldBy = (own: readonly ItemView[], hold: string): number =>
  own.filter((i) => HELD_BY.has(i.state) && i.revertedBy === null && i.after?.folder === hold).length

/** The same copies as the user left, to the byte, the second and the flag, and each where the items say. */
export function messageProblems({ login, id, should, is, own, delivered }: Outcome): string[] {
  // What cannot be exact is said of it, and is not looked at here.
  if (own.some((i) => i.lost.length > 0)) return []
  // Cut off between two folders of the user's: whose the second copy is nobody can tell, and it is listed.
  const unclear = own.filter(
    (i) => (i.state === 'ambiguous' && i.reason?.includes('Both were left')) || hasBeside(i),
  ).length
  // What never was in a mailbox came there by a release, with the date of that.
  const released = (i: ItemView) =>
    i.state === 'done' ||
    (['already-there', 'ambiguous'].includes(i.state) && i.after !== null && !HOLDS.includes(i.after.folder ?? ''))
  if (should.length === 0 && !delivered && (unclear > 0 || own.some(released))) return []
  const said = own.map((i) => `${i.state} ${i.before?.folder ?? ''}→${i.after?.folder ?? ''} ${i.reason ?? ''}`)
  const problems: string[] = []
  const say = (what: string) => problems.push(`${login} ${id}: ${what}; ${said.join('; ')}`)
  // Only what was lost in a hold may be missing, and only as long as no undo has put it back from the vault.
  const missing = beyond(should, is)
  const vaulted = HOLDS.reduce((sum, hold) => sum + heldBy(own, hold), 0)
  const excused =
    missing.length <= vaulted &&
    beyond(
      missing,
      should.filter((k) => k.lost),
    ).length === 0
  if (beyond(is, should).length > unclear || (missing.length > 0 && !excused))
    say(`${JSON.stringify(is)} instead of ${JSON.stringify(should)}`)
  for (const hold of HOLDS) {
    const lie = is.filter((c) => c.folder === hold).length
    if (lie > heldBy(own, hold)) say(`in ${hold}, and no item says so`)
  }
  // All that is in force is in our holds, and every item has come to its place: then nothing is in the user's reach.
  const standing = own.filter((i) => i.state === 'done' && i.revertedBy === null)
  const allHeld = standing.length > 0 && standing.every((i) => HOLDS.includes(i.after?.folder ?? ''))
  if (allHeld && own.every((i) => i.state === 'done') && is.some((c) => !HOLDS.includes(c.folder)))
    say(`${JSON.stringify(is)}, in the user's reach`)
  const [k] = should
  const [c] = is
  if (should.length !== 1 || is.length !== 1 || !k || !c) return problems
  const settled = own.every((i) => ['done', 'already-there', 'skipped'].includes(i.state) && i.reason === null)
  const inForce = own.some((i) => i.state === 'done' && i.undoes === null && i.revertedBy === null)
  if (settled && !inForce && c.folder !== k.home) say(`in ${c.folder} instead of ${k.home}`)
  return problems
}
