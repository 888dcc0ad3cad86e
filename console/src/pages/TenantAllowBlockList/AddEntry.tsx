import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Dropdown,
  Field,
  Input,
  Option,
  Radio,
  RadioGroup,
  Textarea,
} from '@fluentui/react-components'
import { useState } from 'react'
import type { EntryKind, NewEntry } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
import { ENTRY_KIND } from '../../words.ts'
import { useAddEntry } from './data.ts'
import { EntryEffect } from './EntryEffect.tsx'

const HINT: Record<EntryKind, string> = {
  sender: 'name@example.com',
  'sender-domain': 'example.com',
  url: 'https://example.com/path',
  'url-domain': 'example.com',
  'file-hash': '64 hexadecimal digits',
  'sender-ip': '203.0.113.7 or 203.0.113.0/24',
}

const EXPIRY = { '1': '1 day', '7': '7 days', '30': '30 days', '90': '90 days', never: 'Never' } as const
type Expiry = keyof typeof EXPIRY
const isExpiry = (value: string | undefined): value is Expiry => value !== undefined && value in EXPIRY
const isKind = (value: string | undefined): value is EntryKind => value !== undefined && value in ENTRY_KIND

export function AddEntry({ start, onClose }: { start: 'allow' | 'block'; onClose: () => void }) {
  useReturnFocus()
  const [action, setAction] = useState<'allow' | 'block'>(start)
  const [kind, setKind] = useState<EntryKind>('sender')
  const [value, setValue] = useState('')
  const [expiry, setExpiry] = useState<Expiry>('30')
  const [note, setNote] = useState('')
  const add = useAddEntry(onClose)
  const entry: NewEntry | null =
    value.trim() === ''
      ? null
      : {
          action,
          kind,
          value: value.trim(),
          expiresInDays: expiry === 'never' ? null : Number(expiry),
          ...(note.trim() === '' ? {} : { note: note.trim() }),
        }
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="entry-dialog">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (entry) add.mutate(entry)
          }}
        >
          <DialogBody>
            <DialogTitle>Add an entry</DialogTitle>
            <DialogContent className="stack">
              {add.error ? <Problem error={add.error} title="The entry was not saved" /> : null}
              <Field label="Action">
                <RadioGroup
                  layout="horizontal"
                  value={action}
                  onChange={(_, data) => setAction(data.value === 'allow' ? 'allow' : 'block')}
                >
                  <Radio value="block" label="Block" />
                  <Radio value="allow" label="Allow" />
                </RadioGroup>
              </Field>
              <Field label="Type">
                <Dropdown
                  value={ENTRY_KIND[kind]}
                  selectedOptions={[kind]}
                  onOptionSelect={(_, data) => {
                    if (isKind(data.optionValue)) setKind(data.optionValue)
                  }}
                >
                  {Object.entries(ENTRY_KIND).map(([key, label]) => (
                    <Option key={key} value={key}>
                      {label}
                    </Option>
                  ))}
                </Dropdown>
              </Field>
              <Field label="Value" required>
                <Input value={value} placeholder={HINT[kind]} onChange={(_, data) => setValue(data.value)} />
              </Field>
              <Field label="Remove entry after">
                <Dropdown
                  value={EXPIRY[expiry]}
                  selectedOptions={[expiry]}
                  onOptionSelect={(_, data) => {
                    if (isExpiry(data.optionValue)) setExpiry(data.optionValue)
                  }}
                >
                  {Object.entries(EXPIRY).map(([key, label]) => (
                    <Option key={key} value={key}>
                      {label}
                    </Option>
                  ))}
                </Dropdown>
              </Field>
              <Field label="Note">
                <Textarea value={note} rows={2} maxLength={500} onChange={(_, data) => setNote(data.value)} />
              </Field>
              {entry ? <EntryEffect entry={entry} /> : null}
            </DialogContent>
            <DialogActions>
              <Button type="submit" appearance="primary" disabled={entry === null || add.isPending}>
                {add.isPending ? 'Saving…' : 'Add'}
              </Button>
              <Button onClick={onClose}>Cancel</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
