import { Button, Dropdown, Option } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { ActionItem, ActionRow, ItemPlace, ItemState } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { GridColumn, Selection } from '../../parts/Grid/types.ts'
import { Card, Empty } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ItemStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { ITEM_STATE, LOCATION, wordFor } from '../../words.ts'
import { canUndo, useItems } from './data.ts'
import { UndoDialog } from './UndoDialog.tsx'

const COLUMNS: readonly GridColumn<ActionItem>[] = [
  {
    id: 'recipient',
    header: 'Recipient',
    width: 'minmax(160px, 1.2fr)',
    phone: 'title',
    cell: (item) => <SafeText text={item.recipient} max={120} />,
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
  readonly action: ActionRow
  readonly state: ItemState | null
  readonly onState: (state: ItemState | null) => void
  readonly running: boolean
}

export function Items({ action, state, onState, running }: Props) {
  const items = useItems(action.id, state, running)
  const [selection, setSelection] = useState<Selection>({})
  const [undoing, setUndoing] = useState(false)
  const can = useCan()('remediation.approve') && canUndo(action)
  const chosen = items.rows.filter((item) => selection[item.id] && item.state === 'done' && item.revertedBy === null)
  return (
    <Card
      title="Items"
      actions={
        <>
          {can && Object.keys(selection).length > 0 ? (
            <Button size="small" disabledFocusable={chosen.length === 0} onClick={() => setUndoing(true)}>
              Undo {chosen.length} chosen
            </Button>
          ) : null}
          <Dropdown
            size="small"
            aria-label="Show items"
            value={state ? ITEM_STATE[state] : 'All results'}
            selectedOptions={[state ?? 'all']}
            onOptionSelect={(_, data) =>
              onState(
                data.optionValue !== undefined && data.optionValue in ITEM_STATE
                  ? (data.optionValue as ItemState)
                  : null,
              )
            }
          >
            <Option value="all">All results</Option>
            {Object.entries(ITEM_STATE).map(([key, label]) => (
              <Option key={key} value={key}>
                {label}
              </Option>
            ))}
          </Dropdown>
        </>
      }
    >
      {items.error ? <Problem error={items.error} onRetry={items.reload} /> : null}
      <div className="grid-box items-box">
        <Grid
          label="Items"
          rows={items.rows}
          columns={COLUMNS}
          rowId={idOf}
          rowName={nameOf}
          {...(can ? { selection, onSelect: setSelection } : {})}
          onEnd={items.loadMore}
          total={items.more ? undefined : items.rows.length}
          loading={items.loading}
          stale={items.stale}
          empty={<Empty title={state ? `No item is ${ITEM_STATE[state].toLowerCase()}` : 'No item'} />}
        />
      </div>
      {undoing ? (
        <UndoDialog action={action} items={chosen.map((item) => item.id)} onClose={() => setUndoing(false)} />
      ) : null}
    </Card>
  )
}
