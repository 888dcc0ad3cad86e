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
  /** What has come of it, once it is done: in place of the question. */
  readonly outcome?: ReactNode
  readonly onYes: () => void
  readonly onClose: () => void
  readonly children: ReactNode
}

/** A question before something is done; what went wrong is shown where it was asked. */
export function Ask({ title, yes, busy, blocked = false, error, outcome = null, onYes, onClose, children }: Props) {
  useReturnFocus()
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="ask">
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent className="stack">
            {error ? <Problem error={error} title="Nothing was done" /> : null}
            {outcome ?? children}
          </DialogContent>
          <DialogActions>
            {outcome === null ? (
              <Button appearance="primary" disabled={blocked} disabledFocusable={busy} onClick={onYes}>
                {busy ? 'Working…' : yes}
              </Button>
            ) : null}
            <Button onClick={onClose}>{outcome === null ? 'Back' : 'Done'}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
