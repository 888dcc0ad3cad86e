import { ProgressBar } from '@fluentui/react-components'
import type { ActionDetail, ResultClass } from '../../api/types.ts'
import { plural, RESULT_CLASS } from '../../words.ts'
import { isOpen, useResults } from './data.ts'

const TONE: Record<ResultClass, 'good' | 'warn' | 'bad' | 'info'> = {
  open: 'info',
  success: 'good',
  'already-there': 'good',
  'not-found': 'warn',
  'not-actionable': 'warn',
  'in-doubt': 'warn',
  failed: 'bad',
}

interface Props {
  readonly action: ActionDetail
  readonly chosen: ResultClass | null
  readonly onChoose: (cls: ResultClass | null) => void
}

/** How many copies ended how, with the reasons; a class is a button that shows only its copies. */
export function Results({ action, chosen, onChoose }: Props) {
  const { counts } = action
  const running = isOpen(action.state)
  const { data } = useResults(action.id, action.state)
  const results = data?.results ?? []
  const open = results.find((r) => r.class === 'open')?.count ?? 0
  const ended = data ? counts.total - open : 0
  const text =
    action.state === 'pending-approval'
      ? `${plural(counts.total, 'copy waits', 'copies wait')} for a decision`
      : `${ended.toLocaleString()} of ${plural(counts.total, 'copy', 'copies')} ended, ${counts.verified.toLocaleString()} verified in the mailbox`
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
      <ul className="plain counts" aria-label="Copies by result">
        {results
          .filter((r) => r.count > 0)
          .map((r) => (
            <li key={r.class}>
              <button
                type="button"
                className={`count count-button ${TONE[r.class]}`}
                aria-pressed={chosen === r.class}
                onClick={() => onChoose(chosen === r.class ? null : r.class)}
              >
                <strong>{r.count.toLocaleString()}</strong>
                <span>{RESULT_CLASS[r.class]}</span>
              </button>
            </li>
          ))}
      </ul>
      {counts.reverted > 0 ? (
        <p className="muted">{plural(counts.reverted, 'copy', 'copies')} taken back since.</p>
      ) : null}
      <ul className="sentences">
        {results.flatMap((r) =>
          r.reasons.map(({ reason, count }) => (
            <li key={`${r.class} ${reason}`}>
              {count.toLocaleString()} × {RESULT_CLASS[r.class].toLowerCase()}: {reason}
            </li>
          )),
        )}
      </ul>
    </div>
  )
}
