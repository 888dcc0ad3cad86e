import { Button, DrawerBody, DrawerHeader, DrawerHeaderTitle, OverlayDrawer } from '@fluentui/react-components'
import { ChevronDown24Regular, ChevronUp24Regular, Dismiss24Regular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { useReturnFocus } from './useReturnFocus.ts'

interface Props {
  readonly title: ReactNode
  /** Of the part that scrolls, for screen readers. */
  readonly label: string
  readonly toolbar: ReactNode
  readonly previous: string | null
  readonly next: string | null
  readonly onGo: (id: string) => void
  readonly onClose: () => void
  readonly children: ReactNode
}

/** One entry of a list beside the list, with the way to its neighbours. */
export function ItemFlyout({ title, label, toolbar, previous, next, onGo, onClose, children }: Props) {
  useReturnFocus()
  const go = (id: string | null) => () => {
    if (id) onGo(id)
  }
  return (
    <OverlayDrawer open position="end" size="large" onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DrawerHeader>
        <DrawerHeaderTitle
          heading={{ as: 'h2', className: 'wrap' }}
          action={
            <span className="row flyout-steps">
              <Button
                appearance="subtle"
                aria-label="Previous item"
                icon={<ChevronUp24Regular />}
                disabledFocusable={previous === null}
                onClick={go(previous)}
              />
              <Button
                appearance="subtle"
                aria-label="Next item"
                icon={<ChevronDown24Regular />}
                disabledFocusable={next === null}
                onClick={go(next)}
              />
              <Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={onClose} />
            </span>
          }
        >
          {title}
        </DrawerHeaderTitle>
        {toolbar}
      </DrawerHeader>
      <DrawerBody tabIndex={0} aria-label={label}>
        {children}
      </DrawerBody>
    </OverlayDrawer>
  )
}
