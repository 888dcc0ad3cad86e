import { Button, Toolbar } from '@fluentui/react-components'
import { ArrowDownload20Regular, ShieldTask20Regular } from '@fluentui/react-icons'
import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { ApiFilter, MessageRow } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { Selection } from '../../parts/Grid/types.ts'
import { Empty } from '../../parts/Page.tsx'
import { useKept } from '../../parts/useKept.ts'
import type { Pages } from '../../parts/usePages.ts'
import { TakeAction } from '../../takeAction/TakeAction.tsx'
import { TakeActionOn } from '../../takeAction/TakeActionOn.tsx'
import { plural } from '../../words.ts'
import { ColumnChooser } from './ColumnChooser.tsx'
import { COLUMNS, LIST_COLUMNS, messageName, USUAL_COLUMNS } from './columns.tsx'
import { ExportList } from './ExportList.tsx'
import { SelectAllBar } from './SelectAllBar.tsx'

const idOf = (row: MessageRow) => row.id

interface Props {
  readonly filter: ApiFilter
  readonly pages: Pages<MessageRow>
  /** Recipient copies that match. */
  readonly total: number | undefined
  /** Whether anything is filtered by, and whether the server refused it. */
  readonly filtered: boolean
  readonly refused: boolean
}

/** The messages: choose, act, take along as a file. */
export function EmailList({ filter, pages, total, filtered, refused }: Props) {
  const [selection, setSelection] = useState<Selection>({})
  const [everything, setEverything] = useState(false)
  const [shown, show] = useKept('explorer.columns', LIST_COLUMNS, USUAL_COLUMNS)
  const [open, setOpen] = useState<'action' | 'export' | null>(null)
  const navigate = useNavigate()
  const hidden = useMemo(() => new Set<string>(LIST_COLUMNS.filter((id) => !shown.includes(id))), [shown])
  const chosen = useMemo(() => pages.rows.filter((row) => selection[row.id]), [pages.rows, selection])
  const select = (next: Selection) => {
    setSelection(next)
    setEverything(false)
  }
  const close = () => setOpen(null)
  const done = () => {
    close()
    select({})
  }
  return (
    <>
      <Toolbar aria-label="Messages" className="list-bar">
        <ActButton count={everything ? 1 : chosen.length} onClick={() => setOpen('action')} />
        <SelectAllBar
          chosen={chosen.length}
          loaded={pages.rows.length}
          more={pages.more}
          everything={everything}
          total={total}
          onEverything={setEverything}
          onClear={() => select({})}
        />
        <span className="grow" />
        <Button
          size="small"
          appearance="subtle"
          icon={<ArrowDownload20Regular />}
          disabledFocusable={pages.rows.length === 0}
          onClick={() => setOpen('export')}
        >
          Export
        </Button>
        <ColumnChooser shown={shown} onChange={show} />
      </Toolbar>
      <Grid
        label="Messages"
        rows={pages.rows}
        columns={COLUMNS}
        hidden={hidden}
        rowId={idOf}
        rowName={messageName}
        selection={selection}
        onSelect={select}
        onOpen={(row) => void navigate({ to: '/messages/$id', params: { id: row.id } })}
        onEnd={pages.loadMore}
        total={pages.more ? undefined : pages.rows.length}
        loading={pages.loading}
        stale={pages.stale}
        empty={refused ? <NotAsked /> : pages.error ? null : <NoMessage filtered={filtered} />}
      />
      {open === 'action' && everything ? (
        <TakeAction source={{ kind: 'filter', filter, copies: total ?? null }} onClose={close} onDone={done} />
      ) : null}
      {open === 'action' && !everything ? <TakeActionOn messages={chosen} onClose={close} onDone={done} /> : null}
      {open === 'export' ? <ExportList filter={filter} total={total} onClose={close} /> : null}
      <p className="hidden-visually" aria-live="polite">
        {pages.loading ? '' : `${plural(pages.rows.length, 'message')} loaded`}
      </p>
    </>
  )
}

const NotAsked = () => <Empty title="Nothing was asked">Correct or remove what is not valid above.</Empty>

function NoMessage({ filtered }: { filtered: boolean }) {
  return (
    <Empty title="No message matches">
      {filtered ? 'Remove a filter or take a longer time range.' : 'No mail has come in yet.'}
    </Empty>
  )
}

function ActButton({ count, onClick }: { count: number; onClick: () => void }) {
  const can = useCan()
  if (!can('remediation.propose') && !can('remediation.approve')) return null
  return (
    <Button appearance="primary" icon={<ShieldTask20Regular />} disabledFocusable={count === 0} onClick={onClick}>
      Take action
    </Button>
  )
}
