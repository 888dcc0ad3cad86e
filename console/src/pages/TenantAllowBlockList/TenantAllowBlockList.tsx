import { Button, Tab, TabList, Toolbar } from '@fluentui/react-components'
import { Add20Regular, Delete20Regular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { Entry } from '../../api/types.ts'
import { withPart } from '../../parts/filters/search.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { GridColumn, Selection } from '../../parts/Grid/types.ts'
import { Empty, Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { Status } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { UndoByCauseButton } from '../../undo/UndoByCause.tsx'
import { ENTRY_KIND, plural, wordFor } from '../../words.ts'
import { AddEntry } from './AddEntry.tsx'
import { BrakedSources } from './BrakedSources.tsx'
import { useEntries, useEntrySearch } from './data.ts'
import { Filters } from './Filters.tsx'
import './lists.css'
import { RemoveEntries } from './RemoveEntries.tsx'
import { SuspendedSignals } from './SuspendedSignals.tsx'
import { isNarrowed } from './search.ts'

const COLUMNS: readonly GridColumn<Entry>[] = [
  {
    id: 'value',
    header: 'Value',
    width: 'minmax(220px, 2fr)',
    phone: 'title',
    cell: (e) => <SafeText text={e.value} max={300} />,
  },
  { id: 'kind', header: 'Type', width: '156px', phone: 'detail', cell: (e) => wordFor(ENTRY_KIND, e.kind) },
  {
    id: 'action',
    header: 'Action',
    width: '92px',
    phone: 'detail',
    cell: (e) => (
      <Status tone={e.action === 'allow' ? 'good' : 'bad'}>{e.action === 'allow' ? 'Allow' : 'Block'}</Status>
    ),
  },
  {
    id: 'expires',
    header: 'Remove on',
    width: '134px',
    phone: 'detail',
    cell: (e) => (e.expiresAt ? <Time at={e.expiresAt} /> : 'Never expires'),
  },
  {
    id: 'matches',
    header: 'Matches',
    width: '84px',
    phone: 'none',
    align: 'end',
    cell: (e) => e.matches.toLocaleString(),
  },
  { id: 'last', header: 'Last matched', width: '134px', phone: 'none', cell: (e) => <Time at={e.lastMatchedAt} /> },
  {
    id: 'by',
    header: 'Created by',
    width: 'minmax(110px, 1fr)',
    phone: 'none',
    cell: (e) => <SafeText text={e.createdBy} max={100} />,
  },
  {
    id: 'note',
    header: 'Note',
    width: 'minmax(120px, 1.4fr)',
    phone: 'detail',
    cell: (e) => <SafeText text={e.note} max={200} />,
  },
]
const idOf = (entry: Entry) => entry.id
const nameOf = (entry: Entry) => visible(entry.value, 80)

/** Allow and block entries of the organisation. */
export function TenantAllowBlockList() {
  const { search, go } = useEntrySearch()
  const { action = null } = search
  const entries = useEntries(search)
  const [selection, setSelection] = useState<Selection>({})
  const [open, setOpen] = useState<'add' | 'remove' | null>(null)
  const write = useCan()('lists.write')
  const rows = entries.rows.filter((entry) => action === null || entry.action === action)
  const chosen = rows.filter((entry) => selection[entry.id])
  return (
    <Page
      title="Tenant Allow/Block List"
      note="Entries are matched anew whenever a message is judged or judged again."
      fill
    >
      <div className="tabs-scroll">
        <TabList
          aria-label="Show entries"
          selectedValue={action ?? 'all'}
          onTabSelect={(_, data) => {
            const part = data.value === 'allow' || data.value === 'block' ? data.value : undefined
            go(withPart(search, { action: part }))
            setSelection({})
          }}
        >
          <Tab value="all">All entries</Tab>
          <Tab value="block">Block</Tab>
          <Tab value="allow">Allow</Tab>
        </TabList>
      </div>
      <Filters
        search={search}
        onChange={(next) => {
          go(next)
          setSelection({})
        }}
      />
      {write ? (
        <Toolbar aria-label="Entries" className="list-bar">
          <Button appearance="primary" icon={<Add20Regular />} onClick={() => setOpen('add')}>
            Add
          </Button>
          <Button icon={<Delete20Regular />} disabledFocusable={chosen.length === 0} onClick={() => setOpen('remove')}>
            Remove
          </Button>
          {chosen.length === 1 && chosen[0]?.action === 'block' ? (
            <UndoByCauseButton
              what={`everything that the entry ${nameOf(chosen[0])} did`}
              select={{ entry: { id: chosen[0].id } }}
              source="lists"
            />
          ) : null}
          {chosen.length === 1 && chosen[0]?.submissionId ? (
            <Link to="/submissions" search={{ id: chosen[0].submissionId }} className="link">
              View submission
            </Link>
          ) : null}
          {chosen.length > 0 ? <span role="status">{plural(chosen.length, 'entry', 'entries')} chosen</span> : null}
        </Toolbar>
      ) : null}
      <BrakedSources />
      <SuspendedSignals />
      {entries.error ? <Problem error={entries.error} onRetry={entries.reload} /> : null}
      <Grid
        label="Entries"
        rows={rows}
        columns={COLUMNS}
        rowId={idOf}
        rowName={nameOf}
        {...(write ? { selection, onSelect: setSelection } : {})}
        onEnd={entries.loadMore}
        total={entries.more ? undefined : rows.length}
        loading={entries.loading}
        stale={entries.stale}
        empty={
          isNarrowed(search) ? (
            <Empty title="No entry is like this">Take a condition away.</Empty>
          ) : (
            <Empty title="No entry">An entry allows or blocks a sender, a domain, a URL, a file or an address.</Empty>
          )
        }
      />
      {open === 'add' ? <AddEntry start={action ?? 'block'} onClose={() => setOpen(null)} /> : null}
      {open === 'remove' ? (
        <RemoveEntries
          entries={chosen}
          onClose={() => setOpen(null)}
          onRemoved={() => {
            setSelection({})
            setOpen(null)
          }}
        />
      ) : null}
    </Page>
  )
}
