import { Link } from '@tanstack/react-router'
import type { ActionRow } from '../../api/types.ts'
import type { GridColumn } from '../../parts/Grid/types.ts'
import { SafeText } from '../../parts/SafeText.tsx'
import { ActionStatus, Status } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { actionLabel, plural, SEVERITY, SOURCE, wordFor } from '../../words.ts'
import { type ActionSearch, orderOf, type SortKey, tabOf } from './search.ts'

const NAME: GridColumn<ActionRow> = {
  id: 'name',
  header: 'Name',
  width: 'minmax(220px, 2.2fr)',
  phone: 'title',
  sortable: true,
  cell: (a) => (
    <Link to="/action-center/$id" params={{ id: a.id }} className="link" tabIndex={-1}>
      <SafeText text={a.name} max={200} />
    </Link>
  ),
}
const KIND: GridColumn<ActionRow> = {
  id: 'kind',
  header: 'Action type',
  width: '160px',
  phone: 'detail',
  sortable: true,
  cell: (a) => actionLabel(a.kind, a.target),
}
const STATE: GridColumn<ActionRow> = {
  id: 'state',
  header: 'Status',
  width: '168px',
  phone: 'detail',
  sortable: true,
  cell: (a) => <ActionStatus state={a.state} />,
}
const COPIES: GridColumn<ActionRow> = {
  id: 'copies',
  header: 'Copies',
  width: '110px',
  phone: 'detail',
  align: 'end',
  sortable: true,
  cell: (a) => copiesOf(a),
}
const SEVERE: GridColumn<ActionRow> = {
  id: 'severity',
  header: 'Severity',
  width: '90px',
  phone: 'none',
  cell: (a) => (a.severity ? wordFor(SEVERITY, a.severity) : '–'),
}
const FROM: GridColumn<ActionRow> = {
  id: 'source',
  header: 'Action source',
  width: '130px',
  phone: 'none',
  cell: (a) => wordFor(SOURCE, a.source),
}
const APPROVAL: GridColumn<ActionRow> = {
  id: 'approval',
  header: 'Approval ID',
  width: '110px',
  phone: 'none',
  cell: (a) => <code>{a.approvalId}</code>,
}
const CREATED: GridColumn<ActionRow> = {
  id: 'created',
  header: 'Created',
  width: '134px',
  phone: 'detail',
  sortable: true,
  cell: (a) => <Time at={a.createdAt} />,
}

const PENDING: readonly GridColumn<ActionRow>[] = [
  CREATED,
  NAME,
  KIND,
  COPIES,
  SEVERE,
  {
    id: 'by',
    header: 'Requested by',
    width: 'minmax(120px, 1fr)',
    phone: 'detail',
    cell: (a) => <SafeText text={a.requestedBy.name} max={120} />,
  },
  {
    id: 'expires',
    header: 'Expires',
    width: '150px',
    phone: 'detail',
    sortable: true,
    cell: (a) => <Expires action={a} />,
  },
  FROM,
  APPROVAL,
]

const HISTORY: readonly GridColumn<ActionRow>[] = [
  {
    id: 'updated',
    header: 'Updated',
    width: '134px',
    phone: 'detail',
    sortable: true,
    cell: (a) => <Time at={a.updatedAt} />,
  },
  NAME,
  KIND,
  STATE,
  COPIES,
  {
    id: 'decided',
    header: 'Decided by',
    width: 'minmax(120px, 1fr)',
    phone: 'none',
    sortable: true,
    cell: (a) => <SafeText text={a.decidedBy ?? '–'} max={120} />,
  },
  SEVERE,
  FROM,
  APPROVAL,
]

/** The product's columns of each tab, with the order that the list has. */
export function columnsFor(search: ActionSearch): readonly GridColumn<ActionRow>[] {
  const { sort, dir } = orderOf(search)
  const columns = tabOf(search) === 'pending' ? PENDING : HISTORY
  return columns.map((column) =>
    column.id === (sort satisfies SortKey) ? { ...column, sort: dir === 'asc' ? 'ascending' : 'descending' } : column,
  )
}

export function copiesOf({ counts }: Pick<ActionRow, 'counts'>): string {
  const good = counts.done + counts.alreadyThere
  return counts.planned === counts.total
    ? counts.total.toLocaleString()
    : `${good.toLocaleString()} of ${counts.total.toLocaleString()}`
}

const HOUR = 3_600_000

/** How long a proposal still waits; in its last day it warns. */
export function Expires({ action }: { action: Pick<ActionRow, 'expiresAt' | 'expiring'> }) {
  if (!action.expiresAt) return <span className="muted">–</span>
  const left = Date.parse(action.expiresAt) - Date.now()
  const text =
    left <= 0
      ? 'now'
      : left < 48 * HOUR
        ? `in ${plural(Math.max(1, Math.round(left / HOUR)), 'hour')}`
        : `in ${plural(Math.round(left / (24 * HOUR)), 'day')}`
  return action.expiring ? <Status tone="warn">Expires {text}</Status> : <span>{text}</span>
}

export const nameOf = (action: Pick<ActionRow, 'name'>): string => visible(action.name, 80)
