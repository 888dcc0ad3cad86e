import { Spinner } from '@fluentui/react-components'
import { useCan } from '../../api/session.ts'
import type { EngineRow, EnginesView } from '../../api/types.ts'
import { Card, Facts } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { Status } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { plural } from '../../words.ts'
import { useEngines } from './data.ts'
import { Feeds } from './Feeds.tsx'
import { Lessons } from './Lessons.tsx'

const NAME: Readonly<Record<EngineRow['id'], string>> = { rspamd: 'rspamd', clamav: 'ClamAV' }
const STATE = {
  up: ['good', 'Up'],
  down: ['bad', 'Down'],
  unknown: ['plain', 'Not asked yet'],
} as const

/** Whether the engines answer, and what the organisation's classifier was taught. */
export function Engines() {
  const engines = useEngines()
  const lessons = useCan()('mail.read')
  if (engines.error) return <Problem error={engines.error} onRetry={() => void engines.refetch()} />
  if (!engines.data) return <Spinner size="small" label="Loading" />
  const { items, feeds, pending, classifier } = engines.data
  return (
    <>
      {items.length === 0 ? (
        <Card title="Engines">
          <span className="muted">
            No engine is connected. rspamd and ClamAV can be named in the configuration of the server (engines); mail is
            judged by Recourse’s own signals and the classifier.
          </span>
        </Card>
      ) : (
        <div className="two">
          {items.map((engine) => (
            <Engine key={engine.id} engine={engine} />
          ))}
        </div>
      )}
      {items.length > 0 || pending > 0 ? (
        <Card title="Waiting for an engine">
          {pending === 0
            ? 'No message was judged without an engine.'
            : `${plural(pending, 'message was', 'messages were')} judged without an engine and ${pending === 1 ? 'is' : 'are'} judged again when it is back.`}
        </Card>
      ) : null}
      <Feeds feeds={feeds} />
      <Card title="Classifier">
        <Classifier classifier={classifier} />
      </Card>
      {lessons ? <Lessons /> : null}
    </>
  )
}

function Engine({ engine }: { engine: EngineRow }) {
  const [tone, word] = STATE[engine.state]
  return (
    <Card title={NAME[engine.id]} actions={<Status tone={tone}>{word}</Status>}>
      <div className="stack">
        <Facts
          facts={[
            ['Since', <Time key="s" at={engine.since} seconds />],
            ['Address', <SafeText key="a" text={engine.address} max={200} />],
            [
              'Last error',
              engine.lastError ? (
                <span key="e" className="stack-tight">
                  <SafeText text={engine.lastError.message} max={400} />
                  <span className="muted">
                    <Time at={engine.lastError.at} seconds />
                  </span>
                </span>
              ) : (
                'None'
              ),
            ],
            ['Answered', engine.answered.toLocaleString()],
            ['Failed', engine.failed.toLocaleString()],
            engine.tooLarge > 0 ? ['Too large to be asked', engine.tooLarge.toLocaleString()] : null,
            ['Response time of late', engine.latencyMs === null ? '–' : `${Math.round(engine.latencyMs)} ms`],
          ]}
        />
        <span className="muted small">Counted since this server process started.</span>
      </div>
    </Card>
  )
}

function Classifier({ classifier }: { classifier: EnginesView['classifier'] }) {
  const { ham, spam, phish } = classifier.taught
  return (
    <Facts
      facts={[
        [
          'Taught here',
          ham + spam + phish === 0
            ? 'Nothing yet: it judges by what it came with. Submissions of analysts teach it.'
            : `${plural(ham, 'clean message')}, ${spam.toLocaleString()} spam, ${phish.toLocaleString()} phish`,
        ],
        [
          'Version',
          <span key="v" className="mono">
            {classifier.version}
          </span>,
        ],
      ]}
    />
  )
}
