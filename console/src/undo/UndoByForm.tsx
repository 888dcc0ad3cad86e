import { Button, Field, Input } from '@fluentui/react-components'
import { ArrowUndo20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { UndoSelection } from '../api/types.ts'
import { Ask } from '../parts/Ask.tsx'
import { UndoByCause } from './UndoByCause.tsx'

const instant = (text: string): string | null => {
  const time = Date.parse(text)
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}

/** By person, entry, signal and time: every field narrows. */
export function UndoByForm() {
  const [open, setOpen] = useState(false)
  const [select, setSelect] = useState<UndoSelection | null>(null)
  return (
    <>
      <Button size="small" appearance="subtle" icon={<ArrowUndo20Regular />} onClick={() => setOpen(true)}>
        Undo by cause
      </Button>
      {open ? (
        <Form
          onClose={() => setOpen(false)}
          onNext={(next) => {
            setOpen(false)
            setSelect(next)
          }}
        />
      ) : null}
      {select ? (
        <UndoByCause
          what={`everything that ${saying(select)} did`}
          select={select}
          source="action-center"
          onClose={() => setSelect(null)}
        />
      ) : null}
    </>
  )
}

function saying(select: UndoSelection): string {
  const parts = [
    select.person ? select.person : null,
    select.entry ? 'this list entry' : null,
    select.signal ? `the signal ${select.signal.id}` : null,
  ].filter((part) => part !== null)
  const who = parts.length > 0 ? parts.join(' with ') : 'anybody'
  return select.from || select.to ? `${who}, in this time,` : who
}

const FIELDS = [
  ['person', 'Person', 'Name of who asked for it or approved it'],
  ['entry', 'Allow/Block List entry', 'Its ID'],
  ['signal', 'Signal', 'Its name, such as link-mismatch'],
] as const
type Key = (typeof FIELDS)[number][0]

function Form({ onClose, onNext }: { onClose: () => void; onNext: (select: UndoSelection) => void }) {
  const [values, setValues] = useState<Record<Key, string>>({ person: '', entry: '', signal: '' })
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const text = (key: Key) => values[key].trim()
  const [since, until] = [instant(from), instant(to)]
  const select: UndoSelection = {
    ...(text('person') ? { person: text('person') } : {}),
    ...(text('entry') ? { entry: { id: text('entry') } } : {}),
    ...(text('signal') ? { signal: { id: text('signal') } } : {}),
    ...(since ? { from: since } : {}),
    ...(until ? { to: until } : {}),
  }
  const backwards = since !== null && until !== null && since >= until
  return (
    <Ask
      title="Undo by cause"
      yes="Preview"
      busy={false}
      blocked={Object.keys(select).length === 0 || backwards}
      error={null}
      onYes={() => onNext(select)}
      onClose={onClose}
    >
      <p>Everything that was done by it and is not taken back yet. Every field that is filled in narrows the choice.</p>
      {FIELDS.map(([key, label, hint]) => (
        <Field key={key} label={label} hint={hint}>
          <Input
            value={values[key]}
            maxLength={200}
            onChange={(_, data) => setValues({ ...values, [key]: data.value })}
          />
        </Field>
      ))}
      <Field label="Done from">
        <Input type="datetime-local" value={from} onChange={(_, data) => setFrom(data.value)} />
      </Field>
      <Field
        label="Done before"
        validationState={backwards ? 'error' : 'none'}
        validationMessage={backwards ? 'This is not later than the beginning.' : null}
      >
        <Input type="datetime-local" value={to} onChange={(_, data) => setTo(data.value)} />
      </Field>
    </Ask>
  )
}
