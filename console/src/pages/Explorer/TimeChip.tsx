import { Field, Input } from '@fluentui/react-components'
import type { useExplorerSearch } from './data.ts'

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

/** Beginning and end of a custom time range. */
export function TimeChip({ search, change }: Pick<ReturnType<typeof useExplorerSearch>, 'search' | 'change'>) {
  return (
    <div className="row">
      <Field label="From" orientation="horizontal" size="small">
        <Input
          size="small"
          type="datetime-local"
          value={local(search.from)}
          onChange={(_, data) => change({ from: instant(data.value) })}
        />
      </Field>
      <Field label="To" orientation="horizontal" size="small">
        <Input
          size="small"
          type="datetime-local"
          value={local(search.to)}
          onChange={(_, data) => change({ to: instant(data.value) })}
        />
      </Field>
    </div>
  )
}
