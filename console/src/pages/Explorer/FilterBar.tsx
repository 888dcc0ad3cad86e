import { Choice } from '../../parts/filters/Choice.tsx'
import { FilterBar as Bar } from '../../parts/filters/FilterBar.tsx'
import { TimeSpan } from '../../parts/filters/TimeSpan.tsx'
import type { useExplorerSearch } from './data.ts'
import { DEFAULT_RANGE, isRange, rangeWords } from './filters.ts'
import { PROPERTIES } from './properties.ts'

type Search = Pick<ReturnType<typeof useExplorerSearch>, 'search' | 'change' | 'clear'>
const TEXT = {
  label: 'Search subject, sender and recipient',
  placeholder: 'Subject, sender or recipient',
  negatable: true,
} as const

interface Props extends Search {
  readonly wrong: Readonly<Record<string, string>>
  readonly onRefresh: () => void
}

export function FilterBar({ search, change, clear, wrong, onRefresh }: Props) {
  const range = search.range ?? DEFAULT_RANGE
  const choose = (key: string) => {
    const from = search.from ?? new Date(Date.now() - 86_400_000).toISOString()
    if (!isRange(key)) return
    if (key === 'custom') change({ range: key, from })
    else change({ range: key === DEFAULT_RANGE ? undefined : key, from: undefined, to: undefined })
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
      text={TEXT}
      choices={<Choice label="Time received" value={range} options={rangeWords(range)} onChoose={choose} />}
      spans={search.range === 'custom' ? [{ key: 'received', span: custom }] : []}
      more={search.range !== undefined}
      wrong={wrong}
      onChange={change}
      onClear={clear}
      onRefresh={onRefresh}
    />
  )
}
