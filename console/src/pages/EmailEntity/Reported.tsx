import { Button, MessageBar, MessageBarBody } from '@fluentui/react-components'
import { useState } from 'react'
import { mayAllow, useCan } from '../../api/session.ts'
import type { NextStep, Permission, SubmissionMade } from '../../api/types.ts'
import { Facts } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ThreatStatus } from '../../parts/Status.tsx'
import { visible } from '../../parts/text.ts'
import { ENTRY_KIND, PLACEMENT, wordFor } from '../../words.ts'
import { useNextStep } from './data.ts'

type Can = (permission: Permission) => boolean
const mayAct: (can: Can) => boolean = (can) => can('remediation.approve') || can('remediation.propose')
const MAY: Record<NextStep['kind'], (can: Can) => boolean> = {
  release: mayAct,
  remove: mayAct,
  'allow-entry': mayAllow,
  'block-entry': (can) => can('lists.write'),
}

/** The answer to a report: the message judged with today's lists and signals, and the steps that follow from it. */
export function Reported({ made, onDone }: { made: SubmissionMade; onDone: () => void }) {
  return (
    <div className="stack">
      <p className="report-result" ref={focus} tabIndex={-1}>
        <strong>
          <SafeText text={made.result} max={200} />
        </strong>
        {made.resultDetail ? (
          <>
            <br />
            <SafeText text={made.resultDetail} max={600} />
          </>
        ) : null}
      </p>
      {made.today ? (
        <Today today={made.today} differs={made.differs} />
      ) : (
        <span>Thank you. An analyst sees your report.</span>
      )}
      <NextSteps steps={made.next} onDone={onDone} />
    </div>
  )
}

/** The form is gone: without this the keyboard would be nowhere. */
function focus(element: HTMLElement | null): void {
  element?.focus()
}

function Today({ today, differs }: { today: NonNullable<SubmissionMade['today']>; differs: readonly string[] }) {
  return (
    <section className="stack-tight" aria-label="With today’s lists, signals and policy">
      <strong>With today’s lists, signals and policy</strong>
      <Facts
        facts={[
          ['Threat', <ThreatStatus key="t" threat={today.verdict.threat} />],
          ['Placement', PLACEMENT[today.wouldPlace]],
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
      <Sentences label="Signals" sentences={today.signals.map((signal) => signal.summary)} />
      {differs.length > 0 ? (
        <>
          <strong>Different from the verdict at receipt</strong>
          <Sentences label="Differences" sentences={differs} />
        </>
      ) : null}
    </section>
  )
}

function Sentences({ label, sentences }: { label: string; sentences: readonly string[] }) {
  if (sentences.length === 0) return null
  return (
    <ul className="sentences" aria-label={label}>
      {[...new Set(sentences)].map((sentence) => (
        <li key={sentence}>
          <SafeText text={sentence} max={400} />
        </li>
      ))}
    </ul>
  )
}

function NextSteps({ steps, onDone }: { steps: readonly NextStep[]; onDone: () => void }) {
  const can = useCan()
  const next = useNextStep()
  const [taken, setTaken] = useState<readonly string[]>([])
  const offered = steps.filter((step) => MAY[step.kind](can))
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
          <Button key={step.label} disabledFocusable={next.isPending} onClick={() => take(step)}>
            <span className="wrap">{visible(step.label, 160)}</span>
          </Button>
        ),
      )}
    </div>
  )
}
