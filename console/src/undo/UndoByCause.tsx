import { Button, Checkbox } from '@fluentui/react-components'
import { ArrowUndo20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useCan } from '../api/session.ts'
import type { UndoPlan, UndoSelection } from '../api/types.ts'
import { Ask } from '../parts/Ask.tsx'
import { plural } from '../words.ts'
import { useStartUndo, useUndoOf } from './data.ts'
import { type FolderGone, FolderGoneChoice } from './FolderGone.tsx'
import { UndoPlanOf, useSuspend } from './UndoPlanOf.tsx'

interface Props {
  /** What of: `everything that this signal did`, `what was done to this message`. */
  readonly what: string
  readonly select: UndoSelection
  /** The page that it is on. */
  readonly source: 'message' | 'action-center' | 'lists'
  readonly onClose: () => void
}

/** Undoes everything that a cause did: the blast radius first, then one action that gives it all back. */
export function UndoByCause({ what, select, source, onClose }: Props) {
  const [folderGone, setFolderGone] = useState<FolderGone>('recreate')
  const plan = useUndoOf(select)
  const undo = useStartUndo(onClose)
  const suspend = useSuspend(plan.data)
  const [release, setRelease] = useState(false)
  const gate = (plan.data?.heldAtGate ?? 0) + (plan.data?.junkedAtGate ?? 0)
  const releases = release && gate > 0
  return (
    <Ask
      title={`Undo ${what}`}
      yes="Undo all of it"
      busy={undo.isPending}
      blocked={!plan.data || (plan.data.copies === 0 && !releases)}
      error={undo.error}
      onYes={() =>
        undo.mutate({
          select,
          source,
          folderGone,
          ...(suspend.chosen ? { suspendCause: true } : {}),
          ...(releases ? { releaseHeld: true } : {}),
        })
      }
      onClose={onClose}
    >
      <UndoPlanOf plan={plan} />
      <FolderGoneChoice value={folderGone} onChange={setFolderGone} />
      {gate > 0 && plan.data ? (
        <Checkbox
          checked={release}
          onChange={(_, data) => setRelease(data.checked === true)}
          label={`Also into the inboxes what the gate did by itself: ${gateWords(plan.data)}`}
        />
      ) : null}
      {suspend.offered ? (
        <Checkbox
          checked={suspend.chosen}
          onChange={(_, data) => suspend.setChosen(data.checked === true)}
          label="Also suspend the cause: new mail is judged without it"
        />
      ) : null}
      <p className="muted">
        The undo is an action of its own and can be undone too. Automation does not take these copies again for the same
        cause.
      </p>
    </Ask>
  )
}

/** What no action has taken: the gate itself kept it, or handed it over as junk. */
function gateWords({ heldAtGate, junkedAtGate }: UndoPlan): string {
  const held = heldAtGate > 0 ? [`${plural(heldAtGate, 'copy', 'copies')} kept in quarantine`] : []
  const junked = junkedAtGate > 0 ? [`${plural(junkedAtGate, 'copy', 'copies')} put into Junk`] : []
  return [...held, ...junked].join(' and ')
}

/** A button that opens it, for those who may undo. */
export function UndoByCauseButton(
  props: Omit<Props, 'onClose'> & { readonly text?: string; readonly small?: boolean },
) {
  const [open, setOpen] = useState(false)
  const can = useCan()
  if (!can('remediation.propose') && !can('remediation.approve')) return null
  return (
    <>
      <Button
        size={props.small ? 'small' : 'medium'}
        appearance={props.small ? 'transparent' : 'secondary'}
        icon={<ArrowUndo20Regular />}
        onClick={() => setOpen(true)}
      >
        {props.text ?? 'Undo what it did'}
      </Button>
      {open ? (
        <UndoByCause what={props.what} select={props.select} source={props.source} onClose={() => setOpen(false)} />
      ) : null}
    </>
  )
}
