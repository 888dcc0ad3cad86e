import {
  Button,
  Checkbox,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  Textarea,
} from '@fluentui/react-components'
import { useState } from 'react'
import type { MailPolicies, MailPolicy } from '../../api/types.ts'
import { SaveProblem } from '../../parts/SaveProblem.tsx'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
import { useSaveDocument } from './data.ts'
import { DIRECTIONS, type Direction, KIND, linesOf, type Scope, withPolicy } from './policies.ts'
import { ModeField, ThresholdFields, UnparsableField } from './VerdictFields.tsx'

interface Props {
  readonly document: MailPolicies
  /** Its ID is empty when it is new. */
  readonly policy: MailPolicy
  readonly onReload: () => void
  readonly onClose: () => void
}

/** One policy: whom it is for and, for a custom one, what it does. It is checked and saved with all others. */
export function PolicyDialog({ document, policy, onReload, onClose }: Props) {
  useReturnFocus()
  // What it was opened with: a newer version that arrives meanwhile must not be overwritten unseen.
  const [base] = useState(document)
  const [draft, setDraft] = useState(policy)
  const set = (part: Partial<MailPolicy>) => setDraft((before) => ({ ...before, ...part }))
  const save = useSaveDocument<MailPolicies>('policies')
  const { thresholds, kind } = draft
  const ready =
    draft.name.trim() !== '' && draft.mail.length > 0 && !(thresholds && thresholds.high < thresholds.suspicious)
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="policy-dialog">
        <DialogBody>
          <DialogTitle>{policy.id === '' ? `Add: ${KIND[kind]}` : `Edit: ${KIND[kind]}`}</DialogTitle>
          <DialogContent className="stack">
            <Field label="Name" required>
              <Input value={draft.name} maxLength={100} onChange={(_, data) => set({ name: data.value })} />
            </Field>
            <Mail mail={draft.mail} onChange={(mail) => set({ mail })} />
            <ScopeFields
              title="Include these users, groups and domains"
              hint="A recipient has to fit each list that is not empty; all empty: everybody."
              scope={draft.applies}
              onChange={(applies) => set({ applies })}
            />
            <ScopeFields
              title="Exclude these users, groups and domains"
              hint="A recipient who fits one of them is left out."
              scope={draft.except}
              onChange={(except) => set({ except })}
            />
            {kind === 'custom' ? (
              <>
                <ModeField mode={draft.mode} disabled={false} onChange={(mode) => set({ mode })} />
                <ThresholdFields
                  mode={draft.mode}
                  thresholds={thresholds}
                  disabled={false}
                  onChange={(next) => set({ thresholds: next })}
                />
                <UnparsableField
                  place={draft.unparsable}
                  otherwise="Quarantine, as usual"
                  disabled={false}
                  onChange={(unparsable) => set({ unparsable })}
                />
              </>
            ) : null}
            <SaveProblem error={save.error} title="The policy was not saved" onReload={onReload} />
          </DialogContent>
          <DialogActions>
            <Button
              appearance="primary"
              disabled={!ready}
              disabledFocusable={save.isPending}
              onClick={() =>
                save.mutate(withPolicy(base, { ...draft, name: draft.name.trim() }), { onSuccess: onClose })
              }
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

function Mail({ mail, onChange }: { mail: readonly Direction[]; onChange: (mail: Direction[]) => void }) {
  return (
    <fieldset className="bare row">
      <legend>Mail</legend>
      {(Object.keys(DIRECTIONS) as Direction[]).map((key) => (
        <Checkbox
          key={key}
          label={DIRECTIONS[key]}
          checked={mail.includes(key)}
          onChange={(_, data) => onChange(data.checked ? [...mail, key] : mail.filter((d) => d !== key))}
        />
      ))}
    </fieldset>
  )
}

const LISTS = [
  ['recipients', 'Users', 'ann@example.com'],
  ['groups', 'Groups', 'board@example.com'],
  ['domains', 'Domains', 'example.com'],
] as const

function ScopeFields(props: { title: string; hint: string; scope: Scope; onChange: (scope: Scope) => void }) {
  const { title, hint, scope, onChange } = props
  const [texts, setTexts] = useState({
    recipients: scope.recipients.join('\n'),
    groups: scope.groups.join('\n'),
    domains: scope.domains.join('\n'),
  })
  return (
    <fieldset className="bare stack-tight">
      <legend>{title}</legend>
      <span className="muted small">{hint}</span>
      <div className="scope">
        {LISTS.map(([key, label, example]) => (
          <Field key={key} label={label}>
            <Textarea
              value={texts[key]}
              rows={2}
              placeholder={example}
              resize="vertical"
              spellCheck={false}
              onChange={(_, data) => {
                setTexts({ ...texts, [key]: data.value })
                onChange({ ...scope, [key]: linesOf(data.value) })
              }}
            />
          </Field>
        ))}
      </div>
    </fieldset>
  )
}
