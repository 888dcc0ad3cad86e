import { Choice } from '../../parts/filters/Choice.tsx'
import { FilterBar } from '../../parts/filters/FilterBar.tsx'
import { TimeSpan } from '../../parts/filters/TimeSpan.tsx'
import type { useHeldSearch } from './data.ts'
import { DEFAULT_RECEIVED, EXPIRES, isExpires, isReceived, PROPERTIES, RECEIVED } from './search.ts'

type Search = ReturnType<typeof useHeldSearch>
const OPTIONS = Object.fromEntries(Object.entries(RECEIVED).map(([key, { label }]) => [key, label]))

/** Time received and expiry; each may be a span of its own. */
export function Filters({ search, change, clear, onRefresh }: Search & { onRefresh: () => void }) {
  const received = (key: string) => {
    const from = search.from ?? new Date(Date.now() - 86_400_000).toISOString()
    if (!isReceived(key)) return
    if (key === 'custom') change({ received: key, from })
    else change({ received: key === DEFAULT_RECEIVED ? undefined : key, from: undefined, to: undefined })
  }
  const expires = (key: string) => {
    const now = new Date().toISOString()
    if (key === 'custom') change({ expires: key, expiresFrom: search.expiresFrom ?? now })
    else change({ expires: isExpires(key) ? key : undefined, expiresFrom: undefined, expiresTo: undefined })
  }
  return (
    <FilterBar
      properties={PROPERTIES}
      search={search}
      text={{ label: 'Search subject, sender and recipient', placeholder: 'Subject, sender or recipient' }}
      choices={
        <>
          <Choice
            label="Time received"
            value={search.received ?? DEFAULT_RECEIVED}
            options={OPTIONS}
            onChoose={received}
          />
          <Choice
            label="Expires"
            value={search.expires ?? 'any'}
            options={{ any: 'Expires: any time', ...EXPIRES }}
            onChoose={expires}
          />
        </>
      }
      spans={spansOf({ search, change })}
      more={search.received !== undefined || search.expires !== undefined}
      onChange={change}
      onClear={clear}
      onRefresh={onRefresh}
    />
  )
}

function spansOf({ search, change }: Pick<Search, 'search' | 'change'>) {
  const received = (
    <TimeSpan
      what="Received"
      from={search.from}
      to={search.to}
      onFrom={(from) => change({ from })}
      onTo={(to) => change({ to })}
    />
  )
  const expires = (
    <TimeSpan
      what="Expires"
      from={search.expiresFrom}
      to={search.expiresTo}
      onFrom={(expiresFrom) => change({ expiresFrom })}
      onTo={(expiresTo) => change({ expiresTo })}
    />
  )
  return [
    ...(search.received === 'custom' ? [{ key: 'received', span: received }] : []),
    ...(search.expires === 'custom' ? [{ key: 'expires', span: expires }] : []),
  ]
}
