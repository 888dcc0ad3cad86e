// biome-ignore-all lint/a11y/useSemanticElements: rows are positioned one by one, which elements of a table cannot be
// biome-ignore-all lint/a11y/useFocusableInteractive: the row holds the grid's one tab stop, not its cells
import { Checkbox, Spinner } from '@fluentui/react-components'
import {
  columnVisibilityFeature,
  createColumnHelper,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { useCallback, useMemo, useRef } from 'react'
import { useNarrow } from '../../shell/useNarrow.ts'
import './grid.css'
import { GridRow } from './GridRow.tsx'
import type { GridProps, Selection } from './types.ts'
import { useRoving } from './useRoving.ts'
import { CARD, useRows } from './useRows.ts'

const features = tableFeatures({ columnVisibilityFeature, rowSelectionFeature })

/**
 * A list of any length: only the rows in sight are in the page. One tab stop; arrows, Home, End, Page keys move, Space
 * chooses, Ctrl+A chooses all that is loaded, Enter opens. On a phone each row is a card.
 */
export function Grid<T extends object>(props: GridProps<T>) {
  const { rows, columns, rowId, selection, onSelect } = props
  const phone = useNarrow(720)
  const cardHeight = props.cardHeight ?? CARD
  const scroller = useRef<HTMLDivElement>(null)
  const definitions = useMemo(() => {
    const helper = createColumnHelper<typeof features, T>()
    return helper.columns(columns.map((column) => helper.display({ id: column.id, header: column.header })))
  }, [columns])
  const visibility = useMemo(
    () =>
      Object.fromEntries(
        columns.map((c) => [c.id, !props.hidden?.has(c.id) && !(phone && c.phone === 'none')] as const),
      ),
    [columns, props.hidden, phone],
  )
  const table = useTable({
    features,
    columns: definitions,
    data: rows,
    getRowId: rowId,
    state: { columnVisibility: visibility, rowSelection: selection ?? {} },
    enableRowSelection: onSelect !== undefined,
    onRowSelectionChange: (update) => onSelect?.(typeof update === 'function' ? update(selection ?? {}) : update),
  })
  const shown = useMemo(() => columns.filter((column) => visibility[column.id]), [columns, visibility])
  const tracks = `${onSelect ? '40px ' : ''}${shown.map((c) => c.width).join(' ')}`
  const toggle = (index: number, range: boolean) => onSelect?.(toggled(props, index, range))
  const roving = useRoving({
    count: rows.length,
    scroller,
    toggle,
    selectAll: () => table.toggleAllRowsSelected(true),
    open: (index) => {
      const row = rows[index]
      if (row) props.onOpen?.(row)
    },
  })
  const keyAt = useCallback(
    (index: number) => {
      const row = rows[index]
      return row ? rowId(row) : index
    },
    [rows, rowId],
  )
  const virtual = useRows({
    count: rows.length,
    scroller,
    active: roving.active,
    phone,
    cardHeight,
    keyAt,
    onEnd: props.onEnd,
  })
  roving.scrollTo.current = (index) => virtual.scrollToIndex(index)
  const model = table.getRowModel().rows
  return (
    <div className={props.stale ? 'grid stale' : 'grid'} ref={scroller}>
      <div
        role="grid"
        aria-label={props.label}
        aria-rowcount={props.total === undefined ? -1 : Math.max(props.total, rows.length) + 1}
        aria-multiselectable={onSelect ? true : undefined}
        aria-busy={props.loading || props.stale || false}
        className={phone ? 'grid-inner cards' : 'grid-inner'}
        onKeyDown={roving.onKeyDown}
      >
        <div role="row" aria-rowindex={1} className="grid-head" style={{ gridTemplateColumns: tracks }} tabIndex={-1}>
          {onSelect ? (
            <div role="columnheader" className="grid-cell check">
              <Checkbox
                aria-label="Choose all that are loaded"
                disabled={rows.length === 0}
                checked={table.getIsAllRowsSelected() ? true : table.getIsSomeRowsSelected() ? 'mixed' : false}
                onChange={() => table.toggleAllRowsSelected(!table.getIsAllRowsSelected())}
              />
            </div>
          ) : null}
          {shown.map((column) => (
            <div
              key={column.id}
              role="columnheader"
              aria-sort={column.sort}
              className={`grid-cell ${column.align ?? ''}`}
            >
              {column.sortable && props.onSort ? (
                <button type="button" className="grid-sort ellipsis" onClick={() => props.onSort?.(column.id)}>
                  <HeaderText column={column} />
                </button>
              ) : (
                <span className="ellipsis">
                  <HeaderText column={column} />
                </span>
              )}
            </div>
          ))}
        </div>
        <div role="rowgroup" className="grid-body" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = model[item.index]
            if (!row) return null
            return (
              <GridRow
                key={row.id}
                row={row.original}
                name={props.rowName(row.original)}
                index={item.index}
                top={item.start}
                height={phone ? cardHeight : item.size}
                measure={phone ? virtual.measureElement : undefined}
                columns={shown}
                tracks={tracks}
                phone={phone}
                selected={onSelect ? row.getIsSelected() : undefined}
                active={roving.active === item.index}
                onFocus={roving.setActive}
                onToggle={toggle}
                onOpen={props.onOpen}
              />
            )
          })}
        </div>
      </div>
      {props.loading ? (
        <div className="empty">
          <Spinner size="small" label="Loading" />
        </div>
      ) : null}
      {!props.loading && rows.length === 0 ? props.empty : null}
    </div>
  )
}

function HeaderText<T>({ column }: { column: GridProps<T>['columns'][number] }) {
  return (
    <>
      {column.header}
      {column.sort ? <span aria-hidden="true">{column.sort === 'descending' ? ' ↓' : ' ↑'}</span> : null}
    </>
  )
}

/** The selection after a click or Space on a row; with `range` everything from the last chosen row above or below. */
function toggled<T>(props: GridProps<T>, index: number, range: boolean): Selection {
  const { rows, rowId, selection = {} } = props
  const row = rows[index]
  if (!row) return selection
  const chosen = !selection[rowId(row)]
  const next: Record<string, true> = { ...selection }
  const last = range ? rows.findLastIndex((r, i) => i !== index && selection[rowId(r)]) : -1
  const [from, to] = range && last >= 0 ? [Math.min(last, index), Math.max(last, index)] : [index, index]
  for (const one of rows.slice(from, to + 1)) {
    if (chosen) next[rowId(one)] = true
    else delete next[rowId(one)]
  }
  return next
}
