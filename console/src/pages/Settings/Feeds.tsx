import type { FeedRow } from '../../api/types.ts'
import { Card, Facts } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { Status } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'

const STATE = {
  ok: ['good', 'Read'],
  old: ['warn', 'Too old'],
  failed: ['bad', 'Cannot be used'],
  loading: ['plain', 'Being read'],
} as const

const KIND: Readonly<Record<FeedRow['kind'], string>> = {
  url: 'pages',
  domain: 'domains',
  ip: 'IP addresses',
  sha256: 'files',
}

/** Files of known-bad things on the server: whether they are read, and how new they are. */
export function Feeds({ feeds }: { feeds: readonly FeedRow[] }) {
  if (feeds.length === 0) return null
  return (
    <div className="two">
      {feeds.map((feed) => (
        <Feed key={feed.name} feed={feed} />
      ))}
    </div>
  )
}

function Feed({ feed }: { feed: FeedRow }) {
  const [tone, word] = STATE[feed.state]
  const error = feed.lastError
  return (
    <Card title={`Feed ${feed.name}`} actions={<Status tone={tone}>{word}</Status>}>
      <div className="stack">
        <Facts
          facts={[
            ['Lists', `${feed.entries.toLocaleString()} ${KIND[feed.kind]}, ${feed.confidence} confidence`],
            ['File', <SafeText key="p" text={feed.path} max={300} />],
            ['File of', feed.fileTime === null ? '–' : <Time key="t" at={feed.fileTime} seconds />],
            ['Read', feed.loadedAt === null ? 'Never' : <Time key="l" at={feed.loadedAt} seconds />],
            error === null
              ? null
              : [
                  'Why not',
                  <span key="e" className="stack-tight">
                    <SafeText text={error.message} max={400} />
                    <span className="muted">
                      {feed.loadedAt === null ? 'Mail is judged without it, ' : 'The last good one is used, '}
                      <Time at={error.at} seconds />
                    </span>
                  </span>,
                ],
            feed.refused > 0 ? ['Lines that are no entries', feed.refused.toLocaleString()] : null,
            ['Found in mail', feed.hits.toLocaleString()],
          ]}
        />
        <span className="muted small">Signal feed:{feed.name}. Counted since this server process started.</span>
      </div>
    </Card>
  )
}
