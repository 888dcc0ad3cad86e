import { Choice } from '../../parts/filters/Choice.tsx'
import { FilterBar as Bar } from '../../parts/filters/FilterBar.tsx'
import { TimeSpan } from '../../parts/filters/TimeSpan.tsx'
import type { useExplorerSearch } from './data.ts'
import { DEFAULT_RANGE, isRange, PROPERTIES, RANGES } from './filters.ts'

type Search = ReturnType<typeof useExplorerSearch>
const OPTIONS = Object.fromEntries(Object.entries(RANGES).map(([key, { label }]) => [key, label]))

export function FilterBar({ search, change, clear, onRefresh }: Search & { onRefresh: () => void }) {
  const choose = (range: string) => {
    const from = search.from ?? new Date(Date.now() - 86_400_000).toISOString()
    if (!isRange(range)) return
    if (range === 'custom') change({ range, from })
    else change({ range: range === DEFAULT_RANGE ? undefined : range, from: undefined, to: undefined })
  }
  const custom = (
    <TimeSpan
      what="Received"
      from={search.from}
      to={search.to}
      onFrom={(from) => change({ from })}
      onTo={(to) => change({ to })}
    />
  )
  return (
    <Bar
      properties={PROPERTIES}
      search={search}
      text={{ label: 'Search subject, sender and recipient', placeholder: 'Subject, sender or recipient' }}
      choices={
        <Choice label="Time received" value={search.range ?? DEFAULT_RANGE} options={OPTIONS} onChoose={choose} />
      }
      spans={search.range === 'custom' ? [{ key: 'received', span: custom }] : []}
      more={search.range !== undefined}
      onText={(q) => change({ q })}
      onValues={(key, values) => change({ [key]: values })}
      onClear={clear}
      onRefresh={onRefresh}
    />
  )
}
