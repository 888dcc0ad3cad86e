// What fits which state (Take action, "what is greyed out and why"). The server decides again when it plans.
import type { ActionKind, Location, MoveTarget } from '../api/types.ts'

export interface Choice {
  readonly id: string
  readonly kind: ActionKind
  readonly target: MoveTarget | null
  readonly group: 'Move or delete' | 'Quarantine'
  readonly label: string
  readonly effect: string
}

export const CHOICES: readonly Choice[] = [
  move('inbox', 'Inbox', 'Back to the Inbox of the recipient.'),
  move('junk', 'Junk', 'To the Junk folder of the recipient.'),
  move('deleted-items', 'Deleted items', 'To the Deleted items folder; the recipient can take it out again.'),
  {
    id: 'soft-delete',
    kind: 'soft-delete',
    target: null,
    group: 'Move or delete',
    label: 'Soft deleted items',
    effect: 'Out of the mailbox; it can be recovered.',
  },
  {
    id: 'hard-delete',
    kind: 'hard-delete',
    target: null,
    group: 'Move or delete',
    label: 'Hard deleted items',
    effect: 'Out of the user’s reach; kept for analysts until its retention ends.',
  },
  {
    id: 'quarantine',
    kind: 'quarantine',
    target: null,
    group: 'Quarantine',
    label: 'Quarantine',
    effect: 'Held until somebody releases it or it expires.',
  },
  {
    id: 'release',
    kind: 'release',
    target: null,
    group: 'Quarantine',
    label: 'Release',
    effect: 'Out of quarantine to the chosen recipients; past every filter.',
  },
]

function move(target: MoveTarget, label: string, effect: string): Choice {
  return { id: `move-${target}`, kind: 'move', target, group: 'Move or delete', label, effect }
}

const GOAL: Readonly<Record<string, Location>> = {
  'move-inbox': 'inbox',
  'move-junk': 'junk',
  'move-deleted-items': 'deleted-items',
  'soft-delete': 'soft-deleted',
  'hard-delete': 'hard-deleted',
  quarantine: 'quarantine',
}

const OUT_OF_REACH: Partial<Record<Location, string>> = {
  dropped: 'It was dropped in mail flow.',
  failed: 'It never reached the mailbox.',
  external: 'The mailbox is not in the organisation.',
}

/** Why a choice does nothing for a copy in this place; null = it fits. */
export function misfit(choice: Pick<Choice, 'id' | 'kind'>, location: Location): string | null {
  const gone = OUT_OF_REACH[location]
  if (gone) return gone
  if (choice.kind === 'release') return location === 'quarantine' ? null : 'It is not in quarantine.'
  if (location === 'quarantine' && choice.kind === 'move') return 'It is in quarantine: choose Release.'
  return GOAL[choice.id] === location ? 'It is already there.' : null
}
