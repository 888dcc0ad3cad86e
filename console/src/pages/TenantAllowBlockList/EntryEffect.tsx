import { Button, Spinner } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { EntryPreview, NewEntry, PreviewRow } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ThreatStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { PLACEMENT, plural } from '../../words.ts'
import { useEntryPreview, useGiveBack } from './data.ts'

/** Tries the entry against the past before it is saved: whose verdict would flip. */
export function EntryEffect({ entry }: { entry: NewEntry }) {
  const [asked, setAsked] = useState<NewEntry | null>(null)
  const key = `${entry.action} ${entry.kind} ${entry.value}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: an answer is about the entry it was asked for
  useEffect(() => setAsked(null), [key])
  const preview = useEntryPreview(asked)
  if (!asked)
    return (
      <div>
        <Button size="small" onClick={() => setAsked(entry)}>
          What would it change?
        </Button>
      </div>
    )
  if (preview.error) return <Problem error={preview.error} title="The preview failed" />
  if (!preview.data) return <Spinner size="tiny" label="Judging the past again" />
  const { matching, flips, sample, now, since, complete } = preview.data
  return (
    <section className="stack-tight" aria-label="What it would change" role="status">
      <strong>
        {flips === 0
          ? 'No message of the past would be judged otherwise.'
          : `${plural(flips, 'message')} of the past would be judged otherwise.`}
      </strong>
      <span className="muted small">
        {plural(matching, 'message')} since <Time at={since} /> {matching === 1 ? 'matches' : 'match'} the entry
        {complete ? '.' : '; only the newest were looked at.'}
      </span>
      {now.map((step) => (
        <Present key={step.label} step={step} />
      ))}
      <ul className="plain stack-tight">
        {sample.slice(0, 3).map((row) => (
          <Flip key={row.id} row={row} />
        ))}
      </ul>
    </section>
  )
}

/** What has come already: the entry does not change it, so it is given back beside it, by an action of its own. */
function Present({ step }: { step: EntryPreview['now'][number] }) {
  const can = useCan()
  const give = useGiveBack()
  if (give.data) return <span className="small">{step.label}: begun, see the Action center.</span>
  return (
    <span className="row">
      {can('remediation.propose') || can('remediation.approve') ? (
        <Button size="small" disabledFocusable={give.isPending} onClick={() => give.mutate(step)}>
          {step.label}
        </Button>
      ) : (
        <span className="small">{step.label}</span>
      )}
      {give.error ? <Problem error={give.error} /> : null}
    </span>
  )
}

function Flip({ row }: { row: PreviewRow }) {
  return (
    <li className="flip">
      <span className="ellipsis">
        <SafeText text={row.subject} max={120} empty="(no subject)" />
      </span>
      <span className="row">
        <ThreatStatus threat={row.from.threat} />
        <span className="muted">{PLACEMENT[row.from.placement]}</span>
        <span aria-hidden>→</span>
        <span className="hidden-visually">becomes</span>
        <ThreatStatus threat={row.to.threat} />
        <span className="muted">{PLACEMENT[row.to.placement]}</span>
      </span>
    </li>
  )
}
