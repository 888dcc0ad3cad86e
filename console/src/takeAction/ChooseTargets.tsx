import { Grid } from '../parts/Grid/Grid.tsx'
import type { GridColumn, Selection } from '../parts/Grid/types.ts'
import { Empty } from '../parts/Page.tsx'
import { SafeText } from '../parts/SafeText.tsx'
import { placeName } from '../parts/Status.tsx'
import { visible } from '../parts/text.ts'
import { plural } from '../words.ts'
import { type Choice, misfit } from './fit.ts'
import type { Source } from './TakeAction.tsx'
import type { Target } from './targets.ts'

interface Props {
  readonly source: Source
  readonly choice: Choice
  readonly fitting: readonly Target[]
  readonly selection: Selection
  readonly onSelect: (selection: Selection) => void
}

const COLUMNS: readonly GridColumn<Target>[] = [
  {
    id: 'recipient',
    header: 'Impacted asset',
    width: 'minmax(160px, 1fr)',
    phone: 'title',
    cell: (target) => <SafeText text={target.recipient} max={120} />,
  },
  {
    id: 'location',
    header: 'Latest location',
    width: '140px',
    phone: 'detail',
    cell: (target) => <bdi>{visible(placeName(target.latestLocation, target.latestFolder), 60)}</bdi>,
  },
  {
    id: 'subject',
    header: 'Target entity',
    width: 'minmax(160px, 1.4fr)',
    phone: 'detail',
    cell: (target) => <SafeText text={target.subject} max={120} empty="(no subject)" />,
  },
]

const idOf = (target: Target) => target.id
const nameOf = (target: Target) => visible(target.recipient, 80)

export function ChooseTargets({ source, choice, fitting, selection, onSelect }: Props) {
  if (source.kind === 'filter') return <ByFilter source={source} />
  if (source.kind === 'action')
    return (
      <p>
        The {plural(source.copies, 'copy', 'copies')} that “{visible(source.name, 120)}” touched, wherever they are now.
        The review counts what can be acted on.
      </p>
    )
  const others = source.targets.filter((target) => misfit(choice, target.latestLocation) !== null)
  const chosen = fitting.filter((target) => selection[target.id]).length
  return (
    <div className="stack wizard-fill">
      <p role="status">
        {chosen} of {plural(fitting.length, 'copy', 'copies')} chosen
        {choice.kind === 'release' ? ': it is released to these recipients only.' : '.'}
      </p>
      <Grid
        label="Target entities"
        rows={fitting}
        columns={COLUMNS}
        rowId={idOf}
        rowName={nameOf}
        selection={selection}
        onSelect={onSelect}
        total={fitting.length}
        cardHeight={64}
        empty={<Empty title="Nothing fits this action" />}
      />
      {others.length > 0 ? <Others others={others} choice={choice} /> : null}
    </div>
  )
}

function ByFilter({ source }: { source: Extract<Source, { kind: 'filter' }> }) {
  return (
    <div className="stack">
      <p>
        {source.copies === null ? 'Every recipient copy' : plural(source.copies, 'recipient copy', 'recipient copies')}{' '}
        that the filter finds when the action is submitted. The next page counts what can be acted on.
      </p>
      <dl className="facts">
        {Object.entries(source.filter).map(([key, value]) => (
          <div className="fact" key={key}>
            <dt>{key}</dt>
            <dd>
              <bdi>{visible(Array.isArray(value) ? value.join(', ') : String(value), 300)}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

/** What cannot be acted on, by reason. */
function Others({ others, choice }: { others: readonly Target[]; choice: Choice }) {
  const reasons = Map.groupBy(others, (target) => misfit(choice, target.latestLocation) ?? '')
  return (
    <section className="stack-tight" aria-label="Cannot be acted on">
      <strong>Cannot be acted on</strong>
      <ul className="sentences">
        {[...reasons].map(([reason, targets]) => (
          <li key={reason}>
            {reason} <span className="muted">{names(targets)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function names(targets: readonly Target[]): string {
  const first = targets.slice(0, 5).map((target) => visible(target.recipient, 60))
  return first.join(', ') + (targets.length > 5 ? ` and ${targets.length - 5} more` : '')
}
