import { Button, Spinner } from '@fluentui/react-components'
import { ArrowDownload20Regular, SubtractCircle16Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { fileAt } from '../../api/client.ts'
import type { ApiFilter, TopOf, TopRow } from '../../api/types.ts'
import { Empty } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { defang, visible } from '../../parts/text.ts'
import { plural } from '../../words.ts'
import { useTop } from './data.ts'
import { TOPS } from './tops.ts'

const FIRST = 10
const MORE = 100
/** What the file holds at most, as the original. */
const MOST = 3000

interface Props {
  readonly of: TopOf
  readonly filter: ApiFilter
  /** The list is filtered by the value, or by all others. */
  readonly onPick: (value: string, not: boolean) => void
}

/** The values that most of the matching recipient copies have, and how these copies were delivered. */
export function TopList({ of, filter, onPick }: Props) {
  const [limit, setLimit] = useState(FIRST)
  const top = useTop(filter, of, limit)
  const rows = top.data?.items ?? []
  return (
    <section className="card top" aria-label={TOPS[of].label}>
      <div className="row top-head">
        <span className="muted grow">
          {rows.length > 0 ? `${plural(rows.length, 'value')}, by the number of recipient copies` : ''}
        </span>
        {rows.length === FIRST && limit === FIRST ? (
          <Button size="small" appearance="subtle" onClick={() => setLimit(MORE)}>
            Show up to {MORE}
          </Button>
        ) : null}
        <Button
          as="a"
          size="small"
          appearance="subtle"
          icon={<ArrowDownload20Regular />}
          href={fileAt('/messages/top.csv', { ...filter, of, limit: MOST })}
          download={`${TOPS[of].label}.csv`}
        >
          Export up to {MOST.toLocaleString()}
        </Button>
      </div>
      {top.error ? <Problem error={top.error} onRetry={() => void top.refetch()} /> : null}
      {top.isPending ? <Spinner size="small" label="Counting" /> : null}
      {top.data && rows.length === 0 ? <Empty title="Nothing matches">No copy has such a value.</Empty> : null}
      {rows.length > 0 ? <TopTable of={of} rows={rows} onPick={onPick} /> : null}
    </section>
  )
}

function TopTable({ of, rows, onPick }: { of: TopOf; rows: readonly TopRow[]; onPick: Props['onPick'] }) {
  const most = rows[0]?.copies ?? 1
  return (
    <ScrollRegion label={`${TOPS[of].label}: table`} className="top-table">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{TOPS[of].value}</th>
            <th scope="col" className="num">
              Copies
            </th>
            <th scope="col" className="num">
              Delivered
            </th>
            <th scope="col" className="num">
              Junked
            </th>
            <th scope="col" className="num">
              Blocked
            </th>
            <th scope="col">
              <span className="hidden-visually">Leave out</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <TopLine key={row.value} of={of} row={row} share={row.copies / most} onPick={onPick} />
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

interface LineProps {
  readonly of: TopOf
  readonly row: TopRow
  readonly share: number
  readonly onPick: Props['onPick']
}

function TopLine({ of, row, share, onPick }: LineProps) {
  // Links are shown so that nobody follows them by accident.
  const shown = visible(of === 'url' ? defang(row.value) : row.value, 200)
  return (
    <tr>
      <th scope="row" className="top-value">
        <button type="button" className="link-button" onClick={() => onPick(row.value, false)}>
          <bdi>{shown}</bdi>
        </button>
        <span className="top-bar" style={{ width: `${Math.max(1, share * 100)}%` }} />
      </th>
      <td className="num">{row.copies.toLocaleString()}</td>
      <td className="num">{row.delivered.toLocaleString()}</td>
      <td className="num">{row.junked.toLocaleString()}</td>
      <td className="num">{row.blocked.toLocaleString()}</td>
      <td className="num">
        <Button
          size="small"
          appearance="subtle"
          icon={<SubtractCircle16Regular />}
          aria-label={`Leave out ${visible(shown, 80)}`}
          title="Leave out"
          onClick={() => onPick(row.value, true)}
        />
      </td>
    </tr>
  )
}
