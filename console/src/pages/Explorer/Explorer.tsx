import { Button, Tab, TabList } from '@fluentui/react-components'
import { Dismiss12Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { wrongWith } from '../../api/client.ts'
import type { SavedQuery } from '../../api/types.ts'
import { replaced } from '../../parts/filters/conditions.ts'
import { Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { visible } from '../../parts/text.ts'
import { useExplorerSearch, useHistogram, useMessages } from './data.ts'
import { EmailList } from './EmailList.tsx'
import './explorer.css'
import { FilterBar } from './FilterBar.tsx'
import type { ExplorerSearch } from './filters.ts'
import { HistogramCard } from './HistogramCard.tsx'
import type { FilterKey } from './properties.ts'
import { useQueries } from './queries/data.ts'
import { Queries } from './queries/Queries.tsx'
import { TopList } from './TopList.tsx'
import { isTop, TOPS } from './tops.ts'

/** All mail: filter, chart, list and counts, choose, act. */
export function Explorer() {
  const view = useExplorerSearch()
  const { search, change } = view
  const by = search.by ?? 'action'
  const { filter, pages, refresh } = useMessages(search)
  const [chart, setChart] = useState(true)
  const total = useHistogram(filter, by).data?.total
  const opened = useOpened(search)
  const wrong = wrongWith(pages.error)
  const pick = (key: FilterKey, value: string, not: boolean) =>
    change({ ...replaced(search, null, { word: not ? 'none of' : 'any of', key, not }, [value]), top: undefined })
  return (
    <Page
      title="Explorer"
      note={opened ? <Opened query={opened} onLeave={() => change({ query: undefined })} /> : null}
      actions={<Queries view={view} filter={filter} opened={opened} />}
      fill
    >
      <FilterBar {...view} wrong={wrong} onRefresh={refresh} />
      {pages.error && !isTold(wrong, search) ? (
        <Problem error={pages.error} title="The list could not be loaded" onRetry={pages.reload} />
      ) : null}
      {chart && !pages.error ? (
        <HistogramCard
          filter={filter}
          by={by}
          onPivot={(pivot) => change({ by: pivot === 'action' ? undefined : pivot })}
          onHide={() => setChart(false)}
          onRange={(from, to) => change({ range: 'custom', from, to })}
          onPick={(value) => pick(by, value, false)}
        />
      ) : null}
      <Tabs search={search} chart={chart} onChart={() => setChart(true)} onTop={(top) => change({ top })} />
      {search.top ? (
        <TopList
          key={search.top}
          of={search.top}
          filter={filter}
          onPick={(value, not) => pick(search.top ?? 'sender', value, not)}
        />
      ) : (
        <EmailList
          filter={filter}
          pages={pages}
          total={total}
          filtered={Object.keys(search).length > 0}
          refused={Object.keys(wrong).length > 0}
        />
      )}
    </Page>
  )
}

/** Whether the conditions themselves show all that the server refused. */
const isTold = (wrong: Readonly<Record<string, string>>, search: ExplorerSearch): boolean =>
  Object.keys(wrong).length > 0 && Object.keys(wrong).every((key) => Object.hasOwn(search, key))

/** The saved query that the address names; one that is gone is none. */
function useOpened({ query }: ExplorerSearch): SavedQuery | null {
  const queries = useQueries(false, query !== undefined)
  return (query !== undefined && queries.data?.items.find(({ id }) => id === query)) || null
}

function Opened({ query, onLeave }: { query: SavedQuery; onLeave: () => void }) {
  return (
    <span className="row">
      <span>
        Saved query: <strong>{visible(query.name, 100)}</strong>
      </span>
      <Button
        size="small"
        appearance="transparent"
        icon={<Dismiss12Regular />}
        aria-label="Leave the saved query"
        title="Leave the saved query; the filter stays"
        onClick={onLeave}
      />
    </span>
  )
}

interface TabsProps {
  readonly search: ExplorerSearch
  readonly chart: boolean
  readonly onChart: () => void
  readonly onTop: (top: ExplorerSearch['top']) => void
}

/** The mail itself, and what most of it has. */
function Tabs({ search, chart, onChart, onTop }: TabsProps) {
  return (
    <div className="row explorer-tabs">
      <div className="tabs-scroll grow">
        <TabList
          size="small"
          aria-label="Details"
          selectedValue={search.top ?? 'email'}
          onTabSelect={(_, data) => onTop(isTop(data.value) ? data.value : undefined)}
        >
          <Tab value="email">Email</Tab>
          {Object.entries(TOPS).map(([key, { label }]) => (
            <Tab key={key} value={key}>
              {label}
            </Tab>
          ))}
        </TabList>
      </div>
      {chart ? null : (
        <Button size="small" appearance="subtle" onClick={onChart}>
          Show chart
        </Button>
      )}
    </div>
  )
}
