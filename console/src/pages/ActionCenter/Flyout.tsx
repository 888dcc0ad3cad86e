import { Spinner, Toolbar } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import { ItemFlyout } from '../../parts/ItemFlyout.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ActionBody } from './ActionBody.tsx'
import { Decide } from './Decide.tsx'
import { useAction } from './data.ts'

interface Props {
  readonly id: string
  readonly previous: string | null
  readonly next: string | null
  readonly onGo: (id: string) => void
  readonly onClose: () => void
}

/** An entry of the Action center without leaving the list. */
export function Flyout({ id, ...steps }: Props) {
  const action = useAction(id)
  return (
    <ItemFlyout
      {...steps}
      label="Details of the action"
      title={action.data ? <SafeText text={action.data.name} max={200} /> : 'Action'}
      toolbar={
        action.data ? (
          <Toolbar aria-label="This action" className="list-bar">
            <Decide action={action.data} />
            <Link to="/action-center/$id" params={{ id }} className="link">
              Open action page
            </Link>
          </Toolbar>
        ) : null
      }
    >
      {action.error && !action.data ? (
        <Problem error={action.error} title="The action cannot be shown" onRetry={() => void action.refetch()} />
      ) : null}
      {action.data ? <ActionBody action={action.data} narrow /> : <Spinner size="small" label="Loading" />}
    </ItemFlyout>
  )
}
