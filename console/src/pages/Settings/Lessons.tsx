import { Spinner } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import { useCan } from '../../api/session.ts'
import type { Lesson } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { RemoveButton } from '../../parts/RemoveButton.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { Status } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { plural } from '../../words.ts'
import { MOST_LESSONS, useForget, useLessons } from './data.ts'

const CLASS = { ham: ['good', 'Clean'], spam: ['warn', 'Spam'], phish: ['bad', 'Phish'] } as const
const CAUSE = { submission: 'Submission', person: 'Taught by hand' } as const

/** What the classifier was taught, newest first; a lesson that is forgotten has never been. */
export function Lessons() {
  const lessons = useLessons()
  const forget = useForget()
  if (lessons.error) return <Problem error={lessons.error} onRetry={() => void lessons.refetch()} />
  if (!lessons.data) return <Spinner size="small" label="Loading" />
  const { items } = lessons.data
  return (
    <Card title={`Lessons (${items.length}${items.length === MOST_LESSONS ? ' newest' : ''})`}>
      <div className="stack">
        {forget.error ? <Problem error={forget.error} title="The lesson was not forgotten" /> : null}
        {forget.data ? (
          <span role="status">
            {plural(forget.data.forgotten, 'lesson was', 'lessons were')} forgotten; the classifier follows within
            seconds.
          </span>
        ) : null}
        {items.length === 0 ? (
          <span className="muted">
            It was taught nothing yet. A submission of an analyst that says phish, spam or clean is a lesson.
          </span>
        ) : (
          <Table lessons={items} onForget={(hash) => forget.mutate(hash)} />
        )}
      </div>
    </Card>
  )
}

function Table({ lessons, onForget }: { lessons: readonly Lesson[]; onForget: (hash: string) => void }) {
  const write = useCan()('lists.write')
  return (
    <ScrollRegion label="Lessons">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Taught</th>
            <th scope="col">As</th>
            <th scope="col">Message</th>
            <th scope="col">By</th>
            <th scope="col">Why</th>
            {write ? (
              <th scope="col">
                <span className="hidden-visually">Forget</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {lessons.map((lesson) => (
            <tr key={lesson.messageHash}>
              <td className="nowrap">
                <Time at={lesson.at} />
              </td>
              <td>
                <Status tone={CLASS[lesson.class][0]}>{CLASS[lesson.class][1]}</Status>
              </td>
              <td className="mono">
                {lesson.messageId ? (
                  <Link to="/messages/$id" params={{ id: lesson.messageId }} search={{}} className="link">
                    {lesson.messageHash.slice(0, 12)}
                  </Link>
                ) : (
                  lesson.messageHash.slice(0, 12)
                )}
              </td>
              <td>
                <SafeText text={lesson.by} max={100} />
              </td>
              <td>{CAUSE[lesson.cause.kind]}</td>
              {write ? (
                <td>
                  <RemoveButton
                    verb="Forget"
                    what={`the lesson ${lesson.messageHash.slice(0, 12)}`}
                    onRemove={() => onForget(lesson.messageHash)}
                  />
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
