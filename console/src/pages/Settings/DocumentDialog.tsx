import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Textarea,
} from '@fluentui/react-components'
import { useState } from 'react'
import { messageOf, Problem } from '../../parts/Problem.tsx'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
import { useSaveDocument } from './data.ts'

interface Props {
  readonly name: 'organisation'
  readonly title: string
  readonly document: unknown
  readonly onClose: () => void
}

/** The document as the file has it; the server checks it as a whole and says what is wrong. */
export function DocumentDialog({ name, title, document, onClose }: Props) {
  useReturnFocus()
  const [text, setText] = useState(() => JSON.stringify(document, null, 2))
  const save = useSaveDocument<unknown>(name)
  const broken = whyBroken(text)
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="document-dialog">
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent className="stack">
            {save.error ? <Problem error={save.error} title="It was not saved" /> : null}
            <Field
              label="Document (JSON)"
              hint="The same shape as the organisation’s file and the API."
              validationState={broken ? 'error' : 'none'}
              validationMessage={broken}
            >
              <Textarea
                className="document"
                value={text}
                rows={22}
                resize="vertical"
                spellCheck={false}
                onChange={(_, data) => setText(data.value)}
              />
            </Field>
          </DialogContent>
          <DialogActions>
            <Button
              appearance="primary"
              disabled={broken !== null}
              disabledFocusable={save.isPending}
              onClick={() => save.mutate(JSON.parse(text), { onSuccess: onClose })}
            >
              {save.isPending ? 'Saving…' : 'Save'}
            </Button>
            <Button onClick={onClose}>Cancel</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}

function whyBroken(text: string): string | null {
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    return messageOf(error)
  }
}
