import {
  Button,
  Checkbox,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from '@fluentui/react-components'
import { useState } from 'react'
import type { ActionDetail } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
import { type FolderGone, FolderGoneChoice } from '../../undo/FolderGone.tsx'
import { UndoPlanOf, useSuspend } from '../../undo/UndoPlanOf.tsx'
import { plural } from '../../words.ts'
import { type UndoRequest, useUndo, useUndoPlan } from './data.ts'

/** What taking the action back would do, what cannot come back exactly and why; then does it. */
export function UndoDialog(props: { action: ActionDetail; items?: readonly string[]; onClose: () => void }) {
  const { action, items, onClose } = props
  useReturnFocus()
  const [folderGone, setFolderGone] = useState<FolderGone>('recreate')
  const part: UndoRequest = { folderGone, ...(items ? { items } : {}) }
  const plan = useUndoPlan(action.id, part)
  const suspend = useSuspend(plan.data)
  const request: UndoRequest = {
    ...part,
    source: 'action-center',
    ...(suspend.chosen ? { suspendCause: true } : {}),
  }
  const undo = useUndo(action.id, onClose)
  const word = action.can.redo ? 'Redo' : 'Undo'
  const nothing = plan.data !== undefined && plan.data.copies === 0
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="undo">
        <DialogBody>
          <DialogTitle>
            {word}
            {items ? ` of ${plural(items.length, 'copy', 'copies')}` : ''}
          </DialogTitle>
          <DialogContent className="stack">
            {undo.error ? <Problem error={undo.error} title="The undo was not started" /> : null}
            <UndoPlanOf plan={plan} />
            <FolderGoneChoice value={folderGone} onChange={setFolderGone} />
            {suspend.offered ? (
              <Checkbox
                checked={suspend.chosen}
                onChange={(_, data) => suspend.setChosen(data.checked === true)}
                label="Also suspend the cause for new mail"
              />
            ) : null}
            <p className="muted">
              The undo is an action of its own: recorded, followed on its page, and it can be undone too. Automation
              does not take these copies again for the same cause.
            </p>
          </DialogContent>
          <DialogActions>
            <Button
              appearance="primary"
              disabled={!plan.data || nothing}
              disabledFocusable={undo.isPending}
              onClick={() => undo.mutate(request)}
            >
              {undo.isPending ? 'Starting…' : `${word} action`}
            </Button>
            <Button onClick={onClose}>Cancel</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
