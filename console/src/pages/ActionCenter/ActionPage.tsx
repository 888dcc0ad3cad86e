import { MessageBar, MessageBarBody, MessageBarTitle, Spinner } from '@fluentui/react-components'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { ActionRow, ItemState } from '../../api/types.ts'
import { Card, Facts, Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ActionStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { actionLabel } from '../../words.ts'
import '../../takeAction/takeAction.css'
import './action.css'
import { Decide } from './Decide.tsx'
import { isOpen, useAction } from './data.ts'
import { Items } from './Items.tsx'
import { Progress } from './Progress.tsx'

const Crumb = () => (
  <>
    <Link to="/action-center" className="link">
      Action center
    </Link>
    <span aria-hidden>›</span>
    <span>Action</span>
  </>
)

/** One action: how far it is, item by item, and its undo. */
export function ActionPage() {
  const { id } = useParams({ from: '/inside/action-center/$id' })
  const action = useAction(id)
  if (action.error && !action.data)
    return (
      <Page title="Action" crumb={<Crumb />}>
        <Problem error={action.error} title="The action cannot be shown" onRetry={() => void action.refetch()} />
      </Page>
    )
  if (!action.data)
    return (
      <Page title="Action" crumb={<Crumb />}>
        <Spinner size="small" label="Loading" />
      </Page>
    )
  return <Loaded key={id} action={action.data} />
}

function Loaded({ action }: { action: ActionRow }) {
  const [state, setState] = useState<ItemState | null>(null)
  return (
    <Page
      title={visible(action.name, 100)}
      heading={<SafeText text={action.name} max={200} />}
      crumb={<Crumb />}
      actions={<Decide action={action} />}
    >
      {action.problem ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody className="wrap">
            <MessageBarTitle>It does not go on</MessageBarTitle>
            <SafeText text={action.problem} max={1000} />
          </MessageBarBody>
        </MessageBar>
      ) : null}
      <div className="action-top">
        <Card title="Progress">
          <Progress action={action} chosen={state} onChoose={setState} />
        </Card>
        <Card title="Details">
          <Details action={action} />
        </Card>
      </div>
      <Items action={action} state={state} onState={setState} running={isOpen(action.state)} />
    </Page>
  )
}

function Details({ action }: { action: ActionRow }) {
  return (
    <Facts
      facts={[
        ['Status', <ActionStatus key="s" state={action.state} />],
        ['Action type', actionLabel(action.kind, action.target)],
        ['Requested by', <SafeText key="r" text={action.requestedBy.name} max={120} />],
        ['Submitted', <Time key="c" at={action.createdAt} seconds />],
        ['Ended', <Time key="e" at={action.endedAt} seconds />],
        action.description ? ['Description', <SafeText key="d" text={action.description} max={2000} />] : null,
        ...approvals(action),
        action.cause ? ['Cause', `${action.cause.kind} ${action.cause.id} (version ${action.cause.version})`] : null,
        action.undoOf ? ['Undo of', <ToAction key="u" id={action.undoOf} text="The action that this undoes" />] : null,
        action.undoneBy
          ? ['Undone by', <ToAction key="b" id={action.undoneBy} text="The undo of this action" />]
          : null,
      ]}
    />
  )
}

const ToAction = ({ id, text }: { id: string; text: string }) => (
  <Link to="/action-center/$id" params={{ id }} className="link">
    {text}
  </Link>
)

const DECIDED = { approved: 'Approved by', rejected: 'Rejected by', cancelled: 'Cancelled by' } as const

const approvals = (action: ActionRow) =>
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
