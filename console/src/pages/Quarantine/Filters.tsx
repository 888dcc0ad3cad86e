import { Button, Field, Input } from '@fluentui/react-components'
import { ArrowClockwise20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { AddFilter } from '../../parts/AddFilter.tsx'
import { Choice } from '../../parts/Choice.tsx'
import { FreeText } from '../../parts/FreeText.tsx'
import { FilterChip } from '../Explorer/FilterChip.tsx'
import '../Explorer/explorer.css'
import type { useHeldSearch } from './data.ts'
import { DEFAULT_RECEIVED, EXPIRES, type HeldKey, PROPERTIES, RECEIVED } from './search.ts'

type Search = ReturnType<typeof useHeldSearch>

/** Free text, time received, expiry, and one removable chip per condition. Everything is in the address, so it can be shared. */
export function Filters({ search, change, clear, onRefresh }: Search & { onRefresh: () => void }) {
  const [adding, setAdding] = useState<HeldKey | null>(null)
  const chips = PROPERTIES.filter((p) => search[p.key] !== undefined || p.key === adding)
  const free = PROPERTIES.filter((p) => search[p.key] === undefined)
  const custom = search.received === 'custom' || search.expires === 'custom'
  const { open: _, sort: __, dir: ___, ...conditions } = search
  return (
    <search className="filters" aria-label="Filters">
      <div className="row">
        <FreeText
          value={search.q ?? ''}
          label="Search subject, sender and recipient"
          placeholder="Subject, sender or recipient"
          onSearch={(q) => change({ q: q || undefined })}
        />
        <Choice
          label="Time received"
          value={search.received ?? DEFAULT_RECEIVED}
          options={Object.fromEntries(Object.entries(RECEIVED).map(([key, { label }]) => [key, label]))}
          onChoose={(key) => {
            const from = search.from ?? new Date(Date.now() - 86_400_000).toISOString()
            if (key === 'custom') change({ received: 'custom', from })
            else
              change({
                received: key === DEFAULT_RECEIVED ? undefined : asReceived(key),
                from: undefined,
                to: undefined,
              })
          }}
        />
        <Choice
          label="Expires"
          value={search.expires ?? 'any'}
          options={{ any: 'Expires: any time', ...EXPIRES }}
          onChoose={(key) => {
            const expires = key in EXPIRES ? (key as keyof typeof EXPIRES) : undefined
            const now = new Date().toISOString()
            if (expires === 'custom') change({ expires, expiresFrom: search.expiresFrom ?? now })
            else change({ expires, expiresFrom: undefined, expiresTo: undefined })
          }}
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
      {chips.length > 0 || custom || Object.keys(conditions).length > 0 ? (
        <ul className="plain row chips" aria-label="Conditions">
          {search.received === 'custom' ? (
            <li>
              <Span what="Received" search={search} keys={['from', 'to']} change={change} />
            </li>
          ) : null}
          {search.expires === 'custom' ? (
            <li>
              <Span what="Expires" search={search} keys={['expiresFrom', 'expiresTo']} change={change} />
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
              Clear filters
            </Button>
          </li>
        </ul>
      ) : null}
    </search>
  )
}

const asReceived = (key: string): keyof typeof RECEIVED | undefined =>
  key in RECEIVED ? (key as keyof typeof RECEIVED) : undefined

/** An instant as `datetime-local` shows it: local time to the minute. */
function local(instant: string | undefined): string {
  if (!instant) return ''
  const date = new Date(instant)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
const instant = (text: string): string | undefined => {
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}

function Span({
  what,
  search,
  keys,
  change,
}: {
  what: string
  keys: readonly ['from', 'to'] | readonly ['expiresFrom', 'expiresTo']
} & Pick<Search, 'search' | 'change'>) {
  return (
    <div className="row">
      {keys.map((key, i) => (
        <Field key={key} label={`${what} ${i === 0 ? 'from' : 'to'}`} orientation="horizontal" size="small">
          <Input
            size="small"
            type="datetime-local"
            value={local(search[key])}
            onChange={(_, data) => change({ [key]: instant(data.value) })}
          />
        </Field>
      ))}
    </div>
  )
}
