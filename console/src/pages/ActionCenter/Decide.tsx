import { Button } from '@fluentui/react-components'
import {
  ArrowRedo20Regular,
  ArrowUndo20Regular,
  BranchFork20Regular,
  Checkmark20Regular,
  Dismiss20Regular,
} from '@fluentui/react-icons'
import { useState } from 'react'
import type { ActionDetail } from '../../api/types.ts'
import { ApprovePart } from './ApprovePart.tsx'
import { DecideDialog } from './DecideDialog.tsx'
import { RejectDialog } from './RejectDialog.tsx'
import { UndoDialog } from './UndoDialog.tsx'

type Doing = 'approve' | 'reject' | 'part' | 'cancel' | 'undo'

/** What the asker may decide about the action now, as the server says: approve, reject, change, stop, undo, redo. */
export function Decide({ action }: { action: ActionDetail }) {
  const [doing, setDoing] = useState<Doing | null>(null)
  const { can } = action
  const close = () => setDoing(null)
  return (
    <>
      {can.approve ? (
        <Button appearance="primary" icon={<Checkmark20Regular />} onClick={() => setDoing('approve')}>
          Approve
        </Button>
      ) : null}
      {can.approvePart ? (
        <Button icon={<BranchFork20Regular />} onClick={() => setDoing('part')}>
          Approve something else
        </Button>
      ) : null}
      {can.reject ? (
        <Button icon={<Dismiss20Regular />} onClick={() => setDoing('reject')}>
          Reject
        </Button>
      ) : null}
      {can.cancel ? (
        <Button icon={<Dismiss20Regular />} onClick={() => setDoing('cancel')}>
          Cancel
        </Button>
      ) : null}
      {can.undo ? (
        <Button appearance="primary" icon={<ArrowUndo20Regular />} onClick={() => setDoing('undo')}>
          Undo
        </Button>
      ) : null}
      {can.redo ? (
        <Button appearance="primary" icon={<ArrowRedo20Regular />} onClick={() => setDoing('undo')}>
          Redo
        </Button>
      ) : null}
      {doing === 'approve' || doing === 'cancel' ? <DecideDialog action={action} verb={doing} onClose={close} /> : null}
      {doing === 'reject' ? <RejectDialog action={action} onClose={close} /> : null}
      {doing === 'part' ? <ApprovePart action={action} leftOut={[]} onClose={close} /> : null}
      {doing === 'undo' ? <UndoDialog action={action} onClose={close} /> : null}
    </>
  )
}
