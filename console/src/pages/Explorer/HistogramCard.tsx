import { Button, Dropdown, Option, Spinner, ToggleButton } from '@fluentui/react-components'
import { ChartMultiple20Regular, Table20Regular } from '@fluentui/react-icons'
import { lazy, Suspense, useState } from 'react'
import type { ApiFilter, Histogram } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { DELIVERY, LOCATION, plural, THREAT, wordFor } from '../../words.ts'
import { useHistogram } from './data.ts'

const Chart = lazy(() => import('./Chart.tsx'))

type Pivot = 'action' | 'threat' | 'location'
const PIVOTS: Record<Pivot, string> = { action: 'Delivery action', threat: 'Threat type', location: 'Latest location' }
const WORDS: Record<Pivot, Readonly<Record<string, string>>> = { action: DELIVERY, threat: THREAT, location: LOCATION }

interface Props {
  readonly filter: ApiFilter
  readonly by: Pivot
  readonly onPivot: (by: Pivot) => void
  readonly onHide: () => void
  readonly onRange: (from: string, to: string) => void
}

export function HistogramCard({ filter, by, onPivot, onHide, onRange }: Props) {
  const histogram = useHistogram(filter, by)
  const [asTable, setAsTable] = useState(false)
  return (
    <section className="card histogram" aria-label="Chart">
      <div className="row histogram-head">
        <Dropdown
          size="small"
          aria-label="Chart by"
          value={PIVOTS[by]}
          selectedOptions={[by]}
          onOptionSelect={(_, data) => {
            if (data.optionValue !== undefined && data.optionValue in PIVOTS) onPivot(data.optionValue as Pivot)
          }}
        >
          {Object.entries(PIVOTS).map(([key, label]) => (
            <Option key={key} value={key}>
              {label}
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
        <Button size="small" appearance="subtle" onClick={onHide}>
          Hide chart
        </Button>
      </div>
      {histogram.error ? <Problem error={histogram.error} onRetry={() => void histogram.refetch()} /> : null}
      {histogram.data && asTable ? <HistogramTable data={histogram.data} words={WORDS[by]} title={PIVOTS[by]} /> : null}
      {!asTable ? (
        <Suspense fallback={<div className="chart" />}>
          {histogram.data ? (
            <Chart data={histogram.data} by={by} words={WORDS[by]} onRange={onRange} />
          ) : (
            <div className="chart">{histogram.error ? null : <Spinner size="tiny" />}</div>
          )}
        </Suspense>
      ) : null}
    </section>
  )
}

/** The same numbers for those who cannot see the chart, or want to copy them. */
function HistogramTable({
  data,
  words,
  title,
}: {
  data: Histogram
  words: Readonly<Record<string, string>>
  title: string
}) {
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
                {wordFor(words, s.key)}
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
