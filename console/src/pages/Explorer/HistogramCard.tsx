import { Button, Dropdown, Option, Spinner, ToggleButton } from '@fluentui/react-components'
import { ArrowDownload20Regular, ChartMultiple20Regular, Table20Regular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { fileAt } from '../../api/client.ts'
import type { ApiFilter, Histogram, Pivot } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { loaded } from '../../shell/files.ts'
import { plural, wordFor } from '../../words.ts'
import { useHistogram } from './data.ts'
import { isPivot, PIVOTS } from './pivots.ts'

/** What draws is large, and not needed for the list. */
const useDrawing = () =>
  useQuery({
    queryKey: ['file', 'Chart'],
    queryFn: loaded(() => import('./Chart.tsx')),
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  })

interface Props {
  readonly filter: ApiFilter
  readonly by: Pivot
  readonly onPivot: (by: Pivot) => void
  readonly onHide: () => void
  readonly onRange: (from: string, to: string) => void
  /** The list is filtered by the value of a series. */
  readonly onPick: (value: string) => void
}

export function HistogramCard({ filter, by, onPivot, onHide, onRange, onPick }: Props) {
  const histogram = useHistogram(filter, by)
  const [asTable, setAsTable] = useState(false)
  const drawing = useDrawing()
  const Chart = drawing.data?.default
  const { label, words } = PIVOTS[by]
  return (
    <section className="card histogram" aria-label="Chart">
      <div className="row histogram-head">
        <Dropdown
          size="small"
          aria-label="Chart by"
          value={label}
          selectedOptions={[by]}
          onOptionSelect={(_, data) => {
            if (isPivot(data.optionValue)) onPivot(data.optionValue)
          }}
        >
          {Object.entries(PIVOTS).map(([key, pivot]) => (
            <Option key={key} value={key}>
              {pivot.label}
            </Option>
          ))}
        </Dropdown>
        <span className="muted grow">
          {histogram.data ? plural(histogram.data.total, 'recipient copy', 'recipient copies') : ''}
        </span>
        <ToggleButton
          size="small"
          appearance="subtle"
          checked={asTable}
          icon={asTable ? <ChartMultiple20Regular /> : <Table20Regular />}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? 'As chart' : 'As table'}
        </ToggleButton>
        <Button
          as="a"
          size="small"
          appearance="subtle"
          icon={<ArrowDownload20Regular />}
          href={fileAt('/messages/histogram.csv', { ...filter, by })}
          download="Chart.csv"
        >
          Export chart data
        </Button>
        <Button size="small" appearance="subtle" onClick={onHide}>
          Hide chart
        </Button>
      </div>
      {histogram.error ? <Problem error={histogram.error} onRetry={() => void histogram.refetch()} /> : null}
      {histogram.data && asTable ? (
        <HistogramTable data={histogram.data} words={words} title={label} onPick={onPick} />
      ) : null}
      {!asTable && drawing.error ? (
        <Problem
          error={drawing.error}
          title="The chart could not be loaded; the table can be looked at"
          onRetry={() => void drawing.refetch()}
        />
      ) : null}
      {asTable ? null : histogram.data && Chart ? (
        <Chart data={histogram.data} words={words} onRange={onRange} />
      ) : (
        <div className="chart">{histogram.error || drawing.error ? null : <Spinner size="tiny" />}</div>
      )}
    </section>
  )
}

interface TableProps {
  readonly data: Histogram
  readonly words: Readonly<Record<string, string>>
  readonly title: string
  readonly onPick: (value: string) => void
}

/** Series that stand for no value of their own, as the server names them. */
const TOGETHER: ReadonlySet<string> = new Set(['(others)', '(none)'])

/** The same numbers for those who cannot see the chart, or want to copy them. */
function HistogramTable({ data, words, title, onPick }: TableProps) {
  const buckets = [...new Set(data.series.flatMap((s) => s.points.map((p) => p.at)))].sort().reverse()
  const counts = data.series.map((s) => new Map(s.points.map((p) => [p.at, p.count])))
  const format = new Intl.DateTimeFormat(
    undefined,
    data.bucket === 'day' ? { dateStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' },
  )
  return (
    <ScrollRegion label="Chart as table" className="chart-table">
      <table className="plain">
        <caption className="hidden-visually">Recipient copies by {title}</caption>
        <thead>
          <tr>
            <th scope="col">{data.bucket === 'day' ? 'Day' : 'Hour'}</th>
            {data.series.map((s) => (
              <th key={s.key} scope="col" className="num">
                {TOGETHER.has(s.key) ? (
                  s.key
                ) : (
                  <button type="button" className="link-button" title="Filter by it" onClick={() => onPick(s.key)}>
                    {wordFor(words, s.key)}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {buckets.map((at) => (
            <tr key={at}>
              <th scope="row">{format.format(new Date(at))}</th>
              {data.series.map((s, i) => (
                <td key={s.key} className="num">
                  {(counts[i]?.get(at) ?? 0).toLocaleString()}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
