import { Link } from '@tanstack/react-router'
import type { MessageDetail, Override, Signal } from '../../api/types.ts'
import { Card, Facts } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ActionStatus, Status, ThreatStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { UndoByCauseButton } from '../../undo/UndoByCause.tsx'
import { actionLabel, ENTRY_KIND, PLACEMENT, TECHNOLOGY, wordFor } from '../../words.ts'
import { AuthenticationCard } from './AuthenticationCard.tsx'
import { Explain } from './Explain.tsx'
import { MadeCard } from './MadeCard.tsx'

/** Policies for some recipients have a name; `secops` is what judges the security team's own mailboxes. */
const policyName = ({ ownPolicy, verdict }: MessageDetail): string =>
  ownPolicy
    ? `${visible(ownPolicy.name, 100)} (${wordFor(POLICY, verdict.policy)})`
    : `Default policy (${wordFor(POLICY, verdict.policy)})`

const POLICY = { standard: 'Standard', strict: 'Strict', observe: 'Observe only' } as const

/** Why the message was judged as it was. */
export function Analysis({ message }: { message: MessageDetail }) {
  const { verdict } = message
  const { counted, suspended } = split(message)
  return (
    <>
      <Card title="Verdict">
        <div className="stack">
          <Facts
            facts={[
              ['Threat', <ThreatStatus key="t" threat={verdict.threat} />],
              ['Placement', placement(message)],
              ['Score', <span key="s">{verdict.score.toLocaleString(undefined, { maximumFractionDigits: 2 })}</span>],
              ['Policy', policyName(message)],
              ['Judged', <Time key="j" at={message.judgedAt} seconds />],
            ]}
          />
          {verdict.because.length > 0 ? (
            <ol className="sentences" aria-label="Because">
              {verdict.because.map((sentence) => (
                <li key={sentence}>
                  <SafeText text={sentence} max={1000} />
                </li>
              ))}
            </ol>
          ) : null}
        </div>
      </Card>
      <Card title={`Signals (${message.signals.length})`}>
        {message.signals.length === 0 ? (
          <span className="muted">Nothing was found that speaks for or against this message.</span>
        ) : (
          <ul className="plain stack">
            {counted.map((signal) => (
              <SignalView key={`${signal.id}-${signal.summary}`} signal={signal} />
            ))}
            {suspended.map((signal) => (
              <SignalView key={`${signal.id}-${signal.summary}`} signal={signal} suspended />
            ))}
          </ul>
        )}
      </Card>
      {verdict.overrides.length > 0 ? (
        <Card title="Overrides">
          <ul className="plain stack">
            {verdict.overrides.map((override) => (
              <OverrideView key={`${override.entryId}-${override.entity.value}`} override={override} />
            ))}
          </ul>
        </Card>
      ) : null}
      <Explain id={message.id} />
      <MadeCard message={message} />
      <AuthenticationCard authentication={message.authentication} />
      <Oddities message={message} />
      <Touched message={message} />
    </>
  )
}

/** The strongest first; what the organisation has suspended stands apart: it was found, and did not count. */
function split({ signals, verdict }: MessageDetail) {
  const off = new Set((verdict.suspended ?? []).map((s) => `${s.id} ${s.version}`))
  const isOff = (signal: Signal) => off.has(`${signal.id} ${signal.version}`)
  const sorted = signals.toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
  return { counted: sorted.filter((s) => !isOff(s)), suspended: sorted.filter(isOff) }
}

function placement({ verdict }: MessageDetail): string {
  const does = PLACEMENT[verdict.placement]
  return verdict.placement === verdict.wouldPlace
    ? does
    : `${does} (without override and observe only: ${PLACEMENT[verdict.wouldPlace].toLowerCase()})`
}

