import { LOCATIONS, type Location } from '../../records/index.ts'
import { holdOf, type MailKind, type MoveTarget, type Place, type PlaceKind, placeAt } from '../types.ts'

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
export function goalOf(kind: MailKind, target: MoveTarget | null): Location {
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
export function classify(kind: MailKind, target: MoveTarget | null, copy: Recorded): Classified {
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

const BOTH = [false, true] as const

/** A row of the decision table: what `classify` says for one combination of facts. */
export interface Rule {
  readonly location: Location
  readonly in_mailbox: boolean
  readonly delivered: boolean
  readonly released: boolean
  readonly is: Classified['is']
  readonly reason: string | null
  readonly target_kind: PlaceKind
  readonly target_location: Location
}

/**
 * What *Take action* refuses beyond that (explorer, what fits which state): what is in quarantine is released or deleted there, and what was
 * hard-deleted comes back by undoing what deleted it.
 */
function refusedByDoor(kind: MailKind, location: Location): string | null {
  if (location === 'hard-deleted') return 'It was hard-deleted: undo the action that did it.'
  if (location === 'quarantine' && kind !== 'release' && kind !== 'quarantine')
    return 'It is in quarantine: release it to the Inbox, or delete it there.'
  return null
}

/** `classify` for every combination of facts, so that the database can decide a million copies by it. Pure. */
export function decisionTable(kind: MailKind, target: MoveTarget | null, door: 'take' | null): readonly Rule[] {
  return LOCATIONS.flatMap((location) =>
    BOTH.flatMap((inMailbox) =>
      BOTH.flatMap((delivered) =>
        BOTH.map((released): Rule => {
          const own = classify(kind, target, { location, inMailbox, delivered, released })
          const refused = door === 'take' && own.is === 'actionable' ? refusedByDoor(kind, location) : null
          const is: Classified = refused === null ? own : { is: 'impossible', reason: refused }
          const place = is.is === 'actionable' ? is.target : placeAt(location)
          return {
            location,
            in_mailbox: inMailbox,
            delivered,
            released,
            is: is.is,
            reason: is.is === 'actionable' ? null : is.reason,
            target_kind: place.kind,
            target_location: place.location,
          }
        }),
      ),
    ),
  )
}
