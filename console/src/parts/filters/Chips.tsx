import { Button, Select } from '@fluentui/react-components'
import { useEffect } from 'react'
import {
  type Change,
  type Condition,
  conditionsIn,
  type Operator,
  operatorsOf,
  replaced,
  type TextKey,
} from './conditions.ts'
import type { FilterBarProps } from './FilterBar.tsx'
import { FilterChip } from './FilterChip.tsx'
import type { Conditions, Property } from './search.ts'

type Props<K extends string> = Pick<
  FilterBarProps<K>,
  'search' | 'spans' | 'more' | 'wrong' | 'onChange' | 'onClear'
> & {
  readonly properties: readonly Property<K | TextKey>[]
  readonly adding: Adding<K> | null
  readonly onAdded: () => void
  readonly onRemoved: () => void
}

/** A condition that is being made, and which one of its property it will be. */
export interface Adding<K extends string> {
  readonly property: Property<K | TextKey>
  readonly place: number
}

interface Chip<K extends string> extends Condition<K | TextKey> {
  readonly id: string
  readonly made: boolean
}

/** A chip for each condition, and one for the condition that is being made. */
function chipsOf<K extends string>({ properties, search, adding }: Props<K>): Chip<K>[] {
  const there = conditionsIn(search, properties)
  return properties.flatMap((property) => {
    const mine = there.filter((c) => c.property.key === property.key).map((c) => ({ ...c, made: true }))
    const begun = adding?.property.key === property.key && adding.place === mine.length
    const next = begun ? free(search, property, null) : []
    const all = next[0] ? [...mine, { property, operator: next[0], values: [], made: false }] : mine
    // The place, not the operator: what is edited stays the same chip when its operator changes.
    return all.map((c, place) => ({ ...c, id: `${property.key}-${place}` }))
  })
}

/** Operators that a condition may take: its own, and those whose key holds nothing. */
const free = <K extends string>(
  search: Conditions<K>,
  property: Property<K | TextKey>,
  own: Operator<K | TextKey> | null,
) => operatorsOf(property).filter((o) => o.key === own?.key || search[o.key] === undefined)

/** Conditions, spans of time, whether all or any must hold, and what takes them all away. */
export function Chips<K extends string>(props: Props<K>) {
  const { search, spans = [], wrong = {}, onChange } = props
  const chips = chipsOf(props)
  // What is being made is made when the address has it, not before: until then its chip must stay.
  const made = props.adding !== null && chips.every((chip) => chip.made)
  const { onAdded } = props
  useEffect(() => {
    if (made) onAdded()
  }, [made, onAdded])
  if (chips.length === 0 && spans.length === 0 && search.q === undefined && !props.more) return null
  const negatable = props.properties.some((p) => p.negatable)
  const count = chips.filter((c) => c.made).length + (search.q !== undefined && !search.not?.includes('q') ? 1 : 0)
  return (
    <>
      <ul className="plain row chips" aria-label="Conditions">
        {spans.map(({ key, span }) => (
          <li key={key}>{span}</li>
        ))}
        {negatable && count > 1 ? (
          <li>
            <Match match={search.match} onChange={(match) => onChange(matchChange(match))} />
          </li>
        ) : null}
        {chips.map((chip) => (
          <li key={chip.id}>
            <FilterChip
              condition={chip}
              operators={free(search, chip.property, chip.made ? chip.operator : null)}
              wrong={wrong[chip.operator.key]}
              startOpen={!chip.made}
              onChange={(operator, values) =>
                onChange(replaced(search, chip.made ? chip.operator : null, operator, values))
              }
              onRemove={() => {
                if (chip.made) onChange(replaced(search, null, chip.operator, []))
                props.onAdded()
                props.onRemoved()
              }}
              onClosed={props.onAdded}
            />
          </li>
        ))}
        <li>
          <Button size="small" appearance="transparent" onClick={props.onClear}>
            Clear filters
          </Button>
        </li>
      </ul>
      <Wrong chips={chips} wrong={wrong} />
    </>
  )
}

function matchChange<K extends string>(match: 'any' | undefined): Change<K> {
  const change: Change<never> = { match }
  return change as Change<K>
}

/** One logical operator for the whole query, as in the original: never mixed. */
function Match({ match, onChange }: { match: 'any' | undefined; onChange: (match: 'any' | undefined) => void }) {
  return (
    <Select
      size="small"
      aria-label="Which conditions must hold"
      value={match ?? 'all'}
      onChange={(_, data) => onChange(data.value === 'any' ? 'any' : undefined)}
    >
      <option value="all">All of these</option>
      <option value="any">Any of these</option>
    </Select>
  )
}

/** What the server refused, with the name of its condition. */
function Wrong<K extends string>({ chips, wrong }: { chips: readonly Chip<K>[]; wrong: Record<string, string> }) {
  const told = chips.flatMap((c) => (wrong[c.operator.key] ? [{ ...c, text: wrong[c.operator.key] }] : []))
  if (told.length === 0) return null
  return (
    <div role="alert">
      <ul className="plain stack-tight chips-wrong" aria-label="Conditions that are not valid">
        {told.map(({ id, property, text }) => (
          <li key={id}>
            <strong>{property.label}</strong> {text}.
          </li>
        ))}
      </ul>
    </div>
  )
}
