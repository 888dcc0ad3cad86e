import { Link } from '@tanstack/react-router'
import type { ActionBrief, ActionDetail, UndoSelection } from '../../api/types.ts'
import { Facts } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ActionStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { UndoByCauseButton } from '../../undo/UndoByCause.tsx'
import { actionLabel, ENTRY_KIND, plural, SEVERITY, SOURCE, wordFor } from '../../words.ts'
import { Expires } from './columns.tsx'

export function ActionFacts({ action }: { action: ActionDetail }) {
  return (
    <Facts
      facts={[
        ['Status', <ActionStatus key="s" state={action.state} />],
        ['Action type', actionLabel(action.kind, action.target)],
        ['Approval ID', <code key="a">{action.approvalId}</code>],
        action.expiresAt && action.state === 'pending-approval'
          ? ['Expires', <Expires key="x" action={action} />]
          : null,
        action.approvalsNeeded > 1
          ? ['Approvals', `${approvedBy(action).length} of ${action.approvalsNeeded} different people`]
          : null,
        ['Requested by', <SafeText key="r" text={action.requestedBy.name} max={120} />],
        action.decidedBy ? ['Decided by', <SafeText key="d" text={action.decidedBy} max={120} />] : null,
        action.severity ? ['Severity', wordFor(SEVERITY, action.severity)] : null,
        ['Action source', wordFor(SOURCE, action.source)],
        ['Created', <Time key="c" at={action.createdAt} seconds />],
        ['Started', <Time key="b" at={action.startedAt} seconds />],
        ['Ended', <Time key="e" at={action.endedAt} seconds />],
        action.description ? ['Description', <SafeText key="t" text={action.description} max={2000} />] : null,
        ...decisions(action),
        // An undo has chosen what the actions below have done.
        action.kind === 'undo' && !action.selection ? null : ['Chosen', <Chosen key="q" action={action} />],
        action.about ? ['About', <About key="o" action={action} />] : null,
        action.cause ? ['Cause', <CauseOf key="u" action={action} />] : null,
        action.classification
          ? ['Classification', `False positive, by ${visible(action.classification.by, 80)}`]
          : null,
        action.undoOf ? ['Undo of', <ToAction key="uo" id={action.undoOf} text="The action that this undoes" />] : null,
        action.undoOf === null && action.undoes.length > 0
          ? ['Undo of', <ToActions key="us" ids={action.undoes} />]
          : null,
        action.undoneBy
          ? ['Undone by', <ToAction key="ub" id={action.undoneBy} text="The undo of this action" />]
          : null,
        action.derivedFrom
          ? ['Derived from', <ToAction key="df" id={action.derivedFrom} text="The proposal that was changed" />]
          : null,
        action.derived.length > 0 ? ['Derived', <Briefs key="dv" actions={action.derived} />] : null,
        action.together.length > 0 ? ['Together with', <Briefs key="tw" actions={action.together} />] : null,
      ]}
    />
  )
}

const approvedBy = ({ approvals }: ActionDetail) => approvals.filter((one) => one.decision === 'approved')

const ToAction = ({ id, text }: { id: string; text: string }) => (
  <Link to="/action-center/$id" params={{ id }} className="link">
    {text}
  </Link>
)

const ToActions = ({ ids }: { ids: readonly string[] }) => (
  <ul className="plain">
    {ids.slice(0, 20).map((id, n) => (
      <li key={id}>
        <ToAction id={id} text={`Action ${n + 1} of ${ids.length}`} />
      </li>
    ))}
    {ids.length > 20 ? <li className="muted">and {ids.length - 20} more</li> : null}
  </ul>
)

const Briefs = ({ actions }: { actions: readonly ActionBrief[] }) => (
  <ul className="plain">
    {actions.map((one) => (
      <li key={one.id} className="row">
        <ToAction id={one.id} text={visible(one.name, 100)} />
        <ActionStatus state={one.state} />
      </li>
    ))}
  </ul>
)

const DECIDED = { approved: 'Approved by', rejected: 'Rejected by', cancelled: 'Cancelled by' } as const

const decisions = (action: ActionDetail) =>
  action.approvals.map(
    (one) =>
      [
        DECIDED[one.decision],
        <span key={one.at}>
          <SafeText text={one.name} max={120} />, <Time at={one.at} />
          {one.why ? (
            <>
              : <SafeText text={one.why} max={500} />
            </>
          ) : null}
        </span>,
      ] as const,
  )

/** How the copies were chosen; a query was frozen at submission. */
function Chosen({ action }: { action: ActionDetail }) {
  const { selection } = action
  if (!selection) return <span className="muted">Not recorded</span>
  const what = `${plural(selection.copies, 'copy', 'copies')} of ${plural(selection.messages, 'message')}`
  if (selection.by === 'hand') return <span>By hand: {what}</span>
  if (selection.by === 'action') return <span>From an earlier action: {what}</span>
  return (
    <span>
      By query, as it was at <Time at={selection.at} seconds />: {what}
      {selection.query ? (
        <>
          {' '}
          <code className="wrap">{visible(selection.query, 500)}</code>
        </>
      ) : null}
    </span>
  )
}

function About({ action: { about } }: { action: ActionDetail }) {
  if (!about) return null
  if ('entryId' in about)
    return (
      <span className="wrap">
        {about.action === 'allow' ? 'Allow' : 'Block'} {wordFor(ENTRY_KIND, about.kind).toLowerCase()}{' '}
        <bdi>{visible(about.value, 300)}</bdi>
      </span>
    )
  return (
    <span>
      {plural(about.messages, 'message')} submitted as {about.as}
    </span>
  )
}

const CAUSES: Readonly<Record<string, string>> = {
  signal: 'Signal',
  entry: 'Allow/Block List entry',
  policy: 'Policy',
  person: 'Person',
  action: 'Action',
  submission: 'Submission',
}

function selectOf({ kind, id }: NonNullable<ActionDetail['cause']>): UndoSelection | null {
  switch (kind) {
    case 'entry':
      return { entry: { id } }
    case 'signal':
      return { signal: { id } }
    case 'policy':
      return { policy: { id } }
    case 'submission':
      return { submission: id }
    case 'person':
      return { person: id }
    default:
      return null
  }
}

function CauseOf({ action: { cause } }: { action: ActionDetail }) {
  if (!cause) return null
  const name = `${wordFor(CAUSES, cause.kind)} ${visible(cause.id, 80)} (version ${cause.version})`
  if (cause.kind === 'action') return <ToAction id={cause.id} text={name} />
  const select = selectOf(cause)
  return (
    <span className="wrap">
      {cause.kind === 'entry' ? (
        <Link to="/tenant-allow-block-list" className="link">
          {name}
        </Link>
      ) : (
        name
      )}
      {select ? (
        <UndoByCauseButton
          small
          text="Undo all that it did"
          what="everything that this cause did"
          select={select}
          source="action-center"
        />
      ) : null}
    </span>
  )
}
