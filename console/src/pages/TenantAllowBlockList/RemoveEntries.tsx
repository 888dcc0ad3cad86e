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

interface Props {
  readonly entries: readonly Entry[]
  readonly onClose: () => void
  readonly onRemoved: () => void
}

export function RemoveEntries({ entries, onClose, onRemoved }: Props) {
  useReturnFocus()
  const remove = useRemoveEntries(onRemoved)
  return (
    <Dialog open modalType="alert" onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="entry-dialog">
        <DialogBody>
          <DialogTitle>Remove {plural(entries.length, 'entry', 'entries')}?</DialogTitle>
          <DialogContent className="stack">
            {remove.error ? <Problem error={remove.error} title="Not everything was removed" /> : null}
            <ul className="sentences">
              {entries.slice(0, 10).map((entry) => (
                <li key={entry.id}>
                  {entry.action === 'allow' ? 'Allow' : 'Block'} <bdi className="mono">{visible(entry.value, 120)}</bdi>
                </li>
              ))}
            </ul>
            <span>Messages that come from now on are judged without it. What it did is kept in the record.</span>
          </DialogContent>
          <DialogActions>
            <Button
              appearance="primary"
              disabled={remove.isPending}
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
