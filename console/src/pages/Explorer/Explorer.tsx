import { Button, Toolbar } from '@fluentui/react-components'
import { ShieldTask20Regular } from '@fluentui/react-icons'
import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { MessageRow } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { Selection } from '../../parts/Grid/types.ts'
import { Empty, Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { TakeAction } from '../../takeAction/TakeAction.tsx'
import { TakeActionOn } from '../../takeAction/TakeActionOn.tsx'
import { plural } from '../../words.ts'
import { ColumnChooser } from './ColumnChooser.tsx'
import { COLUMNS, HIDDEN_AT_FIRST, messageName } from './columns.tsx'
import { useExplorerSearch, useHistogram, useMessages } from './data.ts'
import './explorer.css'
import { FilterBar } from './FilterBar.tsx'
import { HistogramCard } from './HistogramCard.tsx'
import { SelectAllBar } from './SelectAllBar.tsx'

const idOf = (row: MessageRow) => row.id

/** All mail: filter, chart, list, choose, act. */
export function Explorer() {
  const view = useExplorerSearch()
  const by = view.search.by ?? 'action'
  const { filter, pages, refresh } = useMessages(view.search)
  const [selection, setSelection] = useState<Selection>({})
  const [everything, setEverything] = useState(false)
  const [chart, setChart] = useState(true)
  const [hidden, setHidden] = useState(HIDDEN_AT_FIRST)
  const [acting, setActing] = useState(false)
  const total = useHistogram(filter, by).data?.total
  const navigate = useNavigate()
  const chosen = useMemo(() => pages.rows.filter((row) => selection[row.id]), [pages.rows, selection])
  const select = (next: Selection) => {
    setSelection(next)
    setEverything(false)
  }
  const done = () => {
    setActing(false)
    select({})
  }
  return (
    <Page title="Explorer" fill>
      <FilterBar {...view} onRefresh={refresh} />
      {chart ? (
        <HistogramCard
          filter={filter}
          by={by}
          onPivot={(pivot) => view.change({ by: pivot === 'action' ? undefined : pivot })}
          onHide={() => setChart(false)}
          onRange={(from, to) => view.change({ range: 'custom', from, to })}
        />
      ) : null}
      <Toolbar aria-label="Messages" className="list-bar">
        <ActButton count={everything ? 1 : chosen.length} onClick={() => setActing(true)} />
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
        {chart ? null : (
          <Button size="small" appearance="subtle" onClick={() => setChart(true)}>
            Show chart
          </Button>
        )}
        <ColumnChooser hidden={hidden} onChange={setHidden} />
      </Toolbar>
      {pages.error ? <Problem error={pages.error} title="The list could not be loaded" onRetry={pages.reload} /> : null}
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
        empty={
          <Empty title="No message matches">
            {Object.keys(view.search).length > 0
              ? 'Remove a filter or take a longer time range.'
              : 'No mail has come in yet.'}
          </Empty>
        }
      />
      {acting && everything ? (
        <TakeAction
          source={{ kind: 'filter', filter, copies: total ?? null }}
          onClose={() => setActing(false)}
          onDone={done}
        />
      ) : null}
      {acting && !everything ? <TakeActionOn messages={chosen} onClose={() => setActing(false)} onDone={done} /> : null}
      <p className="hidden-visually" aria-live="polite">
        {pages.loading ? '' : `${plural(pages.rows.length, 'message')} loaded`}
      </p>
    </Page>
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
