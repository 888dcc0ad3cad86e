import {
  Button,
  Checkbox,
  DrawerBody,
  DrawerFooter,
  DrawerHeader,
  DrawerHeaderTitle,
  Dropdown,
  Field,
  Input,
  Option,
  OverlayDrawer,
  Radio,
  RadioGroup,
} from '@fluentui/react-components'
import { Dismiss24Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { mayAllow, useCan } from '../../api/session.ts'
import type { HeldRecipient } from '../../api/types.ts'
import { addressesIn, wrongAddress } from '../../parts/addresses.ts'
import { Problem } from '../../parts/Problem.tsx'
import { visible } from '../../parts/text.ts'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
import { useSettled } from '../../parts/useSettled.ts'
import { plural } from '../../words.ts'
import type { Select } from './data.ts'
import { useRelease } from './data.ts'
import { Outcome } from './Outcome.tsx'
import { usePlanText } from './Plan.tsx'

interface Props {
  /** One message, whose recipients can be chosen; else several, or everything that a filter matches. */
  readonly recipients: readonly HeldRecipient[] | null
  readonly select: Select
  readonly onClose: () => void
  readonly onDone: () => void
}

const DAYS = [1, 7, 30] as const

/** *Release email to recipient inboxes*: to whom, and with which consequences beyond it. */
export function Release({ recipients, select, onClose, onDone }: Props) {
  useReturnFocus()
  const open = (recipients ?? []).filter((r) => r.status === 'needs-review' || r.status === 'denied')
  const [to, setTo] = useState<'all' | 'some'>('all')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [submit, setSubmit] = useState(false)
  const [allow, setAllow] = useState(false)
  const [days, setDays] = useState<number>(30)
  const [note, setNote] = useState('')
  const [others, setOthers] = useState('')
  const release = useRelease()
  const can = useCan()
  const some = to === 'some'
  const what: Select = some ? { deliveryIds: [...chosen] } : select
  const empty = some && chosen.size === 0
  const settled = useSettled(others)
  const wrong = wrongAddress(settled)
  const copyTo = addressesIn(settled)
  const toOthers = copyTo.length > 0 && wrong === null ? { copyTo } : {}
  const plan = usePlanText(empty ? null : { do: 'release', select: what, ...toOthers })
  const ready = plan.ready && wrong === null && settled === others
  const go = () =>
    release.mutate(
      {
        select: what,
        ...toOthers,
        ...(submit ? { submit } : {}),
        ...(submit && allow ? { allow: { days, ...(note.trim() ? { note: note.trim() } : {}) } } : {}),
      },
      { onSuccess: onDone },
    )
  return (
    <OverlayDrawer open position="end" size="medium" onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DrawerHeader>
        <DrawerHeaderTitle
          heading={{ as: 'h2' }}
          action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={onClose} />}
        >
          Release email to recipient inboxes
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>
        <div className="stack">
          {release.data ? (
            <Outcome
              done={release.data}
              verb={release.data.actions.some((a) => a.state === 'pending-approval') ? 'Asked for' : 'Being released'}
            />
          ) : (
            <>
              {release.error ? <Problem error={release.error} title="Nothing was released" /> : null}
              {recipients !== null && open.length > 1 ? (
                <Targets to={to} onTo={setTo} open={open} chosen={chosen} onChosen={setChosen} />
              ) : null}
              <Field
                label="Send a copy to other recipients"
                hint="Addresses of this organisation, with commas. They get the message although it was not sent to them."
                {...(wrong === null ? {} : { validationMessage: wrong })}
              >
                <Input value={others} maxLength={3000} onChange={(_, data) => setOthers(data.value)} />
              </Field>
              {can('submission.write') ? (
                <Checkbox
                  checked={submit}
                  onChange={(_, data) => setSubmit(data.checked === true)}
                  label="Submit as a false positive, so that the mistake is on record and the result says why"
                />
              ) : null}
              {submit && mayAllow(can) ? (
                <Checkbox
                  checked={allow}
                  onChange={(_, data) => setAllow(data.checked === true)}
                  label="Allow messages like this one: entries for what held it"
                />
              ) : null}
              {submit && allow ? (
                <>
                  <Field label="Remove entries after">
                    <Dropdown
                      value={plural(days, 'day')}
                      selectedOptions={[String(days)]}
                      onOptionSelect={(_, data) => setDays(Number(data.optionValue))}
                    >
                      {DAYS.map((n) => (
                        <Option key={n} value={String(n)} text={plural(n, 'day')}>
                          {plural(n, 'day')}
                        </Option>
                      ))}
                    </Dropdown>
                  </Field>
                  <Field label="Allow entry note">
                    <Input value={note} maxLength={1000} onChange={(_, data) => setNote(data.value)} />
                  </Field>
                </>
              ) : null}
              {empty ? <p className="muted">Choose at least one recipient.</p> : plan.text}
              <p className="muted">
                A release does not pass the filters again. It cannot be taken back here: undo it in the Action center.
              </p>
            </>
          )}
        </div>
      </DrawerBody>
      <DrawerFooter>
        {release.data ? null : (
          <Button appearance="primary" disabled={!ready} disabledFocusable={release.isPending} onClick={go}>
            {release.isPending ? 'Releasing…' : 'Release message'}
          </Button>
        )}
        <Button onClick={onClose}>{release.data ? 'Done' : 'Cancel'}</Button>
      </DrawerFooter>
    </OverlayDrawer>
  )
}

function Targets(props: {
  to: 'all' | 'some'
  onTo: (to: 'all' | 'some') => void
  open: readonly HeldRecipient[]
  chosen: ReadonlySet<string>
  onChosen: (chosen: ReadonlySet<string>) => void
}) {
  const { open, chosen } = props
  return (
    <>
      <Field label="Release to">
        <RadioGroup value={props.to} onChange={(_, data) => props.onTo(data.value === 'some' ? 'some' : 'all')}>
          <Radio value="all" label={`All recipients who have not got it yet (${open.length})`} />
          <Radio value="some" label="One or more of the original recipients" />
        </RadioGroup>
      </Field>
      {props.to === 'some' ? (
        <fieldset className="bare stack-tight held-recipients">
          <legend className="hidden-visually">Recipients</legend>
          {open.map((r) => (
            <Checkbox
              key={r.deliveryId}
              label={visible(r.address, 120)}
              checked={chosen.has(r.deliveryId)}
              onChange={(_, data) => {
                const next = new Set(chosen)
                if (data.checked) next.add(r.deliveryId)
                else next.delete(r.deliveryId)
                props.onChosen(next)
              }}
            />
          ))}
        </fieldset>
      ) : null}
    </>
  )
}
