import type { ReactNode } from 'react'

export interface GridColumn<T> {
  readonly id: string
  readonly header: string
  /** A track of CSS grid: `120px`, `minmax(160px, 2fr)`. */
  readonly width: string
  readonly cell: (row: T) => ReactNode
  /** On a phone a row is a card: the `title` fills its first line, `detail`s follow, `none` is left out. */
  readonly phone: 'title' | 'detail' | 'none'
  readonly align?: 'end'
  readonly sort?: 'ascending' | 'descending'
  /** Its header is a button that sorts by it (`onSort`). */
  readonly sortable?: true
}

/** IDs of chosen rows. */
export type Selection = Readonly<Record<string, true>>

export interface GridProps<T> {
  /** What the table lists, for screen readers. */
  readonly label: string
  readonly rows: readonly T[]
  readonly columns: readonly GridColumn<T>[]
  readonly rowId: (row: T) => string
  /** How a row is called in the label of its checkbox. */
  readonly rowName: (row: T) => string
  readonly hidden?: ReadonlySet<string>
  readonly selection?: Selection
  readonly onSelect?: (selection: Selection) => void
  readonly onOpen?: (row: T) => void
  readonly onEnd?: () => void
  /** Somebody asks for the order of a sortable column; once more turns it round. */
  readonly onSort?: (id: string) => void
  /** All rows that exist, where known. */
  readonly total?: number | undefined
  /** Least height of a card on a phone, in pixels: it grows with what it holds. */
  readonly cardHeight?: number
  readonly loading?: boolean
  readonly stale?: boolean
  readonly empty?: ReactNode
}
