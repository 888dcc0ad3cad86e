import type { Location } from '../records/index.ts'
import { type ActionKind, holdOf, type MoveTarget, type Place, placeAt } from './types.ts'

/** What a plan knows of a copy: the recorded state, which may be behind the mailbox; execution decides. */
export interface Recorded {
  readonly location: Location
  readonly inMailbox: boolean
  /** It was handed to the mail store once, so that there is or was a copy; false: quarantined at the gate, only our blob has it. */
  readonly delivered: boolean
  /** Whether this delivery was released to its recipient already. */
  readonly released: boolean
}

export type Classified =
  | { readonly is: 'actionable'; readonly target: Place }
  | { readonly is: 'already-there'; readonly reason: string }
  | { readonly is: 'impossible'; readonly reason: string }

const MOVE_TO: Record<MoveTarget, Location> = { inbox: 'inbox', junk: 'junk', 'deleted-items': 'deleted-items' }

/** Location to which an action takes a copy. */
export function goalOf(kind: Exclude<ActionKind, 'undo'>, target: MoveTarget | null): Location {
  switch (kind) {
    case 'move':
      return MOVE_TO[target ?? 'inbox']
    case 'release':
      return 'inbox'
    case 'soft-delete':
      return 'soft-deleted'
    case 'hard-delete':
      return 'hard-deleted'
    case 'quarantine':
      return 'quarantine'
  }
}

/** Whether an action can do something with a copy (explorer, Take action: what is greyed out and why). Pure. */
export function classify(kind: Exclude<ActionKind, 'undo'>, target: MoveTarget | null, copy: Recorded): Classified {
  const goal = goalOf(kind, target)
  if (!copy.inMailbox) return { is: 'impossible', reason: 'The recipient is not one of our mailboxes.' }
  if (copy.location === 'dropped' || copy.location === 'failed' || copy.location === 'external') {
    return { is: 'impossible', reason: `The message did not reach the mailbox (${copy.location}).` }
  }
  if (kind === 'release') return classifyRelease(copy)
  if (copy.location === goal && goal !== 'folder') {
    return { is: 'already-there', reason: `It is in ${goal} already.` }
  }
  // Never delivered and not to be: there is nothing to move, only our record of it changes.
  if (!copy.delivered && holdOf(goal)) {
    return { is: 'actionable', target: { kind: 'store', location: goal, folder: null, folderId: null } }
  }
  return { is: 'actionable', target: placeAt(goal) }
}

function classifyRelease(copy: Recorded): Classified {
  if (copy.location === 'quarantine') return { is: 'actionable', target: placeAt('inbox') }
  if (copy.released) return { is: 'already-there', reason: 'It was released to this recipient already.' }
  return { is: 'impossible', reason: `It is not in quarantine (${copy.location}).` }
}
