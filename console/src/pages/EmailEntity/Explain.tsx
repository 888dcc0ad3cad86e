import { Button, Spinner } from '@fluentui/react-components'
import { useState } from 'react'
import { Card, Facts } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ThreatStatus } from '../../parts/Status.tsx'
import { PLACEMENT } from '../../words.ts'
import { useExplanation } from './data.ts'

/** The stored evidence judged anew with today's lists and policy, and what differs. */
export function Explain({ id }: { id: string }) {
  const [asked, setAsked] = useState(false)
  const explanation = useExplanation(id, asked)
  return (
    <Card title="With today’s lists and policy">
      {!asked ? <Button onClick={() => setAsked(true)}>Judge again</Button> : null}
      {explanation.error ? <Problem error={explanation.error} onRetry={() => void explanation.refetch()} /> : null}
      {asked && explanation.isPending ? <Spinner size="tiny" label="Judging" /> : null}
      {explanation.data ? (
        <div className="stack" role="status">
          <Facts
            facts={[
              ['Threat', <ThreatStatus key="t" threat={explanation.data.today.verdict.threat} />],
              ['Placement', PLACEMENT[explanation.data.today.verdict.placement]],
            ]}
          />
          {explanation.data.same ? (
            <span>It would be judged the same today.</span>
          ) : (
            <ul className="sentences" aria-label="Differences">
              {explanation.data.differs.map((sentence) => (
                <li key={sentence}>
                  <SafeText text={sentence} max={600} />
                </li>
              ))}
            </ul>
          )}
        </div>
      ) : null}
    </Card>
  )
}
