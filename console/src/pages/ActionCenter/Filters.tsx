import { Choice } from '../../parts/filters/Choice.tsx'
import { FilterBar } from '../../parts/filters/FilterBar.tsx'
import type { useActionSearch } from './data.ts'
import { DEFAULT_PERIOD, isPeriod, PERIOD, PROPERTIES, periodOf, tabOf } from './search.ts'

type Search = ReturnType<typeof useActionSearch>

export function Filters({ search, change, clear, onRefresh }: Search & { onRefresh: () => void }) {
  const tab = tabOf(search)
  return (
    <FilterBar
      properties={PROPERTIES.filter((p) => tab === 'history' || (p.key !== 'state' && p.key !== 'decidedBy'))}
      search={search}
      text={{ label: 'Search name, description and approval ID', placeholder: 'Name, description or approval ID' }}
      choices={
        <Choice
          label="Period"
          value={periodOf(search)}
          options={PERIOD}
          onChoose={(key) => change({ period: isPeriod(key) && key !== DEFAULT_PERIOD[tab] ? key : undefined })}
        />
      }
      more={search.period !== undefined}
      onText={(q) => change({ q })}
      onValues={(key, values) => change({ [key]: values })}
      onClear={clear}
      onRefresh={onRefresh}
    />
  )
}
