import { Choice } from '../../parts/filters/Choice.tsx'
import { FilterBar } from '../../parts/filters/FilterBar.tsx'
import { TimeSpan } from '../../parts/filters/TimeSpan.tsx'
import type { useActionSearch } from './data.ts'
import { DEFAULT_PERIOD, isPeriod, PERIOD, PROPERTIES, periodOf, tabOf } from './search.ts'

type Search = ReturnType<typeof useActionSearch>

export function Filters({ search, change, clear, onRefresh }: Search & { onRefresh: () => void }) {
  const tab = tabOf(search)
  const choose = (key: string) => {
    const period = isPeriod(key) && key !== DEFAULT_PERIOD[tab] ? key : undefined
    const from = search.from ?? new Date(Date.now() - 86_400_000).toISOString()
    change(period === 'custom' ? { period, from } : { period, from: undefined, to: undefined })
  }
  const custom = (
    <TimeSpan
      what="Changed"
      from={search.from}
      to={search.to}
      onFrom={(from) => change({ from })}
      onTo={(to) => change({ to })}
    />
  )
  return (
    <FilterBar
      properties={PROPERTIES.filter((p) => tab === 'history' || (p.key !== 'state' && p.key !== 'decidedBy'))}
      search={search}
      text={{ label: 'Search name, description and approval ID', placeholder: 'Name, description or approval ID' }}
      choices={<Choice label="Period" value={periodOf(search)} options={PERIOD} onChoose={choose} />}
      spans={search.period === 'custom' ? [{ key: 'changed', span: custom }] : []}
      more={search.period !== undefined}
      onChange={change}
      onClear={clear}
      onRefresh={onRefresh}
    />
  )
}
