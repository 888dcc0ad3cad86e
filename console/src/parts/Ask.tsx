import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { Problem } from './Problem.tsx'
import { useReturnFocus } from './useReturnFocus.ts'

interface Props {
  readonly title: string
  /** The button that does it. */
  readonly yes: string
  readonly busy: boolean
  readonly blocked?: boolean
  readonly error: unknown
  readonly onYes: () => void
  readonly onClose: () => void
  readonly children: ReactNode
}

/** A question before something is done; what went wrong is shown where it was asked. */
export function Ask({ title, yes, busy, blocked = false, error, onYes, onClose, children }: Props) {
  useReturnFocus()
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="ask">
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent className="stack">
            {error ? <Problem error={error} title="Nothing was done" /> : null}
            {children}
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" disabled={busy || blocked} onClick={onYes}>
              {busy ? 'Working…' : yes}
            </Button>
            <Button onClick={onClose}>Back</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
