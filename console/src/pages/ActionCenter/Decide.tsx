import { Button } from '@fluentui/react-components'
import {
  ArrowRedo20Regular,
  ArrowUndo20Regular,
  BranchFork20Regular,
  Checkmark20Regular,
  Dismiss20Regular,
  ShieldTask20Regular,
} from '@fluentui/react-icons'
import { useRef, useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { ActionDetail } from '../../api/types.ts'
import { useKeptFocus } from '../../parts/useReturnFocus.ts'
import { TakeAction } from '../../takeAction/TakeAction.tsx'
import { ApprovePart } from './ApprovePart.tsx'
import { DecideDialog } from './DecideDialog.tsx'
import { isOpen } from './data.ts'
import { RejectDialog } from './RejectDialog.tsx'
import { UndoDialog } from './UndoDialog.tsx'

type Doing = 'approve' | 'reject' | 'part' | 'cancel' | 'undo' | 'again'

/** What the asker may decide about the action now, as the server says: approve, reject, change, stop, undo, redo. */
export function Decide({ action }: { action: ActionDetail }) {
  const [doing, setDoing] = useState<Doing | null>(null)
  const { can } = action
  const close = () => setDoing(null)
  const buttons = useRef<HTMLDivElement>(null)
  useKeptFocus(buttons)
  const may = useCan()
  // What it touched may be acted on again, wherever it is now.
  const again =
    (may('remediation.propose') || may('remediation.approve')) && !isOpen(action.state) && action.counts.total > 0
  return (
    <>
      <div ref={buttons} className="contents">
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
        {again ? (
          <Button icon={<ShieldTask20Regular />} onClick={() => setDoing('again')}>
            Take action
          </Button>
        ) : null}
      </div>
      {doing === 'again' ? (
        <TakeAction
          source={{ kind: 'action', actionId: action.id, name: action.name, copies: action.counts.total }}
          onClose={close}
          onDone={close}
        />
      ) : null}
      {doing === 'approve' || doing === 'cancel' ? <DecideDialog action={action} verb={doing} onClose={close} /> : null}
      {doing === 'reject' ? <RejectDialog action={action} onClose={close} /> : null}
      {doing === 'part' ? <ApprovePart action={action} leftOut={[]} onClose={close} /> : null}
      {doing === 'undo' ? <UndoDialog action={action} onClose={close} /> : null}
    </>
  )
}
