import { Button } from '@fluentui/react-components'
import { ArrowClockwise20Regular } from '@fluentui/react-icons'
import { type ReactNode, useRef, useState } from 'react'
import { AddFilter } from './AddFilter.tsx'
import { type Adding, Chips } from './Chips.tsx'
import { type Change, conditionsIn, isFree, TEXT, type TextKey } from './conditions.ts'
import './filters.css'
import { FreeText } from './FreeText.tsx'
import type { Conditions, Property } from './search.ts'

export interface FilterBarProps<K extends string> {
  readonly properties: readonly Property<K>[]
  readonly search: Conditions<K>
  /** What free text is searched for in: `Subject, sender or recipient`. */
  readonly text: { readonly label: string; readonly placeholder: string; readonly negatable?: true }
  /** Dropdowns beside the free text: periods. */
  readonly choices: ReactNode
  /** What such a dropdown has opened: beginning and end of a custom period. */
  readonly spans?: readonly { readonly key: string; readonly span: ReactNode }[]
  /** Whether anything is filtered by that is not a condition of `properties`. */
  readonly more: boolean
  /** What the server found wrong, by the key of the condition. */
  readonly wrong?: Readonly<Record<string, string>>
  readonly onChange: (change: Change<K>) => void
  readonly onClear: () => void
  readonly onRefresh: () => void
}

/** Free text, period, and one removable chip per condition. Everything is in the address, so it can be shared. */
export function FilterBar<K extends string>(props: FilterBarProps<K>) {
  const { properties, search, text } = props
  const [adding, setAdding] = useState<Adding<K> | null>(null)
  const offered = text.negatable ? [...properties, TEXT] : properties
  const add = useRef<HTMLSpanElement>(null)
  const begin = (property: Property<K | TextKey>) =>
    setAdding({ property, place: conditionsIn(search, [property]).length })
  const without = search.not?.includes('q') ?? false
  return (
    <search className="filters" aria-label="Filters">
      <div className="row">
        <FreeText
          value={without ? '' : (search.q ?? '')}
          label={text.label}
          placeholder={text.placeholder}
          onSearch={(q) => {
            // An empty box takes nothing away from what must not be contained.
            if (q !== '' || !without) props.onChange(textChange(search, q))
          }}
        />
        {props.choices}
        <span ref={add}>
          <AddFilter properties={offered.filter((p) => isFree(search, p))} onAdd={begin} />
        </span>
        <Button
          appearance="subtle"
          icon={<ArrowClockwise20Regular />}
          aria-label="Refresh"
          title="Refresh"
          onClick={props.onRefresh}
        />
      </div>
      <Chips
        {...props}
        properties={offered}
        adding={adding}
        onAdded={() => setAdding(null)}
        onRemoved={() => add.current?.querySelector('button')?.focus()}
      />
    </search>
  )
}

function textChange<K extends string>({ not = [] }: Conditions<K>, q: string): Change<K> {
  const rest = not.filter((key) => key !== 'q')
  const change: Change<never> = { q: q || undefined, not: rest.length > 0 ? rest : undefined }
  return change as Change<K>
}