function SignalView({ signal, suspended = false }: { signal: Signal; suspended?: boolean }) {
  const tone = suspended ? 'off' : signal.weight > 0 ? 'bad' : signal.weight < 0 ? 'good' : 'plain'
  const sign = signal.weight > 0 ? '+' : ''
  return (
    <li className="signal">
      <span className={`weight ${tone}`}>
        <span className="hidden-visually">Weight </span>
        {sign}
        {signal.weight.toLocaleString(undefined, { maximumFractionDigits: 2 })}
      </span>
      <div className="stack-tight">
        {suspended ? <Status tone="info">Suspended: noted, not counted</Status> : null}
        <SafeText text={signal.summary} max={600} />
        <span className="muted small">
          {wordFor(TECHNOLOGY, signal.technology)} · {signal.id} v{signal.version}
        </span>
        {Object.keys(signal.evidence).length > 0 ? (
          <details>
            <summary>Evidence</summary>
            <pre className="source">{visibleJson(signal.evidence)}</pre>
          </details>
        ) : null}
        {signal.weight > 0 ? (
          <span>
            <UndoByCauseButton
              small
              text="Undo everything that this signal did"
              what={`everything that ${signal.id} did`}
              select={{ signal: { id: signal.id, version: signal.version } }}
              source="message"
            />
          </span>
        ) : null}
      </div>
    </li>
  )
}

const visibleJson = (value: unknown): string =>
  JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => visible(line, 2000))
    .join('\n')

function OverrideView({ override }: { override: Override }) {
  const what = override.action === 'allow' ? 'Allow' : 'Block'
  return (
    <li className="stack-tight">
      <span className="row">
        <Status tone={override.applied ? (override.action === 'allow' ? 'good' : 'bad') : 'plain'}>
          {override.applied ? `${what} entry applied` : `${what} entry refused`}
        </Status>
        <span>
          {wordFor(ENTRY_KIND, override.entity.kind)} <bdi className="mono">{visible(override.entity.value, 200)}</bdi>
        </span>
        <Link to="/tenant-allow-block-list" search={{}} className="link small">
          Tenant Allow/Block List
        </Link>
      </span>
      <SafeText text={override.reason} max={600} />
    </li>
  )
}

function Oddities({ message }: { message: MessageDetail }) {
  const { defects, parseState, parseError } = message
  if (defects.length === 0 && parseState === 'parsed') return null
  return (
    <Card title="What was odd">
      <ul className="sentences">
        {parseState === 'unparsable' ? (
          <li>
            The message could not be read as a whole: <SafeText text={parseError} />
          </li>
        ) : null}
        {defects.map((defect) => (
          <li key={defect}>
            <SafeText text={defect} max={500} />
          </li>
        ))}
      </ul>
    </Card>
  )
}

/** Reports about the message and actions that touched it. */
function Touched({ message }: { message: MessageDetail }) {
  return (
    <>
      {message.actions.length > 0 ? (
        <Card title="Actions">
          <ul className="plain stack-tight">
            {message.actions.map((action) => (
              <li key={action.id} className="row">
                <Link to="/action-center/$id" params={{ id: action.id }} className="link">
                  <SafeText text={action.name} max={160} />
                </Link>
                <span className="muted">{actionLabel(action.kind, action.target)}</span>
                <ActionStatus state={action.state} />
                <span className="muted">
                  <Time at={action.createdAt} />
                </span>
              </li>
            ))}
          </ul>
        </Card>
      ) : null}
      {message.submissions.length > 0 ? (
        <Card title="Submissions">
          <ul className="plain stack-tight">
            {message.submissions.map((submission) => (
              <li key={submission.id}>
                {submission.opinion === 'should-have-been-blocked'
                  ? 'Should have been blocked'
                  : 'Should not have been blocked'}{' '}
                – {submission.by}, <Time at={submission.createdAt} />
                {submission.reason ? (
                  <>
                    : <SafeText text={submission.reason} max={500} />
                  </>
                ) : null}
              </li>
            ))}
          </ul>
        </Card>
      ) : null}
    </>
  )
}
