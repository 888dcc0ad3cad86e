import { Button } from '@fluentui/react-components'
import { ArrowDownload20Regular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { queryString } from '../../api/client.ts'
import { useCan } from '../../api/session.ts'
import type { ActionDetail, ActionItem, ItemPlace, ResultClass } from '../../api/types.ts'
import { Choice } from '../../parts/filters/Choice.tsx'
import { FreeText } from '../../parts/filters/FreeText.tsx'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { GridColumn, Selection } from '../../parts/Grid/types.ts'
import { Card, Empty } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ItemStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { LOCATION, plural, RESULT_CLASS, wordFor } from '../../words.ts'
import { ApprovePart } from './ApprovePart.tsx'
import { useItems } from './data.ts'
import { KeepDialog } from './KeepDialog.tsx'
import { UndoDialog } from './UndoDialog.tsx'

const COLUMNS: readonly GridColumn<ActionItem>[] = [
  {
    id: 'recipient',
    header: 'Recipient',
    width: 'minmax(160px, 1.2fr)',
    phone: 'title',
    cell: (item) => (
      <>
        <SafeText text={item.recipient} max={120} />
        {item.senderCopy ? <span className="muted"> (sender’s copy)</span> : null}
      </>
    ),
  },
  {
    id: 'subject',
    header: 'Message',
    width: 'minmax(160px, 1.4fr)',
    phone: 'none',
    cell: (item) => (
      <Link to="/messages/$id" params={{ id: item.messageId }} className="link" tabIndex={-1}>
        <SafeText text={item.subject} max={160} empty="(no subject)" />
      </Link>
    ),
  },
  { id: 'state', header: 'Result', width: '128px', phone: 'detail', cell: (item) => <ItemStatus state={item.state} /> },
  { id: 'before', header: 'Before', width: '116px', phone: 'detail', cell: (item) => <Where place={item.before} /> },
  { id: 'after', header: 'After', width: '116px', phone: 'detail', cell: (item) => <Where place={item.after} /> },
  {
    id: 'verified',
    header: 'Verified',
    width: '134px',
    phone: 'none',
    cell: (item) => (item.verifiedAt ? <Time at={item.verifiedAt} /> : <span className="muted">Not verified</span>),
  },
  {
    id: 'reason',
    header: 'Reason',
    width: 'minmax(160px, 1.6fr)',
    phone: 'detail',
    cell: (item) => (
      <span title={visible(whyOf(item), 600)}>
        <SafeText text={whyOf(item)} max={300} />
      </span>
    ),
  },
]

/** Of two copies that were left in doubt, who has said which one stays; or how to say it. */
const choiceColumn = (onKeep: ((item: ActionItem) => void) | null): GridColumn<ActionItem> => ({
  id: 'choice',
  header: 'Two copies',
  width: '168px',
  phone: 'detail',
  cell: (item) => {
    if (!item.both) return <span className="muted">–</span>
    const { decided } = item.both
    if (decided)
      return (
        <Link to="/action-center/$id" params={{ id: decided.actionId }} className="link">
          <SafeText text={`${decided.by}: ${decided.keeps} stays`} max={120} />
        </Link>
      )
    if (!onKeep) return <span className="muted">Not decided</span>
    return (
      <Button size="small" aria-label={`Keep one of two copies, ${nameOf(item)}`} onClick={() => onKeep(item)}>
        Keep one of them
      </Button>
    )
  },
})

function Where({ place }: { place: ItemPlace | null }) {
  if (!place) return <span className="muted">–</span>
  const name = place.location === 'folder' ? (place.folder ?? 'Folder') : wordFor(LOCATION, place.location ?? 'unknown')
  const flags =
    place.flags && place.flags.length > 0 ? `${place.folder ?? ''} ${place.flags.join(' ')}` : (place.folder ?? '')
  return <bdi title={visible(flags, 200)}>{visible(name, 60)}</bdi>
}

/** Why it ended so, or what could not come back as it was. */
const whyOf = (item: ActionItem): string => item.reason ?? item.lost.join(' ')

const idOf = (item: ActionItem) => item.id
const nameOf = (item: ActionItem) => visible(item.recipient, 80)

interface Props {
  readonly action: ActionDetail
  readonly cls: ResultClass | null
  readonly onClass: (cls: ResultClass | null) => void
}

const CLASSES = { all: 'All results', ...RESULT_CLASS }

/** The log, copy by copy. What is chosen in it can be undone, or left out of an approval. */
export function Items({ action, cls, onClass }: Props) {
  const [q, setQ] = useState('')
  const items = useItems(action.id, action.state, cls, q)
  const [selection, setSelection] = useState<Selection>({})
  const [doing, setDoing] = useState<'undo' | 'part' | null>(null)
  const [keeping, setKeeping] = useState<ActionItem | null>(null)
  const may = useCan()
  const mayKeep = may('remediation.propose')
  const columns = items.rows.some((item) => item.both)
    ? COLUMNS.toSpliced(3, 0, choiceColumn(mayKeep ? setKeeping : null))
    : COLUMNS
  const { undo, redo, approvePart } = action.can
  const back = undo || redo
  const chosen = items.rows.filter((item) => selection[item.id])
  const done = chosen.filter((item) => item.state === 'done' && item.revertedBy === null)
  return (
    <Card
      title="Log"
      actions={
        <>
          {back && chosen.length > 0 ? (
            <Button size="small" disabledFocusable={done.length === 0} onClick={() => setDoing('undo')}>
              Undo {done.length} chosen
            </Button>
          ) : null}
          {approvePart && chosen.length > 0 ? (
            <Button size="small" onClick={() => setDoing('part')}>
              Approve without {plural(chosen.length, 'copy', 'copies')}
            </Button>
          ) : null}
          <FreeText value={q} label="Search recipient or subject" placeholder="Recipient or subject" onSearch={setQ} />
          <Choice
            label="Show items"
            value={cls ?? 'all'}
            options={CLASSES}
            onChoose={(key) => onClass(key === 'all' ? null : (key as ResultClass))}
          />
          <Button
            size="small"
            appearance="subtle"
            icon={<ArrowDownload20Regular />}
            as="a"
            href={`/api/v1/actions/${action.id}/items.csv${queryString({ class: cls ?? undefined, q: q || undefined })}`}
            download="Action log.csv"
          >
            Export
          </Button>
        </>
      }
    >
      {items.error ? <Problem error={items.error} onRetry={items.reload} /> : null}
      <div className="grid-box items-box">
        <Grid
          label="Items"
          rows={items.rows}
          columns={columns}
          rowId={idOf}
          rowName={nameOf}
          {...(back || approvePart ? { selection, onSelect: setSelection } : {})}
          onEnd={items.loadMore}
          total={items.more ? undefined : items.rows.length}
          loading={items.loading}
          stale={items.stale}
          empty={<Empty title={cls ? `Nothing is ${RESULT_CLASS[cls].toLowerCase()}` : 'No copy'} />}
        />
      </div>
      {doing === 'undo' ? (
        <UndoDialog action={action} items={done.map((item) => item.id)} onClose={() => setDoing(null)} />
      ) : null}
      {keeping?.both ? (
        <KeepDialog actionId={action.id} item={keeping} both={keeping.both} onClose={() => setKeeping(null)} />
      ) : null}
      {doing === 'part' ? (
        <ApprovePart
          action={action}
          leftOut={chosen.map((item) => item.id)}
          onClose={() => {
            setDoing(null)
            setSelection({})
          }}
        />
      ) : null}
    </Card>
  )
}
