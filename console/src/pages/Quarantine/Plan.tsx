import { MessageBar, MessageBarBody, Spinner } from '@fluentui/react-components'
import { NeedsApproval } from '../../parts/NeedsApproval.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { othersLine, plural } from '../../words.ts'
import { usePlan, type Wish } from './data.ts'

/** What will happen, counted by the server before the click; `ready` says whether anything will. Null: nothing is chosen yet. */
export function usePlanText(wish: Wish | null) {
  const plan = usePlan(wish)
  const data = plan.data
  if (wish === null) return { text: null, ready: false }
  const text = (
    <section aria-label="What will happen" aria-busy={plan.isPending} className="stack-tight held-plan">
      {plan.isPending ? <Spinner size="tiny" label="Counting" /> : null}
      {plan.error ? <Problem error={plan.error} title="This could not be counted" /> : null}
      {data ? (
        <>
          <strong>
            {data.copies === 0
              ? 'Nothing can be done with this selection.'
              : wish.do === 'release'
                ? `To ${plural(data.mailboxes, 'mailbox', 'mailboxes')}: ${plural(data.copies, 'copy', 'copies')} of ${plural(data.messages, 'message')}.`
                : `${plural(data.copies, 'copy', 'copies')} of ${plural(data.messages, 'message')} will be deleted.`}
          </strong>
          {wish.do === 'release' && data.first > 0 ? (
            <span>
              {plural(data.first, 'copy is', 'copies are')} delivered for the first time, with the time of the release.
            </span>
          ) : null}
          {wish.do === 'release' && data.back > 0 ? (
            <span>{plural(data.back, 'copy goes', 'copies go')} back where it was taken from, as it was.</span>
          ) : null}
          {data.others ? <span>{othersLine(data.others)}</span> : null}
          <NeedsApproval approval={data.approval} />
          {data.stopped ? (
            <MessageBar intent="error" layout="multiline">
              <MessageBarBody className="wrap">
                {data.stopped.message} {data.stopped.cure}
              </MessageBarBody>
            </MessageBar>
          ) : null}
          {data.refused.length > 0 ? (
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody className="wrap">
                Not possible:
                <ul className="sentences">
                  {data.refused.slice(0, 10).map((r) => (
                    <li key={r.reason}>
                      {r.count > 1 ? `${r.count} × ` : ''}
                      {r.reason}
                    </li>
                  ))}
                </ul>
              </MessageBarBody>
            </MessageBar>
          ) : null}
        </>
      ) : null}
    </section>
  )
  return { text, ready: data !== undefined && data.copies > 0 && data.stopped === null }
}
