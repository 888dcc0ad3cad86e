import { Button } from '@fluentui/react-components'
import { ArrowClockwise20Regular } from '@fluentui/react-icons'
import { type ReactNode, useState } from 'react'
import { AddFilter } from './AddFilter.tsx'
import { FilterChip } from './FilterChip.tsx'
import './filters.css'
import { FreeText } from './FreeText.tsx'
import type { Conditions, Property } from './search.ts'

interface Props<K extends string> {
  readonly properties: readonly Property<K>[]
  readonly search: Conditions<K>
  /** What free text is searched for in: `Subject, sender or recipient`. */
  readonly text: { readonly label: string; readonly placeholder: string }
  /** Dropdowns beside the free text: periods. */
  readonly choices: ReactNode
  /** What such a dropdown has opened: beginning and end of a custom period. */
  readonly spans?: readonly { readonly key: string; readonly span: ReactNode }[]
  /** Whether anything is filtered by that is not a condition of `properties`. */
  readonly more: boolean
  readonly onText: (text: string | undefined) => void
  readonly onValues: (key: K, values: readonly string[] | undefined) => void
  readonly onClear: () => void
  readonly onRefresh: () => void
}

/** Free text, period, and one removable chip per condition. Everything is in the address, so it can be shared. */
export function FilterBar<K extends string>(props: Props<K>) {
  const { properties, search, text, spans = [], more } = props
  const [adding, setAdding] = useState<K | null>(null)
  const chips = properties.filter((p) => search[p.key] !== undefined || p.key === adding)
  const free = properties.filter((p) => search[p.key] === undefined)
  return (
    <search className="filters" aria-label="Filters">
      <div className="row">
        <FreeText
          value={search.q ?? ''}
          label={text.label}
          placeholder={text.placeholder}
          onSearch={(q) => props.onText(q || undefined)}
        />
        {props.choices}
        <AddFilter properties={free} onAdd={setAdding} />
        <Button
          appearance="subtle"
          icon={<ArrowClockwise20Regular />}
          aria-label="Refresh"
          title="Refresh"
          onClick={props.onRefresh}
        />
      </div>
      {chips.length > 0 || spans.length > 0 || search.q !== undefined || more ? (
        <ul className="plain row chips" aria-label="Conditions">
          {spans.map(({ key, span }) => (
            <li key={key}>{span}</li>
          ))}
          {chips.map((property) => (
            <li key={property.key}>
              <FilterChip
                property={property}
                values={search[property.key] ?? []}
                startOpen={property.key === adding}
                onChange={(values) => props.onValues(property.key, values.length > 0 ? values : undefined)}
                onClosed={() => setAdding(null)}
              />
            </li>
          ))}
          <li>
            <Button size="small" appearance="transparent" onClick={props.onClear}>
              Clear filters
            </Button>
          </li>
        </ul>
      ) : null}
    </search>
  )
}
