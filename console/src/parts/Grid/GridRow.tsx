// biome-ignore-all lint/a11y/useSemanticElements: rows are positioned one by one, which elements of a table cannot be
// biome-ignore-all lint/a11y/useFocusableInteractive: the row holds the grid's one tab stop, not its cells
import { Checkbox } from '@fluentui/react-components'
import { type MouseEvent, memo } from 'react'
import type { GridColumn } from './types.ts'

interface Props<T> {
  readonly row: T
  readonly name: string
  readonly index: number
  readonly top: number
  /** Of a card: at least. */
  readonly height: number
  /** Cards grow with what they hold. */
  readonly measure: ((row: HTMLElement | null) => void) | undefined
  readonly columns: readonly GridColumn<T>[]
  readonly tracks: string
  readonly phone: boolean
  readonly selected: boolean | undefined
  readonly active: boolean
  readonly onFocus: (index: number) => void
  readonly onToggle: (index: number, range: boolean) => void
  readonly onOpen: ((row: T) => void) | undefined
}

function Row<T>(props: Props<T>) {
  const { row, index, columns, phone, selected } = props
  const open = (event: MouseEvent) => {
    // A click on a control is the control's; a click that ends a text selection is no click.
    if (event.target instanceof Element && event.target.closest('a, button, input, label, .fui-Checkbox')) return
    if (window.getSelection()?.toString()) return
    props.onOpen?.(row)
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys of all rows
    <div
      ref={props.measure}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-index={index}
      tabIndex={props.active ? 0 : -1}
      className={`grid-row${selected ? ' selected' : ''}${props.onOpen ? ' opens' : ''}`}
      style={{
        transform: `translateY(${props.top}px)`,
        [phone ? 'minHeight' : 'height']: props.height,
        gridTemplateColumns: phone ? undefined : props.tracks,
      }}
      onFocus={() => props.onFocus(index)}
      onClick={open}
    >
      {selected === undefined ? null : (
        <div role="gridcell" className="grid-cell check">
          <Checkbox
            aria-label={`Choose ${props.name}`}
            tabIndex={-1}
            checked={selected}
            onClick={(event) => {
              event.preventDefault()
              props.onToggle(index, event.shiftKey)
            }}
            onChange={() => undefined}
          />
        </div>
      )}
      {columns.map((column) => (
        <div key={column.id} role="gridcell" className={`grid-cell ${column.align ?? ''} ${phone ? column.phone : ''}`}>
          <span className="ellipsis">{column.cell(row)}</span>
        </div>
      ))}
    </div>
  )
}

export const GridRow = memo(Row) as typeof Row
