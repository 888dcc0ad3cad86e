import { Button, Dropdown, Option, SearchBox } from '@fluentui/react-components'
import { ArrowClockwise20Regular } from '@fluentui/react-icons'
import { useEffect, useState } from 'react'
import { AddFilter } from '../../parts/AddFilter.tsx'
import type { useExplorerSearch } from './data.ts'
import { FilterChip } from './FilterChip.tsx'
import { DEFAULT_RANGE, type FilterKey, PROPERTIES, RANGES, type RangeKey } from './filters.ts'
import { TimeChip } from './TimeChip.tsx'

type Search = ReturnType<typeof useExplorerSearch>

/** Free text, time range, and one removable chip per condition. Everything is in the address, so it can be shared. */
export function FilterBar({ search, change, clear, onRefresh }: Search & { onRefresh: () => void }) {
  const [adding, setAdding] = useState<FilterKey | null>(null)
  const chips = PROPERTIES.filter((p) => search[p.key] !== undefined || p.key === adding)
  const free = PROPERTIES.filter((p) => search[p.key] === undefined)
  return (
    <search className="filters" aria-label="Filters">
      <div className="row">
        <FreeText value={search.q ?? ''} onSearch={(q) => change({ q: q || undefined })} />
        <RangePicker search={search} change={change} />
        <AddFilter properties={free} onAdd={setAdding} />
        <Button
          appearance="subtle"
          icon={<ArrowClockwise20Regular />}
          aria-label="Refresh"
          title="Refresh"
          onClick={onRefresh}
        />
      </div>
      {chips.length > 0 || search.range === 'custom' ? (
        <ul className="plain row chips" aria-label="Conditions">
          {search.range === 'custom' ? (
            <li>
              <TimeChip search={search} change={change} />
            </li>
          ) : null}
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
              Clear all
            </Button>
          </li>
        </ul>
      ) : null}
    </search>
  )
}

function FreeText({ value, onSearch }: { value: string; onSearch: (text: string) => void }) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => onSearch(text.trim()), 350)
    return () => clearTimeout(timer)
  }, [text, value, onSearch])
  return (
    <SearchBox
      className="search-box"
      aria-label="Search subject, sender and recipient"
      placeholder="Subject, sender or recipient"
      value={text}
      onChange={(_, data) => setText(data.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onSearch(text.trim())
      }}
    />
  )
}

function RangePicker({ search, change }: Pick<Search, 'search' | 'change'>) {
  const range = search.range ?? DEFAULT_RANGE
  const choose = (value: string | undefined) => {
    if (value === undefined || !(value in RANGES)) return
    const key = value as RangeKey
    const day = new Date(Date.now() - 86_400_000).toISOString()
    if (key === 'custom') change({ range: key, from: search.from ?? day })
    else change({ range: key === DEFAULT_RANGE ? undefined : key, from: undefined, to: undefined })
  }
  return (
    <Dropdown
      className="range"
      aria-label="Time received"
      value={RANGES[range].label}
      selectedOptions={[range]}
      onOptionSelect={(_, data) => choose(data.optionValue)}
    >
      {Object.entries(RANGES).map(([key, { label }]) => (
        <Option key={key} value={key}>
          {label}
        </Option>
      ))}
    </Dropdown>
  )
}
