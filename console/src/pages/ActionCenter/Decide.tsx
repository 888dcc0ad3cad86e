import { Button } from '@fluentui/react-components'
import { ArrowUndo20Regular, Checkmark20Regular, Dismiss20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { ActionRow } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { canUndo, useDecide } from './data.ts'
import { UndoDialog } from './UndoDialog.tsx'

/** What can be decided about the action now: approve or reject it, stop it, undo it. */
export function Decide({ action }: { action: ActionRow }) {
  const can = useCan()
  const decide = useDecide(action.id)
  const [undoing, setUndoing] = useState(false)
  if (!can('remediation.approve')) return null
  const { state } = action
  return (
    <>
      {decide.error ? <Problem error={decide.error} /> : null}
      {state === 'pending-approval' ? (
        <>
          <Button
            appearance="primary"
            icon={<Checkmark20Regular />}
            disabled={decide.isPending}
            onClick={() => decide.mutate('approve')}
          >
            Approve
          </Button>
          <Button icon={<Dismiss20Regular />} disabled={decide.isPending} onClick={() => decide.mutate('reject')}>
            Reject
          </Button>
        </>
      ) : null}
      {state === 'queued' || state === 'running' ? (
        <Button icon={<Dismiss20Regular />} disabled={decide.isPending} onClick={() => decide.mutate('cancel')}>
          Cancel
        </Button>
      ) : null}
      {canUndo(action) ? (
        <Button appearance="primary" icon={<ArrowUndo20Regular />} onClick={() => setUndoing(true)}>
          Undo
        </Button>
      ) : null}
      {undoing ? <UndoDialog action={action} onClose={() => setUndoing(false)} /> : null}
    </>
  )
}
