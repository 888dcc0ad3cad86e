import {
  Button,
  DrawerBody,
  DrawerHeader,
  DrawerHeaderTitle,
  OverlayDrawer,
  Spinner,
  Toolbar,
} from '@fluentui/react-components'
import { ChevronDown24Regular, ChevronUp24Regular, Dismiss24Regular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
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
export function Flyout(props: Props) {
  useReturnFocus()
  const action = useAction(props.id)
  const go = (id: string | null) => () => {
    if (id) props.onGo(id)
  }
  return (
    <OverlayDrawer
      open
      position="end"
      size="large"
      onOpenChange={(_, data) => (data.open ? undefined : props.onClose())}
    >
      <DrawerHeader>
        <DrawerHeaderTitle
          heading={{ as: 'h2', className: 'wrap' }}
          action={
            <span className="row">
              <Button
                appearance="subtle"
                aria-label="Previous item"
                icon={<ChevronUp24Regular />}
                disabledFocusable={props.previous === null}
                onClick={go(props.previous)}
              />
              <Button
                appearance="subtle"
                aria-label="Next item"
                icon={<ChevronDown24Regular />}
                disabledFocusable={props.next === null}
                onClick={go(props.next)}
              />
              <Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={props.onClose} />
            </span>
          }
        >
          {action.data ? <SafeText text={action.data.name} max={200} /> : 'Action'}
        </DrawerHeaderTitle>
        {action.data ? (
          <Toolbar aria-label="This action" className="list-bar">
            <Decide action={action.data} />
            <Link to="/action-center/$id" params={{ id: props.id }} className="link">
              Open action page
            </Link>
          </Toolbar>
        ) : null}
      </DrawerHeader>
      <DrawerBody>
        {action.error && !action.data ? (
          <Problem error={action.error} title="The action cannot be shown" onRetry={() => void action.refetch()} />
        ) : null}
        {action.data ? <ActionBody action={action.data} narrow /> : <Spinner size="small" label="Loading" />}
      </DrawerBody>
    </OverlayDrawer>
  )
}
