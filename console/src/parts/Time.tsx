const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const SECONDS = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** Local time; UTC to the millisecond in the tooltip. */
export function Time({ at, seconds = false }: { at: string | null; seconds?: boolean }) {
  if (at === null) return <span className="muted">–</span>
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return <span>{at}</span>
  return (
    <time dateTime={at} title={`${date.toISOString().replace('T', ' ').replace('Z', '')} UTC`}>
      {(seconds ? SECONDS : LOCAL).format(date)}
    </time>
  )
}
