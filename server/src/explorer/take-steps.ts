import { AppError } from '../base/index.ts'
import { type ActionRequest, type Scope, type SubmittedAction, selectionOf } from '../remediation/index.ts'
import type { TakeActionBody, TakenBody } from './take-schemas.ts'

/** An action on copies that a wish needs. */
export interface Step {
  readonly request: ActionRequest
  readonly scope: Scope
}

/**
 * The actions that a wish needs: of copies in quarantine, *Inbox* is a release (explorer #81), of all others a move; so it may be one of each.
 * Throws AppError `nothing-chosen`, `contradiction`, `no-target`, `sender-copy`.
 */
export function stepsOf(wish: TakeActionBody): readonly Step[] {
  checkWish(wish)
  const { move, release } = wish
  const shared = {
    select: selectionOf(wish.select),
    ...(wish.description === undefined ? {} : { description: wish.description }),
    severity: wish.severity ?? ('high' as const),
    source: wish.source ?? ('api' as const),
    ...(wish.propose ? { propose: true } : {}),
  }
  const recipients = release?.recipients ? { recipients: release.recipients } : {}
  const inbox = move?.kind === 'move' && move.target === 'inbox'
  const steps: Step[] = []
  if (move) {
    const { kind, target, senderCopy } = move
    const take = { ...shared, kind, ...(target ? { target } : {}), ...(senderCopy && !inbox ? { senderCopy } : {}) }
    steps.push({ request: take, scope: { door: 'take', ...(inbox ? { only: 'elsewhere' as const } : {}) } })
  }
  if (inbox || release) {
    const only = move ? { only: 'quarantine' as const } : {}
    steps.push({ request: { ...shared, kind: 'release', ...recipients }, scope: { door: 'take', ...only } })
  }
  return steps
}

const refuse = (code: string, message: string, cure: string): AppError => new AppError(code, message, cure)

function checkWish({ move, release, submit, entries, addTo }: TakeActionBody): void {
  if (!move && !release && !submit && !entries)
    throw refuse('nothing-chosen', 'Nothing is to be done.', 'Choose a move, a release, a submission or list entries.')
  if (move?.kind === 'move' && !move.target)
    throw refuse('no-target', 'A move needs a target.', 'Name inbox, junk or deleted-items.')
  if (move && move.kind !== 'move' && move.target)
    throw refuse('no-target', `A ${move.kind} has no target.`, 'Leave the target out.')
  if (move && release && !(move.kind === 'move' && move.target === 'inbox'))
    throw refuse(
      'contradiction',
      'The same messages cannot be released and taken away.',
      'Choose one of both, or release them together with a move to the Inbox.',
    )
  if (move?.senderCopy && (move.kind === 'quarantine' || (move.kind === 'move' && move.target !== 'inbox')))
    throw refuse(
      'sender-copy',
      'The sender’s copy can only be deleted, or put back to Sent by a move to the Inbox.',
      'Choose a deletion or the Inbox, or leave the sender’s copy out.',
    )
  const wrong = submit && entries?.find((e) => (submit.as === 'clean' ? e.action !== 'allow' : e.action !== 'block'))
  if (wrong)
    throw refuse(
      'contradiction',
      `What is submitted as ${submit.as} cannot be ${wrong.action === 'allow' ? 'allowed' : 'blocked'} in the same step.`,
      submit.as === 'clean' ? 'Allow it, or leave the entry out.' : 'Block it, or leave the entry out.',
    )
  if (addTo && (release?.copyTo || submit || entries || !move))
    throw refuse(
      'contradiction',
      'Only messages to be moved can join another action.',
      'Leave submission, entries and release out.',
    )
}

/** An action that was submitted, as it is told. */
export const shown = (
  { request }: Step,
  { id, name, state, copies }: SubmittedAction,
): TakenBody['actions'][number] => ({
  id,
  kind: request.kind,
  target: request.target ?? null,
  name,
  state,
  copies,
})
