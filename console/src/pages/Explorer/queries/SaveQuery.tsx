import { Checkbox, Field, Input, MessageBar, MessageBarBody, Radio, RadioGroup } from '@fluentui/react-components'
import { useState } from 'react'
import type { ApiFilter, MessageFilter, SavedQuery } from '../../../api/types.ts'
import { Ask } from '../../../parts/Ask.tsx'
import { Time } from '../../../parts/Time.tsx'
import { DEFAULT_RANGE, daysOf, type ExplorerSearch } from '../filters.ts'
import { useSave } from './data.ts'

const MOST_DAYS = 366

interface Props {
  readonly search: ExplorerSearch
  readonly filter: ApiFilter
  /** The query that was opened: it can be saved anew. */
  readonly opened: SavedQuery | null
  readonly onSaved: (query: SavedQuery) => void
  readonly onClose: () => void
}

/** What is asked now, under a name: for everybody who reads mail here. */
export function SaveQuery({ search, filter, opened, onSaved, onClose }: Props) {
  const range = search.range ?? DEFAULT_RANGE
  const [anew, setAnew] = useState(opened !== null)
  const [name, setName] = useState(opened?.name ?? '')
  const [moving, setMoving] = useState(range !== 'custom')
  const [days, setDays] = useState(String(daysOf(range) ?? (range === 'all' ? MOST_DAYS : 7)))
  const [tracked, setTracked] = useState(opened?.tracked ?? false)
  const save = useSave(anew && opened ? opened.id : null)
  const number = /^\d{1,3}$/.test(days) ? Number(days) : 0
  const wrongDays = moving && (number < 1 || number > MOST_DAYS)
  const { from, to, ...rest } = filter
  const put = () => {
    const dates = moving ? {} : { from: from ?? EARLIEST, ...(to === undefined ? {} : { to }) }
    const asked: MessageFilter = { ...rest, ...dates }
    save.mutate(
      { name: name.trim(), filter: asked, tracked, ...(moving ? { days: number } : {}) },
      { onSuccess: onSaved },
    )
  }
  return (
    <Ask
      title="Save query"
      yes="Save"
      busy={save.isPending}
      blocked={name.trim() === '' || wrongDays}
      error={save.error}
      outcome={save.data ? <Saved name={save.data.name} /> : null}
      onYes={put}
      onClose={onClose}
    >
      {opened ? (
        <Field label="Save as">
          <RadioGroup value={anew ? 'same' : 'new'} onChange={(_, data) => setAnew(data.value === 'same')}>
            <Radio value="same" label={`Changed “${opened.name}”`} />
            <Radio value="new" label="A new query" />
          </RadioGroup>
        </Field>
      ) : null}
      <Field label="Query name" required>
        <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
      </Field>
      <Field label="Dates">
        <RadioGroup value={moving ? 'relative' : 'exact'} onChange={(_, data) => setMoving(data.value === 'relative')}>
          <Radio value="relative" label="Relative dates: they move along" />
          <Radio value="exact" label={<Exact from={from} to={to} />} />
        </RadioGroup>
      </Field>
      {moving ? (
        <Field
          label="The last so many days"
          validationState={wrongDays ? 'error' : 'none'}
          validationMessage={wrongDays ? `A number from 1 to ${MOST_DAYS}.` : null}
        >
          <Input value={days} inputMode="numeric" maxLength={3} onChange={(_, data) => setDays(data.value)} />
        </Field>
      ) : null}
      <Checkbox
        checked={tracked}
        onChange={(_, data) => setTracked(data.checked === true)}
        label="Track query: count what it finds today, the day before and in the week before"
      />
      <p className="muted">Everybody who reads mail in this organisation sees and opens it.</p>
    </Ask>
  )
}

/** A query over all time has a beginning all the same: without one its dates would move. */
const EARLIEST = '1970-01-01T00:00:00.000Z'

const instant = (value: ApiFilter[string] | undefined): string | null => (typeof value === 'string' ? value : null)

function Exact({ from, to }: { from: ApiFilter[string] | undefined; to: ApiFilter[string] | undefined }) {
  return (
    <span>
      Exact dates: from {instant(from) ? <Time at={instant(from)} /> : 'the beginning'}
      {instant(to) ? (
        <>
          {' '}
          to <Time at={instant(to)} />
        </>
      ) : (
        ' on'
      )}
    </span>
  )
}

function Saved({ name }: { name: string }) {
  return (
    <MessageBar intent="success" layout="multiline" role="status">
      <MessageBarBody className="wrap">“{name}” is saved, among the saved queries.</MessageBarBody>
    </MessageBar>
  )
}
