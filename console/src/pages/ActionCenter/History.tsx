import { Link, useNavigate } from '@tanstack/react-router'
import type { ActionRow } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { GridColumn } from '../../parts/Grid/types.ts'
import { Empty, Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ActionStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { actionLabel } from '../../words.ts'
import { useActions } from './data.ts'

const COLUMNS: readonly GridColumn<ActionRow>[] = [
  {
    id: 'created',
    header: 'Submitted',
    width: '134px',
    phone: 'detail',
    sort: 'descending',
    cell: (a) => <Time at={a.createdAt} />,
  },
  {
    id: 'name',
    header: 'Name',
    width: 'minmax(220px, 2.4fr)',
    phone: 'title',
    cell: (a) => (
      <Link to="/action-center/$id" params={{ id: a.id }} className="link" tabIndex={-1}>
        <SafeText text={a.name} max={200} />
      </Link>
    ),
  },
  {
    id: 'kind',
    header: 'Action type',
    width: '168px',
    phone: 'detail',
    cell: (a) => actionLabel(a.kind, a.target),
  },
  { id: 'state', header: 'Status', width: '168px', phone: 'detail', cell: (a) => <ActionStatus state={a.state} /> },
  {
    id: 'done',
    header: 'Done',
    width: '110px',
    phone: 'detail',
    align: 'end',
    cell: (a) => `${(a.counts.done + a.counts.alreadyThere).toLocaleString()} of ${a.counts.total.toLocaleString()}`,
  },
  {
    id: 'by',
    header: 'Decided by',
    width: 'minmax(120px, 1fr)',
    phone: 'none',
    cell: (a) => <SafeText text={a.requestedBy.name} max={120} />,
  },
]
const idOf = (action: ActionRow) => action.id
const nameOf = (action: ActionRow) => visible(action.name, 80)

/** Every action, the newest first. */
export function History() {
  const actions = useActions()
  const navigate = useNavigate()
  return (
    <Page
      title="Action center"
      note="Every remediation, who asked for it, how it ended. Each can be undone from its page."
      fill
    >
      {actions.error ? <Problem error={actions.error} onRetry={actions.reload} /> : null}
      <Grid
        label="Actions"
        rows={actions.rows}
        columns={COLUMNS}
        rowId={idOf}
        rowName={nameOf}
        onOpen={(action) => void navigate({ to: '/action-center/$id', params: { id: action.id } })}
        onEnd={actions.loadMore}
        total={actions.more ? undefined : actions.rows.length}
        loading={actions.loading}
        empty={<Empty title="No action yet">Choose messages in Explorer and take action.</Empty>}
      />
    </Page>
  )
}
