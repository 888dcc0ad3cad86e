import { Button } from '@fluentui/react-components'
import { Choice } from '../../parts/filters/Choice.tsx'
import { FreeText } from '../../parts/filters/FreeText.tsx'
import { withPart } from '../../parts/filters/search.ts'
import { CHANGED, chosen, ENDS, type EntrySearch, isNarrowed, KIND, STATE, USED } from './search.ts'

interface Props {
  readonly search: EntrySearch
  readonly onChange: (search: EntrySearch) => void
}

/** What of the list is shown; everything is in the address, so it can be shared. */
export function Filters({ search, onChange }: Props) {
  const choice = (label: string, key: Parameters<typeof chosen>[1], options: Readonly<Record<string, string>>) => (
    <Choice
      label={label}
      value={search[key] ?? 'all'}
      options={options}
      onChoose={(value) => onChange(chosen(search, key, value))}
    />
  )
  return (
    <search className="filters" aria-label="Filters">
      <div className="row">
        <FreeText
          value={search.q ?? ''}
          label="Search entries and notes"
          placeholder="Value or note"
          onSearch={(q) => onChange(withPart(search, { q: q || undefined }))}
        />
        {choice('Type', 'kind', KIND)}
        {choice('State', 'state', STATE)}
        {choice('Remove on', 'ends', ENDS)}
        {choice('Use', 'used', USED)}
        {choice('Change', 'changed', CHANGED)}
        <FreeText
          value={search.by ?? ''}
          label="Changed by"
          placeholder="Changed by"
          onSearch={(by) => onChange(withPart(search, { by: by || undefined }))}
        />
        {isNarrowed(search) ? (
          <Button
            size="small"
            appearance="transparent"
            onClick={() => onChange(search.action ? { action: search.action } : {})}
          >
            Clear filters
          </Button>
        ) : null}
      </div>
    </search>
  )
}
