import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from '@fluentui/react-components'
import type { Entry } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { visible } from '../../parts/text.ts'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
import { plural } from '../../words.ts'
import { useRemoveEntries } from './data.ts'
import { Outcomes } from './Outcomes.tsx'

interface Props {
  readonly entries: readonly Entry[]
  readonly onClose: () => void
  readonly onRemoved: () => void
}

export function RemoveEntries({ entries, onClose, onRemoved }: Props) {
  useReturnFocus()
  const remove = useRemoveEntries(onRemoved)
  const nameOf = (id: string): string => entries.find((entry) => entry.id === id)?.value ?? id
  return (
    <Dialog open modalType="alert" onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="entry-dialog">
        <DialogBody>
          <DialogTitle>Remove {plural(entries.length, 'entry', 'entries')}?</DialogTitle>
          <DialogContent className="stack">
            {remove.error ? <Problem error={remove.error} title="Not everything was removed" /> : null}
            {remove.data ? <Outcomes done={remove.data} verb="removed" nameOf={nameOf} /> : null}
            <ul className="sentences">
              {entries.slice(0, 10).map((entry) => (
                <li key={entry.id}>
                  {entry.action === 'allow' ? 'Allow' : 'Block'} <bdi className="mono">{visible(entry.value, 120)}</bdi>
                </li>
              ))}
              {entries.length > 10 ? <li>and {(entries.length - 10).toLocaleString()} more</li> : null}
            </ul>
            <span>Messages that come from now on are judged without it. What it did is kept in the record.</span>
          </DialogContent>
          <DialogActions>
            <Button
              appearance="primary"
              disabledFocusable={remove.isPending}
              onClick={() => remove.mutate(entries.map((entry) => entry.id))}
            >
              Remove
            </Button>
            <Button onClick={onClose}>Cancel</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
