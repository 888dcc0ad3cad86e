import { Field, Input, Textarea } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Ask } from '../../parts/Ask.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { defang } from '../../parts/text.ts'
import { useBlock } from './data.ts'

/** What a message carries and can be blocked wherever it comes again. */
export interface Blockable {
  readonly kind: 'url' | 'file-hash'
  readonly value: string
}

const MOST_DAYS = 3650

/** Blocks a link or a file of a message for the organisation: an entry, and a job in History under its name. */
export function BlockDialog(props: { messageId: string; what: Blockable; onClose: () => void }) {
  const { messageId, what, onClose } = props
  const [days, setDays] = useState('')
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const block = useBlock(messageId)
  const wrong = days !== '' && !(/^\d+$/.test(days) && Number(days) >= 1 && Number(days) <= MOST_DAYS)
  return (
    <Ask
      title={what.kind === 'url' ? 'Block this URL' : 'Block this file'}
      yes="Block"
      busy={block.isPending}
      blocked={wrong}
      error={block.error}
      outcome={
        block.data ? (
          <p>
            It is blocked.{' '}
            <Link to="/action-center" search={{ approval: [block.data.approvalId] }} className="link">
              <SafeText text={`“${block.data.name}” in History`} max={240} />
            </Link>
          </p>
        ) : null
      }
      onYes={() =>
        block.mutate({
          entry: { action: 'block', ...what, expiresInDays: days === '' ? null : Number(days) },
          ...(name.trim() ? { name: name.trim() } : {}),
          ...(description.trim() ? { description: description.trim() } : {}),
        })
      }
      onClose={onClose}
    >
      <p className="plan-line mono">
        <SafeText text={what.kind === 'url' ? defang(what.value) : what.value} max={300} />
      </p>
      <Field
        label="Remove after days"
        hint="Empty: it never expires."
        {...(wrong ? { validationMessage: `A number of days, at most ${MOST_DAYS}.` } : {})}
      >
        <Input value={days} inputMode="numeric" maxLength={4} onChange={(_, data) => setDays(data.value.trim())} />
      </Field>
      <Field label="Remediation name" hint="It stands in History by this name.">
        <Input value={name} maxLength={200} onChange={(_, data) => setName(data.value)} />
      </Field>
      <Field label="Description">
        <Textarea value={description} rows={2} maxLength={2000} onChange={(_, data) => setDescription(data.value)} />
      </Field>
    </Ask>
  )
}
