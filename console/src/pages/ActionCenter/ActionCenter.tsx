import { Button, Tab, TabList, Toolbar } from '@fluentui/react-components'
import { ArrowDownload20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { queryString } from '../../api/client.ts'
import { useCan } from '../../api/session.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { Selection } from '../../parts/Grid/types.ts'
import { Empty, Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { UndoByForm } from '../../undo/UndoByForm.tsx'
import { plural } from '../../words.ts'
import './action.css'
import { Bulk } from './Bulk.tsx'
import { columnsFor, nameOf } from './columns.tsx'
import { useActionSearch, useActions } from './data.ts'
import { Filters } from './Filters.tsx'
import { Flyout } from './Flyout.tsx'
import { actionQuery, idOf, isSort, sortedBy, type Tab as TabKey, tabOf } from './search.ts'

/** What waits for a decision, and everything that was ever done. */
export function ActionCenter() {
  const view = useActionSearch()
  const { search, change } = view
  const tab = tabOf(search)
  const actions = useActions(search)
  const [selection, setSelection] = useState<Selection>({})
  const can = useCan()('remediation.approve')
  const chosen = actions.rows.filter((row) => selection[row.id])
  const at = actions.rows.findIndex((row) => row.id === search.open)
  const go = (next: TabKey) => {
    setSelection({})
    const anew = { sort: undefined, dir: undefined, period: undefined, from: undefined, to: undefined }
    change({ tab: next === 'history' ? undefined : next, ...anew })
  }
  return (
    <Page
      title="Action center"
      note="What waits for a decision, and every remediation with who decided it and how it ended. Each can be undone."
      fill
    >
      <TabList
        selectedValue={tab}
        onTabSelect={(_, data) => go(data.value === 'pending' ? 'pending' : 'history')}
        aria-label="Action center"
      >
        <Tab value="pending">Pending</Tab>
        <Tab value="history">History</Tab>
      </TabList>
      <Filters {...view} onRefresh={actions.reload} />
      <Toolbar aria-label="Actions of the list" className="list-bar">
        {can ? <Bulk chosen={chosen} tab={tab} onDone={() => setSelection({})} /> : null}
        <span className="grow" />
        {can && tab === 'history' ? <UndoByForm /> : null}
        <Button
          size="small"
          appearance="subtle"
          icon={<ArrowDownload20Regular />}
          as="a"
          href={`/api/v1/actions.csv${queryString(actionQuery(search))}`}
          download={tab === 'pending' ? 'Pending actions.csv' : 'Action history.csv'}
        >
          Export
        </Button>
      </Toolbar>
      {actions.error ? (
        <Problem error={actions.error} title="The list could not be loaded" onRetry={actions.reload} />
      ) : null}
      <Grid
        label={tab === 'pending' ? 'Pending actions' : 'Action history'}
        rows={actions.rows}
        columns={columnsFor(search)}
        rowId={idOf}
        rowName={nameOf}
        {...(can ? { selection, onSelect: setSelection } : {})}
        onOpen={(action) => change({ open: action.id })}
        onEnd={actions.loadMore}
        onSort={(id) => {
          if (isSort(id)) change(sortedBy(search, id))
        }}
        total={actions.more ? undefined : actions.rows.length}
        loading={actions.loading}
        stale={actions.stale}
        empty={
          tab === 'pending' ? (
            <Empty title="Nothing waits for a decision">Proposed actions appear here until somebody decides.</Empty>
          ) : (
            <Empty title="No action in this period">Take a longer period, or take action in Explorer.</Empty>
          )
        }
      />
      <p className="hidden-visually" aria-live="polite">
        {actions.loading ? '' : `${plural(actions.rows.length, 'action')} loaded`}
      </p>
      {search.open ? (
        <Flyout
          key={search.open}
          id={search.open}
          previous={actions.rows[at - 1]?.id ?? null}
          next={at >= 0 ? (actions.rows[at + 1]?.id ?? null) : null}
          onGo={(id) => change({ open: id })}
          onClose={() => change({ open: undefined })}
        />
      ) : null}
    </Page>
  )
}
