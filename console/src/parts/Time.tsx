const DAY: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' }
const CLOCK: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' }
const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(undefined, options)

const RECENT = format({ ...DAY, ...CLOCK })
const OLD = format({ ...DAY, ...CLOCK, year: 'numeric' })
const SECONDS = format({ ...DAY, ...CLOCK, year: 'numeric', second: '2-digit' })

function choose(date: Date, seconds: boolean): Intl.DateTimeFormat {
  if (seconds) return SECONDS
  return date.getFullYear() === new Date().getFullYear() ? RECENT : OLD
}

/** Local time, with the year when it is not this one; UTC to the millisecond in the tooltip. */
export function Time({ at, seconds = false }: { at: string | null; seconds?: boolean }) {
  if (at === null) return <span className="muted">–</span>
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return <span>{at}</span>
  return (
    <time dateTime={at} title={`${date.toISOString().replace('T', ' ').replace('Z', '')} UTC`}>
      {choose(date, seconds).format(date)}
    </time>
  )
}
