import { Field, Input, Textarea } from '@fluentui/react-components'
import { Choice } from '../parts/filters/Choice.tsx'
import { SEVERITY } from '../words.ts'
import type { Extras } from './wish.ts'

const SEVERITIES = { none: 'No severity', ...SEVERITY }

interface Props {
  readonly name: string
  readonly description: string
  readonly onName: (name: string) => void
  readonly onDescription: (text: string) => void
  readonly severity: Extras['severity']
  readonly onSeverity: (severity: Extras['severity']) => void
}

export function NameStep({ name, description, onName, onDescription, severity, onSeverity }: Props) {
  return (
    <div className="stack">
      <Field
        label="Name"
        required
        hint="By this name it is found in the Action center."
        validationState={name.trim() === '' ? 'error' : 'none'}
        validationMessage={name.trim() === '' ? 'Give it a name.' : null}
      >
        <Input value={name} maxLength={200} onChange={(_, data) => onName(data.value)} />
      </Field>
      <Field label="Description" hint="Why it is done; for those who read it later.">
        <Textarea value={description} rows={4} maxLength={2000} onChange={(_, data) => onDescription(data.value)} />
      </Field>
      <Choice
        label="Severity"
        value={severity ?? 'none'}
        options={SEVERITIES}
        onChoose={(key) => onSeverity(key === 'low' || key === 'medium' || key === 'high' ? key : null)}
      />
    </div>
  )
}
