/**
 * The state machine of an item and the status of an action, both pure. Rule source: design section 6 and promise 7
 * ("status is computed from the items; nothing else may claim it").
 */

export const ITEM_STATES = [
  'planned',
  'approved',
  'executing',
  'done',
  'already-there',
  'not-found',
  'skipped',
  'ambiguous',
  'failed',
] as const
export type ItemState = (typeof ITEM_STATES)[number]

/**
 * Where an item may go from where it is. `executing → approved`: looked at after a crash, nothing had happened.
 * `failed → approved`: its next attempt, or an analyst's retry. What ended otherwise stays ended: going back is an undo, an action of its own.
 */
const NEXT = {
  planned: ['approved', 'skipped'],
  approved: ['executing', 'already-there', 'not-found', 'skipped', 'ambiguous', 'failed'],
  executing: ['done', 'approved', 'already-there', 'not-found', 'ambiguous', 'failed'],
  done: [],
  'already-there': [],
  'not-found': [],
  skipped: [],
  ambiguous: [],
  failed: ['approved', 'skipped'],
} as const satisfies Record<ItemState, readonly ItemState[]>

/** States that may follow `from`. */
export const next = (from: ItemState): readonly ItemState[] => NEXT[from]
export const mayFollow = (from: ItemState, to: ItemState): boolean => next(from).includes(to)

/**
 * What ended without having happened, as far as anybody knew, goes on where the mail server has carried out late what had been given up:
 * begun as it was and settled, or listed as a doubt. Nowhere else.
 */
const LATE: readonly ItemState[] = ['approved', 'failed', 'skipped', 'not-found', 'ambiguous']
export const mayComeLate = (from: ItemState, to: ItemState): boolean =>
  LATE.includes(from) && (to === 'executing' || to === 'ambiguous')
/** States from which `to` may be reached: what an UPDATE must find, or it changes nothing. */
export const mayPrecede = (to: ItemState): readonly ItemState[] => ITEM_STATES.filter((from) => mayFollow(from, to))

export const ACTION_STATES = [
  'pending-approval',
  'queued',
  'running',
  'completed',
  'partially-completed',
  'failed',
  'rejected',
  'expired',
  'undone',
  'partially-undone',
] as const
export type ActionState = (typeof ACTION_STATES)[number]
/** Nothing more happens to such an action by itself. */
export const hasEnded = (state: ActionState): boolean =>
  state !== 'pending-approval' && state !== 'queued' && state !== 'running'

/** How many items are in each state, and beside that how many are verified, wait for a retry, and were taken back. */
export interface Counts {
  readonly total: number
  readonly planned: number
  readonly approved: number
  readonly executing: number
  readonly done: number
  readonly alreadyThere: number
  readonly notFound: number
  readonly skipped: number
  readonly ambiguous: number
  readonly failed: number
  /** Done and read back from the mailbox. */
  readonly verified: number
  /** Failed, with another attempt to come. */
  readonly retrying: number
  /** Done (or doubtful), and taken back since by an undo that is itself in force. */
  readonly reverted: number
  /** Ended in doubt or failed, with a copy in (or perhaps in) our hold. */
  readonly doubtful: number
}

/** Column of `action` that counts a state. */
export const COUNTER = {
  planned: 'planned',
  approved: 'approved',
  executing: 'executing',
  done: 'done',
  'already-there': 'alreadyThere',
  'not-found': 'notFound',
  skipped: 'skipped',
  ambiguous: 'ambiguous',
  failed: 'failed',
} as const satisfies Record<ItemState, keyof Counts>

/** What people decided about an action; `null` while nobody said no. */
export type Decision = 'rejected' | 'cancelled' | 'expired' | null

/**
 * The status of an action. `completed` only when every item is where it should be; one that was skipped, not found or in doubt makes it
 * partly done, and an action of which nothing was done never reads as if it were.
 */
export function actionState(c: Counts, decision: Decision): ActionState {
  const good = c.done + c.alreadyThere
  const open = c.approved + c.executing + c.retrying
  if (c.planned > 0 && decision === null) return 'pending-approval'
  if (open > 0) return c.total === c.approved ? 'queued' : 'running'
  if (c.reverted > 0) return c.reverted >= c.done + c.doubtful ? 'undone' : 'partially-undone'
  if (good === 0 && decision === 'expired') return 'expired'
  if (good === 0 && decision !== null) return 'rejected'
  if (good === c.total) return 'completed'
  return good > 0 ? 'partially-completed' : 'failed'
}
