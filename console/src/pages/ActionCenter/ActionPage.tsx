import { Spinner } from '@fluentui/react-components'
import { Link, useParams } from '@tanstack/react-router'
import type { ActionDetail } from '../../api/types.ts'
import { Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { visible } from '../../parts/text.ts'
import { ActionBody } from './ActionBody.tsx'
import { Decide } from './Decide.tsx'
import { useAction } from './data.ts'

const Crumb = () => (
  <>
    <Link to="/action-center" className="link">
      Action center
    </Link>
    <span aria-hidden>›</span>
    <span>Action</span>
  </>
)

/** One action: how far it is, copy by copy, and its undo. */
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

const Loaded = ({ action }: { action: ActionDetail }) => (
  <Page
    title={visible(action.name, 100)}
    heading={<SafeText text={action.name} max={200} />}
    crumb={<Crumb />}
    actions={<Decide action={action} />}
  >
    <ActionBody action={action} />
  </Page>
)
