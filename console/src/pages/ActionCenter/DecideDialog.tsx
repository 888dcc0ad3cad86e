import { Field, Textarea } from '@fluentui/react-components'
import { useState } from 'react'
import type { ActionDetail } from '../../api/types.ts'
import { Ask } from '../../parts/Ask.tsx'
import { actionLabel, plural } from '../../words.ts'
import { useDecide } from './data.ts'

/** Approving or stopping, with what it means and a comment for those who read it later. */
export function DecideDialog(props: { action: ActionDetail; verb: 'approve' | 'cancel'; onClose: () => void }) {
  const { action, verb, onClose } = props
  const [why, setWhy] = useState('')
  const decide = useDecide(action.id, onClose)
  const { total, planned } = action.counts
  const first = action.approvals.filter((one) => one.decision === 'approved').length
  const open = total - action.counts.done - action.counts.alreadyThere
  return (
    <Ask
      title={verb === 'approve' ? 'Approve' : 'Cancel'}
      yes={verb === 'approve' ? 'Approve' : 'Stop it'}
      busy={decide.isPending}
      error={decide.error}
      onYes={() => decide.mutate({ verb, ...(why.trim() ? { why: why.trim() } : {}) })}
      onClose={onClose}
    >
      <p className="plan-line">
        {verb === 'approve'
          ? first + 1 < action.approvalsNeeded
            ? `Your approval is ${first + 1} of ${action.approvalsNeeded}: it starts when somebody else approves it too.`
            : `${actionLabel(action.kind, action.target)}: ${plural(planned || total, 'copy is', 'copies are')} acted on at once.`
          : `What has not begun is left alone (up to ${plural(open, 'copy', 'copies')}); what is done stays done and can be undone.`}
      </p>
      <Comment value={why} onChange={setWhy} />
    </Ask>
  )
}

export const Comment = ({ value, onChange }: { value: string; onChange: (text: string) => void }) => (
  <Field label="Comment">
    <Textarea value={value} rows={3} maxLength={2000} onChange={(_, data) => onChange(data.value)} />
  </Field>
)
