import { ProgressBar } from '@fluentui/react-components'
import type { ActionCounts, ActionRow, ItemState } from '../../api/types.ts'
import { plural } from '../../words.ts'
import { isOpen } from './data.ts'

interface Class {
  readonly key: keyof ActionCounts
  readonly state: ItemState
  readonly label: string
  readonly tone: 'good' | 'warn' | 'bad' | 'info' | 'plain'
}

const CLASSES: readonly Class[] = [
  { key: 'planned', state: 'planned', label: 'Planned', tone: 'plain' },
  { key: 'approved', state: 'approved', label: 'Waiting', tone: 'plain' },
  { key: 'executing', state: 'executing', label: 'Executing', tone: 'info' },
  { key: 'done', state: 'done', label: 'Done', tone: 'good' },
  { key: 'alreadyThere', state: 'already-there', label: 'Already there', tone: 'good' },
  { key: 'notFound', state: 'not-found', label: 'Not found', tone: 'warn' },
  { key: 'skipped', state: 'skipped', label: 'Skipped', tone: 'warn' },
  { key: 'ambiguous', state: 'ambiguous', label: 'Ambiguous', tone: 'warn' },
  { key: 'failed', state: 'failed', label: 'Failed', tone: 'bad' },
]

const ALWAYS: ReadonlySet<string> = new Set(['done'])

interface Props {
  readonly action: ActionRow
  readonly chosen: ItemState | null
  readonly onChoose: (state: ItemState | null) => void
}

/** How many items ended how; a class is a button that shows only its items. */
export function Progress({ action, chosen, onChoose }: Props) {
  const { counts } = action
  const ended = counts.done + counts.alreadyThere + counts.notFound + counts.skipped + counts.ambiguous + counts.failed
  const running = isOpen(action.state)
  const text = `${ended.toLocaleString()} of ${plural(counts.total, 'item')} ended, ${counts.verified.toLocaleString()} verified in the mailbox`
  return (
    <div className="stack">
      <ProgressBar
        aria-label="Progress"
        thickness="large"
        max={Math.max(counts.total, 1)}
        value={ended}
        color={counts.failed > 0 ? 'error' : running ? 'brand' : 'success'}
      />
      <p className="progress-line" role="status">
        {text}
      </p>
      <ul className="plain counts" aria-label="Items by result">
        {CLASSES.filter((c) => counts[c.key] > 0 || ALWAYS.has(c.key)).map((c) => (
          <li key={c.key}>
            <button
              type="button"
              className={`count count-button ${c.tone}`}
              aria-pressed={chosen === c.state}
              onClick={() => onChoose(chosen === c.state ? null : c.state)}
            >
              <strong>{counts[c.key].toLocaleString()}</strong>
              <span>{c.label}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
