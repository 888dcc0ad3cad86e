import { Button, Field, Input, MessageBar, MessageBarBody, Spinner } from '@fluentui/react-components'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { Retention as Document } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SaveProblem } from '../../parts/SaveProblem.tsx'
import { useDraft } from '../../parts/useDraft.ts'
import { REASON, wordFor } from '../../words.ts'
import { useRetention, useSaveDocument } from './data.ts'
import { RetentionState } from './RetentionState.tsx'
import { CLASSES, type Class, fits, HELD, reachesBack, whatEnds } from './retention.ts'
import { ShortenDialog } from './ShortenDialog.tsx'

/** How long what is kept, in words; a shortening says what it would end before it is saved. */
export function Retention() {
  const retention = useRetention()
  if (retention.error) return <Problem error={retention.error} onRetry={() => void retention.refetch()} />
  if (!retention.data) return <Spinner size="small" label="Loading" />
  return (
    <>
      <RetentionState />
      <RetentionForm retention={retention.data} reload={async () => (await retention.refetch()).data} />
    </>
  )
}

function RetentionForm(props: { retention: Document; reload: () => Promise<Document | undefined> }) {
  const { retention, reload } = props
  const { draft, set, changed, meanwhile, take } = useDraft(retention)
  const [asking, setAsking] = useState(false)
  const save = useSaveDocument<Document>('retention')
  const off = !useCan()('settings.write')
  const ready = changed && fits(draft) && !save.isPending
  const put = () =>
    save.mutate(draft, {
      onSuccess: take,
      onSettled: () => setAsking(false),
    })
  const again = async () => {
    const next = await reload()
    save.reset()
    if (next) take(next)
  }
  return (
    <Card title={`Retention (version ${retention.version})`}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (reachesBack(retention, draft)) setAsking(true)
          else put()
        }}
      >
        <div className="kept">
          {(Object.keys(CLASSES) as Class[]).map((key) => (
            <Days
              key={key}
              label={CLASSES[key].label}
              least={CLASSES[key].least}
              most={CLASSES[key].most}
              value={draft[key]}
              off={off}
              says={whatEnds(key, draft[key], new Date())}
              onChange={(days) => set({ [key]: days })}
            />
          ))}
        </div>
        <fieldset className="bare stack-tight">
          <legend>In quarantine, by reason</legend>
          <span className="muted">
            Held mail is deleted for good when its time is over. The day is written down when it is held: what is held
            already keeps its day.
          </span>
          <div className="held-days">
            {HELD.map((reason) => (
              <Days
                key={reason}
                label={reason === 'none' ? 'Held by hand or unreadable' : wordFor(REASON, reason)}
                least={1}
                most={90}
                value={draft.quarantine[reason]}
                off={off}
                onChange={(days) => set({ quarantine: { ...draft.quarantine, [reason]: days } })}
              />
            ))}
          </div>
        </fieldset>
        <SaveProblem
          error={save.error}
          meanwhile={meanwhile && !save.isPending}
          title="The retention was not saved"
          onReload={() => void again()}
        />
        {save.isSuccess && !changed ? (
          <MessageBar intent="success">
            <MessageBarBody>Saved as version {retention.version}.</MessageBarBody>
          </MessageBar>
        ) : null}
        {off ? null : (
          <div>
            <Button type="submit" appearance="primary" disabled={!ready}>
              {save.isPending ? 'Saving…' : 'Save'}
            </Button>
          </div>
        )}
      </form>
      {asking ? (
        <ShortenDialog draft={draft} busy={save.isPending} onYes={put} onClose={() => setAsking(false)} />
      ) : null}
    </Card>
  )
}

function Days(props: {
  label: string
  least: number
  most: number
  value: number
  off: boolean
  says?: string
  onChange: (days: number) => void
}) {
  const { label, least, most, value, off, says, onChange } = props
  const wrong = !Number.isInteger(value) || value < least || value > most
  return (
    <Field
      label={label}
      {...(says && !wrong ? { hint: says } : {})}
      {...(wrong
        ? { validationState: 'error', validationMessage: `Whole days, ${least} to ${most.toLocaleString()}.` }
        : {})}
    >
      <Input
        type="number"
        className="number"
        step="any"
        value={Number.isNaN(value) ? '' : String(value)}
        disabled={off}
        contentAfter={value === 1 ? 'day' : 'days'}
        onChange={(_, data) => onChange(data.value.trim() === '' ? Number.NaN : Number(data.value))}
      />
    </Field>
  )
}
