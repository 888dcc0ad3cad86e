import { Button } from '@fluentui/react-components'
import { ArrowClockwise20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { AddFilter } from '../../parts/AddFilter.tsx'
import { Choice } from '../../parts/Choice.tsx'
import { FreeText } from '../../parts/FreeText.tsx'
import '../Explorer/explorer.css'
import { FilterChip } from '../Explorer/FilterChip.tsx'
import type { useActionSearch } from './data.ts'
import { DEFAULT_PERIOD, type ListKey, PERIOD, type Period, PROPERTIES, periodOf, tabOf } from './search.ts'

type Search = ReturnType<typeof useActionSearch>

/** Free text, period, and one removable chip per condition. Everything is in the address, so it can be shared. */
export function Filters({ search, change, clear, onRefresh }: Search & { onRefresh: () => void }) {
  const [adding, setAdding] = useState<ListKey | null>(null)
  const tab = tabOf(search)
  const usable = PROPERTIES.filter((p) => tab === 'history' || (p.key !== 'state' && p.key !== 'decidedBy'))
  const chips = usable.filter((p) => search[p.key] !== undefined || p.key === adding)
  const free = usable.filter((p) => search[p.key] === undefined)
  return (
    <search className="filters" aria-label="Filters">
      <div className="row">
        <FreeText
          value={search.q ?? ''}
          label="Search name, description and approval ID"
          placeholder="Name, description or approval ID"
          onSearch={(q) => change({ q: q || undefined })}
        />
        <Choice
          label="Period"
          value={periodOf(search)}
          options={PERIOD}
          onChoose={(key) => change({ period: key === DEFAULT_PERIOD[tab] ? undefined : (key as Period) })}
        />
        <AddFilter properties={free} onAdd={setAdding} />
        <Button
          appearance="subtle"
          icon={<ArrowClockwise20Regular />}
          aria-label="Refresh"
          title="Refresh"
          onClick={onRefresh}
        />
      </div>
      {chips.length > 0 || search.q !== undefined || search.period !== undefined ? (
        <ul className="plain row chips" aria-label="Conditions">
          {chips.map((property) => (
            <li key={property.key}>
              <FilterChip
                property={property}
                values={search[property.key] ?? []}
                startOpen={property.key === adding}
                onChange={(values) => change({ [property.key]: values.length > 0 ? values : undefined })}
                onClosed={() => setAdding(null)}
              />
            </li>
          ))}
          <li>
            <Button size="small" appearance="transparent" onClick={clear}>
              Clear filters
            </Button>
          </li>
        </ul>
      ) : null}
    </search>
  )
}
