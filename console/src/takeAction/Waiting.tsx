import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Spinner,
} from '@fluentui/react-components'
import { Problem } from '../parts/Problem.tsx'

/** While the copies of messages with many recipients are read. */
export function Waiting({ error, onClose }: { error: unknown; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Take action</DialogTitle>
          <DialogContent>
            {error ? (
              <Problem error={error} title="The recipients could not be read" />
            ) : (
              <Spinner size="small" label="Reading the recipients" />
            )}
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>Cancel</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
