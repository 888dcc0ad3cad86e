import { Button, MessageBar, MessageBarBody } from '@fluentui/react-components'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { NextStep, Permission, SubmissionMade } from '../../api/types.ts'
import { Facts } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ThreatStatus } from '../../parts/Status.tsx'
import { visible } from '../../parts/text.ts'
import { ENTRY_KIND, PLACEMENT, wordFor } from '../../words.ts'
import { useNextStep } from './data.ts'

const NEEDS: Record<NextStep['kind'], readonly Permission[]> = {
  release: ['remediation.approve', 'remediation.propose'],
  remove: ['remediation.approve', 'remediation.propose'],
  'allow-entry': ['lists.write'],
  'block-entry': ['lists.write'],
}

/** The answer to a report: the message judged with today's lists and signals, and the steps that follow from it. */
export function Reported({ made, onDone }: { made: SubmissionMade; onDone: () => void }) {
  const { today } = made
  return (
    <div className="stack">
      <strong>With today’s lists, signals and policy</strong>
      <Facts
        facts={[
          ['Threat', <ThreatStatus key="t" threat={today.verdict.threat} />],
          ['It would', PLACEMENT[today.wouldPlace].toLowerCase()],
          [
            'Entries that match',
            today.entries.length === 0
              ? 'None'
              : today.entries.map((entry) => (
                  <div key={entry.id}>
                    {entry.action === 'allow' ? 'Allow' : 'Block'} {wordFor(ENTRY_KIND, entry.kind).toLowerCase()}{' '}
                    <bdi className="mono">{visible(entry.value, 120)}</bdi>
                  </div>
                )),
          ],
        ]}
      />
      {today.signals.length > 0 ? (
        <ul className="sentences" aria-label="Signals">
          {today.signals.map((signal) => (
            <li key={`${signal.id}-${signal.summary}`}>
              <SafeText text={signal.summary} max={400} />
            </li>
          ))}
        </ul>
      ) : (
        <span className="muted">No signal speaks against it.</span>
      )}
      <NextSteps steps={made.next} onDone={onDone} />
    </div>
  )
}

function NextSteps({ steps, onDone }: { steps: readonly NextStep[]; onDone: () => void }) {
  const can = useCan()
  const next = useNextStep()
  const [taken, setTaken] = useState<readonly string[]>([])
  const offered = steps.filter((step) => NEEDS[step.kind].some(can))
  if (offered.length === 0) return null
  const take = (step: NextStep) =>
    next.mutate(step, {
      onSuccess: ({ action }) => {
        setTaken((before) => [...before, step.label])
        if (action) onDone()
      },
    })
  return (
    <div className="stack-tight">
      <strong>Next steps</strong>
      {next.error ? <Problem error={next.error} /> : null}
      {offered.map((step) =>
        taken.includes(step.label) ? (
          <MessageBar key={step.label} intent="success">
            <MessageBarBody>{step.label}: done</MessageBarBody>
          </MessageBar>
        ) : (
          <Button key={step.label} disabled={next.isPending} onClick={() => take(step)}>
            <span className="wrap">{visible(step.label, 160)}</span>
          </Button>
        ),
      )}
    </div>
  )
}
