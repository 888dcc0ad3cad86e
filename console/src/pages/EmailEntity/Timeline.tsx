import { Spinner } from '@fluentui/react-components'
import { Card, Empty } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { Time } from '../../parts/Time.tsx'
import { useTimeline } from './data.ts'

/** What happened to the message, newest first. */
export function Timeline({ id }: { id: string }) {
  const timeline = useTimeline(id)
  if (timeline.error) return <Problem error={timeline.error} onRetry={() => void timeline.refetch()} />
  if (!timeline.data) return <Spinner size="small" label="Loading" />
  const events = [...timeline.data.items].sort((a, b) => b.at.localeCompare(a.at) || b.id.localeCompare(a.id))
  if (events.length === 0) return <Empty title="Nothing is recorded yet" />
  return (
    <Card>
      <ScrollRegion label="Timeline">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Event</th>
              <th scope="col">Source</th>
              <th scope="col">Details</th>
              <th scope="col">Recipient</th>
            </tr>
          </thead>
          <tbody>
            {events.map((event) => (
              <tr key={event.id}>
                <td className="nowrap">
                  <Time at={event.at} seconds />
                </td>
                <td>{sentenceCase(event.kind)}</td>
                <td>
                  <SafeText text={event.actor} max={120} />
                </td>
                <td>
                  <SafeText text={event.summary} max={600} />
                </td>
                <td>
                  <SafeText text={event.recipient} max={120} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </Card>
  )
}

const sentenceCase = (kind: string): string => {
  const words = kind.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
