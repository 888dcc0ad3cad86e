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
  Option,
  Radio,
  RadioGroup,
  Textarea,
} from '@fluentui/react-components'
import { useState } from 'react'
import { mayAllow, useCan } from '../../api/session.ts'
import type { EntryKind, NewEntries } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
import { ENTRY_KIND } from '../../words.ts'
import { AT_ONCE, useAddEntries } from './data.ts'
import { EntryEffect } from './EntryEffect.tsx'
import { Outcomes } from './Outcomes.tsx'

const HINT: Record<EntryKind, string> = {
  sender: 'name@example.com',
  'sender-domain': 'example.com',
  spoof: 'example.com, mailer.example.net — who is shown, who sends it',
  url: 'https://example.com/path',
  'url-domain': 'example.com',
  'file-hash': '64 hexadecimal digits',
  'sender-ip': '203.0.113.7 or 203.0.113.0/24',
}

const EXPIRY = { '1': '1 day', '7': '7 days', '30': '30 days', '90': '90 days', never: 'Never' } as const
type Expiry = keyof typeof EXPIRY
const isExpiry = (value: string | undefined): value is Expiry => value !== undefined && value in EXPIRY
const isKind = (value: string | undefined): value is EntryKind => value !== undefined && value in ENTRY_KIND

/** One value a line, each once. */
const valuesIn = (text: string): string[] => [
  ...new Set(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ),
]

/** One entry, tried against the past if asked for, or as many as there are lines. */
export function AddEntry({ start, onClose }: { start: 'allow' | 'block'; onClose: () => void }) {
  useReturnFocus()
  const allows = mayAllow(useCan())
  const [action, setAction] = useState<'allow' | 'block'>(allows ? start : 'block')
  const [kind, setKind] = useState<EntryKind>('sender')
  const [text, setText] = useState('')
  const [expiry, setExpiry] = useState<Expiry>('30')
  const [note, setNote] = useState('')
  const add = useAddEntries(onClose)
  const values = valuesIn(text)
  const [only] = values
  const tooMany = values.length > AT_ONCE
  const common = {
    action,
    kind,
    expiresInDays: expiry === 'never' ? null : Number(expiry),
    ...(note.trim() === '' ? {} : { note: note.trim() }),
  }
  const wanted: NewEntries | null = values.length === 0 || tooMany ? null : { ...common, values }
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="entry-dialog">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (wanted && !add.isPending) add.mutate(wanted)
          }}
        >
          <DialogBody>
            <DialogTitle>Add an entry</DialogTitle>
            <DialogContent className="stack">
              {add.error ? <Problem error={add.error} title="Nothing was saved" /> : null}
              {add.data ? <Outcomes done={add.data} verb="added" /> : null}
              <Field label="Action" hint={allows ? null : 'Allow entries need a right of their own: lists.allow.'}>
                <RadioGroup
                  layout="horizontal"
                  value={action}
                  onChange={(_, data) => setAction(data.value === 'allow' ? 'allow' : 'block')}
                >
                  <Radio value="block" label="Block" />
                  <Radio value="allow" label="Allow" disabled={!allows} />
                </RadioGroup>
              </Field>
              <Field label="Type">
                <Dropdown
                  value={ENTRY_KIND[kind]}
                  selectedOptions={[kind]}
                  onOptionSelect={(_, data) => {
                    if (!isKind(data.optionValue)) return
                    setKind(data.optionValue)
                    if (data.optionValue === 'spoof') setExpiry('never')
                    else if (kind === 'spoof') setExpiry('30')
                  }}
                >
                  {Object.entries(ENTRY_KIND).map(([key, label]) => (
                    <Option key={key} value={key}>
                      {label}
                    </Option>
                  ))}
                </Dropdown>
              </Field>
              <Field
                label="Value"
                required
                hint={`${kind === 'spoof' ? 'Who is shown, a comma, who sends it: a domain, a network such as 192.0.2.0/24, or *. ' : ''}Several at once: one a line.`}
                validationState={tooMany ? 'error' : 'none'}
                validationMessage={
                  tooMany ? `At most ${AT_ONCE} at once; these are ${values.length.toLocaleString()}.` : null
                }
              >
                <Textarea
                  value={text}
                  rows={2}
                  resize="vertical"
                  placeholder={HINT[kind]}
                  onChange={(_, data) => {
                    setText(data.value)
                    add.reset()
                  }}
                />
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
              {only !== undefined && values.length === 1 ? <EntryEffect entry={{ ...common, value: only }} /> : null}
            </DialogContent>
            <DialogActions>
              <Button type="submit" appearance="primary" disabled={wanted === null} disabledFocusable={add.isPending}>
                {add.isPending ? 'Saving…' : 'Add'}
              </Button>
              <Button onClick={onClose}>{add.data ? 'Close' : 'Cancel'}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
