import type { TakeWish } from '../api/types.ts'
import { addressesIn, wrongAddress } from '../parts/addresses.ts'
import { actionLabel } from '../words.ts'
import type { Choice } from './fit.ts'
import type { Source } from './TakeAction.tsx'
import type { Target } from './targets.ts'

export type SubmitAs = 'clean' | 'phish' | 'spam' | 'malware'
export type BlockKind = 'sender' | 'sender-domain'

/** What goes with the move, or is done without one. */
export interface Extras {
  readonly submit: SubmitAs | null
  readonly entries: ReadonlySet<BlockKind>
  /** Days until the entries expire; '' = never. */
  readonly days: string
  readonly senderCopy: boolean
  readonly propose: boolean
  readonly severity: 'low' | 'medium' | 'high' | null
  readonly copyTo: string
}
export const NO_EXTRAS: Extras = {
  submit: null,
  entries: new Set(),
  days: '30',
  senderCopy: false,
  propose: false,
  severity: null,
  copyTo: '',
}

/** Whether anything is wished besides a move. */
export const isWished = ({ submit, entries }: Extras): boolean => submit !== null || entries.size > 0

/** Why these extras cannot be sent as they are; null = they can. */
export function wrongWith(choice: Choice | null, { entries, days, copyTo }: Extras): string | null {
  const n = Number(days)
  if (entries.size > 0 && days.trim() !== '' && !(Number.isInteger(n) && n >= 1 && n <= 90))
    return 'Entries expire after 1 to 90 days; leave it empty for entries that stay.'
  return choice?.kind === 'release' ? wrongAddress(copyTo) : null
}

function values(kind: BlockKind, chosen: readonly Target[]): string[] {
  const senders = chosen.flatMap((target) => target.sender ?? [])
  const all = kind === 'sender' ? senders : senders.map((sender) => sender.slice(sender.lastIndexOf('@') + 1))
  return [...new Set(all)].slice(0, 25)
}

export function suggestName(choice: Choice | null, source: Source, chosen: readonly Target[], extras: Extras): string {
  const what = choice ? actionLabel(choice.kind, choice.target) : extras.submit ? 'Submission' : 'Block'
  if (source.kind === 'filter') return `${what}: everything that matches a filter`
  if (source.kind === 'action') return `${what}: what “${source.name.slice(0, 80)}” touched`
  const subject = chosen[0]?.subject.replace(/\s+/g, ' ').trim() || '(no subject)'
  const messages = new Set(chosen.map((target) => target.messageId)).size
  return `${what}: ${subject.slice(0, 80)}${messages > 1 ? ` and ${messages - 1} more` : ''}`
}

function selectOf(source: Source, chosen: readonly Target[]): TakeWish['select'] {
  switch (source.kind) {
    case 'filter':
      return { filter: source.filter }
    case 'action':
      return { actionId: source.actionId }
    case 'targets':
      return { deliveryIds: chosen.map((target) => target.id) }
  }
}

export function wishOf(
  choice: Choice | null,
  source: Source,
  chosen: readonly Target[],
  name: string,
  description: string,
  extras: Extras,
): TakeWish {
  const copyTo = addressesIn(extras.copyTo)
  const expiresInDays = extras.days.trim() === '' ? null : Number(extras.days)
  const entries = [...extras.entries].flatMap((kind) =>
    values(kind, chosen).map((value) => ({ action: 'block' as const, kind, value, expiresInDays })),
  )
  const deletion = choice?.kind === 'soft-delete' || choice?.kind === 'hard-delete'
  return {
    select: selectOf(source, chosen),
    ...(choice?.kind === 'release' ? { release: copyTo.length > 0 ? { copyTo } : {} } : {}),
    ...(choice && choice.kind !== 'release'
      ? {
          move: {
            kind: choice.kind,
            ...(choice.target ? { target: choice.target } : {}),
            ...(extras.senderCopy && deletion ? { senderCopy: true } : {}),
          },
        }
      : {}),
    ...(extras.submit ? { submit: { as: extras.submit } } : {}),
    ...(entries.length > 0 ? { entries } : {}),
    ...(extras.propose ? { propose: true } : {}),
    ...(extras.severity ? { severity: extras.severity } : {}),
    name: name.trim(),
    ...(description.trim() === '' ? {} : { description: description.trim() }),
    source: source.kind === 'action' ? 'action-center' : 'explorer',
  }
}
