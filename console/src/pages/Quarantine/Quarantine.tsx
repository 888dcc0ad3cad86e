import { Button, Menu, MenuItemCheckbox, MenuList, MenuPopover, MenuTrigger, Toolbar } from '@fluentui/react-components'
import { ArrowDownload20Regular, ColumnTriple20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { queryString } from '../../api/client.ts'
import { useCan } from '../../api/session.ts'
import type { QuarantineRow } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { Selection } from '../../parts/Grid/types.ts'
import { Empty, Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { plural } from '../../words.ts'
import { Acts, type Doing } from './Acts.tsx'
import { asSort, COLUMN_NAMES, columnsFor, HIDDEN_AT_FIRST, messageName } from './columns.tsx'
import { Details } from './Details.tsx'
import { Doings } from './Doings.tsx'
import { useHeld, useHeldSearch } from './data.ts'
import { Filters } from './Filters.tsx'
import './quarantine.css'
import { asQuery, orderOf, sortedBy } from './search.ts'

const idOf = (row: QuarantineRow) => row.messageId

/** What is held: find, look, decide; one by one, many, or all that a filter matches. */
export function Quarantine() {
  const view = useHeldSearch()
  const { search, change } = view
  const { filter, pages, counts, refresh } = useHeld(search)
  const [selection, setSelection] = useState<Selection>({})
  const [everything, setEverything] = useState(false)
  const [hidden, setHidden] = useState(HIDDEN_AT_FIRST)
  const [doing, setDoing] = useState<(Doing & { readonly over: string | undefined }) | null>(null)
  const start = (next: Doing) => setDoing({ ...next, over: search.open })
  // Back and Forward change what lies under it: what was asked over something else is not asked any more.
  if (doing && doing.over !== search.open) setDoing(null)
  const can = useCan()
  const chosen = pages.rows.filter((row) => selection[row.messageId])
  const select = (next: Selection) => {
    setSelection(next)
    setEverything(false)
  }
  const at = pages.rows.findIndex((row) => row.messageId === search.open)
  const act = can('quarantine.manage') || can('mail.content')
  const many = everything
    ? {
        select: { filter },
        rows: pages.rows,
        everything: true,
        what: `all that match (${plural(counts?.messages ?? 0, 'message')})`,
      }
    : {
        select: { messageIds: chosen.map(idOf) },
        rows: chosen,
        everything: false,
        what: chosen.length === 1 && chosen[0] ? `“${messageName(chosen[0])}”` : plural(chosen.length, 'message'),
      }
  return (
    <Page
      title="Quarantine"
      note="Messages that are held. A release gives the message to the recipients as it came; it does not pass the filters again."
      fill
    >
      <Filters {...view} onRefresh={refresh} />
      <Toolbar aria-label="Quarantined messages" className="list-bar">
        {act ? <Acts subject={many} onDo={start} /> : null}
        <Chosen
          chosen={chosen.length}
          loaded={pages.rows.length}
          everything={everything}
          messages={counts?.messages}
          onEverything={() => setEverything(true)}
          onClear={() => select({})}
        />
        <span className="grow" />
        <Button
          size="small"
          appearance="subtle"
          icon={<ArrowDownload20Regular />}
          as="a"
          href={`/api/v1/quarantine.csv${queryString({ ...asQuery(filter), ...orderOf(search) })}`}
          download="Quarantine.csv"
        >
          Export
        </Button>
        <Columns hidden={hidden} onChange={setHidden} />
      </Toolbar>
      {pages.error ? <Problem error={pages.error} title="The list could not be loaded" onRetry={pages.reload} /> : null}
      <Grid
        label="Quarantined messages"
        rows={pages.rows}
        columns={columnsFor(search)}
        hidden={hidden}
        rowId={idOf}
        rowName={messageName}
        {...(act ? { selection, onSelect: select } : {})}
        onOpen={(row) => change({ open: row.messageId })}
        onEnd={pages.loadMore}
        onSort={(id) => {
          const sort = asSort(id)
          if (sort) change(sortedBy(search, sort))
        }}
        total={counts?.messages}
        loading={pages.loading}
        stale={pages.stale}
        empty={
          <Empty title="Nothing in quarantine matches">
            {Object.keys(search).length > 0
              ? 'Remove a filter or take a longer time range.'
              : 'Nothing was held in the last 7 days.'}
          </Empty>
        }
      />
      <p className="hidden-visually" aria-live="polite">
        {pages.loading ? '' : `${plural(pages.rows.length, 'message')} loaded`}
      </p>
      {search.open ? (
        <Details
          key="details"
          id={search.open}
          previous={pages.rows[at - 1]?.messageId ?? null}
          next={at >= 0 ? (pages.rows[at + 1]?.messageId ?? null) : null}
          onGo={(id) => change({ open: id })}
          onClose={() => change({ open: undefined })}
          actions={(row) => (
            <Acts
              subject={{
                select: { messageIds: [row.messageId] },
                rows: [row],
                everything: false,
                what: `“${messageName(row)}”`,
              }}
              onDo={start}
            />
          )}
        />
      ) : null}
      {doing ? <Doings doing={doing} onClose={() => setDoing(null)} onDone={() => select({})} /> : null}
    </Page>
  )
}

function Chosen(props: {
  chosen: number
  loaded: number
  everything: boolean
  messages: number | undefined
  onEverything: () => void
  onClear: () => void
}) {
  const { chosen, loaded, everything, messages } = props
  if (chosen === 0) return messages === undefined ? null : <span className="muted">{plural(messages, 'message')}</span>
  return (
    <span className="row" role="status">
      <span>
        {everything
          ? `Chosen: all that match (${plural(messages ?? 0, 'message')})`
          : `${plural(chosen, 'message')} chosen`}
      </span>
      {!everything && chosen === loaded && loaded > 1 ? (
        <Button size="small" appearance="transparent" onClick={props.onEverything}>
          Choose all that match ({plural(messages ?? loaded, 'message')})
        </Button>
      ) : null}
      <Button size="small" appearance="transparent" onClick={props.onClear}>
        Clear
      </Button>
    </span>
  )
}

function Columns(props: { hidden: ReadonlySet<string>; onChange: (hidden: ReadonlySet<string>) => void }) {
  const shown = COLUMN_NAMES.map((c) => c.id).filter((id) => !props.hidden.has(id))
  return (
    <Menu
      inline
      checkedValues={{ columns: shown }}
      onCheckedValueChange={(_, data) =>
        props.onChange(new Set(COLUMN_NAMES.map((c) => c.id).filter((id) => !data.checkedItems.includes(id))))
      }
    >
      <MenuTrigger disableButtonEnhancement>
        <Button size="small" appearance="subtle" icon={<ColumnTriple20Regular />}>
          Columns
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {COLUMN_NAMES.map((column) => (
            <MenuItemCheckbox key={column.id} name="columns" value={column.id} disabled={column.id === 'subject'}>
              {column.header}
            </MenuItemCheckbox>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
