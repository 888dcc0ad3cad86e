import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import type { HeldDone, HeldResults } from '../../api/types.ts'
import { SafeText } from '../../parts/SafeText.tsx'
import { Time } from '../../parts/Time.tsx'
import { plural } from '../../words.ts'

/** What was done, and for which messages it was not, one by one. */
export function Outcome({ done, verb }: { done: HeldResults | HeldDone; verb: string }) {
  const told = done.results.filter((r) => r.says !== '')
  return (
    <div className="stack" role="status">
      <MessageBar intent={done.refused > 0 ? 'warning' : 'success'} layout="multiline">
        <MessageBarBody className="wrap">
          <MessageBarTitle>
            {verb}: {plural(done.done, 'message')}, {plural(done.copies, 'copy', 'copies')}
          </MessageBarTitle>
          {done.refused > 0 ? `Not possible for ${plural(done.refused, 'message')}.` : null}
        </MessageBarBody>
      </MessageBar>
      {told.length > 0 ? (
        <ul className="sentences">
          {told.slice(0, 50).map((r) => (
            <li key={r.messageId}>
              <SafeText text={r.subject} max={80} empty={r.messageId} />: {r.says}
            </li>
          ))}
        </ul>
      ) : null}
      {'approvalId' in done ? <Besides done={done} /> : null}
    </div>
  )
}

function Besides({ done }: { done: HeldDone }) {
  return (
    <>
      {done.submissions.length > 0 ? (
        <p className="plain">
          Submitted as false positive: {plural(done.submissions.length, 'message')}. Result:{' '}
          {[...new Set(done.submissions.map((s) => s.result))].join('; ')}.
        </p>
      ) : null}
      {done.entries.length > 0 ? (
        <ul className="sentences" aria-label="Allow entries">
          {done.entries.map((e) => (
            <li key={e.id}>
              Allowed <bdi className="mono">{e.value}</bdi> until <Time at={e.expiresAt} />
            </li>
          ))}
        </ul>
      ) : null}
      {done.advice.length > 0 ? (
        <ul className="sentences">
          {done.advice.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      ) : null}
      {done.actions.slice(0, 5).map((action) => (
        <Link key={action.id} to="/action-center/$id" params={{ id: action.id }} className="link">
          {action.state === 'pending-approval'
            ? 'It waits for approval: see it in the Action center'
            : 'Progress in the Action center'}
        </Link>
      ))}
    </>
  )
}
