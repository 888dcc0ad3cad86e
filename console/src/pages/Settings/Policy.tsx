import {
  Button,
  Field,
  MessageBar,
  MessageBarBody,
  Radio,
  RadioGroup,
  Spinner,
  Textarea,
} from '@fluentui/react-components'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { Policy as Document } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { usePolicy, useSave } from './data.ts'

const MODES = [
  { value: 'standard', label: 'Standard', what: 'Phish and malware go to quarantine, spam to the Junk folder.' },
  { value: 'strict', label: 'Strict', what: 'Lower thresholds; spam goes to quarantine too.' },
  {
    value: 'observe',
    label: 'Observe only',
    what: 'Everything is delivered; the verdict says what would have happened.',
  },
] as const

export function Policy() {
  const policy = usePolicy()
  if (policy.error) return <Problem error={policy.error} onRetry={() => void policy.refetch()} />
  if (!policy.data) return <Spinner size="small" label="Loading" />
  return <PolicyForm key={policy.data.version} policy={policy.data} />
}

function PolicyForm({ policy }: { policy: Document }) {
  const [mode, setMode] = useState(policy.mode)
  const [trusted, setTrusted] = useState(policy.trustedAuthserv.join('\n'))
  const [saved, setSaved] = useState(false)
  const save = useSave<Document>('policy', () => setSaved(true))
  const write = useCan()('settings.write')
  const names = trusted.split(/[\s,]+/).filter((name) => name !== '')
  const changed = mode !== policy.mode || names.join() !== policy.trustedAuthserv.join()
  return (
    <Card title={`Policy (version ${policy.version})`}>
      <form
        className="stack form"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate({ ...policy, mode, trustedAuthserv: names })
        }}
      >
        {save.error ? <Problem error={save.error} title="The policy was not saved" /> : null}
        {saved && !changed ? (
          <MessageBar intent="success">
            <MessageBarBody>Saved. New mail is judged by it.</MessageBarBody>
          </MessageBar>
        ) : null}
        <Field label="What is done with a verdict">
          <RadioGroup
            value={mode}
            disabled={!write}
            onChange={(_, data) => {
              const found = MODES.find((m) => m.value === data.value)
              if (found) setMode(found.value)
            }}
          >
            {MODES.map((m) => (
              <Radio
                key={m.value}
                value={m.value}
                label={
                  <span className="choice">
                    <span>{m.label}</span>
                    <span className="muted">{m.what}</span>
                  </span>
                }
              />
            ))}
          </RadioGroup>
        </Field>
        <Field
          label="Servers whose Authentication-Results are trusted"
          hint="One name per line, as it stands first in the header. Without one, authentication is checked here."
        >
          <Textarea value={trusted} rows={3} disabled={!write} onChange={(_, data) => setTrusted(data.value)} />
        </Field>
        {write ? (
          <div>
            <Button type="submit" appearance="primary" disabled={!changed || save.isPending}>
              {save.isPending ? 'Saving…' : 'Save'}
            </Button>
          </div>
        ) : null}
      </form>
    </Card>
  )
}
