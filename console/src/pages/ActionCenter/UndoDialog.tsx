import {
  Button,
  Checkbox,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Radio,
  RadioGroup,
  Spinner,
} from '@fluentui/react-components'
import { useState } from 'react'
import type { ActionRow, UndoPlan } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { Time } from '../../parts/Time.tsx'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
import { Count, Reasons } from '../../takeAction/Review.tsx'
import { plural, reasonsIn } from '../../words.ts'
import { type UndoRequest, useUndo, useUndoPlan } from './data.ts'

/** What taking the action back would do, what cannot come back exactly and why; then does it. */
export function UndoDialog(props: { action: ActionRow; items?: readonly string[]; onClose: () => void }) {
  const { action, items, onClose } = props
  useReturnFocus()
  const [folderGone, setFolderGone] = useState<UndoRequest['folderGone']>('recreate')
  const [suspend, setSuspend] = useState(false)
  const part: UndoRequest = { folderGone, ...(items ? { items } : {}) }
  const request: UndoRequest = { ...part, ...(suspend ? { suspendCause: true } : {}) }
  const plan = useUndoPlan(action.id, part)
  const undo = useUndo(action.id, onClose)
  const nothing = plan.data !== undefined && plan.data.copies === 0
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="undo">
        <DialogBody>
          <DialogTitle>{items ? `Undo ${plural(items.length, 'item')}` : 'Undo'}</DialogTitle>
          <DialogContent className="stack">
            {undo.error ? <Problem error={undo.error} title="The undo was not started" /> : null}
            {plan.error ? <Problem error={plan.error} onRetry={() => void plan.refetch()} /> : null}
            {plan.data ? (
              <UndoPlanView plan={plan.data} />
            ) : plan.isPending ? (
              <Spinner size="small" label="Counting" />
            ) : null}
            <Field label="If the folder of a message is gone">
              <RadioGroup
                value={folderGone}
                onChange={(_, data) => setFolderGone(data.value === 'inbox' ? 'inbox' : 'recreate')}
              >
                <Radio value="recreate" label="Make the folder again" />
                <Radio value="inbox" label="Put the message into the Inbox" />
              </RadioGroup>
            </Field>
            {action.cause ? (
              <Checkbox
                checked={suspend}
                onChange={(_, data) => setSuspend(data.checked === true)}
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
              disabled={!plan.data || nothing || undo.isPending}
              onClick={() => undo.mutate(request)}
            >
              {undo.isPending ? 'Starting…' : 'Undo action'}
            </Button>
            <Button onClick={onClose}>Cancel</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}

function UndoPlanView({ plan }: { plan: UndoPlan }) {
  const cannot = plan.impossible.reduce((sum, r) => sum + r.count, 0)
  const inexact = plan.notExact.reduce((sum, r) => sum + r.count, 0)
  const why = reasonsIn(plan.impossible)
  return (
    <div className="stack">
      <p className="plan-line">
        {plan.copies === 0
          ? 'Nothing of this action can be taken back.'
          : `${plural(plan.copies, 'copy goes', 'copies go')} back to ${plural(plan.mailboxes, 'mailbox', 'mailboxes')}${cannot > 0 ? `, ${cannot} cannot: ${why}` : ''}.`}
      </p>
      <ul className="plain counts" aria-label="Copies by how they come back">
        <Count label="exactly as before" value={plan.exact} tone="good" />
        <Count label="not exactly" value={inexact} tone={inexact > 0 ? 'warn' : 'plain'} />
        <Count label="impossible" value={cannot} tone={cannot > 0 ? 'bad' : 'plain'} />
      </ul>
      <Reasons title="Not exactly, because" reasons={plan.notExact} />
      <Reasons title="Impossible, because" reasons={plan.impossible} />
      <p className="muted">
        Recorded state of <Time at={plan.at} seconds />. Exact means folder, bytes, flags, keywords and date; the mail
        server gives new UIDs.
      </p>
    </div>
  )
}
