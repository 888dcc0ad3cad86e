import { Link } from '@tanstack/react-router'
import type { UndoPlan } from '../api/types.ts'
import { Facts } from '../parts/Page.tsx'
import { ActionStatus } from '../parts/Status.tsx'
import { Time } from '../parts/Time.tsx'
import { visible } from '../parts/text.ts'
import { Count, Reasons } from '../takeAction/Review.tsx'
import { plural, reasonsIn } from '../words.ts'

/** What an undo would take back, counted; what cannot come back exactly or at all, and why; what goes on. */
export function UndoPlanView({ plan }: { plan: UndoPlan }) {
  const cannot = plan.impossible.reduce((sum, r) => sum + r.count, 0)
  const inexact = plan.notExact.reduce((sum, r) => sum + r.count, 0)
  return (
    <div className="stack">
      <p className="plan-line">{sentence(plan, cannot)}</p>
      <ul className="plain counts" aria-label="Copies by how they come back">
        <Count label="exactly as before" value={plan.exact} tone="good" />
        <Count label="not exactly" value={inexact} tone={inexact > 0 ? 'warn' : 'plain'} />
        <Count label="impossible" value={cannot} tone={cannot > 0 ? 'bad' : 'plain'} />
      </ul>
      <Reasons title="Not exactly, because" reasons={plan.notExact} />
      <Reasons title="Impossible, because" reasons={plan.impossible} />
      {plan.byFolder.length > 0 ? (
        <Facts
          facts={plan.byFolder
            .slice(0, 12)
            .map((f) => [`Back to ${visible(f.folder, 60)}`, plural(f.count, 'copy', 'copies')] as const)}
        />
      ) : null}
      <Times plan={plan} />
      <p className="muted">
        Recorded state of <Time at={plan.at} seconds />. Exact means folder, bytes, flags, keywords and date; the mail
        server gives new UIDs.
      </p>
    </div>
  )
}

function sentence(plan: UndoPlan, cannot: number): string {
  if (plan.copies === 0)
    return plan.heldAtGate + plan.junkedAtGate > 0
      ? 'No action has taken anything that can be given back.'
      : 'Nothing of this can be taken back.'
  const head = `${plural(plan.copies, 'copy goes', 'copies go')} back to ${plural(plan.mailboxes, 'mailbox', 'mailboxes')}`
  return cannot > 0 ? `${head}, ${cannot} cannot: ${reasonsIn(plan.impossible)}.` : `${head}.`
}

/** Past, present and future apart: what was done, what still runs, what the cause would do to new mail. */
function Times({ plan }: { plan: UndoPlan }) {
  return (
    <>
      {plan.actions.length > 1 ? (
        <section className="stack-tight" aria-label="Actions">
          <strong>{plural(plan.actions.length, 'action')}</strong>
          <ul className="plain">
            {plan.actions.slice(0, 20).map((action) => (
              <li key={action.id} className="row">
                <Link to="/action-center/$id" params={{ id: action.id }} className="link">
                  {visible(action.name, 100)}
                </Link>
                <span className="muted">{plural(action.copies, 'copy', 'copies')}</span>
              </li>
            ))}
            {plan.actions.length > 20 ? <li className="muted">and {plan.actions.length - 20} more</li> : null}
          </ul>
        </section>
      ) : null}
      {plan.running.actions.length > 0 ? (
        <section className="stack-tight" aria-label="Still running">
          <strong>Still running: cancel it first, or it goes on</strong>
          <ul className="plain">
            {plan.running.actions.map((action) => (
              <li key={action.id} className="row">
                <Link to="/action-center/$id" params={{ id: action.id }} className="link">
                  {visible(action.name, 100)}
                </Link>
                <ActionStatus state={action.state} />
                <span className="muted">{plural(action.left, 'copy', 'copies')} to go</span>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {plan.future.length > 0 ? (
        <section className="stack-tight" aria-label="New mail">
          <strong>New mail</strong>
          <ul className="sentences">
            {plan.future.map((one) => (
              <li key={`${one.cause.kind} ${one.cause.id} ${one.cause.version}`}>{one.says}</li>
            ))}
          </ul>
        </section>
      ) : null}
    </>
  )
}
