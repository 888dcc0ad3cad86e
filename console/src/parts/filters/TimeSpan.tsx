import { Field, Input } from '@fluentui/react-components'

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

/** Beginning and end of a time span. */
export function TimeSpan(props: {
  what: string
  from: string | undefined
  to: string | undefined
  onFrom: (at: string | undefined) => void
  onTo: (at: string | undefined) => void
}) {
  const end = (label: string, value: string | undefined, onChange: (at: string | undefined) => void) => (
    <Field label={`${props.what} ${label}`} orientation="horizontal" size="small">
      <Input
        size="small"
        type="datetime-local"
        value={local(value)}
        onChange={(_, data) => onChange(instant(data.value))}
      />
    </Field>
  )
  return (
    <div className="row">
      {end('from', props.from, props.onFrom)}
      {end('to', props.to, props.onTo)}
    </div>
  )
}
