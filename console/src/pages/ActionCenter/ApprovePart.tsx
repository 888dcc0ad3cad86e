import { Field, Radio, RadioGroup } from '@fluentui/react-components'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { ActionDetail } from '../../api/types.ts'
import { Ask } from '../../parts/Ask.tsx'
import { actionLabel, plural } from '../../words.ts'
import { Comment } from './DecideDialog.tsx'
import { useDecide } from './data.ts'

interface Other {
  readonly kind: string
  readonly target?: string
}

const OTHERS: readonly Other[] = [
  { kind: 'move', target: 'inbox' },
  { kind: 'move', target: 'junk' },
  { kind: 'move', target: 'deleted-items' },
  { kind: 'soft-delete' },
  { kind: 'hard-delete' },
  { kind: 'quarantine' },
]
const keyOf = ({ kind, target }: Other): string => `${kind} ${target ?? ''}`

/** Approving less than was proposed: without some copies, or another action in its place. */
export function ApprovePart(props: { action: ActionDetail; leftOut: readonly string[]; onClose: () => void }) {
  const { action, leftOut, onClose } = props
  const own = keyOf({ kind: action.kind, ...(action.target ? { target: action.target } : {}) })
  const [choice, setChoice] = useState(leftOut.length > 0 ? own : '')
  const [why, setWhy] = useState('')
  const decide = useDecide(action.id, onClose)
  const purge = useCan()('remediation.purge')
  const instead = OTHERS.find((one) => keyOf(one) === choice && choice !== own)
  const rest = action.counts.planned - leftOut.length
  const release = action.kind === 'release' || action.kind === 'undo'
  return (
    <Ask
      title={
        leftOut.length > 0 ? `Approve without ${plural(leftOut.length, 'copy', 'copies')}` : 'Approve something else'
      }
      yes="Approve"
      busy={decide.isPending}
      blocked={rest <= 0 || (leftOut.length === 0 && !instead)}
      error={decide.error}
      onYes={() =>
        decide.mutate({
          verb: 'approve',
          ...(why.trim() ? { why: why.trim() } : {}),
          ...(leftOut.length > 0 ? { except: { itemIds: leftOut } } : {}),
          ...(instead ? { instead } : {}),
        })
      }
      onClose={onClose}
    >
      <p className="plan-line">
        {plural(Math.max(0, rest), 'copy is', 'copies are')} acted on
        {leftOut.length > 0 ? `; ${plural(leftOut.length, 'copy is', 'copies are')} left alone, with your name` : ''}.
      </p>
      {release ? null : (
        <Field label="Action">
          <RadioGroup value={choice} onChange={(_, data) => setChoice(data.value)}>
            {OTHERS.filter((one) => one.kind !== 'hard-delete' || purge).map((one) => (
              <Radio
                key={keyOf(one)}
                value={keyOf(one)}
                disabled={keyOf(one) === own && leftOut.length === 0}
                label={`${actionLabel(one.kind, one.target ?? null)}${keyOf(one) === own ? ' (as proposed)' : ''}`}
              />
            ))}
          </RadioGroup>
        </Field>
      )}
      {instead ? (
        <p className="muted">The proposal is rejected in your name, and an action derived from it runs.</p>
      ) : null}
      <Comment value={why} onChange={setWhy} />
    </Ask>
  )
}
