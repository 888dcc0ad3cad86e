import { Checkbox, Field, Input, Spinner } from '@fluentui/react-components'
import { useState } from 'react'
import { mayAllow, useCan } from '../../api/session.ts'
import type { ActionDetail } from '../../api/types.ts'
import { Ask } from '../../parts/Ask.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { visible } from '../../parts/text.ts'
import { ENTRY_KIND, plural, wordFor } from '../../words.ts'
import { Comment } from './DecideDialog.tsx'
import { useDecide, useFalsePositive } from './data.ts'

const DAYS = { least: 1, usual: 30, most: 90 }

/** Rejecting; a false positive is submitted, allowed and classified in the same step. */
export function RejectDialog({ action, onClose }: { action: ActionDetail; onClose: () => void }) {
  const can = useCan()
  const [why, setWhy] = useState('')
  const [wrong, setWrong] = useState(false)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [days, setDays] = useState(String(DAYS.usual))
  const offer = useFalsePositive(action.id, wrong)
  const decide = useDecide(action.id, onClose)
  const allowed = mayAllow(can)
  const chosen = (offer.data?.allow ?? []).filter((one) => !left.has(`${one.kind} ${one.value}`))
  const n = Number(days)
  const badDays = !Number.isInteger(n) || n < DAYS.least || n > DAYS.most
  const comment = why.trim() ? { why: why.trim() } : {}
  const entries = allowed ? chosen.map(({ kind, value }) => ({ kind, value, expiresInDays: n })) : []
  return (
    <Ask
      title="Reject"
      yes="Reject"
      busy={decide.isPending}
      blocked={wrong && (!offer.data || badDays)}
      error={decide.error}
      onYes={() =>
        decide.mutate({
          verb: 'reject',
          ...comment,
          ...(wrong ? { falsePositive: true as const, allow: entries } : {}),
        })
      }
      onClose={onClose}
    >
      <p className="plan-line">
        {plural(action.counts.total, 'copy stays', 'copies stay')} where it is; nothing is moved.
      </p>
      {can('submission.write') ? (
        <Checkbox
          checked={wrong}
          onChange={(_, data) => setWrong(data.checked === true)}
          label="This was a false positive"
        />
      ) : null}
      {wrong && offer.isPending ? <Spinner size="tiny" label="Looking" /> : null}
      {wrong && offer.error ? <Problem error={offer.error} /> : null}
      {wrong && offer.data ? (
        <div className="stack-tight">
          <span>{plural(offer.data.messages, 'message is', 'messages are')} submitted as clean.</span>
          {allowed && offer.data.allow.length > 0 ? (
            <fieldset className="plain stack-tight">
              <legend>Allow from now on</legend>
              {offer.data.allow.map((one) => {
                const key = `${one.kind} ${one.value}`
                return (
                  <span key={key} className="stack-tight">
                    <Checkbox
                      checked={!left.has(key)}
                      label={`${wordFor(ENTRY_KIND, one.kind)}: ${visible(one.value, 120)}`}
                      onChange={(_, data) => setLeft(toggled(left, key, data.checked !== true))}
                    />
                    {one.caution ? <span className="muted">{one.caution}</span> : null}
                  </span>
                )
              })}
              <Field
                label="Entries expire after days"
                validationState={badDays ? 'error' : 'none'}
                validationMessage={badDays ? `A whole number from ${DAYS.least} to ${DAYS.most}.` : null}
              >
                <Input value={days} type="number" onChange={(_, data) => setDays(data.value)} />
              </Field>
            </fieldset>
          ) : null}
          {allowed ? null : <span className="muted">You may not make allow entries: none is made.</span>}
        </div>
      ) : null}
      <Comment value={why} onChange={setWhy} />
    </Ask>
  )
}

function toggled(set: ReadonlySet<string>, key: string, there: boolean): ReadonlySet<string> {
  const next = new Set(set)
  if (there) next.add(key)
  else next.delete(key)
  return next
}
