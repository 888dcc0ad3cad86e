import { Checkbox, Field, Input, Textarea } from '@fluentui/react-components'
import { useCan } from '../api/session.ts'
import { Choice as Pick } from '../parts/filters/Choice.tsx'
import type { Choice } from './fit.ts'
import type { Source } from './TakeAction.tsx'
import type { BlockKind, Extras, SubmitAs } from './wish.ts'

const SUBMIT: Record<'none' | SubmitAs, string> = {
  none: 'Do not submit',
  clean: 'Submit as clean',
  phish: 'Submit as phish',
  spam: 'Submit as spam',
  malware: 'Submit as malware',
}
const BLOCK: readonly (readonly [BlockKind, string])[] = [
  ['sender', 'Block the sender'],
  ['sender-domain', 'Block the sender’s domain'],
]

interface Props {
  readonly source: Source
  readonly choice: Choice | null
  readonly extras: Extras
  readonly onChange: (part: Partial<Extras>) => void
}

/** What is done together with the move: submission, block entries, the sender's copy; and whether it is only proposed. */
export function Extra({ source, choice, extras, onChange }: Props) {
  const can = useCan()
  const deletion = choice?.kind === 'soft-delete' || choice?.kind === 'hard-delete'
  const both = can('remediation.approve') && can('remediation.propose')
  return (
    <section className="stack-tight" aria-label="Together with it">
      <strong>Together with it</strong>
      {deletion ? (
        <Checkbox
          label="Also the sender’s own copy in Sent, where the sender is one of ours"
          checked={extras.senderCopy}
          onChange={(_, data) => onChange({ senderCopy: data.checked === true })}
        />
      ) : null}
      {choice?.kind === 'release' ? (
        <Field label="Send a copy to" hint="Others of the organisation, separated by commas.">
          <Textarea rows={2} value={extras.copyTo} onChange={(_, data) => onChange({ copyTo: data.value })} />
        </Field>
      ) : null}
      {can('submission.write') ? (
        <Pick
          label="Submission"
          value={extras.submit ?? 'none'}
          options={SUBMIT}
          onChoose={(key) => onChange({ submit: key === 'none' ? null : (key as SubmitAs) })}
        />
      ) : null}
      {can('lists.write') && source.kind === 'targets' ? (
        <>
          {BLOCK.map(([kind, label]) => (
            <Checkbox
              key={kind}
              label={label}
              checked={extras.entries.has(kind)}
              onChange={(_, data) => {
                const entries = new Set(extras.entries)
                if (data.checked === true) entries.add(kind)
                else entries.delete(kind)
                onChange({ entries })
              }}
            />
          ))}
          {extras.entries.size > 0 ? (
            <Field label="Entries expire after days" hint="Empty: they stay until somebody removes them.">
              <Input type="number" value={extras.days} onChange={(_, data) => onChange({ days: data.value })} />
            </Field>
          ) : null}
        </>
      ) : null}
      {both ? (
        <Checkbox
          label="Only propose it: somebody else approves"
          checked={extras.propose}
          onChange={(_, data) => onChange({ propose: data.checked === true })}
        />
      ) : null}
    </section>
  )
}
