import {
  Button,
  Checkbox,
  Field,
  Input,
  MessageBar,
  MessageBarBody,
  Spinner,
  Textarea,
} from '@fluentui/react-components'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { Policy } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SaveProblem } from '../../parts/SaveProblem.tsx'
import { useDraft } from '../../parts/useDraft.ts'
import { usePolicy, useSaveDocument } from './data.ts'
import { linesOf } from './policies.ts'
import { ModeField, ThresholdFields, UnparsableField } from './VerdictFields.tsx'

export function DefaultPolicy() {
  const policy = usePolicy()
  if (policy.error) return <Problem error={policy.error} onRetry={() => void policy.refetch()} />
  if (!policy.data) return <Spinner size="small" label="Loading" />
  return <PolicyForm policy={policy.data} reload={async () => (await policy.refetch()).data} />
}

function PolicyForm({ policy, reload }: { policy: Policy; reload: () => Promise<Policy | undefined> }) {
  const { draft, set, changed, meanwhile, take } = useDraft(policy)
  const save = useSaveDocument<Policy>('policy')
  const off = !useCan()('settings.write')
  const again = async () => {
    const next = await reload()
    save.reset()
    if (next) take(next)
  }
  const wrong = draft.thresholds !== null && draft.thresholds.high < draft.thresholds.suspicious
  return (
    <Card title={`Default policy (version ${policy.version})`}>
      <form
        className="stack form"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(draft, { onSuccess: take })
        }}
      >
        <span className="muted">For everybody whom no other policy fits.</span>
        <ModeField mode={draft.mode} disabled={off} onChange={(mode) => set({ mode })} />
        <ThresholdFields
          mode={draft.mode}
          thresholds={draft.thresholds}
          disabled={off}
          onChange={(thresholds) => set({ thresholds })}
        />
        <UnparsableField
          place={draft.unparsable}
          disabled={off}
          onChange={(place) => (place ? set({ unparsable: place }) : undefined)}
        />
        <Names
          key={`servers ${draft.version}`}
          label="Servers whose Authentication-Results are trusted"
          hint="One name per line, as it stands first in the header. Without one, authentication is checked here."
          names={draft.trustedAuthserv}
          off={off}
          onChange={(trustedAuthserv) => set({ trustedAuthserv })}
        />
        <Names
          key={`sealers ${draft.version}`}
          label="Domains whose ARC seals are trusted"
          hint="Mailing lists and forwarders that change mail: what they had found before is believed. One per line, as in d= of ARC-Seal."
          names={draft.trustedArcSealers}
          off={off}
          onChange={(trustedArcSealers) => set({ trustedArcSealers })}
        />
        <UserReports reports={draft.userReports} off={off} onChange={(userReports) => set({ userReports })} />
        <Approvals approvals={draft.approvals} off={off} onChange={(approvals) => set({ approvals })} />
        <SaveProblem
          error={save.error}
          meanwhile={meanwhile && !save.isPending}
          title="The policy was not saved"
          onReload={() => void again()}
        />
        {save.isSuccess && !changed ? (
          <MessageBar intent="success">
            <MessageBarBody>Saved. New mail is judged by it.</MessageBarBody>
          </MessageBar>
        ) : null}
        {off ? null : (
          <div>
            <Button type="submit" appearance="primary" disabled={!changed || wrong || save.isPending}>
              {save.isPending ? 'Saving…' : 'Save'}
            </Button>
          </div>
        )}
      </form>
    </Card>
  )
}

/** Names, one per line. Keeps what is typed; a new version of the document comes with a new key. */
function Names(props: {
  label: string
  hint: string
  names: readonly string[]
  off: boolean
  onChange: (names: string[]) => void
}) {
  const [text, setText] = useState(props.names.join('\n'))
  return (
    <Field label={props.label} hint={props.hint}>
      <Textarea
        value={text}
        rows={2}
        resize="vertical"
        spellCheck={false}
        disabled={props.off}
        onChange={(_, data) => {
          setText(data.value)
          props.onChange(linesOf(data.value))
        }}
      />
    </Field>
  )
}

type Reports = Policy['userReports']

/** The field's *user reported settings*: what people do in their mailboxes that counts as a report. */
function UserReports(props: { reports: Reports; off: boolean; onChange: (reports: Reports) => void }) {
  const { reports, off, onChange } = props
  return (
    <fieldset className="bare stack-tight">
      <legend>User reported settings</legend>
      <span className="muted">What counts as a report of a user in a watched mailbox.</span>
      <Checkbox
        checked={reports.junkMoves}
        disabled={off}
        label="Moving a message into the Junk folder, or out of it"
        onChange={(_, data) => onChange({ ...reports, junkMoves: data.checked === true })}
      />
      <Checkbox
        checked={reports.keywords}
        disabled={off}
        label="The marks $Junk, $NotJunk and $Phishing (some mail programs set them by themselves)"
        onChange={(_, data) => onChange({ ...reports, keywords: data.checked === true })}
      />
    </fieldset>
  )
}

type Rules = Policy['approvals']
const OFTEN = 100

/** Who has to agree to an action on mailboxes. */
function Approvals(props: { approvals: Rules; off: boolean; onChange: (approvals: Rules) => void }) {
  const { approvals, off, onChange } = props
  return (
    <fieldset className="bare stack-tight">
      <legend>Approvals of actions</legend>
      <Checkbox
        checked={approvals.ownProposals}
        disabled={off}
        label="Somebody may approve what they have proposed themselves"
        onChange={(_, data) => onChange({ ...approvals, ownProposals: data.checked === true })}
      />
      <Checkbox
        checked={approvals.secondForHardDelete}
        disabled={off}
        label="A hard delete needs two people"
        onChange={(_, data) => onChange({ ...approvals, secondForHardDelete: data.checked === true })}
      />
      <Checkbox
        checked={approvals.secondAbove !== null}
        disabled={off}
        label="An action on many copies needs two people"
        onChange={(_, data) => onChange({ ...approvals, secondAbove: data.checked ? OFTEN : null })}
      />
      {approvals.secondAbove === null ? null : (
        <Field className="indent" label="On more than">
          <Input
            type="number"
            className="number"
            min={0}
            step={1}
            value={String(approvals.secondAbove)}
            disabled={off}
            contentAfter="copies"
            onChange={(_, data) => onChange({ ...approvals, secondAbove: Math.max(0, Math.trunc(Number(data.value))) })}
          />
        </Field>
      )}
    </fieldset>
  )
}
