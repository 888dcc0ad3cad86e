import { MessageBar, MessageBarBody, Spinner } from '@fluentui/react-components'
import { useCan } from '../api/session.ts'
import type { ActionRequest, Plan, Reason } from '../api/types.ts'
import { Facts } from '../parts/Page.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Time } from '../parts/Time.tsx'
import { visible } from '../parts/text.ts'
import { actionLabel, plural, reasonsIn } from '../words.ts'
import { usePlan } from './data.ts'
import type { Choice } from './fit.ts'

/** What will happen, counted by the server; execution looks again at each mailbox. */
export function Review({ choice, request, problem }: { choice: Choice; request: ActionRequest; problem: unknown }) {
  const plan = usePlan(request)
  const can = useCan()
  return (
    <div className="stack">
      {problem ? <Problem error={problem} title="The action was not submitted" /> : null}
      {plan.error ? (
        <Problem error={plan.error} title="The preview failed" onRetry={() => void plan.refetch()} />
      ) : null}
      {plan.isPending ? <Spinner size="small" label="Counting" /> : null}
      {plan.data ? <PlanView plan={plan.data} choice={choice} /> : null}
      <Facts
        facts={[
          ['Action', actionLabel(choice.kind, choice.target)],
          ['Name', <bdi key="name">{visible(request.name ?? '', 200)}</bdi>],
          request.description ? ['Description', <bdi key="why">{visible(request.description, 2000)}</bdi>] : null,
        ]}
      />
      {can('remediation.approve') ? null : (
        <MessageBar intent="info">
          <MessageBarBody>
            You may propose actions: this one waits in the Action center until somebody approves it.
          </MessageBarBody>
        </MessageBar>
      )}
    </div>
  )
}

function PlanView({ plan, choice }: { plan: Plan; choice: Choice }) {
  const { actionable, alreadyThere, notFound, impossible } = plan.items
  return (
    <div className="stack">
      <p className="plan-line">{sentence(plan, choice)}</p>
      <ul className="plain counts" aria-label="Copies by what will happen">
        <Count label="will be acted on" value={actionable} tone="info" />
        <Count label="already there" value={alreadyThere} />
        <Count label="place unknown" value={notFound} tone={notFound > 0 ? 'warn' : 'plain'} />
        <Count label="cannot be acted on" value={impossible} tone={impossible > 0 ? 'warn' : 'plain'} />
      </ul>
      <Reasons title="Cannot be acted on" reasons={plan.impossible} />
      <Reasons title="Cannot be undone exactly afterwards" reasons={plan.notExact} />
      {plan.byFolder.length > 0 ? (
        <Facts
          facts={plan.byFolder
            .slice(0, 12)
            .map((f) => [`From ${visible(f.folder, 60)}`, plural(f.count, 'copy', 'copies')] as const)}
        />
      ) : null}
      <p className="muted">
        Recorded state of <Time at={plan.at} seconds />. Each mailbox is read again before anything is moved.
      </p>
    </div>
  )
}

const VERB: Record<Choice['kind'], string> = {
  move: 'moved in',
  'soft-delete': 'soft deleted from',
  'hard-delete': 'hard deleted from',
  quarantine: 'taken to quarantine from',
  release: 'released to',
}

/** "214 copies of 3 messages are released to 214 mailboxes, 3 cannot: account gone." */
function sentence(plan: Plan, choice: Choice): string {
  const cannot = plan.items.impossible
  const reasons = reasonsIn(plan.impossible)
  const head = `${plural(plan.items.actionable, 'copy', 'copies')} of ${plural(plan.messages, 'message')} ${plan.items.actionable === 1 ? 'is' : 'are'} ${VERB[choice.kind]} ${plural(plan.mailboxes, 'mailbox', 'mailboxes')}`
  return cannot > 0 ? `${head}, ${cannot} cannot: ${reasons}.` : `${head}.`
}

export function Count({ label, value, tone = 'plain' }: { label: string; value: number; tone?: string }) {
  return (
    <li className={`count ${tone}`}>
      <strong>{value.toLocaleString()}</strong>
      <span>{label}</span>
    </li>
  )
}

export function Reasons({ title, reasons }: { title: string; reasons: readonly Reason[] }) {
  if (reasons.length === 0) return null
  return (
    <section className="stack-tight" aria-label={title}>
      <strong>{title}</strong>
      <ul className="sentences">
        {reasons.map((r) => (
          <li key={r.reason}>
            {r.count.toLocaleString()} × {r.reason}
          </li>
        ))}
      </ul>
    </section>
  )
}
